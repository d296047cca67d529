"""The day's figures: from the stream, exactly once, by the venue's own day (SD-1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.core import keys
from chalicelib.core.errors import Unavailable
from chalicelib.core.keys import Key
from chalicelib.identity.providers import Answer, ProviderFault
from chalicelib.insight.counters import Counters
from chalicelib.workers.counts import counts
from chalicelib.workers.stream import stream
from tests import support
from tests.api.driver import FIGURES, HEALTH, TODAY, Person, World

NOTHING = dict.fromkeys(FIGURES, 0)


def bustle(world: World, administrator: Person) -> None:
    """A day at a venue: admitted, checked, refused, undecided, retried, and one comes twice."""
    green = world.visitor()
    yellow = world.visitor(health_code=Answer("yellow"))
    red = world.visitor(health_code=Answer("red"))
    dead = world.visitor(health_code=ProviderFault("gone"))
    nonce = world.nonce()
    green.scan(administrator.venue, nonce).expect(201)
    for person in (yellow, red, dead):
        person.scan(administrator.venue).expect(201)
    world.run_stream(batch=3)
    green.scan(administrator.venue, nonce).expect(200)
    world.lookups.run()
    green.scan(administrator.venue).expect(201)
    world.work()


@pytest.mark.requirement("SD-1")
def test_the_figures_of_the_day_add_up_and_equal_a_recount(world: World) -> None:
    administrator, other = world.administrator(), world.administrator()
    assert administrator.figures() == NOTHING
    bustle(world, administrator)
    figures = administrator.figures()
    assert figures == {"checked": 5, "passed": 2, "abnormal": 2, "pending": 1}
    assert figures == world.recount(administrator.venue)
    assert other.figures() == NOTHING

    # The wait of the undecided one ends.
    world.clock.pass_(seconds=15)
    world.work()
    figures = administrator.figures()
    assert figures == {"checked": 5, "passed": 2, "abnormal": 3, "pending": 0}
    assert figures == world.recount(administrator.venue)
    path = f"/v1/venues/{administrator.venue['venue_id']}/statistics?by=unit&day=2026-11-22"
    assert administrator.get(path).expect(200) == figures | {
        "venue_id": administrator.venue["venue_id"],
        "day": "2026-11-22",
        "by": "unit",
        "own_scans": 5,
    }


@pytest.mark.requirement("SD-1")
def test_a_day_begins_at_the_venues_midnight(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    for hour, minute in ((15, 59), (16, 0), (16, 1)):  # midnight in Shanghai is 16:00 UTC
        world.clock.at = world.clock.at.replace(hour=hour, minute=minute)
        visitor.keep(visitor.refresh().expect(200))
        visitor.scan(administrator.venue).expect(201)
    administrator.keep(administrator.refresh().expect(200))
    world.work()
    assert administrator.figures("2026-11-22")["checked"] == 1
    assert administrator.figures("2026-11-23")["checked"] == 2
    assert administrator.figures()["checked"] == 2, "today is the venue's today"
    assert administrator.figures("2026-11-21")["checked"] == 0


@pytest.mark.requirement("SD-1")
def test_a_scan_counts_on_the_day_on_which_it_happened(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    world.clock.at = world.clock.at.replace(hour=16, minute=5)
    visitor.keep(visitor.refresh().expect(200))
    administrator.keep(administrator.refresh().expect(200))
    visitor.scan(administrator.venue, world.nonce(minutes=6)).expect(201)
    world.work()
    assert administrator.figures("2026-11-22")["checked"] == 1
    assert administrator.figures("2026-11-23")["checked"] == 0


def test_figures_are_the_administrators_alone(world: World) -> None:
    administrator, other, visitor = world.administrator(), world.administrator(), world.visitor()
    path = f"/v1/venues/{administrator.venue['venue_id']}/statistics"
    for stranger in (other, visitor):
        stranger.get(path).expect(403, "not_your_venue")
        stranger.get("/v1/venues/ven_0000000000000000/statistics").expect(403, "not_your_venue")


@pytest.mark.parametrize("batch", [1, 7])
def test_a_day_redelivered_with_other_boundaries_changes_nothing(world: World, batch: int) -> None:
    administrator = world.administrator()
    bustle(world, administrator)
    before = administrator.figures()
    sent = len(world.lookups.bodies)
    world.streamed = ""
    world.run_stream(batch)
    world.lookups.purge()
    assert administrator.figures() == before == world.recount(administrator.venue)
    assert len(world.lookups.bodies) > sent, "what is set in motion again finds it done"


def test_the_day_is_counted_while_nothing_can_be_queued(world: World) -> None:
    """Counting reads the stream by itself: what the other function cannot send holds it up not."""
    administrator = world.administrator()
    known, unknown = world.visitor(), world.visitor()
    known.scan(administrator.venue).expect(201)
    world.work()
    asked = len(world.providers[HEALTH].asked)
    world.wire.away.add("sqs")
    for person in (known, unknown, known):
        person.scan(administrator.venue).expect(201)
    records = support.event(world.records(world.streamed))
    assert stream(records, None)["batchItemFailures"]
    assert not counts(records, None)["batchItemFailures"]
    figures = administrator.figures()
    assert figures == {"checked": 4, "passed": 3, "abnormal": 0, "pending": 1}
    assert figures == world.recount(administrator.venue)
    assert len(world.providers[HEALTH].asked) == asked, "nobody could be asked"

    world.wire.away.clear()
    world.work()
    figures = administrator.figures()
    assert figures == {"checked": 4, "passed": 4, "abnormal": 0, "pending": 0}
    assert figures == world.recount(administrator.venue)


@dataclass
class Flaky:
    """Counters that fail by `plan`: before the write, or after it, when its answer is lost."""

    counters: Counters
    plan: Iterator[str]

    def add(self, *counter: Any, **options: Any) -> bool:
        how = next(self.plan, "")
        if how == "before":
            raise Unavailable
        if how == "race":  # another process has the same records, and is faster
            self.counters.add(*counter, **options)
        done = self.counters.add(*counter, **options)
        if how == "after":
            raise Unavailable
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self.counters, name)


class Deaf:
    """A queue that takes all and keeps nothing; what is sent twice is shown elsewhere."""

    def send(self, *_: object, **__: object) -> None:
        pass

    def send_all(self, messages: Sequence[object]) -> list[int]:
        del messages
        return []


@pytest.fixture(scope="module")
def history(lasting: World) -> tuple[World, Person, list[dict[str, Any]]]:
    """A day that is over: all records of its scans in the order of the stream."""
    administrator = lasting.administrator()
    bustle(lasting, administrator)
    lasting.clock.pass_(seconds=15)
    lasting.work()
    partition = keys.scan_partition(administrator.venue["venue_id"], TODAY, 0)
    records = [
        record
        for record in lasting.records()
        if record["dynamodb"]["Keys"]["pk"]["S"] == partition
        and not record["dynamodb"]["Keys"]["sk"]["S"].startswith(keys.COUNT)
    ]
    assert len(records) > 10
    return lasting, administrator, records


def forget_counters(world: World, administrator: Person) -> None:
    """Remove the unit's counter and those of its staff."""
    partition = keys.scan_partition(administrator.venue["venue_id"], TODAY, 0)
    for raw in [*world.table.query(partition, (keys.COUNT, f"{keys.COUNT}#~"))]:
        world.table.delete(Key(raw["pk"]["S"], raw["sk"]["S"]))


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    deliveries=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), max_size=8),
    plan=st.lists(st.sampled_from(["", "", "before", "after", "race"]), max_size=12),
)
def test_however_the_stream_is_delivered_the_counters_are_exact(
    history: tuple[World, Person, list[dict[str, Any]]],
    deliveries: list[tuple[int, int]],
    plan: list[str],
) -> None:
    """Any batches, each beginning at or before what has been delivered, with faults between."""
    world, administrator, records = history
    forget_counters(world, administrator)
    real = world.container.counters
    world.replace(counters=Flaky(real, iter(plan)), lookup_queue=Deaf())
    delivered = 0
    try:
        for back, length in [*deliveries, *[(0, len(records))] * 16]:
            start = max(0, delivered - back)
            batch = records[start : start + length]
            if not batch:
                break
            delivered = max(delivered, start + world.deliver(batch))
        assert delivered == len(records)
    finally:
        world.replace()
    figures = administrator.figures()
    assert figures == world.recount(administrator.venue)
    assert figures["checked"] == figures["passed"] + figures["abnormal"] + figures["pending"] == 5
