"""What looks the same is the same; what the issuer accepts is not refused; scanners' dialects."""

import json
import time
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from rich.console import Console

from chalicelib.admission.shadows import ManualEntry, Subjects, shadow_of
from chalicelib.core import keys
from chalicelib.identity import passes, personal
from chalicelib.identity.store.people import ProfileItem
from chalicelib.venues.codes import join_url
from infra.ops import venues as venues_command
from tests import support
from tests.api import families, phones, test_erasures
from tests.api.driver import HOST, HttpReply, Person, World, codes

NAME = "艾力·测试江"
_NOWHERE = "320219190001010071"
"""A resident ID with an address code that no list has."""
_UNBORN = "440983202703010078"
"""A resident ID of somebody who is born in March 2027."""
DIALECTS = {
    "AIM prefix": "]Q1{}",
    "AIM prefix and ECI escape": "]Q2\\000026{}",
    "STX, ETX and CR LF": "\x02{}\x03\r\n",
}


def _wide(text: str) -> str:
    """Return a text as an input method for Chinese types it."""
    wide = text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    return wide.replace("．", "。").replace("／", "、")


def _grouped(code: str, between: str = "-") -> str:
    return between.join(code[at : at + 4] for at in range(0, 16, 4))


def _entry(name: str, number: str) -> dict[str, str]:
    return {"name": name, "document_type": "resident_id", "document_number": number}


def _staff(chief: Person) -> str:
    return f"/v1/venues/{chief.venue['venue_id']}/staff"


def _check(chief: Person, **entry: Any) -> HttpReply:
    chief.world.secrets |= {entry["name"], entry["document_number"]}
    path = f"/v1/venues/{chief.venue['venue_id']}/manual-checks"
    return chief.post(path, {"nonce": chief.world.nonce()} | entry)


def _registered(world: World, name: str) -> Person:
    person = world.person()
    person.name = name
    person.register().expect(202)
    world.work()
    return person


# --- Stricter than the issuer


def test_an_address_code_that_no_list_has_is_refused_nowhere(world: World) -> None:
    chief = world.administrator()
    person = world.person()
    person.number = _NOWHERE
    person.register().expect(202)
    world.work()
    entry = _entry(person.name, _NOWHERE)
    chief.post(_staff(chief), entry | {"by": "identity", "phone": person.phone}).expect(201)
    _check(chief, **entry).expect(202)
    chief.issue(number={"type": "resident_id", "value": _NOWHERE}).expect(201)


def test_a_date_of_birth_in_the_future_is_refused_everywhere(world: World) -> None:
    chief, kiosk = world.administrator(), world.kiosk()
    entry = _entry("梁小雨", _UNBORN)
    world.secrets |= {"梁小雨", _UNBORN}
    person = world.person()
    answers = [
        person.post("/v1/me/registration", entry | {"version": 0}),
        chief.post(_staff(chief), entry | {"by": "identity", "phone": person.phone}),
        _check(chief, **entry),
        families.add(chief, "household", **entry),
        kiosk.swipe("梁小雨", _UNBORN),
    ]
    for answer in answers:
        answer.expect(400, "invalid_input")
        assert answer.faults == {"/document_number": "resident_id"}


@pytest.mark.parametrize("character", ["\U0003158e", "\U0002ec00", "\U000323b0"], ids=ascii)
def test_han_newer_than_the_runtime_is_a_letter_wherever_a_name_is_entered(
    world: World, character: str
) -> None:
    chief = world.administrator()
    person = _registered(world, f"张{character}")
    entry = _entry(person.name, person.number)
    chief.post(_staff(chief), entry | {"by": "identity", "phone": person.phone}).expect(201)
    _check(chief, **entry).expect(202)
    other = _entry(character, support.resident_id(77))
    _check(chief, **other).expect(202)
    contact = {"name": f"张{character}", "phone": "+8613900000099"}
    chief.issue(contact=contact).expect(201)
    # A venue's name stands on the poster, whose fonts lack it: said when the venue is named.
    refused = chief.issue(name=f"信宜市{character}村")
    refused.expect(400, "invalid_input")
    assert refused.faults == {"/name": "glyph"}
    assert character in refused.json["errors"][0]["detail"]


