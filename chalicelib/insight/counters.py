"""The day's figures of a venue, from the table's stream, exactly once (YK-16, XC-11).

A scan partition has a counter of the unit and one of each staff member who scanned there. Each
counter holds the last stream sequence number applied to it and is changed only from the number that
was read. The records of one partition key come in order, so a redelivery, with whatever batch
boundaries, neither doubles nor drops: what is at or below a counter's number is in it.

The unit's counter is written last. So what is at or below *its* number is in the staff's counters
too, and a staff member's counter takes the changes above both numbers. That is how the counters of
0.2.0 go on: there the staff's figures stood on the unit's counter, under its number, and a staff
member who has no counter of their own yet takes only what is above it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from chalicelib.admission.disclosure import counted
from chalicelib.admission.judge import Outcome
from chalicelib.admission.recording import METHODS
from chalicelib.admission.scan import Scan, Scans
from chalicelib.core.errors import Unavailable
from chalicelib.venues.venue import Venue

_RACES = 8


@dataclass(frozen=True)
class Figures:
    """What a venue's day adds up to: checked = passed + abnormal + pending.

    `own` counts those of `checked` that were visitors' own scans.
    """

    checked: int = 0
    passed: int = 0
    abnormal: int = 0
    pending: int = 0
    own: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(a + b for a, b in zip(self.parts(), other.parts(), strict=True)))

    def __sub__(self, other: "Figures") -> "Figures":
        return Figures(*(a - b for a, b in zip(self.parts(), other.parts(), strict=True)))

    def parts(self) -> tuple[int, int, int, int, int]:
        """The figures in the order of the fields."""
        return self.checked, self.passed, self.abnormal, self.pending, self.own


@dataclass(frozen=True)
class ScanChange:
    """One stream record of a scan: what it was, what it is, and its place in the stream.

    `partition` is the scan's partition key, `sequence` the record's sequence number, a decimal
    text of up to 40 digits.
    """

    partition: str
    sequence: str
    old: Scan | None
    new: Scan

    @property
    def correlation(self) -> str:
        """The correlation id of the request that made the scan."""
        return self.new.correlation


class Counters(Protocol):
    """Counters beside the scans; `store.CounterStore` is the real one."""

    def last(self, partition: str, staff: Collection[str]) -> Mapping[str, str]:
        """Return the last sequence number applied to each counter, ``""`` for none.

        The numbers are by staff id; under the empty one stands the unit's, always.
        Cost: one consistent BatchGetItem.
        """

    def add(
        self, partition: str, staff_id: str, delta: Figures, *, last: str, sequence: str
    ) -> bool:
        """Apply `delta` to one counter and move it from `last` to `sequence`.

        False when another was faster. The empty `staff_id` is the unit's. Cost: one UpdateItem.
        """

    def of_day(self, venue: Venue, day: date, staff_id: str = "") -> Figures:
        """The sum over a venue's shards, of the unit or of one of its staff; consistent."""


def figures(scan: Scan | None) -> Figures:
    """What one scan adds to its day."""
    if scan is None:
        return Figures()
    outcome = counted(scan)
    return Figures(
        checked=1,
        passed=int(outcome is Outcome.ADMIT),
        abnormal=int(outcome in (Outcome.CHECK, Outcome.REFUSE)),
        pending=int(outcome is Outcome.PENDING),
        own=int(METHODS[scan.method].own),
    )


class Counting:
    """Counts scans into the day's figures, and counts them again from the records."""

    __slots__ = ("_counters", "_scans")

    def __init__(self, *, counters: Counters, scans: Scans) -> None:
        self._counters = counters
        self._scans = scans

    def apply(self, changes: Sequence[ScanChange]) -> None:
        """Count `changes`, which are in stream order. Raises Unavailable; it may then be repeated.

        A removal is not among them: scans vanish by retention, the day's figures stay.
        """
        partitions: dict[str, list[ScanChange]] = {}
        for change in changes:
            partitions.setdefault(change.partition, []).append(change)
        for partition, mine in partitions.items():
            self._apply(partition, mine)

    def recount(self, venue: Venue, day: date) -> dict[str, Figures]:
        """Return the day's figures from its records, by staff id; under the empty one the unit's.

        Cost: a query a shard.
        """
        found: dict[str, Figures] = {"": Figures()}
        for scan in self._scans.of_day(venue, day):
            for who in {"", scan.staff_id}:
                found[who] = found.get(who, Figures()) + figures(scan)
        return found

    def _apply(self, partition: str, changes: list[ScanChange]) -> None:
        staff = sorted({change.new.staff_id for change in changes} - {""})
        for _ in range(_RACES):
            last = self._counters.last(partition, staff)
            fresh = _above(last[""], changes)
            # The unit's last: its number says that the staff's counters hold all up to there.
            for who in (*staff, ""):
                mine = _above(last[who], [one for one in fresh if who in ("", one.new.staff_id)])
                delta = total(figures(change.new) - figures(change.old) for change in mine)
                if mine and not self._counters.add(
                    partition, who, delta, last=last[who], sequence=mine[-1].sequence
                ):
                    break
            else:
                return
        raise Unavailable


def _above(sequence: str, changes: Iterable[ScanChange]) -> list[ScanChange]:
    return [change for change in changes if _order(change.sequence) > _order(sequence)]


def total(parts: Iterable[Figures]) -> Figures:
    """The sum of `parts`."""
    return sum(parts, Figures())


def _order(sequence: str) -> int:
    return int(sequence or 0)
