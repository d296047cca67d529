"""Erasure of a person: asked for, cancelled, carried out, interrupted (GO-6)."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from chalicelib.core.errors import Unavailable
from chalicelib.identity.family import Relation
from chalicelib.identity.providers import Pending
from chalicelib.workers.schedules import schedules
from infra.local.traces import traces
from infra.ops import erasures as operator
from tests import support
from tests.api.driver import HEALTH, TEST, HttpReply, Interrupted, Person, World
from tests.api.scenes_hand_over import hand_over, second_administrator
from tests.api.scenes_own_data import CONFIRMED, managed


def ask(person: Person, rest: str = "") -> dict[str, Any]:
    """Ask for the erasure of a person, or of a dependant (``dependants/per_…/``)."""
    answer: dict[str, Any] = person.post(f"/v1/me/{rest}erasure", CONFIRMED).expect(202)
    return answer


def run(world: World) -> dict[str, int]:
    """Carry out what is due now, in a new process."""
    world.restart()
    return world.container.erasing.run(world.clock.at)


def erase(world: World) -> None:
    """Carry out what has been asked for, with both sweeps."""
    world.clock.pass_(hours=24)
    assert set(run(world)) == {"swept"}
    world.work()
    world.clock.pass_(minutes=15)
    assert set(run(world)) == {"erased"}
    world.work()


def left(world: World, person: Person) -> list[str]:
    """Where anything of the person is found."""
    values = {person.name, person.number, person.phone, person.phone[3:], person.person_id}
    found = traces(support.client, table=world.name, bucket=world.bucket, values=values)
    return found + [f"log: {value}" for value in values if value in world.log.getvalue()]


def receipt(world: World, asked: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = world.call("GET", f"/v1/erasures/{asked['receipt_id']}").expect(200)
    return answer


def counts(world: World, asked: Mapping[str, Any]) -> dict[str, int]:
    return {entry["code"]: entry["count"] for entry in receipt(world, asked)["removed"]}


def lived(world: World, person: Person, chief: Person) -> list[str]:
    """Have a person do everything that leaves data; return the ids of the scans."""
    guard = world.inspector(chief)
    first = person.scan(chief.venue).expect(201)["scan_id"]
    world.work()
    person.get("/v1/me/health").expect(200)
    body = {"nonce": world.nonce(), "pass_code": person.get("/v1/me/pass").expect(200)["code"]}
    path = f"/v1/venues/{chief.venue['venue_id']}"
    second = guard.post(f"{path}/scans", body).expect(201)["scan_id"]
    checks = []
    for name in (person.name, "错姓名"):
        entry = {
            "nonce": world.nonce(), "name": name,
            "document_type": "resident_id", "document_number": person.number,
        }  # fmt: skip
        checks.append(guard.post(f"{path}/manual-checks", entry).expect(202)["check_id"])
        world.work()
        world.clock.pass_(seconds=3)
    invited = {"by": "phone", "name": "别人", "phone": person.phone, "role": "inspector"}
    chief.post(f"{path}/staff", invited).expect(202)
    world.hire(person, world.administrator())
    for key in (f"cards/{person.person_id}/1/card.pdf", f"exports/{person.person_id}/1.zip"):
        world.container.storage.put(key, person.name.encode(), "application/pdf")
    world.work()
    return [first, second, *checks]


@pytest.mark.requirement("GO-6")
def test_nothing_of_an_erased_person_is_left(world: World) -> None:
    person, chief = world.visitor(), world.administrator()
    guardian = world.guardian(person)
    world.link(person, world.visitor())
    guardian.get(f"/v1/me/dependants/{person.person_id}/health").expect(200)
    lived(world, person, chief)
    figures = chief.figures()
    assert left(world, person)
    asked = ask(person)
    assert asked["status"] == "scheduled"
    assert receipt(world, asked)["status"] == "scheduled"

    erase(world)

    # The subject of a check under a wrong name expires by itself: it is not this person.
    assert left(world, person) == []
    chief.log_in()
    assert chief.figures(day="2026-11-22") == figures
    shown = receipt(world, asked)
    assert shown["status"] == "erased"
    assert shown["erased_at"] is not None
    removed = counts(world, asked)
    assert (removed["visits"], removed["family"], removed["rights"]) == (3, 2, 1)
    assert (removed["accesses"], removed["files"]) == (3, 2)
    assert {entry["code"] for entry in shown["keeps"]} == {
        "visits", "figures", "actions", "backups", "receipt",
    }  # fmt: skip
    assert person.refresh().code == "session_ended"


@pytest.mark.requirement("GO-6")
def test_a_scan_keeps_venue_time_and_outcome_and_loses_the_person(world: World) -> None:
    chief = world.administrator()
    red = world.visitor(health_code=answer_red())
    green = world.visitor()
    scans = [one.scan(chief.venue).expect(201)["scan_id"] for one in (red, green)]
    world.work()
    path = f"/v1/venues/{chief.venue['venue_id']}/scans?outcome=abnormal&day=2026-11-22"
    (before,) = chief.get(path).expect(200)["items"]
    ask(red)
    erase(world)
    chief.log_in()
    (after,) = chief.get(path).expect(200)["items"]
    assert before["person"]["name"] != "*"
    assert after == before | {"person": {"name": "*", "phone": None}}
    screen = chief.get(f"/v1/scans/{scans[0]}").expect(200)
    assert (screen["outcome"], screen["person"]["name"]) == ("refuse", "*")
    assert screen["health_code"]["state"] == "unknown"
    assert chief.get(f"/v1/scans/{scans[1]}").expect(200)["person"]["name"] != "*"
    assert chief.figures("2026-11-22") == world.recount(chief.venue)


def answer_red() -> Any:
    from chalicelib.identity.providers import Answer

    return Answer("red")


def test_asked_twice_it_is_the_same_erasure(world: World) -> None:
    person = world.visitor()
    first = ask(person)
    world.clock.pass_(hours=1)
    assert ask(person) == first == person.get("/v1/me/erasure").expect(200)


def test_it_must_be_confirmed(world: World) -> None:
    person = world.visitor()
    for body, pointer in (({}, "/confirm"), ({"confirm": False}, "/confirm")):
        answer = person.post("/v1/me/erasure", body)
        answer.expect(400, "invalid_input")
        assert pointer in answer.faults
    person.get("/v1/me/erasure").expect(404, "not_found")


@pytest.mark.requirement("GO-6")
def test_it_can_be_cancelled_until_the_last_second(world: World) -> None:
    person, chief = world.visitor(), world.administrator()
    person.scan(chief.venue).expect(201)
    asked = ask(person)
    world.clock.pass_(hours=24, seconds=-1)
    assert run(world) == {}
    person.log_in()
    cancelled = person.post("/v1/me/erasure/cancel").expect(200)
    assert cancelled["status"] == "cancelled"
    assert person.post("/v1/me/erasure/cancel").expect(200) == cancelled
    world.clock.pass_(seconds=2)
    assert run(world) == {}
    assert receipt(world, asked)["status"] == "cancelled"
    assert person.get("/v1/me").expect(200)["registration"]["verification"] == "verified"
    again = ask(person)
    assert again["receipt_id"] != asked["receipt_id"]
    assert person.get("/v1/me/erasure").expect(200) == again


@pytest.mark.parametrize("at", range(1, 8))
def test_a_cancellation_that_meets_the_run_wins_or_is_refused(world: World, at: int) -> None:
    """Whatever comes first: the person is whole, or gone."""
    person = world.visitor()
    asked = ask(person)
    world.clock.pass_(hours=24)
    person.log_in()
    answers = []
    world.restart()
    world.wire.interrupt(at, lambda: answers.append(person.post("/v1/me/erasure/cancel")))
    results = world.container.erasing.run(world.clock.at)
    world.wire.heal()
    (answer,) = answers
    if answer.status == 200:
        assert results in ({}, {"gone": 1})
        assert receipt(world, asked)["status"] == "cancelled"
        person.get("/v1/me").expect(200)
    else:
        assert answer.status in (401, 404)
        assert results == {"swept": 1}
        person.get("/v1/me").expect(401, "session_ended")


@pytest.mark.requirement("GO-6")
def test_a_venue_is_handed_over_first(world: World) -> None:
    chief = world.administrator()
    answer = chief.post("/v1/me/erasure", CONFIRMED)
    answer.expect(409, "hand_over_first")
    assert chief.venue["name"] in answer.json["detail"]
    chief.get("/v1/me/erasure").expect(404, "not_found")


@pytest.mark.requirement("GO-6", "YK-17")
def test_who_has_handed_over_is_erased(world: World) -> None:
    chief = world.administrator()
    second = second_administrator(world, chief)
    world.secrets |= {chief.name, chief.number}
    chief.post("/v1/me/erasure", CONFIRMED).expect(409, "hand_over_first")
    hand_over(chief, second).expect(200)
    asked = ask(chief)
    erase(world)
    # The venue's application names a contact, who is another person.
    assert left(world, chief) == []
    assert counts(world, asked)["rights"] == 1
    second.log_in()
    (member,) = second.get(f"/v1/venues/{chief.venue['venue_id']}/staff").expect(200)["items"]
    assert member["person_id"] == second.person_id
    second.post("/v1/me/erasure", CONFIRMED).expect(409, "hand_over_first")


@pytest.mark.parametrize("at", range(1, 12))
def test_a_venue_never_goes_to_who_is_erased(world: World, at: int) -> None:
    """Handed over between any two calls of the run: it is refused, or the erasure waits."""
    chief = world.administrator()
    second = second_administrator(world, chief)
    ask(second)
    world.clock.pass_(hours=24)
    chief.log_in()
    second.log_in()
    answers: list[HttpReply] = []
    world.restart()
    world.wire.interrupt(at, lambda: answers.append(hand_over(chief, second)))
    results = [world.container.erasing.run(world.clock.at)]
    world.wire.heal()
    results.append(run(world))
    if answers[0].status == 200:
        assert {"postponed": 1} in results
        second.get("/v1/me").expect(200)
        second.post("/v1/me/erasure/cancel").expect(200)
    else:
        answers[0].expect(400, "invalid_input")
        assert results == [{"swept": 1}, {}]
        chief.post(f"/v1/bindings/{chief.venue['venue_id']}/remove").expect(
            409, "initial_administrator"
        )


def test_who_gets_a_venue_while_it_is_awaited_stays_until_it_is_handed_over(world: World) -> None:
    person = world.visitor()
    ask(person)
    person.venue = person.issue().expect(201)
    world.clock.pass_(hours=24)
    assert run(world) == {"postponed": 1}
    person.log_in()
    due = person.get("/v1/me/erasure").expect(200)["due_at"]
    assert due[:16] == (world.clock.at + timedelta(hours=24)).isoformat()[:16]
    assert person.get("/v1/venues").expect(200)["items"]


def test_a_session_without_a_phone_does_not_erase(world: World) -> None:
    from chalicelib.identity.platforms import PlatformName
    from tests.api.test_clients import proof, without_phone

    person = world.person()
    proven = proof(world, PlatformName.WECHAT, person.phone, "user")
    world.call("POST", "/v1/sessions", proven).expect(201)
    again = without_phone(proof(world, PlatformName.WECHAT, person.phone, "user"))
    person.keep(world.call("POST", "/v1/sessions", again).expect(201))
    person.post("/v1/me/erasure", CONFIRMED).expect(403, "stronger_login_needed")


# --- Dependants


@pytest.mark.requirement("GO-6")
def test_a_guardian_has_a_dependant_without_an_account_erased(world: World) -> None:
    grandmother, chief = world.visitor(), world.administrator()
    guardian = world.guardian(grandmother)
    behalf = f"dependants/{grandmother.person_id}/"
    guardian.post(f"/v1/me/{behalf}erasure", CONFIRMED).expect(403, "own_account")
    managed(world, grandmother)
    scan = {"nonce": world.nonce(), "code": chief.venue["code_url"]}
    guardian.post("/v1/scans", scan | {"on_behalf_of": grandmother.person_id}).expect(201)
    world.work()
    asked = ask(guardian, behalf)
    guardian.post(f"/v1/me/{behalf}erasure/cancel").expect(200)
    asked = ask(guardian, behalf)
    world.visitor().get(f"/v1/me/{behalf}erasure").expect(403, "not_your_dependant")
    erase(world)
    assert left(world, grandmother) == []
    guardian.log_in()
    guardian.get(f"/v1/me/{behalf}erasure").expect(403, "not_your_dependant")
    assert counts(world, asked)["family"] == 1
    assert guardian.get("/v1/me/erasure").status == 404


@pytest.mark.requirement("GO-6")
def test_a_guardian_who_is_erased_acts_for_nobody_any_more(world: World) -> None:
    child = world.visitor()
    guardian, other = world.guardian(child), world.guardian(child, relation=Relation.CHILD)
    ask(guardian)
    erase(world)
    record = world.container.people.load(child.person_id)
    assert set(record.guardians) == {other.person_id}
    other.log_in()
    other.get(f"/v1/me/dependants/{child.person_id}/health").expect(200)


# --- In flight


def waiting(world: World) -> tuple[Person, Person, str]:
    """Return a visitor whose scan waits for the health code, with chief and scan."""
    person, chief = world.visitor(), world.administrator()
    world.providers[HEALTH].otherwise = Pending(1000)
    scan = person.scan(chief.venue).expect(201)["scan_id"]
    world.run_stream()
    return person, chief, scan


def test_a_scan_that_waits_is_decided(world: World) -> None:
    person, chief, scan = waiting(world)
    asked = ask(person)
    world.clock.pass_(hours=24)
    run(world)
    world.clock.pass_(minutes=15)
    run(world)
    world.work()
    assert left(world, person) == []
    assert counts(world, asked)["visits"] == 1
    chief.log_in()
    screen = chief.get(f"/v1/scans/{scan}").expect(200)
    assert (screen["outcome"], screen["poll_after_ms"]) == ("check", None)
    assert chief.figures("2026-11-22")["pending"] == 0
    assert world.lookups.dead() == []


def test_an_answer_that_arrives_during_the_erasure_is_swept(world: World) -> None:
    person, chief = world.visitor(), world.administrator()
    ask(person)
    world.clock.pass_(hours=24)
    person.log_in()
    scan = person.scan(chief.venue).expect(201)["scan_id"]
    ran: list[dict[str, int]] = []

    def erase_now() -> None:
        if not ran:
            ran.append(world.container.erasing.run(world.clock.at))

    asked_of = world.providers[TEST]
    world.replace(
        provider=lambda name: (
            Interrupted(asked_of, erase_now) if name == TEST else world.providers[name]
        )
    )
    world.work()
    assert ran == [{"swept": 1}]
    world.restart()
    assert left(world, person)  # the snapshot that the worker kept
    world.clock.pass_(minutes=15)
    assert run(world) == {"erased": 1}
    world.work()
    assert left(world, person) == []
    chief.log_in()
    assert chief.get(f"/v1/scans/{scan}").expect(200)["person"]["name"] == "*"


def test_a_run_that_dies_at_any_call_is_continued(world: World) -> None:
    """After each call, whose answer is lost: the rerun leaves nothing, and counts nothing twice."""
    person, chief = world.visitor(), world.administrator()
    world.guardian(person)
    lived(world, person, chief)
    asked = ask(person)
    due, items = world.clock.at + timedelta(hours=24), world.items()
    files = dict.fromkeys(world.stored(), b"")
    expected: dict[str, int] = {}
    calls = at = 0
    while at <= calls:
        support.client("dynamodb").delete_table(TableName=world.name)
        world.stream = support.TableStream(support.create_table(world.name, items))
        for key, content in files.items():
            world.container.storage.put(key, content, "application/pdf")
        world.clock.at = due
        world.restart()
        world.wire.fail("lost", at)
        with suppress(Unavailable):  # the list itself could not be read
            world.container.erasing.run(due)
        made = world.wire.heal()
        while world.container.erasing.run(due).get("failed"):
            pass
        world.clock.pass_(minutes=15)
        assert run(world) == {"erased": 1}, at
        assert left(world, person) == [], at
        if not at:
            expected, calls = counts(world, asked), made
        assert counts(world, asked) == expected, at
        at += 1
    assert calls > 20


# --- The scheduled function and the operator's command


class Context:
    """Lambda's context, with the time that is left."""

    def __init__(self, left_ms: int) -> None:
        self._left_ms = left_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._left_ms


