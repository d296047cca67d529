"""What `make run` prints for people who use the client: a code to scan, and whom to log in as."""

import csv
import io
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from infra.local.guests import show_client
from infra.local.place import LocalCloud
from tests.pictures import decoded
from tests.support import ROOT

CLOUD = LocalCloud(
    base_url="",
    sandbox_url="",
    endpoint_url="",
    host_url="http://127.0.0.1:4768",
    outputs={},
    log_dir=Path(),
)
BLOCKS = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
"""Which half of a character's cell shines."""


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def printed(*, terminal: bool) -> list[str]:
    out = io.StringIO()
    show_client(CLOUD, Console(file=out, force_terminal=terminal, color_system=None, width=120))
    return out.getvalue().splitlines()


def drawing(lines: list[str]) -> Image.Image:
    """Return what a camera sees of the lines of blocks, on a dark terminal."""
    rows = [line for line in lines if line and set(line) <= set(BLOCKS)]
    image = Image.new("L", (len(rows[0]), 2 * len(rows)))
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            for half, shines in enumerate(BLOCKS[cell]):
                image.putpixel((x, 2 * y + half), 255 * shines)
    return image.resize((8 * image.width, 8 * image.height), Image.Resampling.NEAREST)


def test_a_terminal_shows_a_code_that_opens_the_client() -> None:
    lines = printed(terminal=True)
    assert decoded(drawing(lines)) == "http://127.0.0.1:4768/app/"
    assert "adb reverse tcp:4768 tcp:4768" in "\n".join(lines)


def test_a_file_has_the_logins_and_no_code() -> None:
    text = "\n".join(printed(terminal=False))
    assert "13800000003" in text
    assert not set("▀▄█") & set(text)


@pytest.mark.parametrize("colour", ["green", "yellow", "red"])
def test_a_login_has_the_colour_that_is_said_of_it(colour: str) -> None:
    [login] = [one.split()[1] for one in printed(terminal=False) if f"visitor, {colour}" in one]
    with (ROOT / "infra/local/data/people.csv").open(encoding="utf-8") as people:
        [person] = [one for one in csv.DictReader(people) if one["phone"][3:] == login]
    assert person["health_code"] == colour
