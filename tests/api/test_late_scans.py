"""A pass is good for 90 s; offline uploads do not reopen it (issue 10)."""

from typing import Any

import pytest

from chalicelib.admission.scan import Method
from chalicelib.identity import passes
from chalicelib.identity.providers import Answer
from chalicelib.insight.abnormal import is_abnormal
from chalicelib.insight.counters import Figures, figures
from tests.api import phones
from tests.api.driver import Person, World, codes
from tests.api.test_door import live_pass, scan
from tests.contract import makers
from tests.fakes.parts import NOON

FIGURES = ("checked", "passed", "abnormal", "pending", "own_scans")


def without_health(answer: Any) -> bool:
    """Whether an answer holds nothing but the scan's id and times."""
    return set(answer) == {"scan_id", "status", "scanned_at", "received_at"}


@pytest.fixture
def phone(guard: Person) -> phones.Phone:
    return phones.pair(guard)


@pytest.mark.requirement("GO-1")
def test_a_phone_that_was_offline_sends_its_scans_later(
    world: World, guard: Person, phone: phones.Phone
) -> None:
    """With the time at which each happened, on the day on which it happened, however often."""
    visitor, red = world.visitor(), world.visitor(health_code=Answer("red", world.hours_ago(1)))
    shown_at = world.clock.at
    kept = [(live_pass(person), world.nonce()) for person in (visitor, red)]
    world.clock.pass_(days=3)
    guard.log_in()
    sent = [phones.upload(guard, phone, *one, "normal").expect(201) for one in kept]
    assert [phones.upload(guard, phone, *one, "normal").status for one in kept] == [200, 200]
    assert all(without_health(one) for one in sent)
    assert {one["scanned_at"][:19] for one in sent} == {shown_at.isoformat()[:19]}
    assert sent[0]["received_at"] > sent[0]["scanned_at"]
    world.work()
    day = shown_at.date().isoformat()
    assert guard.figures(day) == {"checked": 2, "passed": 0, "abnormal": 0, "pending": 2}
    assert guard.figures()["checked"] == 0
    assert guard.figures(day) == world.recount(guard.venue, shown_at.date())


def test_a_late_upload_is_judged_and_the_visitor_sees_it(
    world: World, guard: Person, phone: phones.Phone
) -> None:
    red = world.visitor(health_code=Answer("red", world.hours_ago(1)))
    kept = live_pass(red), world.nonce()
    world.clock.pass_(hours=1)
    scan_id = phones.upload(guard, phone, *kept).expect(201)["scan_id"]
    world.work()
    seen = red.screen(scan_id)
    assert (seen["outcome"], codes(seen["reasons"])) == ("refuse", ["health_code_red"])
    (visit,) = red.get("/v1/me/visits").expect(200)["items"]
    assert visit["outcome"] == "refuse"


def test_staff_learn_nothing_of_health_from_a_late_upload(
    world: World, guard: Person, phone: phones.Phone
) -> None:
    """Neither from the answer, nor on the scan's screen, nor on the day's abnormal list."""
    red = world.visitor(health_code=Answer("red", world.hours_ago(1)))
    kept, day = (live_pass(red), world.nonce()), world.clock.at.date().isoformat()
    world.clock.pass_(hours=1)
    scan_id = phones.upload(guard, phone, *kept).expect(201)["scan_id"]
    world.work()
    guard.get(f"/v1/scans/{scan_id}").expect(404, "not_found")
    guard.post(f"/v1/scans/{scan_id}/temperature", {"temperature": "normal"}).expect(
        404, "not_found"
    )
    path = f"/v1/venues/{guard.venue['venue_id']}/scans?outcome=abnormal&day={day}"
    assert guard.get(path).expect(200)["items"] == []
    again = phones.upload(guard, phone, *kept).expect(200)
    assert without_health(again)
    scan(guard, *kept).expect(403, "not_your_venue")  # as if it had been scanned in time


@pytest.mark.parametrize("by", ["unit", "me"])
def test_the_figures_of_a_late_upload_do_not_depend_on_the_visitors_health(
    world: World, guard: Person, phone: phones.Phone, by: str
) -> None:
    """Neither at once, nor when it is decided, nor after an erasure; a recount agrees."""
    seen = []
    for colour in ("green", "red"):
        visitor = world.visitor(health_code=Answer(colour, world.hours_ago(1)))
        kept = live_pass(visitor), world.nonce()
        world.clock.pass_(minutes=20)
        guard.log_in()
        path = f"/v1/venues/{guard.venue['venue_id']}/statistics?by={by}"
        before = guard.get(path).expect(200)
        steps = []
        phones.upload(guard, phone, *kept, "normal").expect(201)
        for _ in range(3):
            after = guard.get(path).expect(200)
            steps.append({name: after[name] - before[name] for name in FIGURES})
            world.work()
            world.clock.pass_(minutes=1)
        seen.append(steps)
        assert guard.figures() == world.recount(guard.venue)
    assert seen[0] == seen[1]
    assert seen[0][-1] == {"checked": 1, "passed": 0, "abnormal": 0, "pending": 1, "own_scans": 0}


def test_an_erasure_does_not_tell_the_outcome_of_a_late_upload() -> None:
    scan = makers.scan(
        makers.venue(), NOON, method=Method.STAFF, device_id="phn_A", staff_id="per_S"
    )
    for one in (scan, scan.anonymous()):
        assert figures(one) == Figures(checked=1, pending=1)
        assert not is_abnormal(one)


