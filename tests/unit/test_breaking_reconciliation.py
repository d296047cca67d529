"""Reconciliation when processes stall, are cut off, or never get their records."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.admission.scan import Method
from chalicelib.core import keys
from chalicelib.core.clock import CHINA, local_day
from chalicelib.core.errors import Unavailable
from chalicelib.insight.counters import Counting, FencePassed, Figures, ScanChange
from chalicelib.insight.reconciliation import FENCE_LOST_AFTER, LOOKS, Reconciliation, Result
from tests.contract import makers
from tests.fakes.parts import NOON, CountingIds
from tests.fakes.stores import FakeCounters, FakePeople, FakeReconciliations, FakeScans
from tests.unit.test_reconciliation import DAY, Town, drifts, log

__all__ = ["log"]

VENUE = makers.venue()
PARTITION = keys.scan_partition(VENUE.venue_id, local_day(NOON, CHINA), 0)
STAFF = "per_A"


class Stalling(FakeCounters):
    """Counters; `meanwhile` is called once, after the read of whoever is about to count."""

    meanwhile: Callable[[], None] | None = None
    repairs: int | None = None
    """After how many repairs the process dies; None: it lives."""

    def last(self, partition: str, staff: Collection[str]) -> dict[str, str]:
        found = super().last(partition, staff)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        return found

    def repair(self, partition: str, staff_id: str, delta: Figures, **options: Any) -> bool:
        if self.repairs is not None:
            if not self.repairs:
                raise Unavailable
            self.repairs -= 1
        return super().repair(partition, staff_id, delta, **options)


class Place:
    """A partition with scans of a staff member; `changes` are their records in the stream."""

    def __init__(self, scans: int) -> None:
        self.counters, self.scans = Stalling(), FakeScans(FakePeople())
        self.reconciliations = FakeReconciliations(self.counters)
        self.counting = Counting(counters=self.counters)
        self.reconciliation = Reconciliation(
            counters=self.counters,
            scans=self.scans,
            reconciliations=self.reconciliations,
            ids=CountingIds(),
        )
        self.changes: list[ScanChange] = []
        for _ in range(scans):
            self.scan()

    def scan(self) -> ScanChange:
        number = len(self.changes)
        at = NOON + timedelta(seconds=number)
        scan = makers.scan(VENUE, at, staff_id=STAFF, method=Method.STAFF)
        assert self.scans.put(scan, VENUE) is None
        self.changes.append(ScanChange(PARTITION, str(100 + 10 * number), None, scan))
        return self.changes[-1]

    def reconcile(self, days: int = 1) -> Result:
        return self.reconciliation.reconcile(PARTITION, NOON + timedelta(days=days))

    def pass_fence(self) -> None:
        """Have the fence delivered, after all records that there are."""
        nonce = self.reconciliations.fences[PARTITION].nonce
        sequence = str(105 + 10 * len(self.changes))
        assert self.counting.apply([FencePassed(PARTITION, sequence, nonce)]) == []

    def checked(self) -> tuple[int, int]:
        """What was checked in the unit, and by the staff member."""
        standing = self.counters.standing(PARTITION)
        return standing[""].figures.checked, standing[STAFF].figures.checked


@pytest.mark.parametrize("before", [0, 1])
def test_a_process_that_counts_what_a_repair_has_added_comes_too_late(before: int) -> None:
    """A range that was given up is redriven; it stalls between its read and its first write."""
    place = Place(before)
    assert place.counting.apply(place.changes) == []
    lost = place.scan()

    def repair() -> None:
        assert place.reconcile() is Result.WAITS
        place.pass_fence()
        assert place.reconcile() is Result.REPAIRED

    place.counters.meanwhile = repair
    assert place.counting.apply([lost]) == []
    assert place.checked() == (before + 1, before + 1)
    assert place.reconcile() is Result.AGREES


def test_a_repair_that_stalls_over_another_one_comes_too_late() -> None:
    """An operator's computer sleeps between reading the counters and repairing them."""
    place = Place(1)
    assert place.counting.apply(place.changes) == []
    place.scan()  # and its record is given up
    assert place.reconcile() is Result.WAITS
    place.pass_fence()
    old = place.counters.standing(PARTITION)[STAFF]
    fence = place.reconciliations.fences[PARTITION].nonce
    assert place.reconcile() is Result.REPAIRED
    place.scan()  # given up as well
    assert place.reconcile() is Result.WAITS
    place.pass_fence()
    assert place.reconcile() is Result.REPAIRED
    assert place.checked() == (3, 3)
    assert not place.counters.repair(
        PARTITION, STAFF, Figures(1), last=old.last, sequence=old.last, fence=fence
    )