def test_a_script_that_posters_do_not_show_is_one_fault(world: World) -> None:
    refused = world.administrator().issue(name="ጤና ጣቢያ አዲስ አበባ")
    refused.expect(400, "invalid_input")
    assert [fault["code"] for fault in refused.json["errors"]] == ["glyph"]


# --- One canonical form


@pytest.mark.parametrize(
    "spelling", ["艾力•测试江", "艾力 ．测试江", "\u202d艾力.测试江\u202c", "艾 力・测试\u3000江"]
)
def test_a_name_is_known_however_it_is_spelt(world: World, spelling: str) -> None:
    chief, person = world.administrator(), _registered(world, spelling)
    world.secrets.add(NAME)
    assert person.registration()["name"] == NAME
    check = _check(chief, **_entry(NAME, person.number)).expect(202)
    world.work()
    world.clock.pass_(seconds=2)
    shown = chief.get(f"/v1/manual-checks/{check['check_id']}").expect(200)
    assert shown["person"] == {"name": "艾***"}


def test_a_name_that_an_earlier_version_sealed_as_typed_matches(world: World) -> None:
    """Its item is read in the canonical form, and sent so to providers."""
    chief, person = world.administrator(), _registered(world, NAME)
    typed = "艾力•测试江"
    world.secrets.add(typed)
    container = world.container
    sealed = personal.NAME.seal(container.vault, typed, person.person_id, now=world.clock.at)
    world.table.update(keys.profile(person.person_id), [ProfileItem.name.set(sealed)])
    # A retry of the registration changes nothing.
    person.register(1, name=NAME).expect(200)
    assert person.registration()["version"] == 1
    entry = {"by": "identity", "phone": person.phone, **_entry(typed, person.number)}
    chief.post(_staff(chief), entry).expect(201)
    body = {"by": "phone", "name": typed, "phone": person.phone}
    chief.post(_staff(chief), body).expect(202)
    assert len(chief.get(_staff(chief)).expect(200)["items"]) == 2
    person.scan(chief.venue).expect(201)
    world.work()
    told = {subject.name for provider in world.providers.values() for subject, _ in provider.asked}
    assert typed not in told


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ({"name": "信宜诊所（店）"}, {"name": "信宜诊所(店)"}),
        ({"name": "信宜诊所（店）"}, {"name": "信宜诊所 (店)"}),
        ({"name": "ＡＢＣ 诊所"}, {"name": "ABC\u3000诊所"}),
        ({"address": "人民路１２号（东）"}, {"address": "人民路12号(东)"}),
    ],
)
def test_a_venue_in_another_spelling_is_the_same_venue(
    world: World, first: dict[str, str], again: dict[str, str]
) -> None:
    person = world.visitor()
    request = world.venue_request(**first)
    venue = person.apply(request).expect(201)
    second = {**request, **again, "nonce": world.nonce()}
    person.apply(second).expect(409, "venue_exists")
    assert len(person.get("/v1/venues").expect(200)["items"]) == 1
    # With another address it is a branch, and the number is said to be shared.
    branch = person.apply({**second, "nonce": world.nonce(), "address": "解放路1号"}).expect(201)
    assert codes(branch["warnings"]) == ["number_shared"]
    del venue


def test_what_cannot_be_printed_is_named(world: World) -> None:
    refused = world.administrator().issue(name="人民\ue000医院")
    refused.expect(400, "invalid_input")
    (fault,) = refused.json["errors"]
    assert (fault["pointer"], fault["code"]) == ("/name", "control_character")
    assert "U+E000" in fault["detail"]


