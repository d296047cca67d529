"""Update the client's texts: gettext catalogues, and the JSON files that its builds contain.

    python -m infra.client_texts

``client/src/texts/en.json`` is the source: flat keys to English sentences, placeholders as
``{name}``. Each sentence gets an entry in ``client/locales/*/client.po``; obsolete entries are
dropped. ``zh-Hans.json`` and ``zh-Hant.json`` are written from there, in the order of ``en.json``.

Texts of the API are not typed again: ``api-keys.json`` lists keys of `chalicelib.core.messages`
(``error.token_expired``, or ``outcome.*`` for all below it). ``api/<language>.json`` has them as
``api.error.token_expired``, in the API's own translations.

A text without a translation, or with other placeholders, ends the run with its name (GO-9).
"""

import json
import re
import sys
from pathlib import Path

from chalicelib.core.messages import LANGUAGES, TEXTS, text
from infra.locales import catalogue, translation

CLIENT = Path(__file__).parent.parent / "client"
SOURCE = "en"
API = "api."
_KEY = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class TextError(Exception):
    """Texts that cannot be used; the message has a line for each."""


def placeholders(sentence: str) -> list[str]:
    """Return the names of the placeholders, sorted."""
    return sorted(_PLACEHOLDER.findall(sentence))


def api_keys(entries: list[str]) -> list[str]:
    """Return the keys of the API's catalogue that `entries` name, in the catalogue's order.

    Raises `TextError` for an entry that names no text.
    """
    chosen: set[str] = set()
    for entry in entries:
        prefix = entry.removesuffix("*")
        keys = {
            key for key in TEXTS if key == entry or (prefix != entry and key.startswith(prefix))
        }
        if not keys:
            raise TextError(f"api-keys.json: the API has no text {entry}")
        chosen |= keys
    return [key for key in TEXTS if key in chosen]


def unusable(english: dict[str, str]) -> list[str]:
    """Return what is wrong with the client's own texts: a line each."""
    wrong = []
    for key, sentence in english.items():
        if not _KEY.fullmatch(key):
            wrong.append(f"{key}: a key is words with dots between: result.title")
        if key.startswith(API):
            wrong.append(f"{key}: texts of the API are listed in api-keys.json")
        if not all(re.fullmatch(r"[A-Za-z_]+", name) for name in placeholders(sentence)):
            wrong.append(f"{key}: a placeholder is one word: {{count}}")
        if not sentence.strip():
            wrong.append(f"{key}: the text is empty")
    return wrong


def _write(path: Path, texts: dict[str, str]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(texts, ensure_ascii=False, indent=2) + "\n")


def write_all(client: Path) -> list[str]:
    """Update all files below `client`; return what is missing or differs: a line each.

    Raises `TextError` if the sources cannot be used; nothing is written then.
    """
    texts = client / "src/texts"
    listed = api_keys(json.loads((texts / "api-keys.json").read_text()))
    english: dict[str, str] = json.loads((texts / f"{SOURCE}.json").read_text())
    if wrong := unusable(english):
        raise TextError("\n".join(wrong))
    lacking = []
    for language in LANGUAGES:
        # Filled in with their own placeholders, the API's texts keep them.
        api = {
            API + key: text(key, language, **{n: f"{{{n}}}" for n in placeholders(TEXTS[key])})
            for key in listed
        }
        _write(texts / "api" / f"{language}.json", api)
        if language == SOURCE:
            continue
        locale = language.replace("-", "_")
        source = client / "locales" / locale / "client.po"
        known = catalogue(source, locale, "Venuecode client", "infra.client_texts", english)
        own = {}
        for key, sentence in english.items():
            translated = translation(known, sentence)
            own[key] = translated or sentence
            if not translated:
                lacking.append(f"{language}: no translation of {key}: {sentence}")
            # Chinese writes a month as its number.
            elif placeholders(translated.replace("{m}", "{month}")) != placeholders(sentence):
                lacking.append(f"{language}: other placeholders than in English: {key}")
        _write(texts / f"{language}.json", own)
    return lacking


def main() -> int:
    """Update all files and print what is missing; return 1 if anything is."""
    try:
        lacking = write_all(CLIENT)
    except TextError as error:
        lacking = [str(error)]
    for line in lacking:
        sys.stderr.write(f"{line}\n")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
