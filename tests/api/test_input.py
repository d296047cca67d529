"""Bad input gets a 4xx that names the field, and nothing is written (security, *Rules*)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.api.access import (
    ADMINISTRATOR_OF_VENUE,
    ANY_PERSON,
    ANYONE,
    GUARDIAN_OF_DEPENDANT,
    STAFF_OF_VENUE,
)
from chalicelib.api.endpoint import OPERATIONS
from chalicelib.api.kiosks import ANY_KIOSK
from chalicelib.core.ids import encode
from chalicelib.venues.codes import MAX_PAYLOAD
from tests import support
from tests.api.driver import HOST, HttpReply, Person, World
from tests.api.routes import CASE, CASES, Cast

RARE = "\U0002a6d5"  # a character of extension B that no font of the layer draws


@pytest.fixture(scope="module")
def cast(lasting: World) -> Cast:
    return Cast.of(lasting)


@pytest.fixture(scope="module")
def person(cast: Cast) -> Person:
    """An administrator, who may do all."""
    return cast.administrator


@pytest.fixture(scope="module")
def good(cast: Cast) -> dict[str, tuple[str, dict[str, Any]]]:
    """For each route that takes a body: its path, and a body that is in order."""
    return {
        operation.name: CASE[operation.method, operation.path].request(cast, cast.administrator)
        for operation in OPERATIONS
        if operation.request
    }


@pytest.fixture
def unwritten(lasting: World) -> Iterator[None]:
    """Whatever the test sends, the table is as it was."""
    before = lasting.writes()
    yield
    assert lasting.writes() == before


def staff(**changes: object) -> dict[str, Any]:
    added = {
        "by": "identity",
        "role": "inspector",
        "name": "王小明",
        "document_type": "resident_id",
        "document_number": support.resident_id(77),
        "phone": "+8613900000077",
    }
    return added | changes


def number(kind: str, value: object) -> dict[str, Any]:
    return {"number": {"type": kind, "value": value}}


def contact(**changes: object) -> dict[str, Any]:
    return {"contact": {"name": "梁主任", "phone": "+8613900000099"} | changes}


def document(value: object) -> dict[str, Any]:
    return {"document_number": value}


CREDIT_CODE = support.social_credit_code(1)
BAD_FIELDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("put_registration", document("440983199001010011"), "/document_number", "resident_id"),
    ("put_registration", document("44098319900230001X"), "/document_number", "resident_id"),
    ("put_registration", document("99098319900101001X"), "/document_number", "resident_id"),
    ("put_registration", document(""), "/document_number", "too_short"),
    ("put_registration", document("4" * 41), "/document_number", "too_long"),
    ("put_registration", document(44098319900101001), "/document_number", "type"),
    ("put_registration", {"document_type": "driving_licence"}, "/document_type", "not_allowed"),
    ("put_registration", {"name": ""}, "/name", "too_short"),
    ("put_registration", {"name": " \u3000 "}, "/name", "too_short"),
    ("put_registration", {"name": "王" * 51}, "/name", "too_long"),
    ("put_registration", {"name": "王\u2028明"}, "/name", "control_character"),
    ("put_registration", {"name": "王\x00"}, "/name", "control_character"),
    ("put_registration", {"name": "123"}, "/name", "malformed"),
    ("put_registration", {"name": None}, "/name", "type"),
    ("put_registration", {"version": -1}, "/version", "out_of_range"),
    ("put_registration", {"version": "0"}, "/version", "type"),
    ("put_registration", {"version": 1e300}, "/version", "type"),
    ("put_registration", {"nickname": "x"}, "/nickname", "unknown"),
    ("enter_travel_card_code", {"code": ""}, "/code", "malformed"),
    ("enter_travel_card_code", {"code": "７３１００１"}, "/code", "malformed"),
    ("enter_travel_card_code", {"code": "731001\n"}, "/code", "malformed"),
    ("enter_travel_card_code", {"code": 731001}, "/code", "type"),
    ("enter_travel_card_code", {"scan_id": "s" * 61}, "/scan_id", "too_long"),
    ("enter_travel_card_code", {"phone": "+8613800138000"}, "/phone", "unknown"),
    # The number of a venue, by its own check digit or format (JN-3).
    ("create_venue", number("uscc", CREDIT_CODE[:-1] + "0"), "/number/value", "check_digit"),
    ("create_venue", number("uscc", CREDIT_CODE[:-1]), "/number/value", "number_length"),
    ("create_venue", number("uscc", "I" + CREDIT_CODE[1:]), "/number/value", "number_format"),
    ("create_venue", number("organisation_code", "D21435690"), "/number/value", "check_digit"),
    ("create_venue", number("organisation_code", "D2143569"), "/number/value", "number_length"),
    ("create_venue", number("organisation_code", "D2143569Y"), "/number/value", "number_format"),
    ("create_venue", number("resident_id", "440983199001010011"), "/number/value", "resident_id"),
    ("create_venue", number("plate", "粤K1234"), "/number/value", "plate"),
    ("create_venue", number("plate", "粤I12345"), "/number/value", "plate"),
    ("create_venue", number("plate", "粤KO1234"), "/number/value", "plate"),
    ("create_venue", number("plate", "K12345"), "/number/value", "plate"),
    ("create_venue", number("imo", "9074729"), "/number/type", "not_allowed"),
    ("create_venue", number("uscc", 91440983), "/number/value", "type"),
    ("create_venue", {"number": {"type": "uscc"}}, "/number/value", "missing"),
    # Where it is and what it is (YK-12).
    ("create_venue", {"region": "440900"}, "/region", "region"),
    ("create_venue", {"region": "440000"}, "/region", "region"),
    ("create_venue", {"region": "440921"}, "/region", "region"),
    ("create_venue", {"region": "999999"}, "/region", "region"),
    ("create_venue", {"region": "44098"}, "/region", "malformed"),
    ("create_venue", {"region": "４４０９８３"}, "/region", "malformed"),
    ("create_venue", {"type": "casino"}, "/type", "venue_type"),
    ("create_venue", {"address": ""}, "/address", "too_short"),
    ("create_venue", {"address": "街" * 121}, "/address", "too_long"),
    ("create_venue", {"street": "街" * 61}, "/street", "too_long"),
    ("create_venue", contact(phone="12345"), "/contact/phone", "phone"),
    ("create_venue", contact(name="梁\n主任"), "/contact/name", "control_character"),
    ("create_venue", contact(age=50), "/contact/age", "unknown"),
    ("create_venue", {"contact": "梁主任"}, "/contact", "type"),
    # Its name goes onto a poster.
    ("create_venue", {"name": "院"}, "/name", "too_short"),
    ("create_venue", {"name": "院" * 61}, "/name", "too_long"),
    ("create_venue", {"name": "人民\ue000医院"}, "/name", "control_character"),
    ("create_venue", {"name": f"人民{RARE}医院"}, "/name", "glyph"),
    ("create_venue", {"name": "人民医院😀"}, "/name", "glyph"),
    ("create_venue", {"nonce": "5f0c9f3e-0d1c-4b8a-9d5b-1f1b7a3c2d4e"}, "/nonce", "nonce"),
    ("create_venue", {"nonce": "{" + support.resident_id(1)}, "/nonce", "nonce"),
    ("request_poster", {"form": "a3_pdf"}, "/form", "not_allowed"),
    ("request_code", {"phone": "110"}, "/phone", "phone"),
    ("request_code", {"phone": "+8612345678901"}, "/phone", "phone"),
    ("request_code", {"phone": "1" * 5000}, "/phone", "phone"),
    ("request_code", {"phone": ""}, "/phone", "phone"),
    ("log_in", {"client": "telegram"}, "/client", "not_allowed"),
    ("log_in", {"code": "12345"}, "/code", "malformed"),
    ("log_in", {"code": "123456\n"}, "/code", "malformed"),
    ("log_in", {"code": "１２３４５６"}, "/code", "malformed"),
    ("refresh", {"refresh_token": "short"}, "/refresh_token", "too_short"),
    ("refresh", {"refresh_token": "x" * 2001}, "/refresh_token", "too_long"),
    ("check_by_hand", {"name": ""}, "/name", "too_short"),
    ("check_by_hand", {"name": "李" * 51}, "/name", "too_long"),
    ("check_by_hand", {"document_number": "440983199001019015"}, "/document_number", "resident_id"),
    ("check_by_hand", {"document_type": "driving_licence"}, "/document_type", "not_allowed"),
    ("check_by_hand", {"phone": "110"}, "/phone", "phone"),
    ("check_by_hand", {"temperature": "41.2"}, "/temperature", "not_allowed"),
    ("check_by_hand", {"photo": True}, "/photo", "unknown"),
    ("scan_pass", {"pass_code": ""}, "/pass_code", "too_short"),
    ("scan_pass", {"pass_code": "V" * 10_240}, "/pass_code", "too_long"),
    ("scan_pass", {"pass_code": "😀" * 20}, "/pass_code", "pass"),
    ("scan_pass", {"pass_code": "VP1.L.1.\x00"}, "/pass_code", "pass"),
    ("scan_pass", {"pass_code": "HTTPS://EVIL.EXAMPLE/?q=VP1.L.1"}, "/pass_code", "pass"),
    ("scan_pass", {"pass_code": f"HTTPS://{HOST}/V/{'0' * 16}"}, "/pass_code", "pass"),
    ("scan_pass", {"temperature": "41.2"}, "/temperature", "not_allowed"),
    ("scan_pass", {"nonce": "x"}, "/nonce", "nonce"),
    ("scan_pass", {"person_id": "per_0000000000000000"}, "/person_id", "unknown"),
    ("add_staff", staff(name=""), "/name", "too_short"),
    ("add_staff", staff(role="owner"), "/role", "not_allowed"),
    ("add_staff", staff(by="rumour"), "/by", "not_allowed"),
    ("add_staff", staff(phone="110"), "/phone", "phone"),
    ("add_staff", staff(document_number="1"), "/document_number", "resident_id"),
    ("add_staff", staff(age=5), "/age", "unknown"),
    ("join_venue", {"join_code": ""}, "/join_code", "too_short"),
    ("join_venue", {"join_code": "234567892"}, "/join_code", "join_code"),
    ("join_venue", {"join_code": "2345678OI"}, "/join_code", "join_code"),
    ("join_venue", {"join_code": "２３４５６７８９Ｍ"}, "/join_code", "join_code"),
    ("join_venue", {"join_code": "2" * 21}, "/join_code", "too_long"),
    ("scan_venue", {"nonce": "not a nonce"}, "/nonce", "nonce"),
    ("scan_venue", {"nonce": "x" * 60_000}, "/nonce", "nonce"),
    ("scan_venue", {"code": ""}, "/code", "too_short"),
    ("scan_venue", {"code": "x" * (MAX_PAYLOAD + 1)}, "/code", "too_long"),
    ("scan_venue", {"code": "x" * 10_240}, "/code", "too_long"),
    ("scan_venue", {"code": ["x"]}, "/code", "type"),
]  # fmt: skip

CODE = encode(b"0123456789")
HOSTILE_PAYLOADS = [
    f"HTTPS://EVIL.EXAMPLE/V/{CODE}",
    f"HTTPS://{HOST}.EVIL.EXAMPLE/V/{CODE}",
    f"HTTPS://EVIL.EXAMPLE@{HOST}.EXAMPLE/V/{CODE}",
    f"HTTPS://{HOST}/V/{CODE}/../../admin",
    f"HTTPS://{HOST}/V/{CODE}X",
    f"HTTPS://{HOST}/V/{CODE[:-1]}",
    f"HTTPS://{HOST}/V/{CODE[:-1]}U",
    f"FTP://{HOST}/V/{CODE}",
    f"HTTPS://VXTEST/V/{CODE}",
    "😀" * 16,
    "\x00\x01\x02",
    f"{CODE[:8]}\n{CODE[8:]}",
    "１２３４５６７８９０１２３４５",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "javascript:alert(1)//?q=x",
    "q=" * 900,
    "%25" * 600,
    "?q=%3Fq%3D%253Fq%253D",
    "http://[/?q=x",
    "https://\u2100/?scene=x",
    "//[?",
    "?",
    "&=&=",
    "wxp://f2f0",
    "WIFI:S:x;;",
]


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize(("route", "changes", "pointer", "code"), BAD_FIELDS)
def test_a_bad_field_is_named(
    person: Person,
    good: dict[str, tuple[str, dict[str, Any]]],
    route: str,
    changes: dict[str, Any],
    pointer: str,
    code: str,
) -> None:
    path, body = good[route]
    refused = person.post(path, body | changes)
    refused.expect(400, "invalid_input")
    assert refused.faults == {pointer: code}
    assert all(fault["detail"] for fault in refused.json["errors"])


@pytest.mark.requirement("JN-3")
@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize("bad", [row for row in BAD_FIELDS if row[2].startswith("/number")])
def test_a_venue_with_an_invalid_number_is_refused(
    lasting: World, person: Person, bad: tuple[str, dict[str, Any], str, str]
) -> None:
    refused = person.issue(**bad[1])
    refused.expect(400, "invalid_input")
    assert refused.faults == {bad[2]: bad[3]}
    del lasting


@pytest.mark.requirement("JN-5", "SD-7")
@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_a_name_without_glyphs_is_refused_once_naming_its_characters(
    person: Person, language: str
) -> None:
    refused = person.post(
        "/v1/venues",
        person.world.venue_request(name=f"{RARE}乡😀村{RARE}"),
        language=language,
    )
    refused.expect(400, "invalid_input")
    faults = refused.json["errors"]
    assert [(fault["pointer"], fault["code"]) for fault in faults] == [("/name", "glyph")]
    assert faults[0]["detail"].endswith(f"{RARE} 😀")


@pytest.mark.usefixtures("unwritten")
def test_all_bad_fields_are_named_at_once(person: Person) -> None:
    refused = person.post("/v1/me/registration", {"name": "", "a/b~c": 1})
    refused.expect(400, "invalid_input")
    assert refused.faults == {
        "/version": "missing",
        "/name": "too_short",
        "/document_type": "missing",
        "/document_number": "missing",
        "/a~1b~0c": "unknown",
    }


@pytest.mark.requirement("SD-4")
@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize("payload", HOSTILE_PAYLOADS)
def test_a_payload_that_is_none_of_ours_is_refused(person: Person, payload: str) -> None:
    refused = person.scan_code(payload)
    refused.expect(400, "invalid_input")
    assert refused.faults == {"/code": "payload"}


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        (b"{", "", "not_json"),
        (b"phone=1", "", "not_json"),
        (b"\xff\xfe{}", "", "not_json"),
        (b"[]", "", "type"),
        (b"null", "", "type"),
        (b'"text"', "", "type"),
        (b"[" * 5000, "", "not_json"),
        (b'{"phone": "\\ud800"}', "", "not_json"),
        (b'{"phone": NaN}', "/phone", "type"),
        (b"{}", "/phone", "missing"),
        (b"", "/phone", "missing"),
        (b'{"phone":"' + b"1" * (64 * 1024) + b'"}', "", "too_large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    lasting: World, raw: bytes, pointer: str, code: str
) -> None:
    refused = lasting.call("POST", "/v1/otp", raw=raw)
    refused.expect(400, "invalid_input")
    assert refused.faults == {pointer: code}


@pytest.mark.usefixtures("unwritten")
def test_a_body_of_64_kb_is_read_and_one_byte_more_is_not(lasting: World) -> None:
    head, tail = b'{"phone":"', b'"}'
    fill = 64 * 1024 - len(head) - len(tail)
    for size, fault in ((fill, {"/phone": "phone"}), (fill + 1, {"": "too_large"})):
        refused = lasting.call("POST", "/v1/otp", raw=head + b"x" * size + tail)
        assert refused.faults == fault


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json; charset=utf-8"])
def test_a_body_is_read_whatever_its_type_is_called(
    lasting: World, person: Person, content_type: str | None
) -> None:
    """Mini-programs and beacons send what they like; a body that is JSON is JSON."""
    headers = {"Content-Type": content_type} if content_type else {}
    raw = b'{"client": "sms", "phone": "+8613800138000", "code": "000000"}'
    lasting.call("POST", "/v1/sessions", raw=raw, headers=headers).expect(401, "otp_invalid")
    del person


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("day=yesterday", "day", "day"),
        ("day=2026-02-30", "day", "day"),
        ("day=", "day", "day"),
        ("day=20261122", "day", "day"),
        ("day=2026-W47-7", "day", "day"),
        ("by=you", "by", "not_allowed"),
    ],
)
def test_a_bad_parameter_is_named(person: Person, query: str, pointer: str, code: str) -> None:
    refused = person.get(f"/v1/venues/{person.venue['venue_id']}/statistics?{query}")
    refused.expect(400, "invalid_input")
    assert refused.faults == {pointer: code}


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize(
    "scan_id",
    [
        "x",
        "scn_" + "0" * 16 + "_" + "0" * 12 + "_" + "0" * 16,
        "scn_{venue}_ffffffffffff_" + "0" * 16,
        "scn_{venue}_e677d21fdbff_" + "0" * 16,
        "scn_{venue}_-00000000001_" + "0" * 16,
        "scn_{venue}_000000000000_" + "0" * 16,
        "scn_{venue}_zzzzzzzzzzzz_" + "0" * 16,
        "scn_{venue}_01a201692e00_" + "U" * 16,
        "%00%ff%2e%2e%2f",
        "scn_" + "_" * 2000,
    ],
)
def test_a_scan_that_cannot_be_is_not_found(person: Person, scan_id: str) -> None:
    venue = person.venue["venue_id"].removeprefix("ven_")
    person.get("/v1/scans/" + scan_id.format(venue=venue)).expect(404, "not_found")


@pytest.mark.usefixtures("unwritten")
@pytest.mark.parametrize("poster_id", ["x", "0" * 16, "%00", "POSTER%23", "x" * 2000])
def test_a_poster_that_cannot_be_is_not_found(person: Person, poster_id: str) -> None:
    path = f"/v1/venues/{person.venue['venue_id']}/posters/{poster_id}"
    person.get(path).expect(404, "not_found")


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
TAKE_A_BODY = sorted(operation.name for operation in OPERATIONS if operation.request)


def test_every_route_that_takes_a_body_is_tried() -> None:
    with_body = {case.route for case in CASES if case.body}
    assert with_body == {(one.method, one.path) for one in OPERATIONS if one.request}


@pytest.mark.parametrize("route", TAKE_A_BODY)
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_whatever_is_sent_the_answer_is_one_of_the_document(
    person: Person,
    good: dict[str, tuple[str, dict[str, Any]]],
    route: str,
    data: st.DataObject,
) -> None:
    """The driver holds each answer against the document, in which 500 stands for a fault."""
    path, body = good[route]
    field = data.draw(st.sampled_from(sorted(body)))
    changed: Any = data.draw(ANY_JSON.map(lambda value: body | {field: value}) | ANY_JSON)
    assert person.post(path, changed).status < 500


@settings(max_examples=60, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(payload=st.text(max_size=300) | st.from_regex(r"[a-z:/?=&%\[\]@#.q]{0,80}", fullmatch=True))
def test_whatever_a_scanner_hands_over_is_read_or_refused(person: Person, payload: str) -> None:
    answer = person.scan_code(payload)
    if answer.status == 404:  # Hypothesis also draws texts of the source, which may have the form
        assert re.search("[0-9A-Za-z]{16}", payload)
        return
    assert answer.status == 400
    assert answer.faults.keys() == {"/code"}


@settings(max_examples=60, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(moment=st.integers(0, 2**48 - 1), rest=st.integers(0, 2**80 - 1))
def test_any_nonce_of_another_time_is_refused(person: Person, moment: int, rest: int) -> None:
    value = f"{moment:012x}7{rest & 0xFFF:03x}8{rest >> 20:015x}"
    nonce = "-".join((value[:8], value[8:12], value[12:16], value[16:20], value[20:]))
    answer: HttpReply = person.scan_code(person.venue["code_url"], nonce)
    answer.expect(422, "clock_skewed")


def test_the_matrix_knows_of_no_route_for_others() -> None:
    known = {
        ANYONE, ANY_PERSON, GUARDIAN_OF_DEPENDANT, STAFF_OF_VENUE, ADMINISTRATOR_OF_VENUE,
        ANY_KIOSK,
    }  # fmt: skip
    assert {operation.access for operation in OPERATIONS} == known