@pytest.mark.parametrize("between", ["-", " ", "\u2011", "－", " - "])
def test_the_printed_serial_is_read_as_it_is_typed(world: World, between: str) -> None:
    venue, visitor = world.administrator().venue, world.visitor()
    typed = _grouped(venue["code"], between)
    visitor.scan_code(typed).expect(201)
    assert world.call("GET", f"/V/{quote(typed)}").status == 200
    moved = world.call("GET", f"/v/{quote(typed.lower())}")
    assert (moved.status, moved.headers["Location"]) == (301, f"../V/{venue['code']}")


# --- Scanner dialects


@pytest.mark.parametrize("dialect", [*DIALECTS.values(), "wide"], ids=[*DIALECTS, "full width"])
def test_every_scanned_input_is_read_in_the_scanners_dialect(world: World, dialect: str) -> None:
    def scanned(text: str) -> str:
        return _wide(text) if dialect == "wide" else dialect.format(text)

    chief, visitor = world.administrator(), world.visitor()
    visitor.scan_code(scanned(chief.venue["code_url"])).expect(201)
    path = f"/v1/venues/{chief.venue['venue_id']}/scans"
    for code in (visitor.show_pass(), _paper(visitor)):
        body = {"nonce": world.nonce(), "pass_code": scanned(code)}
        first = chief.post(path, body).expect(201)
        # A retry of the same scan by another scanner is the same scan.
        again = chief.post(path, body | {"pass_code": code.lower()}).expect(200)
        assert again["scan_id"] == first["scan_id"]
    phone = phones.pair(chief)
    kept = scanned(world.visitor().show_pass())
    phones.upload(chief, phone, kept, world.nonce()).expect(201)
    join_code = chief.join_code(chief.venue["venue_id"])
    visitor.join(scanned(join_code)).expect(201)
    world.visitor().join(scanned(join_url(join_code, HOST))).expect(201)


def _paper(person: Person) -> str:
    """Return the text of the person's paper pass."""
    world = person.world
    person.post("/v1/me/pass/paper", {"replaces": None}).expect(202)
    issued = world.container.people.load(person.person_id).paper_pass
    assert issued is not None
    return passes.mint_paper(person.person_id, issued.serial, ring=world.container.ring)


def test_a_pass_that_is_altered_in_a_dialect_is_refused(world: World) -> None:
    chief, visitor = world.administrator(), world.visitor()
    path = f"/v1/venues/{chief.venue['venue_id']}/scans"
    code = visitor.show_pass()
    altered = code[:-1] + ("0" if code[-1] != "0" else "1")
    for text, fault in ((f"]Q1{altered}", 422), (f"]Q1{code[:-1]}", 400), (f"x{code}", 400)):
        answer = chief.post(path, {"nonce": world.nonce(), "pass_code": text})
        assert answer.status == fault


# --- Length first


@pytest.mark.parametrize("route", ["/v1/otp", "/v1/sessions"])
def test_a_long_text_is_refused_before_it_is_composed(world: World, route: str) -> None:
    """One run of combining marks in the wrong order: composing sorts it."""
    body = {"phone": "\u0315\u0300" * 16_000}
    if route == "/v1/sessions":
        body |= {"client": "sms", "code": "123456"}
    raw = json.dumps(body, ensure_ascii=False).encode()[: 64 * 1024]
    assert len(raw) > 60_000
    before = time.process_time()
    refused = world.call("POST", route, raw=raw)
    assert time.process_time() - before < 0.5
    refused.expect(400, "invalid_input")
    assert refused.faults == {"/phone": "phone"}


def test_a_long_text_of_any_field_is_too_long(world: World) -> None:
    long = "\u0315\u0300" * 5_000
    person = world.visitor()
    answers = {
        "/name": person.post("/v1/me/registration", {"version": 1, **_entry(long, person.number)}),
        "/document_number": person.post(
            "/v1/me/registration", {"version": 1, **_entry(person.name, long)}
        ),
        "/number/value": person.issue(number={"type": "uscc", "value": long}),
        "/address": person.issue(address=long),
        "/join_code": person.join(long),
    }
    for pointer, answer in answers.items():
        answer.expect(400, "invalid_input")
        assert answer.faults == {pointer: "too_long"}


