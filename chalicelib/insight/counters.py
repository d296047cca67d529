"""The day's figures of a venue, from the table's stream, exactly once (YK-16, XC-11).

Counters lie one per scan partition and hold the last stream sequence number applied. One partition
key is always in order on one shard lineage, so a redelivery, with whatever batch boundaries,
neither doubles nor drops: what is at or below the number has been counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

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

    def last(self, partition: str) -> str:
        """The last sequence number applied to a partition's counter, or ``""``."""

    def add(
        self, partition: str, delta: Mapping[str, Figures], *, last: str, sequence: str
    ) -> bool:
        """Apply `delta` and move from `last` to `sequence`; False when another was faster.

        `delta` is by staff id; under the empty one stands the unit's.
        """

    def of_day(self, venue: Venue, day: date, staff_id: str = "") -> Figures:
        """The sum over a venue's shards, of the unit or of one of its staff; consistent."""


def figures(scan: Scan | None) -> Figures:
    """What one scan adds to its day."""
    if scan is None:
        return Figures()
    outcome = scan.verdict.decision.outcome
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
        for _ in range(_RACES):
            last = self._counters.last(partition)
            fresh = [change for change in changes if _order(change.sequence) > _order(last)]
            if not fresh:
                return
            delta = {"": total(figures(change.new) - figures(change.old) for change in fresh)}
            for staff_id in {change.new.staff_id for change in fresh} - {""}:
                delta[staff_id] = total(
                    figures(change.new) - figures(change.old)
                    for change in fresh
                    if change.new.staff_id == staff_id
                )
            if self._counters.add(partition, delta, last=last, sequence=fresh[-1].sequence):
                return
        raise Unavailable


def total(parts: Iterable[Figures]) -> Figures:
    """The sum of `parts`."""
    return sum(parts, Figures())


def _order(sequence: str) -> int:
    return int(sequence or 0)
