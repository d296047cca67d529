"""Counters under Lambda's stream polling, at its worst: exact with a factor of 1, wrong above it.

The handler is the deployed one; the mapping's factor is the template's. `fakes.polling` says what
the simulator permits itself. Run with ``-s`` to see how many schedules were played.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.admission.judge import Outcome
from chalicelib.admission.scan import Method, Scan
from chalicelib.admission.store.scans import change_of
from chalicelib.bootstrap import Container, install
from chalicelib.core.errors import Unavailable
from chalicelib.core.logs import logger
from chalicelib.core.settings import Settings
from chalicelib.insight.counters import Counters, Figures, figures
from chalicelib.insight.reconciliation import tally
from chalicelib.venues.venue import Venue
from chalicelib.workers.counts import counts
from chalicelib.workers.records import Record
from chalicelib.workers.scan_changes import scan_change
from tests import support
from tests.contract import makers
from tests.fakes.parts import NOON
from tests.fakes.polling import Chances, Handler, SourceMapping, Stream
from tests.fakes.stores import FakeCounters, FakePeople, FakeScans

FACTOR = support.template()["Resources"]["CountsMapping"]["Properties"]["ParallelizationFactor"]
VENUES = [
    makers.venue(venue_id=f"ven_{number:016d}", shards=shards)
    for number, shards in enumerate((1, 1, 1, 2, 3))
]
STAFF = ("", "", "per_A", "per_B")
OUTCOMES = [*Outcome]


class FaultyCounters(FakeCounters):
    """Counters of which some calls fail: before the write, or after it, when the answer is lost.

    `percent` of the calls fail. Which ones depends on the counter and the number of the call, and
    not on the order of threads.
    """

    def __init__(self, percent: int, seed: int) -> None:
        super().__init__()
        self.percent, self._seed = percent, seed
        self._calls: dict[tuple[str, str], int] = {}

    def _drawn(self, partition: str, who: str) -> int:
        place = partition, who
        self._calls[place] = number = self._calls.get(place, 0) + 1
        return zlib.crc32(f"{self._seed} {place} {number}".encode()) % 100

    def add(self, partition: str, staff_id: str, delta: Figures, **options: Any) -> bool:
        drawn = self._drawn(partition, staff_id)
        if drawn < self.percent / 3:
            raise Unavailable
        if drawn < self.percent * 2 / 3:
            return False
        added = super().add(partition, staff_id, delta, **options)
        if drawn < self.percent:
            raise Unavailable
        return added


@dataclass
class Door:
    """Venues, their scans, and the stream of the table in which these are."""

    stream: Stream
    counters: FaultyCounters
    random: Random
    scans: FakeScans = field(default_factory=lambda: FakeScans(FakePeople()))
    latest: dict[str, tuple[Scan, Venue]] = field(default_factory=dict)
    clock: datetime = NOON

    def check_in(self, venues: int) -> None:
        """Record a new scan."""
        venue = self.random.choice(VENUES[:venues])
        staff_id = self.random.choice(STAFF)
        method = Method.STAFF if staff_id else Method.VISITOR
        at = NOON + timedelta(milliseconds=len(self.latest))
        scan = makers.scan(venue, at, staff_id=staff_id, method=method)
        self._write(self._judged(scan), None, venue)

    def judge(self) -> None:
        """Change the outcome of a scan."""
        if self.latest:
            old, venue = self.random.choice([*self.latest.values()])
            self._write(self._judged(replace(old, version=old.version + 1)), old, venue)

    def _judged(self, scan: Scan) -> Scan:
        decision = replace(scan.verdict.decision, outcome=self.random.choice(OUTCOMES))
        return replace(scan, verdict=replace(scan.verdict, decision=decision))

    def _write(self, new: Scan, old: Scan | None, venue: Venue) -> None:
        item = change_of(new, venue).item
        images = {"NewImage": item.raw()}
        if old is not None:
            images["OldImage"] = change_of(old, venue).item.raw()
            assert self.scans.change(new, venue)
        else:
            assert self.scans.put(new, venue) is None
        self.latest[new.scan_id] = new, venue
        self.stream.write((item.pk, item.sk), images)

    def partitions(self) -> set[str]:
        """Every partition with a scan."""
        return {change_of(*one).item.pk for one in self.latest.values()}

    def counted(self) -> dict[str, dict[str, Figures]]:
        """The counters, by partition and staff id, without those that are nothing."""
        return {
            partition: {
                who: one.figures
                for who, one in self.counters.standing(partition).items()
                if one.figures != Figures()
            }
            for partition in self.partitions()
        }

    def truth(self) -> dict[str, dict[str, Figures]]:
        """The figures that follow from the scans."""
        return {
            partition: dict(tally(self.scans.in_partition(partition)).figures)
            for partition in self.partitions()
        }


@dataclass(frozen=True)
class Plan:
    """One schedule: `seed` decides its order."""

    seed: int
    venues: int = 1
    writes: int = 60
    splits: int = 0
    percent: int = 0
    batch: int = 20

    def door(self, *, by_item: bool = False) -> Door:
        """Return the door after all writes, with the stream not yet delivered."""
        random = Random(self.seed)  # noqa: S311 (a schedule that can be repeated)
        door = Door(Stream(by_item), FaultyCounters(self.percent, self.seed), random)
        splits = {random.randrange(self.writes) for _ in range(self.splits)}
        for number in range(self.writes):
            if number in splits:
                door.stream.split(random)
            if random.randrange(3):
                door.check_in(self.venues)
            else:
                door.judge()
        return door


plans = st.builds(
    Plan,
    seed=st.integers(0, 2**32),
    venues=st.integers(1, len(VENUES)),
    writes=st.integers(1, 60),
    splits=st.integers(0, 4),
    percent=st.integers(0, 40),
    batch=st.integers(1, 40),
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No log, of which injected faults would make much, and no container left behind."""
    logger().setLevel("CRITICAL")
    yield
    logger().setLevel("INFO")
    install(None)


