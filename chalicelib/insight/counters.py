"""The day's figures of a venue, from the table's stream, exactly once (YK-16, XC-11).

Counters lie one per scan partition and hold the last stream sequence number applied. One partition
key is always in order on one shard lineage, so a redelivery, with whatever batch boundaries,
neither doubles nor drops: what is at or below the number has been counted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from chalicelib.admission.judge import Outcome
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

    def add(self, partition: str, delta: Figures, *, last: str, sequence: str) -> bool:
        """Apply `delta` and move from `last` to `sequence`; False when another was faster."""

    def of_day(self, venue: Venue, day: date) -> Figures:
        """The sum over a venue's shards; consistent."""


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
        own=1,
    )


def apply(changes: Sequence[ScanChange], *, counters: Counters) -> None:
    """Count `changes`, which are in stream order. Raises Unavailable; it may then be repeated.

    A removal is not among them: scans vanish by retention, the day's figures stay.
    """
    partitions: dict[str, list[ScanChange]] = {}
    for change in changes:
        partitions.setdefault(change.partition, []).append(change)
    for partition, mine in partitions.items():
        _apply(partition, mine, counters)


def _apply(partition: str, changes: list[ScanChange], counters: Counters) -> None:
    for _ in range(_RACES):
        last = counters.last(partition)
        fresh = [change for change in changes if _order(change.sequence) > _order(last)]
        if not fresh:
            return
        delta = total(figures(change.new) - figures(change.old) for change in fresh)
        if counters.add(partition, delta, last=last, sequence=fresh[-1].sequence):
            return
    raise Unavailable


def total(parts: Iterable[Figures]) -> Figures:
    """The sum of `parts`."""
    return sum(parts, Figures())


def recount(venue: Venue, day: date, *, scans: Scans) -> Figures:
    """The day's figures from its records, to compare with the counters."""
    return total(figures(scan) for scan in scans.of_day(venue, day))


def _order(sequence: str) -> int:
    return int(sequence or 0)