@pytest.mark.parametrize(
    "typed", ["1380013abcd", "138-0013-CALL", "138 0013 ＣＡＬＬ", "138 0013 вызов"]
)
def test_a_phone_number_has_no_letters(world: World, typed: str) -> None:
    refused = world.call("POST", "/v1/otp", {"phone": typed})
    refused.expect(400, "invalid_input")
    assert refused.faults == {"/phone": "phone"}
    assert world.sms.sent == []


# --- What an officer may accept


def _issue(world: World, folder: Path, applicant: Person, application: Any, **more: str) -> str:
    """Let an officer issue a venue; return what the command says."""
    path, said = folder / "application.json", StringIO()
    path.write_text(json.dumps(application), encoding="utf-8")
    venues_command.issue(
        world.deployment(),
        path=path,
        document_type="resident_id",
        region_name=more.get("region_name", ""),
        office="信宜市疾控中心",
        console=Console(file=said, width=200),
        read=lambda _: applicant.number,
    )
    return said.getvalue()


def test_a_region_that_the_table_lacks_is_accepted_by_an_officer_and_not_by_the_public(
    world: World, tmp_path: Path
) -> None:
    applicant = world.visitor()
    application = world.venue_request(region="440997")
    refused = applicant.apply(application)
    refused.expect(400, "invalid_input")
    assert refused.faults == {"/region": "region"}
    with pytest.raises(SystemExit, match="--region-name"):
        _issue(world, tmp_path, applicant, application)
    named = {"region_name": "广东省 茂名市 新设区"}
    assert "is issued" in _issue(world, tmp_path, applicant, application, **named)
    assert "was issued before" in _issue(world, tmp_path, applicant, application, **named)
    (venue,) = applicant.get("/v1/venues", language="zh-Hans").expect(200)["items"]
    assert (venue["region"], venue["region_name"]) == ("440997", named["region_name"])
    world.visitor().scan(venue).expect(201)
    seen = applicant.get("/v1/me/accesses").expect(200)["items"]
    assert {one["place"] for one in seen} == {"信宜市疾控中心"}


def test_an_officer_may_not_accept_what_is_certainly_wrong(world: World, tmp_path: Path) -> None:
    applicant = world.visitor()
    wrong: list[dict[str, Any]] = [
        {"number": {"type": "uscc", "value": "91440983MA00000221"}},
        {"region": "440900"},
        {"region": "44098"},
        {"name": "医院😀"},
    ]
    for changes in wrong:
        with pytest.raises(SystemExit, match="Nothing was issued"):
            _issue(world, tmp_path, applicant, world.venue_request(**changes))
    stranger = world.person()
    with pytest.raises(SystemExit, match="Nobody has registered"):
        _issue(world, tmp_path, stranger, world.venue_request())
    stranger.register().expect(202)
    with pytest.raises(SystemExit, match="Nothing was issued"):
        _issue(world, tmp_path, stranger, world.venue_request())
    assert applicant.get("/v1/venues").expect(200)["items"] == []


def test_an_erasure_finds_what_was_looked_up_under_the_former_spelling(world: World) -> None:
    chief, person = world.administrator(), _registered(world, NAME)
    typed, container = "艾力•测试江", world.container
    world.secrets.add(typed)
    shadows = [
        shadow_of(container.index, "resident_id", person.number, one) for one in (typed, NAME)
    ]
    entry = ManualEntry(name=typed, document_type="resident_id", number=person.number)
    subjects = Subjects(index=container.index, vault=container.vault, people=container.people)
    subjects.of(entry, subjects.blind(entry), world.clock.at)
    _check(chief, **_entry(NAME, person.number)).expect(202)
    sealed = personal.NAME.seal(container.vault, typed, person.person_id, now=world.clock.at)
    world.table.update(keys.profile(person.person_id), [ProfileItem.name.set(sealed)])
    assert all(map(world.items_of_partition, map(keys.person, shadows)))
    test_erasures.ask(person)
    test_erasures.erase(world)
    assert not any(map(world.items_of_partition, map(keys.person, shadows)))
