"""The client's builds stay small and ask nobody else for anything."""

import json
import os
from pathlib import Path

import pytest

from infra.client_builds import FIRST_VIEW_KB, first_view, third_parties, unreadable
from infra.package import ROOT

INDEX = """<html><link rel="stylesheet" href="./assets/uni.css">
<script type="module" src="./assets/index-a.js"></script>
<link rel="modulepreload" href="./assets/home.b.js"></html>"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    for name in ("uni.css", "index-a.js", "home.b.js", "pages-my-my.c.js"):
        (tmp_path / "assets" / name).write_bytes(os.urandom(1000))
    return tmp_path


def test_the_first_view_is_what_is_fetched_until_home_shows(build: Path) -> None:
    found = first_view(build)
    assert found.keys() == {
        "index.html", "assets/uni.css", "assets/index-a.js", "assets/home.b.js"
    }  # fmt: skip
    assert found["assets/home.b.js"] > 1000  # it cannot be compressed


def test_a_build_whose_home_is_fetched_later_is_not_measured(build: Path) -> None:
    (build / "index.html").write_text(INDEX.replace("home.b.js", "pages-my-my.c.js"))
    with pytest.raises(ValueError, match="home"):
        first_view(build)


@pytest.mark.parametrize(
    "text",
    [
        'fetch("https://cdn.example.com/a.js")',
        "a{background:url(//cdn.example.com/a.png)}",
        'x="http://example.com"',
    ],
)
def test_an_address_of_a_third_party_is_found(build: Path, text: str) -> None:
    (build / "assets/more.css").write_text(text)
    [line] = third_parties(build)
    assert line.startswith("assets/more.css: ")


def test_namespaces_and_the_own_api_are_no_third_parties(build: Path) -> None:
    (build / "assets/more.js").write_text(
        'a="http://www.w3.org/2000/svg";b="https://api.example.com/v1"'
    )
    assert third_parties(build, "https://api.example.com") == []


def _with(look: str, **changed: str) -> list[str]:
    """Return what is wrong with the colours of brand.json, some of them changed."""
    colours = json.loads((ROOT / "client/src/brand.json").read_text())["colours"]
    colours[look] |= {name.replace("_", "-"): value for name, value in changed.items()}
    return unreadable(colours, (ROOT / "client/src/styles/tokens.css").read_text())


def test_the_regions_colours_can_be_read() -> None:
    assert _with("light") == []


@pytest.mark.parametrize(
    ("look", "changed", "what"),
    [
        # Yellow bears black words, and is no colour of words on white.
        ("light", {"brand": "#ffd400", "on_brand": "#000000"}, "brand on surface"),
        ("light", {"on_brand": "#16202a"}, "on-brand on brand "),
        ("light", {"brand_press": "#00687a"}, "brand-press on bg"),
        ("dark", {"brand": "#00687a"}, "brand on bg"),
        ("dark", {"brand_tint": "#e0f0f2"}, "text on brand-tint"),
        ("dark", {"brand": "teal"}, "brand is not of the form"),
    ],
)
def test_a_regions_colour_that_cannot_be_read_is_found(
    look: str, changed: dict[str, str], what: str
) -> None:
    assert any(line.startswith(f"brand.json, {look}: {what}") for line in _with(look, **changed))


@pytest.mark.skipif(
    not (ROOT / "client/dist/build/h5/index.html").exists(), reason="make client has not run"
)
def test_a_browser_names_the_client_as_its_region_does_before_a_page_shows() -> None:
    brand = json.loads((ROOT / "client/src/brand.json").read_text())
    index = (ROOT / "client/dist/build/h5/index.html").read_text()
    assert f"<title>{brand['name'][brand['languages'][0]]}</title>" in index


@pytest.mark.skipif(
    not (ROOT / "client/dist/build/mp-weixin/app.json").exists(), reason="make client has not run"
)
@pytest.mark.parametrize("file", ["mp-weixin/project.config.json", "mp-alipay/mini.project.json"])
def test_the_platforms_tools_name_the_client_as_its_region_does(file: str) -> None:
    brand = json.loads((ROOT / "client/src/brand.json").read_text())
    project = json.loads((ROOT / "client/dist/build" / file).read_text())
    assert project["projectname"] == brand["name"][brand["languages"][0]]


@pytest.mark.skipif(
    not (ROOT / "client/dist/build/h5/index.html").exists(), reason="make client has not run"
)
def test_the_first_view_of_the_client_fits_3g() -> None:
    folder = ROOT / "client/dist/build/h5"
    sizes = first_view(folder)
    assert sum(sizes.values()) <= FIRST_VIEW_KB * 1e3
    own = json.loads((ROOT / "client/src/brand.json").read_text())["api"]
    assert third_parties(folder, own) == []
