"""The day's figures follow the stream exactly once, however it is delivered."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission.judge import Outcome
from chalicelib.admission.scan import Method, Scan
from chalicelib.core.errors import Unavailable
from chalicelib.core.keys import scan_partition
from chalicelib.insight.counters import Counting, Figures, ScanChange, figures
from chalicelib.insight.reconciliation import tally
from chalicelib.venues.venue import day_of, shard_of
from tests.contract import makers
from tests.fakes.parts import NOON
from tests.fakes.stores import FakeCounters, FakePeople, FakeScans

VENUE = makers.venue(shards=3)
DAY = day_of(VENUE, NOON)
outcomes = st.sampled_from(Outcome)


def with_outcome(scan: Scan, outcome: Outcome, version: int) -> Scan:
    decision = replace(scan.verdict.decision, outcome=outcome)
    return replace(scan, verdict=replace(scan.verdict, decision=decision), version=version)


class Stream:
    """A table's stream: scans are put and changed, each change is a record in order."""

    def __init__(self) -> None:
        self.records: list[ScanChange] = []
        self.scans = FakeScans(FakePeople())
        self.latest: dict[str, Scan] = {}

    def write(self, new: Scan) -> None:
        old = self.latest.get(new.scan_id)
        partition = scan_partition(VENUE.venue_id, DAY, shard_of(new.digest, VENUE.shards))
        # Longer than a number may be, and of a length that grows on the way.
        sequence = str(10**39 - 5 + len(self.records))
        self.records.append(ScanChange(partition, sequence, old, new))
        assert self.scans.change(new, VENUE) if old else self.scans.put(new, VENUE) is None
        self.latest[new.scan_id] = new


class FlakyCounters(FakeCounters):
    """Some writes fail, and of some the answer is lost although they were made.

    As each write is of one counter, this is a crash between two counters as well.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__()
        self.faults = faults

    def add(self, partition: str, staff_id: str, delta: Figures, **options: Any) -> bool:
        fault = self.faults.pop() if self.faults else ""
        if fault == "refused":
            raise Unavailable
        if fault == "raced":
            return False
        added = super().add(partition, staff_id, delta, **options)
        if fault == "lost":
            raise Unavailable
        return added

    def count_as_before(self, changes: list[ScanChange]) -> None:
        """Count as 0.2.0 did: the staff's figures under the unit's number."""
        for change in changes:
            delta = figures(change.new) - figures(change.old)
            for who in {"", change.new.staff_id}:
                place = change.partition, who
                self._figures[place] = self._figures.get(place, Figures()) + delta
            self._last[change.partition, ""] = change.sequence


staff = st.sampled_from(["", "per_A", "per_B"])  # the empty one: visitors' own scans
histories = st.lists(st.tuples(staff, st.lists(outcomes, min_size=1, max_size=4)), max_size=8)
faults = st.lists(st.sampled_from(["", "refused", "raced", "lost"]), max_size=12)
batches = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 4)), min_size=1, max_size=40)


@given(histories, faults, batches, st.integers(0, 12), st.randoms(use_true_random=False))
def test_redelivery_with_other_boundaries_neither_doubles_nor_drops(
    histories: list[tuple[str, list[Outcome]]],
    faults: list[str],
    batches: list[tuple[int, int]],
    before: int,
    random: Random,
) -> None:
    stream = Stream()
    waiting: list[list[Scan]] = []
    for number, (staff_id, history) in enumerate(histories):
        method = Method.STAFF if staff_id else Method.VISITOR
        at = NOON + timedelta(seconds=number)
        scan = makers.scan(VENUE, at, staff_id=staff_id, method=method)
        waiting.append([with_outcome(scan, o, v) for v, o in enumerate(history)])
    while waiting:
        mine = random.choice(waiting)
        stream.write(mine.pop(0))
        if not mine:
            waiting.remove(mine)
    counters = FlakyCounters(faults)
    counting = Counting(counters=counters)
    counters.count_as_before(stream.records[:before])
    position = 0
    # As long as there are batches, they may step back; then everything is delivered to the end.
    for size, back in [*batches, *[(5, 0)] * (len(stream.records) + len(faults) + 1)]:
        position = max(0, position - back)
        if counting.apply(stream.records[position : position + size]):
            continue
        position = min(position + size, len(stream.records))
    assert position == len(stream.records)
    found = counters.of_day(VENUE, DAY)
    records = dict(tally(stream.scans.of_day(VENUE, DAY)).figures)
    assert found == records.pop("")
    assert found.checked == found.passed + found.abnormal + found.pending == len(histories)
    theirs = {who: counters.of_day(VENUE, DAY, who) for who in ("per_A", "per_B")}
    assert theirs == {who: records.get(who, Figures()) for who in theirs}
    assert found.checked == found.own + sum(one.checked for one in theirs.values())


def test_a_record_that_stands_twice_in_a_batch_counts_once() -> None:
    stream = Stream()
    for staff_id in ("", "per_A"):
        stream.write(makers.scan(VENUE, staff_id=staff_id))
    counters = FakeCounters()
    counting = Counting(counters=counters)
    assert counting.apply([*stream.records, *stream.records]) == []
    assert counters.of_day(VENUE, DAY).checked == 2
    assert counters.of_day(VENUE, DAY, "per_A").checked == 1


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.ADMIT, Figures(1, 1, 0, 0, 1)),
        (Outcome.CHECK, Figures(1, 0, 1, 0, 1)),
        (Outcome.REFUSE, Figures(1, 0, 1, 0, 1)),
        (Outcome.PENDING, Figures(1, 0, 0, 1, 1)),
    ],
)
def test_what_a_scan_adds(outcome: Outcome, expected: Figures) -> None:
    assert figures(with_outcome(makers.scan(VENUE), outcome, 0)) == expected
    assert figures(None) == Figures()


def test_a_counter_that_is_never_ours_is_given_up() -> None:
    stream = Stream()
    stream.write(makers.scan(VENUE))
    counting = Counting(counters=FlakyCounters(["raced"] * 99))
    assert counting.apply(stream.records) == [stream.records[0].sequence]


def test_a_partition_that_fails_does_not_undo_another() -> None:
    """What was counted before the failure is not counted again with the redelivery."""
    stream = Stream()
    while len({record.partition for record in stream.records}) < 3:
        stream.write(makers.scan(VENUE))
    counters = FlakyCounters(["refused", ""])
    counting = Counting(counters=counters)
    (failed,) = counting.apply(stream.records)
    first = {record.partition: record.sequence for record in reversed(stream.records)}
    assert failed in first.values()
    assert counting.apply(stream.records) == []
    assert counters.of_day(VENUE, DAY).checked == len(stream.records)