def test_a_crash_between_two_counters_of_a_repair_is_made_good() -> None:
    place = Place(2)
    place.counters.add(PARTITION, "", Figures(), last="", sequence="1")
    assert place.reconcile() is Result.WAITS
    place.pass_fence()
    place.counters.repairs = 1
    with pytest.raises(Unavailable):
        place.reconcile()
    place.counters.repairs = None
    assert place.reconcile() is Result.REPAIRED
    assert place.checked() == (2, 2)
    assert place.reconcile() is Result.AGREES


def test_a_fence_that_the_stream_loses_is_replaced_and_raises_the_alarm() -> None:
    """The mapping is disabled, or a table was restored and its counters kept their numbers."""
    place = Place(1)
    place.counters.add(PARTITION, "", Figures(), last="", sequence="1")
    assert place.reconcile() is Result.WAITS
    lost = place.reconciliations.fences[PARTITION]
    hours = FENCE_LOST_AFTER + timedelta(days=1)
    assert place.reconciliation.reconcile(PARTITION, NOON + hours) is Result.FAILED
    assert place.reconciliations.fences[PARTITION].nonce != lost.nonce
    assert place.reconciliation.reconcile(PARTITION, NOON + hours) is Result.WAITS
    place.pass_fence()
    assert place.reconciliation.reconcile(PARTITION, NOON + hours) is Result.REPAIRED
    assert place.checked() == (1, 1)


def test_a_repair_that_waits_at_the_last_look_goes_on_until_records_may_expire() -> None:
    """The counting function did not get its records for days."""
    town = Town(1)
    (place,) = town.places
    town.count(place)
    last = max(LOOKS)
    for days in (last, last + 2, last + 4):
        town.now = NOON + timedelta(days=days)
        town.run()
    town.pass_fences()
    assert town.run() == {"repaired": 1}
    assert town.checked() == [1]


def test_nothing_is_compared_once_records_may_have_expired() -> None:
    town = Town(1)
    town.count(town.places[0])
    town.now = NOON + timedelta(days=13)
    town.run()
    assert town.partition(town.places[0]) not in town.compared


class CutOff(BaseException):
    """Lambda ends the process."""


def test_a_run_that_is_cut_off_leaves_its_progress_and_reports_its_repairs(log: Any) -> None:
    """Otherwise a venue that takes longer than is left would hold up its bucket for ever."""
    town = Town(200)
    for place in town.places:
        town.count(place)
    assert town.run() == {"waits": 200}
    town.pass_fences()
    partitions = sorted(town.partition(place) for place in town.places)
    by_bucket = [
        one
        for bucket in range(keys.DAY_BUCKETS)
        for one in partitions
        if keys.counted(one).pk == keys.counted_day(DAY, bucket)
    ]
    # Begin the look again, with the repairs to be made on the way.
    town.reconciliations._progress.clear()
    reading = town.scans.in_partition

    class Ends(FakeScans):
        def in_partition(self, partition: str) -> Any:
            if partition == by_bucket[20]:
                raise CutOff
            return reading(partition)

    whole, town.scans = town.scans, Ends(FakePeople())
    with pytest.raises(CutOff):
        town.run()
    repaired = sum(drifts(log))
    assert repaired >= 8
    town.scans, town.compared = whole, []
    town.run()
    assert not {*by_bucket[:8]} & {*town.compared}, "they were done"
    assert sum(drifts(log)) >= 200 - 7, "all but those repaired beside the one that ended it"


def test_what_is_not_begun_in_time_waits_for_the_next_run() -> None:
    """A station of many partitions is begun shortly before the end."""
    town = Town(0)
    station = makers.venue(shards=64)
    town.venues.create(station, unique="s", number_blind="", document_blind="")
    for number in range(200):
        town.scans.put(makers.scan(station, NOON + timedelta(seconds=number)), station)
    town.count(station)
    bucket = keys.bucket_of(station.venue_id)
    # Asked before each bucket, and in it before the first venues.
    town.run(most=2 * bucket + 2 + 10)
    assert len(town.compared) == 10
    town.run()
    assert {*town.compared} == {
        keys.scan_partition(station.venue_id, DAY, shard) for shard in range(64)
    }