@pytest.mark.parametrize("minutes", [2, 9, 60])
def test_an_old_pass_is_refused_without_a_paired_phone(
    world: World, guard: Person, minutes: int
) -> None:
    """Also within the ten minutes by which a phone's clock may be off."""
    kept, nonce = live_pass(world.visitor()), world.nonce()
    world.clock.pass_(minutes=minutes)
    before = world.writes()
    code = "clock_skewed" if minutes > 10 else "pass_expired"
    scan(guard, kept, nonce).expect(422, code)
    assert world.writes() == before


@pytest.mark.parametrize(
    "fault",
    ["another's phone", "revoked", "paired later", "other pass", "other venue", "other nonce",
     "other temperature", "no signature", "odd signature"],
)  # fmt: skip
def test_what_a_paired_phone_has_not_signed_is_refused(
    world: World, guard: Person, phone: phones.Phone, fault: str
) -> None:
    visitor = world.visitor()
    kept, nonce = live_pass(visitor), world.nonce()
    other = world.inspector(world.administrator())
    elsewhere = phones.body_of(other, phone, kept, nonce)
    world.clock.pass_(minutes=5)
    later = phones.pair(guard) if fault == "paired later" else phone
    body = phones.body_of(guard, later, kept, nonce)
    match fault:
        case "another's phone":
            body = phones.body_of(guard, phones.pair(other), kept, nonce)
        case "revoked":
            guard.post(f"/v1/me/devices/{phone['device_id']}/revoke").expect(200)
        case "other pass":
            body["pass_code"] = live_pass(world.visitor())
        case "other venue":
            body = elsewhere
        case "other nonce":
            body["nonce"] = world.nonce(minutes=5, seconds=-1)
        case "other temperature":
            body["temperature"] = "normal"
        case "no signature":
            body["signature"] = ""
        case "odd signature":
            body["signature"] = "v1=签名"
    before = world.writes()
    phones.send(guard, body).expect(403, "device_not_paired")
    assert world.writes() == before


def test_a_late_pass_must_have_been_live_when_it_was_scanned(
    world: World, guard: Person, phone: phones.Phone
) -> None:
    visitor = world.visitor()
    world.clock.pass_(minutes=4)
    early, presented = world.nonce(minutes=3), live_pass(visitor)
    world.clock.pass_(minutes=2)
    late = world.nonce()
    world.clock.pass_(days=6)
    guard.log_in()
    for nonce in (early, late):
        phones.upload(guard, phone, presented, nonce).expect(422, "pass_expired")
    too_late = world.nonce(days=7, minutes=1)
    phones.upload(guard, phone, presented, too_late).expect(422, "clock_skewed")


def test_a_scan_whose_answer_was_lost_may_be_sent_again_as_a_late_one(
    world: World, guard: Person, phone: phones.Phone
) -> None:
    """The phone cannot know whether the first request arrived: it is one visit."""
    presented, nonce = live_pass(world.visitor()), world.nonce()
    first = scan(guard, presented, nonce, temperature="normal").expect(201)["scan_id"]
    world.clock.pass_(minutes=5)
    again = phones.upload(guard, phone, presented, nonce, "normal").expect(200)
    assert again["scan_id"] == first
    phones.upload(guard, phone, presented, nonce, "fever").expect(409, "nonce_reused")


def test_a_paper_pass_is_uploaded_late(world: World, guard: Person, phone: phones.Phone) -> None:
    visitor = world.visitor()
    visitor.post("/v1/me/pass/paper", {"name": "masked", "replaces": None}).expect(202)
    serial = visitor.get("/v1/me/pass/paper").expect(200)["serial"].replace("-", "")
    paper = passes.mint_paper(visitor.person_id, serial, ring=world.container.ring)
    nonce = world.nonce()
    world.clock.pass_(hours=5)
    guard.log_in()
    scan(guard, paper, nonce).expect(422, "clock_skewed")
    sent = phones.upload(guard, phone, paper, nonce).expect(201)
    assert without_health(sent)
    guard.get(f"/v1/scans/{sent['scan_id']}").expect(404, "not_found")


# --- Phones


def test_a_retry_of_the_pairing_returns_the_same_phone(world: World, guard: Person) -> None:
    nonce = world.nonce()
    first = guard.post("/v1/me/devices", {"nonce": nonce}).expect(201)
    assert guard.post("/v1/me/devices", {"nonce": nonce}).expect(200) == first
    world.secrets.add(first["secret"])
    (listed,) = guard.get("/v1/me/devices").expect(200)["items"]
    assert listed == {name: first[name] for name in ("device_id", "paired_at")}


def test_five_phones_may_be_paired(world: World, guard: Person) -> None:
    paired = [phones.pair(guard) for _ in range(5)]
    assert len({one["secret"] for one in paired}) == 5
    refused = guard.post("/v1/me/devices", {"nonce": world.nonce()})
    refused.expect(409, "too_many_devices")
    guard.post(f"/v1/me/devices/{paired[2]['device_id']}/revoke").expect(200)
    guard.post(f"/v1/me/devices/{paired[2]['device_id']}/revoke").expect(200)
    phones.pair(guard)
    listed = [one["device_id"] for one in guard.get("/v1/me/devices").expect(200)["items"]]
    assert len(listed) == 5
    assert paired[2]["device_id"] not in listed


def test_only_staff_pair_a_phone(world: World) -> None:
    visitor = world.visitor()
    visitor.post("/v1/me/devices", {"nonce": world.nonce()}).expect(403, "not_your_venue")
    assert visitor.get("/v1/me/devices").expect(200) == {"items": []}


def test_the_secret_is_not_stored(world: World, guard: Person) -> None:
    secret = phones.pair(guard)["secret"]
    assert secret not in str(world.items())
