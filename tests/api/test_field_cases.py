"""Inputs from the field, each with the right answer and its authority: all of ``field.json``."""

import base64
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from chalicelib.core.messages import LANGUAGES
from chalicelib.core.table import Table
from chalicelib.venues import regions
from infra.ops import venues as venues_command
from tests import support
from tests.api.driver import CODE_FILES, IDENTITY, HttpReply, World
from tests.api.lost_answers import LosesAnswers

_BESIDE = support.ROOT.parent / "shared" / "cases" / "field.json"
_COPY = support.ROOT / "tests" / "cases" / "field.json"
CASES: list[dict[str, Any]] = json.loads(
    (_BESIDE if _BESIDE.exists() else _COPY).read_text(encoding="utf-8")
)
"""The cases beside the project, or their copy where the project stands alone."""
Case = dict[str, Any]


def test_there_are_82_cases() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES) == 82


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case_from_the_field_has_the_right_answer(
    world: World, tmp_path: Path, case: Case
) -> None:
    given = case["input"]
    if isinstance(given, dict) and "registered_as" in given:
        _check_name(world, case)
    elif "fault" in given:
        _check_lost_answer(world, case)
    elif case["id"] in _SINGLE:
        _SINGLE[case["id"]](world, case, tmp_path)
    elif "header" in given:
        reply = world.visitor().get("/v1/me", language=given["header"]["Accept-Language"])
        assert reply.headers["Content-Language"] == case["expected"]["content_language"]
    else:
        _CALLS[given["call"]](world, case)


def _told(reply: HttpReply, expected: Case) -> None:
    """Hold a reply against the expected status and fault."""
    status = expected["status"]
    assert reply.status in (status if isinstance(status, list) else [status]), reply.body
    if "pointer" in expected:
        assert list(reply.faults) == [expected["pointer"]]
        assert reply.faults[expected["pointer"]] == expected.get(
            "code", reply.faults[expected["pointer"]]
        )
        assert all(fault["detail"] for fault in reply.json["errors"])


def _venue(world: World, case: Case) -> None:
    applicant, expected = world.visitor(), case["expected"]
    reply = applicant.issue(**case["input"]["change"])
    _told(reply, expected)
    if "region_name_ends_with" in expected:
        path = f"/v1/venues/{reply.json['venue_id']}"
        shown = applicant.get(path, language="zh-Hans")
        assert shown.expect(200)["region_name"].endswith(expected["region_name_ends_with"])


def _region(world: World, case: Case) -> None:
    found = regions.region(case["input"]["code"])
    assert found is not None
    # GB 2312 has simplified characters only.
    assert found.name.encode("gb2312")
    del world


def _registration(world: World, case: Case) -> None:
    person, change, expected = world.person(), case["input"]["change"], case["expected"]
    if "today" in case["input"]:
        assert str(world.clock.at.date()) == case["input"]["today"]
    body = {
        "version": 0,
        "name": person.name,
        "document_type": "resident_id",
        "document_number": person.number,
    } | change
    world.secrets |= {body["name"], body["document_number"]}
    reply = person.post("/v1/me/registration", body)
    _told(reply, expected)
    if expected["status"] == 202:
        assert person.registration()["name"] == expected.get("name", body["name"])
        world.work()
        told = [subject for one in world.providers.values() for subject, _ in one.asked]
        ours = [one for one in told if one.document_number == body["document_number"]]
        assert {one.name for one in ours} == {expected.get("name", body["name"])}


def _otp(world: World, case: Case) -> None:
    reply = world.call("POST", "/v1/otp", case["input"]["body"])
    _told(reply, case["expected"])
    sent = [phone for phone, *_ in world.sms.sent]
    if "sent_to" in case["expected"]:
        assert sent[-1] == case["expected"]["sent_to"]
    if reply.status == 400:
        assert case["input"]["body"]["phone"] not in sent
        assert world.writes() == 0


def _check_name(world: World, case: Case) -> None:
    """Register somebody; then staff enter the name in another spelling."""
    chief = world.administrator()
    person = world.person()
    person.name = case["input"]["registered_as"]
    person.register().expect(202)
    world.work()
    body = {
        "document_type": "resident_id",
        "document_number": person.number,
        **case["input"]["change"],
    }
    world.secrets.add(body["name"])
    path = case["input"]["call"].removeprefix("POST ").format(venue_id=chief.venue["venue_id"])
    if "by" in body:
        _told(chief.post(path, body | {"phone": person.phone}), case["expected"])
        return
    told = case["expected"]["told_to_provider"]
    known = chief.post(path, body | {"nonce": world.nonce()}).expect(202)
    other = support.resident_id(901)
    world.secrets.add(other)
    unknown = {"nonce": world.nonce(), "document_number": other}
    chief.post(path, body | unknown).expect(202)
    world.work()
    world.clock.pass_(seconds=2)
    assert chief.get(f"/v1/manual-checks/{known['check_id']}").expect(200)["person"] is not None
    asked = {
        subject.document_number: subject.name for subject, _ in world.providers[IDENTITY].asked
    }
    assert (asked[person.number], asked[other]) == (told, told)


