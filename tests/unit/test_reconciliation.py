"""Reconciliation repairs what the stream lost, and counts nothing twice, however late it comes."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import StringIO
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.admission.scan import Scan
from chalicelib.bootstrap import install
from chalicelib.core import keys
from chalicelib.core.clock import CHINA, local_day
from chalicelib.core.logs import JsonFormatter, logger
from chalicelib.insight.counters import Figures, Standing
from chalicelib.insight.reconciliation import (
    LOOKS,
    Fence,
    Reconciliation,
    Reconciling,
    Result,
)
from chalicelib.insight.store.reconciliations import FenceItem
from chalicelib.venues.venue import Venue, day_of
from tests.contract import makers
from tests.fakes.parts import NOON, CountingIds
from tests.fakes.polling import Chances, SourceMapping
from tests.fakes.stores import (
    FakeCounters,
    FakePeople,
    FakeReconciliations,
    FakeScans,
    FakeVenues,
)
from tests.unit.test_stream_polling import Door, Plan, deployed


@pytest.fixture(autouse=True)
def no_container(request: pytest.FixtureRequest) -> Iterator[None]:
    """No container is left behind; injected faults are not logged."""
    logger().setLevel("INFO" if "log" in request.fixturenames else "CRITICAL")
    yield
    logger().setLevel("INFO")
    install(None)


class Fences(FakeReconciliations):
    """The store, whose fences are records of the door's stream."""

    def __init__(self, door: Door) -> None:
        super().__init__(door.counters)
        self._door = door

    def put_fence(self, partition: str, fence: Fence) -> None:
        super().put_fence(partition, fence)
        item = FenceItem.at(
            keys.fence(partition),
            nonce=fence.nonce,
            fingerprint=fence.fingerprint,
            put_at=fence.put_at,
            ttl=fence.put_at,
        )
        self._door.stream.write((item.pk, item.sk), {"NewImage": item.raw()})


@dataclass
class Interrupted:
    """A store of counters or scans, before and after each read of which `interrupt` is called.

    Other processes are at work.
    """

    store: Any
    interrupt: Callable[[], None]

    def standing(self, partition: str) -> Mapping[str, Standing]:
        self.interrupt()
        found: Mapping[str, Standing] = self.store.standing(partition)
        self.interrupt()
        return found

    def in_partition(self, partition: str) -> list[Scan]:
        found = [*self.store.in_partition(partition)]
        self.interrupt()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@dataclass
class Chaos:
    """A door whose mapping gives batches up, while scans are uploaded late, days are reconciled,
    several at once, and dead-lettered batches are redriven."""

    plan: Plan
    given_up_after: int = 1
    door: Door = field(init=False)

    def __post_init__(self) -> None:
        self.door = self.plan.door()
        self.random = Random(self.plan.seed + 1)  # noqa: S311 (a schedule that can be repeated)
        chances = Chances(batch=self.plan.batch, given_up_after=self.given_up_after)
        handler = deployed(self.door)
        self.mapping = SourceMapping(self.door.stream, handler, 1, self.door.random, chances)
        self.busy = 0
        self.repaired = self.lost = 0
        self.now = NOON
        counters: Any = Interrupted(self.door.counters, self.interrupt)
        scans: Any = Interrupted(self.door.scans, self.interrupt)
        self.reconciliation = Reconciliation(
            counters=counters,
            scans=scans,
            reconciliations=Fences(self.door),
            ids=CountingIds(),
        )

    def act(self) -> None:
        """Do one thing that may happen at any time."""
        match self.random.randrange(12):
            case 0:
                self.door.check_in(self.plan.venues)
            case 1:
                self.door.judge()
            case 2 | 3 | 4:
                self.reconcile(self.random.choice(sorted(self.door.partitions())))
            case 5:
                self.redrive()
            case _:
                self.mapping.step()

    def interrupt(self) -> None:
        if self.busy < 3 and self.random.randrange(3) == 0:
            for _ in range(self.random.randint(1, 4)):
                self.act()

    def reconcile(self, partition: str) -> Result:
        self.busy += 1
        written = self.written()
        result = self.reconciliation.reconcile(partition, self.now)
        self.busy -= 1
        if result is Result.REPAIRED:
            self.repaired += 1
            if written == self.written():  # nothing was uploaded meanwhile
                assert self.door.counted()[partition] == self.door.truth()[partition]
        return result

    def written(self) -> int:
        """The number of writes of scans so far."""
        return sum(1 + scan.version for scan, _ in self.door.latest.values())

    def redrive(self) -> None:
        """Replay what was given up, as an operator does, perhaps days later."""
        if self.mapping.dead:
            batch = self.mapping.dead.pop(self.random.randrange(len(self.mapping.dead)))
            self.lost += 1
            if self.mapping.invoke(batch) != []:
                self.mapping.dead.append(batch)

    def settle(self) -> None:
        """Look at all partitions, hour by hour, until they agree."""
        for _ in range(200):
            self.mapping.run()
            results = {self.reconcile(one) for one in sorted(self.door.partitions())}
            if results == {Result.AGREES} and not self.mapping.step():
                return
            self.now += timedelta(hours=5)
        raise AssertionError("it never comes to rest")


