"""Nobody's health data is asked for or shown before name and number match (JN-18, JN-19).

Providers answer by number. Who enters another person's number under their own name must not read
that person's results.
"""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.providers import Answer, Pending, ProviderFault
from tests.api import families
from tests.api.driver import HEALTH, IDENTITY, TEST, VACCINATION, Person, World, codes
from tests.api.scenes_records import declaration

HEALTH_DATA = (HEALTH, TEST, VACCINATION)


@pytest.fixture
def impostor(world: World) -> Person:
    """A person who has registered under another's number; the provider has not answered yet."""
    person = world.person()
    red = Answer("red", world.hours_ago(1), reason="密切接触者")
    world.say(person, identity=Pending(500), health_code=red)
    person.register().expect(202)
    world.work()
    return person


def asked_for(world: World) -> int:
    """How often a provider of health data was asked."""
    return sum(len(world.providers[name].asked) for name in HEALTH_DATA)


@pytest.mark.requirement("JN-19")
def test_a_pending_registration_scans_and_reads_nothing_of_the_numbers_owner(
    world: World, chief: Person, impostor: Person
) -> None:
    screen = impostor.scan(chief.venue).expect(201)
    assert (screen["outcome"], codes(screen["reasons"])) == ("pending", ["identity_pending"])
    world.work()
    world.clock.pass_(seconds=20)
    world.work()
    screen = impostor.screen(screen["scan_id"])
    assert (screen["outcome"], codes(screen["reasons"])) == ("check", ["identity_unknown"])
    assert {screen[name]["state"] for name in HEALTH_DATA} == {"unknown"}
    assert asked_for(world) == 0


def _health(person: Person) -> dict[str, Any]:
    shown: dict[str, Any] = person.get("/v1/me/health").expect(200)
    return shown


def _nucleic_acid(person: Person) -> dict[str, Any]:
    return {TEST: person.get("/v1/me/nucleic-acid").expect(200)}


def _pass(person: Person) -> dict[str, Any]:
    person.world.set_policy("*", {"pass_while_pending": True})
    shown: dict[str, Any] = person.get("/v1/me/pass").expect(200)
    assert shown["background"] == "grey"
    return shown


@pytest.mark.parametrize("show", [_health, _nucleic_acid, _pass])
def test_a_pending_registration_is_told_identity_pending(
    world: World, impostor: Person, show: Callable[[Person], dict[str, Any]]
) -> None:
    shown = show(impostor)
    told = {shown[name]["state"] for name in HEALTH_DATA if name in shown}
    assert told == {"identity_pending"}
    assert "密切接触者" not in str(shown)
    world.work()
    assert asked_for(world) == 0


def test_staff_who_scan_a_pending_persons_pass_read_nothing_either(
    world: World, chief: Person, impostor: Person
) -> None:
    code = _pass(impostor)["code"]
    path = f"/v1/venues/{chief.venue['venue_id']}/scans"
    screen = chief.post(path, {"nonce": world.nonce(), "pass_code": code}).expect(201)
    world.work()
    screen = chief.screen(screen["scan_id"])
    assert codes(screen["reasons"]) == ["identity_pending"]
    assert screen["health_code"]["state"] == "pending"
    assert asked_for(world) == 0


@pytest.mark.requirement("JN-18", "JN-19", "JN-11")
def test_a_waiting_scan_gets_its_colour_when_the_identity_matches(
    world: World, chief: Person
) -> None:
    person = world.person()
    world.say(person, identity=Pending(500))
    person.register().expect(202)
    world.work()
    scan_id = person.scan(chief.venue).expect(201)["scan_id"]
    world.work()
    world.say(person, identity=Answer("match"))
    world.clock.pass_(seconds=1)
    world.work()
    screen = person.screen(scan_id)
    assert (screen["outcome"], screen["health_code"]["state"]) == ("admit", "green")
    assert screen["poll_after_ms"] is None


@pytest.mark.requirement("JN-20")
def test_a_scan_that_waits_is_decided_when_the_registration_is_rejected(
    world: World, chief: Person, impostor: Person
) -> None:
    scan_id = impostor.scan(chief.venue).expect(201)["scan_id"]
    world.work()
    world.say(impostor, identity=Answer("mismatch"))
    world.clock.pass_(seconds=2)
    world.work()
    screen = impostor.screen(scan_id)
    assert (screen["outcome"], codes(screen["reasons"])) == ("check", ["identity_unmatched"])
    assert asked_for(world) == 0
    impostor.get("/v1/me/health").expect(403, "registration_rejected")


def test_an_edit_to_another_number_reads_nothing_of_that_number(
    world: World, chief: Person
) -> None:
    """A verified person edits the registration; the former answers are not shown under it."""
    person, victim = world.visitor(), world.person()
    person.scan(chief.venue).expect(201)
    world.work()
    before = asked_for(world)
    red = Answer("red", world.hours_ago(1))
    world.say(victim, identity=ProviderFault("dead"), health_code=red)
    person.register(1, number=victim.number).expect(202)
    world.work()
    assert codes(person.scan(chief.venue).expect(201)["reasons"]) == ["identity_pending"]
    assert _health(person)["health_code"]["state"] == "identity_pending"
    world.work()
    assert asked_for(world) == before


@pytest.mark.requirement("JN-31", "YK-33")
def test_a_guardian_reads_nothing_of_a_dependant_who_is_not_verified(
    world: World, chief: Person
) -> None:
    guardian, child = world.visitor(), families.Relative.born(world)
    world.providers[IDENTITY].answers[child.number] = Pending(500)
    world.providers[HEALTH].answers[child.number] = Answer("red", world.hours_ago(1))
    families.by_household(guardian, child).expect(202)
    world.work()
    (added,) = families.dependants(guardian)
    path = f"/v1/me/dependants/{added['person_id']}"
    assert guardian.get(f"{path}/health").expect(200)["health_code"]["state"] == "identity_pending"
    test = guardian.get(f"{path}/nucleic-acid").expect(200)
    assert test["state"] == "identity_pending"
    body = {
        "nonce": world.nonce(),
        "code": chief.venue["code"],
        "on_behalf_of": added["person_id"],
    }
    screen = guardian.post("/v1/scans", body).expect(201)
    assert codes(screen["reasons"]) == ["identity_pending"]
    world.work()
    assert asked_for(world) == 0


def test_a_manual_check_asks_for_the_colour_only_when_the_name_matches(
    world: World, guard: Person
) -> None:
    victim = world.visitor(health_code=Answer("red", world.hours_ago(1)))
    world.say(victim, identity=Answer("mismatch"))
    body = {
        "nonce": world.nonce(),
        "name": "错姓名",
        "document_type": "resident_id",
        "document_number": victim.number,
    }
    world.secrets.add("错姓名")
    path = f"/v1/venues/{guard.venue['venue_id']}/manual-checks"
    check_id = guard.post(path, body).expect(202)["check_id"]
    world.work()
    world.clock.pass_(seconds=2)
    answer = guard.get(f"/v1/manual-checks/{check_id}").expect(200)
    assert codes(answer["reasons"]) == ["identity_unmatched"]
    assert asked_for(world) == 0


@pytest.mark.requirement("YK-36")
def test_a_pending_registration_declares_nothing_about_the_numbers_owner(
    world: World, impostor: Person
) -> None:
    refused = impostor.post("/v1/me/declarations", declaration(world))
    refused.expect(403, "registration_not_verified")
    world.say(impostor, identity=Answer("match"))
    world.clock.pass_(seconds=1)
    world.work()
    impostor.post("/v1/me/declarations", declaration(world)).expect(201)
