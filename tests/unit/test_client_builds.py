"""The client's builds stay small and ask nobody else for anything."""

import json
import os
from pathlib import Path

import pytest

from infra.client_builds import FIRST_VIEW_KB, first_page, first_view, third_parties
from infra.package import ROOT

INDEX = """<html><link rel="stylesheet" href="./assets/uni.css">
<script type="module" src="./assets/index-a.js"></script></html>"""
ENTRY = """__vite__mapDeps.viteFileDeps = ["./pages-home-home.b.js","./shared.c.js","./page.css"]
const a=()=>n((()=>import("./pages-home-home.b.js")),__vite__mapDeps([0,1]),import.meta.url),
b=()=>n((()=>import("./pages-my-my.d.js")),__vite__mapDeps([2]),import.meta.url)"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(INDEX)
    (tmp_path / "assets/index-a.js").write_text(ENTRY)
    for name in ("uni.css", "pages-home-home.b.js", "shared.c.js", "page.css"):
        (tmp_path / "assets" / name).write_bytes(os.urandom(1000))
    return tmp_path


def test_the_first_view_is_what_is_fetched_until_the_page_shows(build: Path) -> None:
    found = first_view(build, "pages/home/home")
    assert found.keys() == {
        "index.html", "assets/uni.css", "assets/index-a.js",
        "assets/pages-home-home.b.js", "assets/shared.c.js",
    }  # fmt: skip
    assert found["assets/shared.c.js"] > 1000  # it cannot be compressed


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
    sizes = first_view(folder, first_page(ROOT / "client"))
    assert sum(sizes.values()) <= FIRST_VIEW_KB * 1e3
    own = json.loads((ROOT / "client/src/brand.json").read_text())["api"]
    assert third_parties(folder, own) == []
