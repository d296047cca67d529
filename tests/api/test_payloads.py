"""One printed code serves every channel, however its scanner hands it over (SD-4)."""

from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.core import keys
from chalicelib.venues.codes import CodeState
from chalicelib.venues.store.venues import PrintedCodeItem
from tests.api.driver import Person, World


@pytest.fixture(scope="module")
def venue(lasting: World) -> dict[str, Any]:
    return lasting.administrator().venue


@pytest.fixture(scope="module")
def visitor(lasting: World) -> Person:
    return lasting.visitor()


@pytest.mark.requirement("SD-4")
@pytest.mark.parametrize(
    "wrapped",
    [
        "{url}",
        "  {url}\n",
        "https://v.test/v/{lower}",
        "http://V.TEST/V/{code}",
        "{code}",
        "{lower}",
        "q={quoted}",
        "?q={quoted}",
        "qrCode={quoted}",
        "scene={code}",
        "scene=%7Bnothing%7D&q={quoted}",
        "pages/scan/index?scene={code}",
        "pages/scan/index?q={quoted}&scancode_time=1669089600",
        "alipays://platformapi/startapp?appId=2021&page=x&query=1&qrCode={quoted}",
        "{quoted}",
        "{twice}",
        "q={twice}",
    ],
)
def test_whatever_channel_hands_over_the_code_it_is_the_same_venue(
    visitor: Person, venue: dict[str, Any], wrapped: str
) -> None:
    url, code = venue["code_url"], venue["code"]
    payload = wrapped.format(
        url=url, code=code, lower=code.lower(), quoted=quote(url, safe=""),
        twice=quote(quote(url, safe=""), safe=""),
    )  # fmt: skip
    screen = visitor.scan_code(payload).expect(201)
    assert screen["venue"]["venue_id"] == venue["venue_id"]


@pytest.mark.requirement("SD-4")
def test_look_alike_letters_typed_from_the_poster_are_understood(
    lasting: World, visitor: Person, venue: dict[str, Any]
) -> None:
    code = "01" + "A" * 14
    lasting.table.put(
        PrintedCodeItem.at(keys.code(code), venue=venue["venue_id"], state=CodeState.ACTIVE)
    )
    for typed in ("OI", "ol", "0L", "o1"):
        visitor.scan_code(typed + "a" * 14).expect(201)