chaotic = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    venues=st.integers(1, 3),
    writes=st.integers(1, 25),
    splits=st.integers(0, 2),
    percent=st.integers(20, 60),
    batch=st.integers(1, 10),
)


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(chaotic, st.integers(0, 120))
def test_what_the_stream_lost_is_repaired_once(plan: Plan, actions: int) -> None:
    chaos = Chaos(plan)
    if not chaos.door.partitions():
        return
    for _ in range(actions):
        chaos.act()
    chaos.settle()
    assert chaos.door.counted() == chaos.door.truth()
    # What is redriven afterwards changes nothing.
    chaos.door.counters.percent = 0
    while chaos.mapping.dead:
        chaos.redrive()
    chaos.mapping.run()
    assert chaos.door.counted() == chaos.door.truth()


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(chaotic, st.integers(0, 120))
def test_where_nothing_is_lost_nothing_is_repaired(plan: Plan, actions: int) -> None:
    """What is merely on its way is left to the stream."""
    chaos = Chaos(plan, given_up_after=1_000_000)
    if not chaos.door.partitions():
        return
    for _ in range(actions):
        chaos.act()
    chaos.settle()
    assert chaos.door.counted() == chaos.door.truth()
    assert chaos.repaired == 0


def test_the_chaos_has_losses_and_repairs() -> None:
    repaired = dead = 0
    for seed in range(15):
        chaos = Chaos(Plan(seed, venues=2, writes=25, percent=50, batch=6))
        for _ in range(60):
            chaos.act()
        chaos.settle()
        repaired += chaos.repaired
        dead += len(chaos.mapping.dead) + chaos.lost
    print(f"{dead} batches given up, {repaired} repairs")
    assert repaired > 10
    assert dead > 10


# --- The scheduled run


DAY = local_day(NOON, CHINA)


class Town:
    """Venues with scans on `DAY`, none of them counted but those of `counted`."""

    def __init__(self, venues: int) -> None:
        self.counters, self.scans = FakeCounters(), FakeScans(FakePeople())
        self.venues = FakeVenues(FakePeople())
        self.places = [makers.venue() for _ in range(venues)]
        for place in self.places:
            self.venues.create(place, unique=place.venue_id, number_blind="", document_blind="")
            self.scans.put(makers.scan(place), place)
        self.reconciliations = FakeReconciliations(self.counters)
        self.compared: list[str] = []
        self.now = NOON + timedelta(days=1)

    def partition(self, place: Venue, day: date = DAY) -> str:
        return keys.scan_partition(place.venue_id, day, 0)

    def count(self, place: Venue, day: date = DAY, *, figures: Figures = Figures()) -> None:  # noqa: B008 (immutable)
        """Move the unit's counter, so that the venue is listed under the day."""
        assert self.counters.add(self.partition(place, day), "", figures, last="", sequence="1")

    def pass_fences(self) -> None:
        """Have all fences delivered by the stream."""
        for partition, fence in self.reconciliations.fences.items():
            last = self.counters.last(partition, [])[""]
            nothing, sequence = Figures(), str(int(last or 0) + 1)
            self.counters.add(
                partition, "", nothing, last=last, sequence=sequence, fence=fence.nonce
            )

    def run(self, most: int = 1_000_000) -> dict[str, int]:
        """Run once; it is `enough` after it was asked `most` times."""
        left = iter([False] * most)
        town = self

        class Noting(Reconciliation):
            __slots__ = ()

            def reconcile(self, partition: str, now: datetime) -> Result:
                town.compared.append(partition)
                return super().reconcile(partition, now)

        reconciliation = Noting(
            counters=self.counters,
            scans=self.scans,
            reconciliations=self.reconciliations,
            ids=CountingIds(),
        )
        reconciling = Reconciling(
            reconciliation=reconciliation,
            reconciliations=self.reconciliations,
            venues=self.venues,
        )
        return reconciling.run(self.now, lambda: next(left, True))

    def checked(self) -> list[int]:
        return [self.counters.of_day(place, DAY).checked for place in self.places]