def _check_lost_answer(world: World, case: Case) -> None:
    """Lose the first answer of every kind of write of one request."""
    call, expected = case["input"]["call"], case["expected"]
    administrator, person = world.administrator(), world.visitor()
    world.clock.pass_(minutes=2)
    if call == "POST /v1/sessions":
        person.ask_for_code().expect(202)
    else:
        person.log_in()
    application = world.venue_request()
    nonce = world.nonce()
    losing = LosesAnswers()
    world.replace(table=Table(world.name, losing))
    calls: dict[str, Callable[[], HttpReply]] = {
        "POST /v1/sessions": lambda: person.enter_code(person.code),
        "POST /v1/sessions/refresh": person.refresh,
        "POST /v1/scans": lambda: person.scan(administrator.venue, nonce),
        "POST /v1/venues": lambda: person.apply(application),
    }
    reply = calls[call]()
    _told(reply, expected)
    assert losing.lost
    if "scans" in expected:
        world.work()
        assert administrator.figures()["checked"] == expected["scans"]
    elif "venues" in expected:
        assert len(person.get("/v1/venues").expect(200)["items"]) == expected["venues"]
    else:
        person.keep(reply.json)
        person.get("/v1/me").expect(200)


_CALLS: dict[str, Callable[[World, Case], None]] = {
    "POST /v1/venues": _venue,
    "region": _region,
    "POST /v1/me/registration": _registration,
    "POST /v1/otp": _otp,
}


def _typed_serial(world: World, case: Case, _: Path) -> None:
    code = world.administrator().venue["code"]
    groups = "-".join(code[at : at + 4] for at in range(0, 16, 4))
    _told(world.visitor().scan_code(groups), case["expected"])


def _scheme(world: World, case: Case, _: Path) -> None:
    del case
    assert world.administrator().venue["code_url"].startswith("https://")


def _refused_by_xiamen(world: World, case: Case, folder: Path) -> None:
    """The text names another way to apply, in each language, and an officer can accept it."""
    applicant, change = world.visitor(), case["input"]["change"]
    names = {"en": "office", "zh-Hans": "主管部门", "zh-Hant": "主管部門"}
    for language in LANGUAGES:
        reply = applicant.post("/v1/venues", world.venue_request(**change), language=language)
        _told(reply, case["expected"])
        assert names[language] in reply.json["errors"][0]["detail"]
    application = folder / "application.json"
    application.write_text(json.dumps(world.venue_request(**change)), encoding="utf-8")
    code = venues_command.issue(
        world.deployment(),
        path=application,
        document_type="resident_id",
        region_name="",
        office="思明区疾控中心",
        console=Console(file=StringIO()),
        read=lambda _: applicant.number,
    )
    assert code == 0
    (venue,) = applicant.get("/v1/venues").expect(200)["items"]
    assert venue["number"] == change["number"]["value"]


def _refreshed_twice(world: World, case: Case, _: Path) -> None:
    """The same session for a short time; not once it has passed."""
    person = world.person()
    former = person.refresh_token
    first = person.refresh().expect(200)
    world.clock.pass_(seconds=1)
    again = person.refresh()
    _told(again, case["expected"])
    sessions = {_claims(one["access_token"])["sid"] for one in (first, again.json)}
    assert len(sessions) == 1
    assert person.refresh_token == former
    world.clock.pass_(minutes=5)
    person.refresh().expect(401, "session_ended")


def _claims(token: str) -> Any:
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


def _wrong_clock(world: World, case: Case, _: Path) -> None:
    """The client corrects its nonce by the time in the answer, and scans at once."""
    venue, visitor = world.administrator().venue, world.visitor()
    for off in (10.1, -10.1):
        refused = visitor.scan(venue, world.nonce(minutes=off))
        _told(refused, case["expected"])
        assert refused.json["code"] == case["expected"]["code"]
        here = datetime.fromisoformat(refused.json["server_time"])
        assert abs(here - world.clock.at).total_seconds() < 1
        visitor.scan(venue, support.nonce_at(here)).expect(201)
        world.clock.pass_(seconds=30)


_TIME = re.compile(r'"(\d{4}-\d\d-\d\dT[^"]*)"')


def _times(world: World, _case: Case, _: Path) -> None:
    venue, visitor = world.administrator().venue, world.visitor()
    for microsecond in (0, 123_000, 123_456):
        world.clock.pass_(minutes=1)
        world.clock.at = world.clock.at.astimezone(UTC).replace(second=0, microsecond=microsecond)
        reply = visitor.scan(venue)
        reply.expect(201)
        times = _TIME.findall(reply.body.decode())
        assert times
        assert [one for one in times if not re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}Z", one)] == []


def _twice(world: World, case: Case, _: Path) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    visitor.scan(administrator.venue).expect(201)
    world.clock.pass_(seconds=20)
    visitor.scan(administrator.venue).expect(201)
    world.work()
    assert administrator.figures()["checked"] == case["expected"]["scans"]


def _verification_file(world: World, case: Case, _folder: Path) -> None:
    """The body is what the operator configured for that name."""
    call = case["input"]["call"].removeprefix("GET ")
    for entry in CODE_FILES.split():
        file, _, contents = entry.partition("=")
        reply = world.call("GET", call.format(name=file.removesuffix(".txt")))
        _told(reply, case["expected"])
        assert reply.headers["Content-Type"].startswith(case["expected"]["content_type"])
        assert reply.body.decode() == contents


_SINGLE: dict[str, Callable[[World, Case, Path], None]] = {
    "serial-typed": _typed_serial,
    "scheme-case": _scheme,
    "wechat-file": _verification_file,
    "uscc-xiamen": _refused_by_xiamen,
    "refresh-answer-lost": _refreshed_twice,
    "clock-skew": _wrong_clock,
    "time-format": _times,
    "scan-twice": _twice,
}
