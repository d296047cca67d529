"""Errors: one shape, three languages, nothing of the inside (RFC 9457; GO-9)."""

import json
from datetime import datetime

import pytest

from chalicelib.core import keys
from chalicelib.core.messages import LANGUAGES
from chalicelib.identity.store.people import ProfileItem
from tests.api.driver import HttpReply, World


def unknown_field(world: World, language: str | None) -> HttpReply:
    return world.call("POST", "/v1/otp", {"phone": "110", "fax": "1"}, language=language)


def test_an_error_is_problem_json(lasting: World) -> None:
    answer = lasting.call("GET", "/v1/me")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "type": "urn:venuecode:error:token_missing",
        "title": "token missing",
        "status": 401,
        "detail": "Please log in.",
        "code": "token_missing",
    }


def test_a_bad_field_has_a_pointer_a_code_and_words(lasting: World) -> None:
    answer = unknown_field(lasting, "en")
    assert answer.json["detail"] == "Please check what was entered."
    assert sorted(answer.json["errors"], key=lambda fault: str(fault["pointer"])) == [
        {"pointer": "/fax", "code": "unknown", "detail": "This field is not known."},
        {"pointer": "/phone", "code": "phone", "detail": "This is not a valid phone number."},
    ]


@pytest.mark.requirement("GO-9")
def test_three_languages_say_it_in_their_own_words(lasting: World) -> None:
    answers = {language: unknown_field(lasting, language) for language in LANGUAGES}
    said = {
        language: {answer.json["detail"], *(fault["detail"] for fault in answer.json["errors"])}
        for language, answer in answers.items()
    }
    assert said["zh-Hans"] == {"请检查填写的内容。", "手机号码无效。", "无法识别此字段。"}
    assert said["zh-Hant"] == {"請檢查填寫的內容。", "手機號碼無效。", "無法識別此欄位。"}
    for language, answer in answers.items():
        assert answer.headers["content-language"] == language
        assert answer.faults == {"/phone": "phone", "/fax": "unknown"}


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (None, "zh-Hans"),
        ("", "zh-Hans"),
        ("*", "zh-Hans"),
        ("fr, de;q=0.8", "zh-Hans"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK,zh;q=0.9,en;q=0.8", "zh-Hant"),
        ("zh-Hans-HK", "zh-Hans"),
        ("zh-Hant", "zh-Hant"),
        ("ZH_tw", "zh-Hant"),
        ("en;q=0.1, zh-TW;q=0.2", "zh-Hant"),
        ("en;q=0, zh-TW;q=0.2", "zh-Hant"),
        ("zh-TW, en", "zh-Hant"),
        ("en;q=x, zh-TW;q=0.2", "zh-Hant"),
        (";;;,,,=", "zh-Hans"),
        ("en;q=nan", "zh-Hans"),
        ("x" * 8000, "zh-Hans"),
    ],
)
def test_the_language_is_the_callers(lasting: World, asked: str | None, answered: str) -> None:
    assert lasting.call("GET", "/v1/me", language=asked).headers["content-language"] == answered


def test_every_answer_keeps_its_secrets(lasting: World) -> None:
    """Nothing is cached, guessed at or framed, whatever the answer says."""
    answers = [
        lasting.call("GET", "/v1/status"),
        lasting.call("GET", "/v1/me"),
        lasting.call("POST", "/v1/otp", {"phone": "110"}),
        lasting.call("GET", "/V/0000000000000000"),
        lasting.call("GET", "/v/0000000000000000"),
    ]
    assert [answer.status for answer in answers] == [200, 401, 400, 404, 301]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers


class Broken:
    """A part with a fault of ours in it, which knows too much."""

    def now(self) -> datetime:
        raise RuntimeError("王小明 44098319900101001X at /var/task/chalicelib")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fault_of_ours_tells_nothing(lasting: World, language: str) -> None:
    world = lasting
    world.secrets |= {"王小明", "44098319900101001X"}
    world.container.clock = Broken()
    answer = world.call("GET", "/v1/me", language=language)
    world.container.clock = world.clock
    problem = answer.expect(500, "internal_error")
    assert problem.keys() == {"type", "title", "status", "detail", "code"}
    assert "RuntimeError" not in answer.body.decode()
    assert "/var/task" not in answer.body.decode()
    unhandled = [
        json.loads(line) for line in world.log.getvalue().splitlines() if "unhandled" in line
    ][-1]
    assert unhandled["error"] == "RuntimeError"
    assert any("test_errors.py" in place for place in unhandled["at"])


def test_an_item_of_a_newer_release_is_a_fault_that_the_log_names(lasting: World) -> None:
    person = lasting.person()
    lasting.table.update(keys.profile(person.person_id), [ProfileItem.v.set(3)])
    problem = person.get("/v1/me").expect(500, "internal_error")
    assert "version" not in problem["detail"]
    unhandled = [
        json.loads(line) for line in lasting.log.getvalue().splitlines() if "unhandled" in line
    ][-1]
    assert unhandled["error"] == "UnknownVersion"
    assert (unhandled["item"], unhandled["version"]) == ("ProfileItem", 3)
    # Others are served, and so is the person again once the item is of a known version.
    lasting.person().get("/v1/me").expect(200)
    lasting.table.update(keys.profile(person.person_id), [ProfileItem.v.set(1)])
    person.get("/v1/me").expect(200)
