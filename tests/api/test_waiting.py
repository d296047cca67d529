"""A scan's wait ends on time: at the next read, or by the settle queue if nobody reads (JN-11)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.admission.lookup_requests import Lookup, Settle, encode
from chalicelib.admission.schemas import decode
from chalicelib.core import keys
from chalicelib.core.clock import epoch_ms, rfc3339
from chalicelib.identity.providers import Answer, FaultKind, ProviderFault
from chalicelib.identity.store.answers import PendingScanItem
from tests import support
from tests.api.driver import HEALTH, TEST, VACCINATION, Person, World, codes

DOWN = ProviderFault("down")


@pytest.fixture
def chief(world: World) -> Person:
    """The administrator of the venue."""
    return world.administrator()


def waiting_scan(world: World, chief: Person) -> tuple[Person, dict[str, Any]]:
    """A scan whose health code no provider answers."""
    visitor = world.visitor(health_code=DOWN)
    scan: dict[str, Any] = visitor.scan(chief.venue).expect(201)
    assert scan["outcome"] == "pending"
    return visitor, scan


def shown(screen: dict[str, Any]) -> tuple[str, list[str], int | None]:
    return screen["outcome"], codes(screen["reasons"]), screen["poll_after_ms"]


DECIDED = ("check", ["health_code_unknown"], None)


@pytest.mark.requirement("JN-11")
def test_a_read_at_the_end_of_the_wait_decides_without_any_worker(
    world: World, chief: Person
) -> None:
    visitor, scan = waiting_scan(world, chief)
    world.clock.pass_(seconds=14.999)
    assert visitor.screen(scan["scan_id"])["outcome"] == "pending"
    world.clock.pass_(milliseconds=1)
    assert shown(visitor.screen(scan["scan_id"])) == DECIDED
    # What is decided stays, and is what the staff and the figures see.
    world.say(visitor, health_code=Answer("green", world.hours_ago(1)))
    world.work()
    assert shown(visitor.screen(scan["scan_id"])) == DECIDED
    assert shown(chief.screen(scan["scan_id"])) == DECIDED
    assert chief.figures()["abnormal"] == 1
    assert chief.figures() == world.recount(chief.venue)


@pytest.mark.requirement("JN-11")
def test_reading_again_writes_nothing(world: World, chief: Person) -> None:
    visitor, scan = waiting_scan(world, chief)
    world.clock.pass_(seconds=15)
    first, writes = visitor.screen(scan["scan_id"]), world.writes()
    assert visitor.screen(scan["scan_id"]) == first
    assert world.writes() == writes


@pytest.mark.requirement("JN-11")
def test_staff_who_read_decide_too(world: World, chief: Person) -> None:
    visitor, scan = waiting_scan(world, chief)
    world.clock.pass_(seconds=15)
    assert shown(chief.screen(scan["scan_id"])) == DECIDED
    assert shown(visitor.screen(scan["scan_id"])) == DECIDED


@pytest.mark.requirement("JN-11")
def test_a_scan_that_is_sent_again_late_comes_back_decided(world: World, chief: Person) -> None:
    visitor, nonce = world.visitor(health_code=DOWN), world.nonce()
    visitor.scan(chief.venue, nonce).expect(201)
    world.clock.pass_(seconds=20)
    assert shown(visitor.scan(chief.venue, nonce).expect(200)) == DECIDED


@pytest.mark.requirement("JN-11")
def test_answers_that_are_there_count_when_the_wait_ends(world: World, chief: Person) -> None:
    """The worker died between keeping the answers and judging by them."""
    visitor = world.visitor()
    scan = visitor.scan(chief.venue).expect(201)
    world.run_stream()
    # Query, answers, and this.
    world.wire.fail("ProvisionedThroughputExceededException", 3)
    world.lookups.run()
    world.wire.heal()
    world.clock.pass_(seconds=15)
    assert visitor.screen(scan["scan_id"])["outcome"] == "admit"


@pytest.mark.requirement("JN-11")
def test_the_pauses_between_polls_grow_and_end_with_the_wait(world: World, chief: Person) -> None:
    visitor, screen = waiting_scan(world, chief)
    begun, pauses = world.clock.at, []
    while screen["poll_after_ms"] is not None:
        pauses.append(screen["poll_after_ms"])
        world.clock.pass_(milliseconds=screen["poll_after_ms"])
        screen = visitor.screen(screen["scan_id"])
    assert pauses == [1000, 1500, 2000, 3000, 3000, 3000, 1500]
    assert (world.clock.at - begun).total_seconds() == 15
    assert shown(screen) == DECIDED


@pytest.mark.requirement("JN-11")
def test_the_wait_is_as_long_as_the_regions_policy_says(world: World, chief: Person) -> None:
    world.set_policy("4409", {"answer_within_seconds": 3})
    visitor, scan = waiting_scan(world, chief)
    assert scan["poll_after_ms"] == 1000
    world.clock.pass_(seconds=2)
    assert visitor.screen(scan["scan_id"])["poll_after_ms"] == 1000, "the rest of the wait"
    world.clock.pass_(seconds=1)
    assert shown(visitor.screen(scan["scan_id"])) == DECIDED


@pytest.mark.requirement("JN-11")
def test_a_screen_says_when_its_wait_ends_until_it_is_decided(world: World, chief: Person) -> None:
    world.set_policy("4409", {"answer_within_seconds": 40})
    visitor, scan = waiting_scan(world, chief)
    ends = rfc3339(world.clock.at + timedelta(seconds=40))
    assert scan["answer_by"] == ends
    world.clock.pass_(seconds=39)
    for reader in (visitor, chief):
        assert reader.screen(scan["scan_id"])["answer_by"] == ends
    world.clock.pass_(seconds=1)
    assert visitor.screen(scan["scan_id"])["answer_by"] is None


def is_listed(chief: Person, scan: dict[str, Any]) -> None:
    """Check that the venue's list and figures show the scan as one to be checked."""
    assert chief.figures()["abnormal"] == 1
    path = f"/v1/venues/{chief.venue['venue_id']}/scans?outcome=abnormal"
    (listed,) = chief.get(path).expect(200)["items"]
    assert (listed["scan_id"], listed["outcome"]) == (scan["scan_id"], "check")


