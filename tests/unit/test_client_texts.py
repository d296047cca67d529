"""The client's texts come from gettext catalogues, in three languages, and none is retyped."""

import json
from pathlib import Path

import pytest

from chalicelib.core.messages import TEXTS, text
from infra.client_texts import CLIENT, TextError, write_all

TRANSLATED = ("zh-Hans", "zh-Hant")


@pytest.fixture
def client(tmp_path: Path) -> Path:
    source(tmp_path, {"scan.title": "Scan {place}"}, ["error.token_expired", "when.*"])
    return tmp_path


def source(client: Path, english: dict[str, str], api: list[str]) -> None:
    texts = client / "src/texts"
    texts.mkdir(parents=True, exist_ok=True)
    (texts / "en.json").write_text(json.dumps(english))
    (texts / "api-keys.json").write_text(json.dumps(api))


def translate(client: Path, english: str, chinese: str) -> None:
    for catalogue in client.glob("locales/*/client.po"):
        written = catalogue.read_text()
        entry = f'msgid "{english}"\nmsgstr ""'
        assert entry in written
        catalogue.write_text(written.replace(entry, f'msgid "{english}"\nmsgstr "{chinese}"'))


def texts_of(client: Path, language: str) -> dict[str, str]:
    read: dict[str, str] = json.loads((client / f"src/texts/{language}.json").read_text())
    return read


def test_a_translated_text_is_in_the_builds(client: Path) -> None:
    write_all(client)
    translate(client, "Scan {place}", "扫描{place}")
    assert write_all(client) == []
    assert texts_of(client, "zh-Hans")["scan.title"] == "扫描{place}"
    assert texts_of(client, "en")["scan.title"] == "Scan {place}"


def test_a_text_without_a_translation_is_named(client: Path) -> None:
    assert write_all(client) == [
        f"{language}: no translation of scan.title: Scan {{place}}" for language in TRANSLATED
    ]


def test_a_translation_that_loses_its_placeholder_is_named(client: Path) -> None:
    write_all(client)
    translate(client, "Scan {place}", "扫描{plaec}")
    assert write_all(client) == [
        f"{language}: other placeholders than in English: scan.title" for language in TRANSLATED
    ]


def test_texts_of_the_api_are_its_own(client: Path) -> None:
    write_all(client)
    for language in (*TRANSLATED, "en"):
        texts = texts_of(client, f"api/{language}")
        assert texts["api.error.token_expired"] == text("error.token_expired", language)
        assert "{count}" in texts["api.when.minutes"]
        assert {key for key in TEXTS if key.startswith("when.")} == {
            key.removeprefix("api.") for key in texts if key.startswith("api.when.")
        }


def test_a_text_that_the_api_has_dropped_is_named(client: Path) -> None:
    source(client, {}, ["error.of_last_year"])
    with pytest.raises(TextError, match=r"error\.of_last_year"):
        write_all(client)


@pytest.mark.parametrize("sentence", ["In {0} minutes", "In {} minutes", " "])
def test_a_text_that_would_be_shown_wrong_is_refused(client: Path, sentence: str) -> None:
    source(client, {"scan.title": sentence}, [])
    with pytest.raises(TextError, match=r"scan\.title"):
        write_all(client)


def test_a_dropped_text_leaves_the_catalogues(client: Path) -> None:
    write_all(client)
    source(client, {"scan.again": "Again"}, [])
    write_all(client)
    for catalogue in client.glob("locales/*/client.po"):
        assert "Scan" not in catalogue.read_text()


@pytest.mark.parametrize("language", [*TRANSLATED, "en"])
def test_every_language_has_every_text(language: str) -> None:
    assert texts_of(CLIENT, language).keys() == texts_of(CLIENT, "en").keys()
    assert all(texts_of(CLIENT, language).values())


def test_what_is_committed_is_what_is_generated(tmp_path: Path) -> None:
    for path in [*CLIENT.glob("src/texts/**/*.json"), *CLIENT.glob("locales/*/client.po")]:
        copy = tmp_path / path.relative_to(CLIENT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    assert write_all(tmp_path) == []
    for path in CLIENT.glob("src/texts/**/*.json"):
        assert path.read_text() == (tmp_path / path.relative_to(CLIENT)).read_text(), path.name
