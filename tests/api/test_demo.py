"""A demonstration marks all that a stranger could take for the real thing: 演示."""

import pytest

from chalicelib.core.messages import LANGUAGES
from tests.api.driver import World
from tests.api.test_landing import Page


def test_a_demonstration_marks_its_screens(demo: World) -> None:
    administrator, visitor = demo.administrator(), demo.visitor()
    scan = visitor.scan(administrator.venue).expect(201)
    assert "演示" in scan["demo"]
    shown = visitor.get(f"/v1/scans/{scan['scan_id']}", language="zh-Hans").expect(200)
    assert "演示" in shown["demo"]
    assert demo.call("GET", "/v1/status").expect(200)["demo"] is True


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_demonstration_says_so_on_its_pages(demo: World, language: str) -> None:
    code = demo.administrator().venue["code"]
    for path, status in ((code, 200), ("0" * 16, 404)):
        answer = demo.call("GET", f"/V/{path}", language=language)
        assert answer.status == status
        assert Page(answer).words.count("演示") == 1