def test_the_scheduled_function_stops_in_time_and_the_next_run_goes_on(world: World) -> None:
    for _ in range(2):
        ask(world.visitor())
    world.clock.pass_(hours=24)
    event = {"id": "0f0f", "detail-type": "Scheduled Event"}
    assert schedules(event, Context(59_999)) == {}
    assert schedules(event, Context(300_000)) == {"swept": 2}
    assert schedules(event, Context(300_000)) == {}
    world.clock.pass_(minutes=15)
    assert schedules(event, Context(300_000)) == {"erased": 2}


def test_one_that_fails_does_not_hold_up_the_others_and_is_told(world: World) -> None:
    first, second = world.visitor(), world.visitor()
    asked = [ask(first), ask(second)]
    world.clock.pass_(hours=24)
    world.restart()
    world.wire.fail("ThrottlingException", 5)
    with pytest.raises(RuntimeError, match="an erasure failed"):
        schedules({"id": "0f0f"}, Context(300_000))
    world.wire.heal()
    assert sorted(receipt(world, one)["status"] for one in asked)[0] == "erasing"
    assert schedules({"id": "0f0f"}, Context(300_000)) == {"swept": 1}


def test_an_operator_sees_what_is_due_and_carries_it_out(world: World) -> None:
    person = world.visitor()
    asked = ask(person)

    def command(action: str, hours: float) -> str:
        console = Console(record=True, width=120)
        at = world.clock.at + timedelta(hours=hours)
        assert operator.run(world.deployment(), action=action, at=at, console=console) == 0
        return console.export_text()

    assert asked["receipt_id"] not in command("list", 23)
    listed = command("list", 24)
    assert asked["receipt_id"] in listed
    assert person.person_id not in listed
    assert "1 swept" in command("run", 24)
    assert "1 erased" in command("run", 24.25)
    assert "Nothing is due" in command("run", 48)
    assert left(world, person) == []


def test_the_cards_that_an_erased_guardian_issued_end(world: World) -> None:
    """The guardian may hold a copy, as with a link that they end themselves."""
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    guardian.post(f"/v1/me/dependants/{dependant.person_id}/pass/paper", {}).expect(202)
    world.work()
    assert dependant.get("/v1/me/pass/paper").expect(200)["state"] == "valid"
    ask(guardian)
    erase(world)
    dependant.log_in()
    assert dependant.get("/v1/me/pass/paper").expect(200)["state"] == "revoked"
    assert dependant.get("/v1/me/guardians").expect(200)["items"] == []


def test_a_location_goes_with_the_visitor(world: World) -> None:
    visitor, chief = world.visitor(), world.administrator()
    body = {
        "nonce": world.nonce(), "code": chief.venue["code_url"],
        "location": {"latitude": 22.354, "longitude": 110.947, "accuracy_m": 30},
    }  # fmt: skip
    scan_id = visitor.post("/v1/scans", body).expect(201)["scan_id"]
    world.work()
    ask(visitor)
    erase(world)
    found = world.container.scan_finder.find(scan_id, world.clock.at)
    assert found is not None
    assert (found.scan.location_cell, found.scan.evidence_level) == ("", None)