@pytest.mark.requirement("JN-11")
def test_what_nobody_reads_is_decided_by_its_question(world: World, chief: Person) -> None:
    _, scan = waiting_scan(world, chief)
    for _ in range(15):
        world.work()
        world.clock.pass_(seconds=1)
    assert world.settles.bodies == [], "the question itself has ended the wait"
    is_listed(chief, scan)


@pytest.mark.requirement("JN-11")
def test_what_its_question_leaves_undecided_is_decided_by_the_settle_queue(
    world: World, chief: Person
) -> None:
    """The test is asked for by another message, which is lost."""
    _, scan = waiting_scan(world, chief)
    world.run_stream()
    (record,) = world.lookups.receive()
    message = decode(record["body"])
    assert isinstance(message, Lookup)
    partly = record | {"body": encode(message._replace(providers=(VACCINATION,)))}
    world.lookups.worker(support.event([partly]), None)
    assert world.settles.run() == 0, "its wait is not over"
    world.clock.pass_(seconds=15)
    world.lookup_queue.release()
    assert world.settles.run() == 1
    world.run_stream()
    is_listed(chief, scan)


def test_an_end_of_a_wait_that_failed_is_delivered_again(world: World, chief: Person) -> None:
    """Whichever of its calls fails, the scan is decided at the next delivery."""
    at, calls = 0, [""]
    while at < len(calls):
        visitor, scan = waiting_scan(world, chief)
        world.run_stream()
        world.lookup_queue.send(Settle(scan["scan_id"], "settles"))  # early: no read decides yet
        world.wire.fail("ThrottlingException", at)
        failed = world.settles.run()
        calls = calls if at else [*world.wire.calls]
        world.wire.heal()
        at += 1
        world.settles.run()
        assert shown(visitor.screen(scan["scan_id"])) == DECIDED, (at, failed)
    assert at > 3
    world.run_stream()
    assert chief.figures() == world.recount(chief.venue)


@pytest.mark.requirement("JN-11")
def test_nobody_waits_for_a_provider_that_is_known_to_be_dead(world: World, chief: Person) -> None:
    """The first poll shows the decision; once the provider is back, the next scan is answered."""
    open_ = ProviderFault("not asked", FaultKind.OPEN, known_dead=True)
    visitor = world.visitor(health_code=open_)
    scan = visitor.scan(chief.venue).expect(201)
    assert (scan["outcome"], scan["poll_after_ms"]) == ("pending", 1000)
    world.work()
    world.clock.pass_(seconds=1)
    assert shown(visitor.screen(scan["scan_id"])) == DECIDED
    assert world.lookup_queue.later == []
    world.say(visitor, health_code=Answer("green", world.hours_ago(1)))
    scan = visitor.scan(chief.venue).expect(201)
    world.work()
    assert visitor.screen(scan["scan_id"])["outcome"] == "admit"


@pytest.mark.requirement("JN-11")
def test_a_scan_that_0_2_0_has_marked_is_decided_by_its_messages(
    world: World, chief: Person
) -> None:
    """It waited when the new release was deployed, with a message for each provider."""
    visitor = world.visitor()
    scan = visitor.scan(chief.venue).expect(201)
    world.run_stream()
    world.lookups.purge()
    world.table.delete(keys.awaiting(visitor.person_id))
    marker = keys.marker(visitor.person_id, scan["scan_id"])
    world.table.put(PendingScanItem.at(marker, ttl=world.clock.at + timedelta(days=1)))
    for provider in (HEALTH, TEST, VACCINATION):
        message = {
            "v": 1, "kind": "lookup", "provider": provider, "person": visitor.person_id,
            "asked_at": epoch_ms(world.clock.at), "registration": 0, "correlation": "c0ffee00",
        }  # fmt: skip
        record = {"messageId": provider, "body": json.dumps(message)}
        assert world.lookups.worker(support.event([record]), None) == {"batchItemFailures": []}
    assert visitor.screen(scan["scan_id"])["outcome"] == "admit"


def test_decisions_are_measured(world: World, chief: Person) -> None:
    visitor, scan = waiting_scan(world, chief)
    world.clock.pass_(seconds=15)
    visitor.screen(scan["scan_id"])
    visitor.screen(scan["scan_id"])
    log = world.log.getvalue()
    assert log.count('"SecondsToDecision":15.0,"UnknownDecisions":1') == 1
    assert log.count('"Decisions":1') == 1
