"""A demonstration marks all that a stranger could take for the real thing: 演示."""

import pytest

from chalicelib.core.messages import LANGUAGES
from tests.api.driver import World
from tests.api.test_door import live_pass, scan
from tests.api.test_landing import Page


def test_a_demonstration_marks_its_screens(demo: World) -> None:
    administrator, visitor = demo.administrator(), demo.visitor()
    scan = visitor.scan(administrator.venue).expect(201)
    assert "演示" in scan["demo"]
    shown = visitor.get(f"/v1/scans/{scan['scan_id']}", language="zh-Hans").expect(200)
    assert "演示" in shown["demo"]
    assert demo.call("GET", "/v1/status").expect(200)["demo"] is True


def test_a_demonstration_marks_what_is_shown_at_the_door(demo: World) -> None:
    chief, visitor = demo.administrator(), demo.visitor()
    guard = demo.inspector(chief)
    assert "演示" in visitor.get("/v1/me/pass").expect(200)["demo"]
    assert "演示" in scan(guard, live_pass(visitor)).expect(201)["demo"]
    entry = {
        "nonce": demo.nonce(),
        "name": visitor.name,
        "document_type": "resident_id",
        "document_number": visitor.number,
    }
    path = f"/v1/venues/{chief.venue['venue_id']}/manual-checks"
    assert "演示" in guard.post(path, entry).expect(202)["demo"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_demonstration_says_so_on_its_pages(demo: World, language: str) -> None:
    code = demo.administrator().venue["code"]
    for path, status in ((code, 200), ("0" * 16, 404)):
        answer = demo.call("GET", f"/V/{path}", language=language)
        assert answer.status == status
        assert Page(answer).words.count("演示") == 1
