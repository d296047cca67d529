"""Own data at its edges: data of somebody else, a new account, what TTL has not deleted."""

import json
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.identity.providers import Answer
from chalicelib.insight import export_files
from tests import support
from tests.api.driver import HEALTH, Person, World
from tests.api.families import by_consent
from tests.api.test_erasures import ask, counts, erase, left, run
from tests.api.test_exports import downloaded, request


def checked(world: World, chief: Person, name: str, number: str) -> str:
    """Have staff check a person by name and number; return the check's id."""
    entry = {
        "nonce": world.nonce(), "name": name,
        "document_type": "resident_id", "document_number": number,
    }  # fmt: skip
    made = chief.post(f"/v1/venues/{chief.venue['venue_id']}/manual-checks", entry).expect(202)
    world.work()
    return str(made["check_id"])


def accesses(person: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = person.get("/v1/me/accesses").expect(200)["items"]
    return items


def claimant(world: World, owner: Person) -> Person:
    """Return a person who has registered the number of another, and was rejected."""
    person = world.person()
    world.say(owner, identity=Answer("mismatch"))
    person.register(name=owner.name, number=owner.number).expect(202)
    world.work()
    assert person.registration()["verification"] == "rejected"
    world.say(owner, identity=Answer("match"))
    return person


def former_claimant(world: World) -> tuple[Person, Person]:
    """Return a person, and one who was rejected under that person's name and number before."""
    owner = world.person()
    rejected = claimant(world, owner)
    owner.register().expect(202)
    world.work()
    assert owner.registration()["verification"] == "verified"
    return owner, rejected


@pytest.mark.requirement("GO-6")
def test_an_erasure_leaves_the_owner_of_a_number_that_was_claimed_wrongly(world: World) -> None:
    chief = world.administrator()
    owner, rejected = former_claimant(world)
    checked(world, chief, owner.name, owner.number)
    seen = accesses(owner)
    assert len(seen) == 1
    asked = ask(rejected)
    erase(world)
    owner.log_in()
    assert accesses(owner) == seen
    assert "accesses" not in counts(world, asked)


@pytest.mark.requirement("GO-6")
def test_an_export_has_no_accesses_to_a_number_that_was_claimed_wrongly(world: World) -> None:
    chief = world.administrator()
    owner, rejected = former_claimant(world)
    checked(world, chief, owner.name, owner.number)
    rejected.get("/v1/me/accesses").expect(403, "registration_rejected")
    request(rejected).expect(202)
    world.work()
    assert json.loads(downloaded(rejected).read("data.json"))["accesses"] == []


@pytest.mark.requirement("GO-6")
def test_a_new_account_survives_the_second_sweep(world: World) -> None:
    """Registered under the same phone and document between the two sweeps."""
    person, chief = world.visitor(), world.administrator()
    checked(world, chief, person.name, person.number)
    ask(person)
    world.clock.pass_(hours=24)
    assert run(world) == {"swept": 1}
    world.work()
    former = person.person_id
    chief.log_in()
    person.log_in()
    person.register().expect(202)
    world.work()
    assert person.person_id != former
    checked(world, chief, person.name, person.number)
    invited = {"by": "phone", "name": person.name, "phone": person.phone, "role": "inspector"}
    chief.post(f"/v1/venues/{chief.venue['venue_id']}/staff", invited).expect(202)
    world.clock.pass_(minutes=14)
    person.ask_for_code().expect(202)
    seen = accesses(person)
    world.clock.pass_(minutes=1)
    assert run(world) == {"erased": 1}
    world.work()
    person.enter_code(person.text_code()).expect(201)
    assert accesses(person) == seen
    assert person.registration()["verification"] == "verified"


@pytest.mark.requirement("GO-6")
def test_consent_codes_are_erased_used_or_replaced(world: World) -> None:
    elder, guardian = world.visitor(), world.visitor()
    by_consent(guardian, elder.post("/v1/me/consent-code").expect(201)["code"]).expect(201)
    for _ in range(2):
        elder.post("/v1/me/consent-code").expect(201)
    ask(elder)
    world.clock.pass_(hours=24)
    elder.log_in()
    for _ in range(2):
        elder.post("/v1/me/consent-code").expect(201)
    run(world)
    world.clock.pass_(minutes=15)
    run(world)
    assert left(world, elder) == []


@pytest.mark.requirement("GO-6")
def test_identity_checks_are_erased(world: World) -> None:
    person = world.visitor()
    ask(person)
    world.clock.pass_(hours=23)
    person.log_in()
    body = {"nonce": world.nonce(), "method": "face", "subject": None}
    person.post("/v1/me/identity-checks", body).expect(202)
    world.clock.pass_(hours=1)
    run(world)
    world.clock.pass_(minutes=15)
    run(world)
    assert left(world, person) == []


def declare(world: World, person: Person) -> None:
    answers = {
        "fever": False, "symptoms": [], "contact": False, "risk_area": False,
        "destination": "440983",
    }  # fmt: skip
    body = {"nonce": world.nonce(), "form_version": 1, "answers": answers}
    person.post("/v1/me/declarations", body).expect(201)
    world.work()


@pytest.mark.requirement("GO-6")
def test_what_has_expired_is_not_shown_although_the_table_still_has_it(world: World) -> None:
    person, chief = world.visitor(), world.administrator()
    declare(world, person)
    checked(world, chief, person.name, person.number)
    assert len(person.get("/v1/me/declarations").expect(200)["items"]) == 1
    world.clock.pass_(hours=24 * 29)
    person.log_in()
    assert person.get("/v1/me/declarations").expect(200)["items"] == []
    assert len(accesses(person)) == 1
    world.days_pass(155, person)
    assert accesses(person) == []
    request(person).expect(202)
    world.work()
    data = json.loads(downloaded(person).read("data.json"))
    assert data["accesses"] == []
    assert [one for one in data["records"] if one["item"].startswith("REC#")] == []
    assert len(data["sessions"]) == 1


@pytest.mark.requirement("GO-6")
def test_staff_see_no_name_of_an_expired_subject(world: World) -> None:
    """A stranger whom staff checked is kept for 14 days, the scan for 28."""
    chief = world.administrator()
    world.providers[HEALTH].otherwise = Answer("red", world.hours_ago(1))
    check = checked(world, chief, "王小虎", support.resident_id(777))
    world.clock.pass_(seconds=3)
    world.work()
    path = f"/v1/venues/{chief.venue['venue_id']}/scans?outcome=abnormal&day=2026-11-22"
    for name in ("王**", "*"):
        (listed,) = chief.get(path).expect(200)["items"]
        assert listed["person"]["name"] == name
        shown = chief.get(f"/v1/manual-checks/{check}").expect(200)["person"]
        assert shown == (None if name == "*" else {"name": name})
        world.clock.pass_(hours=24 * 14)
        chief.log_in()


@pytest.mark.requirement("GO-6")
def test_a_retry_on_the_next_day_writes_no_other_export(world: World) -> None:
    person, nonce = world.visitor(), world.nonce()
    first = request(person, nonce).expect(202)
    world.work()
    world.clock.pass_(hours=25)
    person.log_in()
    again = request(person, nonce).expect(202)
    assert (again["status"], again["requested_at"]) == ("expired", first["requested_at"])
    assert request(person).expect(202)["status"] == "pending"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_of_an_export_is_a_formula(begin: str) -> None:
    line = export_files.table([{"place": f"{begin}1+1"}]).splitlines(keepends=False)
    assert line[1].lstrip('"').startswith("'")


@pytest.mark.parametrize("length", [3, 2040, 3000])
def test_a_receipt_that_cannot_be_is_not_found(world: World, length: int) -> None:
    world.call("GET", f"/v1/erasures/rcp_{'a' * length}").expect(404, "not_found")


@pytest.mark.requirement("GO-6")
def test_an_anonymous_scan_takes_no_evidence_any_more(world: World) -> None:
    """A worker has read the person, and judges the scan after the erasure."""
    person, chief = world.visitor(), world.administrator()
    world.providers[HEALTH].otherwise = Answer("light_green", world.hours_ago(1))
    ask(person)
    world.clock.pass_(hours=24)
    person.log_in()
    scan = person.scan(chief.venue).expect(201)["scan_id"]
    world.work()
    record = world.container.people.subject(person.person_id)
    run(world)
    before = world.container.scan_finder.find(scan, world.clock.at)
    world.container.waiting_scans.reconsider(scan, record, now=world.clock.at, colour=True)
    assert world.container.scan_finder.find(scan, world.clock.at) == before


@pytest.mark.requirement("GO-6")
@pytest.mark.parametrize("at", range(8, 18))
def test_a_card_that_an_erased_guardian_issued_ends_although_a_run_dies(
    world: World, at: int
) -> None:
    elder, guardian = world.visitor(), world.visitor()
    world.link(guardian, elder)
    path = f"/v1/me/dependants/{elder.person_id}/pass/paper"
    guardian.post(path, {"replaces": None}).expect(202)
    world.work()
    ask(guardian)
    world.clock.pass_(hours=24)
    world.restart()
    world.wire.fail("lost", at)
    with suppress(Unavailable):
        world.container.erasing.run(world.clock.at)
    world.wire.heal()
    while world.container.erasing.run(world.clock.at).get("failed"):
        pass
    issued = world.container.people.load(elder.person_id).paper_pass
    assert issued is not None
    assert issued.revoked


@pytest.mark.requirement("GO-6")
@pytest.mark.parametrize("at", range(7, 15))
def test_nobody_becomes_an_administrator_while_they_are_erased(world: World, at: int) -> None:
    """Either the account goes and the venue is refused, or both stay."""
    person = world.visitor()
    ask(person)
    world.clock.pass_(hours=24)
    person.log_in()
    issued: list[int] = []
    world.restart()
    world.wire.interrupt(at, lambda: issued.append(person.issue().status))
    results = world.container.erasing.run(world.clock.at)
    world.wire.heal()
    while "failed" in results:
        results = world.container.erasing.run(world.clock.at)
    assert (issued, results) in (([201], {"postponed": 1}), ([401], {"swept": 1}))
