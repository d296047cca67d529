"""A second one comes between any two calls of the first, about scans that wait.

Two workers, a stream that is late or comes twice, a scan that joins, a worker that dies at any
call, and a visitor who asks while a worker judges.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib.core import keys
from chalicelib.identity.providers import ProviderFault
from tests import support
from tests.api.driver import HEALTH, TEST, Person, World, last_of
from tests.api.test_races import between, scanned

DOWN = ProviderFault("down")


@pytest.fixture
def door(world: World) -> tuple[Person, Person]:
    """An administrator with a venue, and a visitor."""
    return world.administrator(), world.visitor()


def is_settled(world: World, visitor: Person, *scans: dict[str, Any]) -> None:
    """Check that scans are decided by the answers, once, and that nothing waits any longer."""
    for scan in scans:
        screen = visitor.screen(scan["scan_id"])
        assert (screen["outcome"], screen["poll_after_ms"]) == ("admit", None)
    assert world.notes() == []
    assert world.lookups.dead() == []


def every_call(
    world: World,
    fresh: Callable[[], tuple[Callable[[], Any], Callable[[], Any]]],
    then: Callable[[], None],
) -> int:
    """Run pairs of `fresh`, the second one before each call of the first; return how many."""
    at = 0
    while True:
        at += 1
        first, second = fresh()
        raced = between(world, at, first, second)
        then()
        if not raced:
            return at


@pytest.mark.requirement("JN-11")
def test_two_workers_with_one_message_decide_once(
    world: World, door: tuple[Person, Person]
) -> None:
    administrator, visitor = door
    scans: list[dict[str, Any]] = []

    def fresh() -> tuple[Callable[[], Any], Callable[[], Any]]:
        scans.append(scanned(world, administrator, visitor))
        world.run_stream()
        worker = partial(world.lookups.worker, support.event(world.lookups.receive()), None)
        return worker, worker

    count = every_call(world, fresh, lambda: is_settled(world, visitor, scans[-1]))
    assert count > 5
    world.work()
    assert administrator.figures(str(world.clock.at.date())) == world.recount(
        administrator.venue, world.clock.at.date()
    )


@pytest.mark.requirement("JN-11")
def test_a_scan_that_joins_at_any_moment_is_decided_with_the_first(
    world: World, door: tuple[Person, Person]
) -> None:
    """It finds the question under way, or asks one of its own; it never waits for nobody."""
    administrator, visitor = door
    pair: list[dict[str, Any]] = []

    def fresh() -> tuple[Callable[[], Any], Callable[[], Any]]:
        pair[:] = [scanned(world, administrator, visitor)]
        world.run_stream()

        def join() -> None:
            pair.append(visitor.scan(administrator.venue).expect(201))
            world.run_stream()

        return partial(world.lookups.worker, support.event(world.lookups.receive()), None), join

    def then() -> None:
        while world.lookups.run():
            pass
        is_settled(world, visitor, *pair)

    assert every_call(world, fresh, then) > 5


@pytest.mark.requirement("JN-11")
def test_an_answer_that_is_there_before_the_stream_has_marked_the_scan_counts(
    world: World, door: tuple[Person, Person]
) -> None:
    """A prefetch answers while the stream is late."""
    administrator, visitor = door
    world.clock.pass_(minutes=61)
    visitor.keep(visitor.refresh().expect(200))
    visitor.get("/v1/me/health").expect(200)
    world.run_stream()
    (prefetch,) = world.lookups.receive()
    scan = visitor.scan(administrator.venue).expect(201)
    world.lookups.worker(support.event([prefetch]), None)
    asked = len(world.providers[HEALTH].asked)
    world.work()
    is_settled(world, visitor, scan)
    assert len(world.providers[HEALTH].asked) == asked, "the answer on record suffices"


@pytest.mark.requirement("JN-11")
@pytest.mark.parametrize("how", ["ThrottlingException", "lost"])
def test_a_worker_that_dies_at_any_call_leaves_it_to_the_next_one(
    world: World, door: tuple[Person, Person], how: str
) -> None:
    """Two scans wait; the message comes back, as it does after the visibility timeout."""
    administrator, visitor = door
    at, failed = 0, True
    while failed:
        at += 1
        scans = [
            scanned(world, administrator, visitor),
            visitor.scan(administrator.venue).expect(201),
        ]
        world.run_stream()
        event = support.event(world.lookups.receive())
        assert len(event["Records"]) == 1, "the second scan has joined"
        before = len(world.providers[TEST].asked)
        world.wire.fail(how, at)
        response = world.lookups.worker(event, None)
        failed = world.wire.heal() >= at and bool(response["batchItemFailures"])
        if response["batchItemFailures"]:
            world.lookups.worker(event, None)
        is_settled(world, visitor, *scans)
        assert len(world.providers[TEST].asked) <= before + 2
        world.lookup_queue.later.clear()
        world.settles.purge()
        if at > 30:
            raise AssertionError("no end")
    assert at > 5


@pytest.mark.requirement("JN-11")
def test_a_visitor_who_asks_when_the_wait_ends_and_a_worker_agree(
    world: World, door: tuple[Person, Person]
) -> None:
    administrator, visitor = door
    seen = set()
    scan: dict[str, Any] = {}
    read: list[dict[str, Any]] = []

    def fresh() -> tuple[Callable[[], Any], Callable[[], Any]]:
        read.clear()
        scan.clear()
        scan.update(scanned(world, administrator, visitor))
        world.run_stream()
        world.clock.pass_(seconds=14)
        worker = partial(world.lookups.worker, support.event(world.lookups.receive()), None)

        def look() -> None:
            world.clock.pass_(seconds=1)
            read.append(visitor.screen(scan["scan_id"]))

        return worker, look

    def then() -> None:
        after = visitor.screen(scan["scan_id"])
        seen.add(after["outcome"])
        assert after["poll_after_ms"] is None
        for shown in read:
            assert (shown["outcome"], shown["poll_after_ms"]) == (after["outcome"], None)
        world.run_stream()
        day = world.clock.at.date()
        assert administrator.figures(str(day)) == world.recount(administrator.venue, day)

    assert every_call(world, fresh, then) > 5
    assert seen == {"admit", "check"}


@pytest.mark.requirement("JN-11")
def test_a_stream_batch_that_dies_at_any_call_is_sent_again_once_it_is_back(
    world: World, door: tuple[Person, Person]
) -> None:
    administrator, visitor = door
    at, failed = 0, True
    while failed:
        at += 1
        scan = scanned(world, administrator, visitor)
        world.wire.fail("ThrottlingException", at)
        world.run_stream()
        failed = world.wire.heal() >= at
        world.work()
        is_settled(world, visitor, scan)
    assert at > 2


def test_an_outage_of_sqs_repeats_only_what_was_not_sent(
    world: World, door: tuple[Person, Person]
) -> None:
    """Of twelve scans the messages of ten are sent, then SQS refuses."""
    administrator, _ = door
    visitors = [world.visitor() for _ in range(12)]
    world.work()
    scans = [one.scan(administrator.venue).expect(201) for one in visitors]
    records, sent = world.records(world.streamed), len(world.lookups.bodies)
    refused: list[str] = []
    real = world.lookup_queue.send_all

    def send_all(messages: Any) -> list[int]:
        if refused:
            return real(messages)
        refused.append("once")
        return sorted({*real(messages[:10]), *range(10, len(messages))})

    vars(world.lookup_queue)["send_all"] = send_all
    done = world.deliver(records)
    assert done == 10
    world.streamed = last_of(records[done - 1])
    del vars(world.lookup_queue)["send_all"]
    world.work()
    for visitor, scan in zip(visitors, scans, strict=True):
        assert visitor.screen(scan["scan_id"])["outcome"] == "admit"
    assert len(world.lookups.bodies) - sent == 12, "what was sent is not sent again"


def test_forty_scans_of_one_visitor_cost_calls_in_proportion(
    world: World, door: tuple[Person, Person]
) -> None:
    """Until 0.2.0 forty scans cost 3,364 calls."""
    administrator, visitor = door

    def cost(count: int) -> tuple[int, int]:
        world.clock.pass_(minutes=61)
        visitor.keep(visitor.refresh().expect(200))
        scans = [visitor.scan(administrator.venue).expect(201) for _ in range(count)]
        asked, sent = len(world.providers[HEALTH].asked), len(world.lookups.bodies)
        before = len(world.wire.calls)
        world.run_stream()
        world.lookups.run()
        calls = len(world.wire.calls) - before
        assert len(world.lookups.bodies) - sent == 1, "the others have joined"
        is_settled(world, visitor, *scans)
        world.lookup_queue.later.clear()
        world.run_stream()
        return calls, len(world.providers[HEALTH].asked) - asked

    few, one_question = cost(10)
    many, again_one = cost(40)
    assert one_question == again_one == 1
    assert many <= 4 * few + 10
    # An update of the waiting scans each; a get and a put each; a dozen beside.
    assert many <= 40 * 4 + 20


def test_a_question_that_was_lost_is_asked_again_by_the_next_scan(
    world: World, door: tuple[Person, Person]
) -> None:
    """The worker died and its message is in the dead-letter queue; nobody polls."""
    administrator, visitor = door
    lost = scanned(world, administrator, visitor)
    world.run_stream()
    world.lookups.purge()
    world.clock.pass_(seconds=20)
    world.work()
    assert world.table.get(keys.awaiting(visitor.person_id)) is not None
    joined = visitor.scan(administrator.venue).expect(201)
    world.run_stream()
    assert world.lookups.receive() == []
    world.clock.pass_(seconds=20)
    scan = visitor.scan(administrator.venue).expect(201)
    world.work()
    # The new question's answers serve the scans that nobody had decided yet, too.
    is_settled(world, visitor, lost, joined, scan)