@pytest.fixture
def log() -> Iterator[StringIO]:
    """The log's lines."""
    lines = StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JsonFormatter())
    logger().addHandler(handler)
    yield lines
    logger().removeHandler(handler)


def drifts(log: StringIO) -> list[int]:
    entries = map(json.loads, log.getvalue().splitlines())
    return [entry["Drift"] for entry in entries if "Drift" in entry]


def test_a_day_that_is_over_is_repaired_and_reported(log: StringIO) -> None:
    town = Town(40)
    for place in town.places:
        town.count(place)
    assert town.run() == {"waits": 40}
    assert town.run() == {"waits": 40}, "the fences have not passed"
    town.pass_fences()
    assert town.run() == {"repaired": 40}
    assert town.run() == {}
    assert town.checked() == [1] * 40
    found = drifts(log)
    assert found[:2] == [0, 0]
    assert sum(found[2:-1]) == 40
    assert found[-1] == 0


def test_a_day_that_agrees_is_compared_once_at_each_look() -> None:
    town = Town(1)
    (place,) = town.places
    town.count(place, figures=Figures(1, 0, 0, 1, 1))
    for days in range(1, 12):
        town.now = NOON + timedelta(days=days)
        for _ in range(3):
            town.run()
        assert town.compared.count(town.partition(place)) == sum(look <= days for look in LOOKS)


def test_a_run_goes_on_where_the_last_one_stopped() -> None:
    town = Town(40)
    for place in town.places:
        town.count(place, figures=Figures(1, 0, 0, 1, 1))
    runs = 0
    while len(town.compared) < 40:
        town.run(most=12)
        runs += 1
    assert runs > 3
    for _ in range(20):
        town.run(most=12)
    mine = {town.partition(place) for place in town.places}
    assert sorted(one for one in town.compared if one in mine) == sorted(mine)


def test_a_day_is_not_looked_at_before_it_is_over_at_its_venue() -> None:
    town = Town(1)
    (place,) = town.places
    town.count(place)
    town.now = NOON.replace(hour=15, minute=59)  # a minute before midnight in Shanghai
    assert day_of(place, town.now) == DAY
    town.run()
    assert town.compared == []
    town.now += timedelta(minutes=1)
    town.run()
    assert town.compared == [town.partition(place)]


def test_a_venue_of_which_nothing_was_counted_that_day_is_looked_at() -> None:
    """All of its records were given up; it had visitors in the week before."""
    town = Town(2)
    known, unknown = town.places
    town.count(known, DAY - timedelta(days=6))
    town.run()
    assert town.partition(known) in town.reconciliations.fences
    assert town.partition(unknown) not in town.compared


def test_a_late_upload_is_looked_at_again() -> None:
    town = Town(1)
    (place,) = town.places
    town.count(place, figures=Figures(1, 0, 0, 1, 1))
    town.run()
    late = makers.scan(place, NOON + timedelta(seconds=1))
    town.scans.put(late, place)
    town.now = NOON + timedelta(days=8)
    assert town.run()["waits"] == 1
    town.pass_fences()
    assert town.run()["repaired"] == 1
    assert town.checked() == [2]


def test_a_venue_that_fails_does_not_hold_up_others() -> None:
    town = Town(3)
    for place in town.places:
        town.count(place)
    broken = town.partition(town.places[1])
    reading = town.scans.in_partition

    class Broken(FakeScans):
        def in_partition(self, partition: str) -> Any:
            if partition == broken:
                raise ValueError("unreadable")
            return reading(partition)

    town.scans = Broken(FakePeople())
    assert town.run() == {"waits": 2, "failed": 1}
    waiting = [
        one for progress in town.reconciliations.progress(DAY).values() for one in progress.waiting
    ]
    assert sorted(waiting) == sorted(town.partition(place) for place in town.places)