def deployed(door: Door) -> Handler:
    """The deployed handler, on the door's counters."""
    container = Container(Settings.from_environment({"VC_TABLE": "t"}))
    container.counters = door.counters
    install(container)
    handler: Handler = counts
    return handler


def play(plan: Plan, handler: Callable[[Door], Handler], factor: int, **options: bool) -> Door:
    """Write, deliver everything, and return the door."""
    door = plan.door(**options)
    mapping = SourceMapping(
        door.stream, handler(door), factor, door.random, Chances(batch=plan.batch)
    )
    mapping.run()
    return door


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(plans)
def test_figures_are_exact_however_lambda_delivers(plan: Plan) -> None:
    door = play(plan, deployed, FACTOR)
    assert door.counted() == door.truth()


SEEDS = range(60)


class Played(NamedTuple):
    """What came of the schedules of `SEEDS`: how many were wrong, and the share of scans missed."""

    wrong: int
    missed: float


def played(
    handler: Callable[[Door], Handler], factor: int, *, by_item: bool = False, splits: int = 2
) -> Played:
    """Play the schedules of `SEEDS`."""
    wrong = missed = scans = 0
    for seed in SEEDS:
        door = play(Plan(seed, splits=splits), handler, factor, by_item=by_item)
        wrong += door.counted() != door.truth()
        scans += len(door.latest)
        counted = (one.get("", Figures()).checked for one in door.counted().values())
        missed += len(door.latest) - sum(counted)
    return Played(wrong, missed / scans)


def of_0_2_0(door: Door) -> Handler:
    """The handler of 0.2.0, as far as it counts: a failure names the batch's first record."""

    def apply(partition: str, changes: list[Any]) -> None:
        counters: Counters = door.counters
        staff = sorted({change.new.staff_id for change in changes} - {""})
        for _ in range(8):
            last = counters.last(partition, staff)
            fresh = [one for one in changes if int(one.sequence) > int(last[""] or 0)]
            for who in (*staff, ""):
                mine = [
                    one
                    for one in fresh
                    if who in ("", one.new.staff_id) and int(one.sequence) > int(last[who] or 0)
                ]
                delta = Figures()
                for one in mine:
                    delta += figures(one.new) - figures(one.old)
                if mine and not counters.add(
                    partition, who, delta, last=last[who], sequence=mine[-1].sequence
                ):
                    break
            else:
                return
        raise Unavailable

    def handle(event: dict[str, Any], _: Any) -> Mapping[str, Any]:
        records = [Record.parse(raw) for raw in event["Records"]]
        partitions: dict[str, list[Any]] = {}
        for record in records:
            assert record is not None
            change = scan_change(record)
            partitions.setdefault(change.partition, []).append(change)
        try:
            for partition, mine in partitions.items():
                apply(partition, mine)
        except Unavailable:
            first = event["Records"][0]["dynamodb"]["SequenceNumber"]
            return {"batchItemFailures": [{"itemIdentifier": first}]}
        return {"batchItemFailures": []}

    return handle


def test_the_old_handler_with_its_factor_of_ten_loses_scans() -> None:
    """The simulator finds what it is there for, in the old code and in the new."""
    found = {
        "present handler, factor 1": played(deployed, 1),
        "present handler, factor 10": played(deployed, 10),
        "handler of 0.2.0, factor 10": played(of_0_2_0, 10),
        "present handler, factor 1, split by sort keys": played(
            deployed, 1, by_item=True, splits=6
        ),
    }
    for what, (wrong, missed) in found.items():
        print(f"{what}: wrong after {wrong} of {len(SEEDS)} schedules, {missed:.0%} of scans lost")
    right, *others = found.values()
    assert right == Played(0, 0)
    assert all(one.wrong > len(SEEDS) // 2 and one.missed > 0.1 for one in others)


def test_the_table_has_a_local_index() -> None:
    """Without one, DynamoDB splits a partition key by its sort keys; see the last figure above."""
    table = support.template()["Resources"]["Table"]["Properties"]
    (index,) = table["LocalSecondaryIndexes"]
    assert index["KeySchema"][0] == {"AttributeName": "pk", "KeyType": "HASH"}
