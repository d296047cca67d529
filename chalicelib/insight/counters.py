"""The figures of a venue's day, counted from the table's stream exactly once (YK-16, XC-11).

A scan partition has a counter of the unit and one of each staff member who scanned there. Each
counter holds the last stream sequence number applied to it, and an update is conditional on the
number that was read. The records of one partition key arrive in order. A redelivery, whatever its
batch boundaries, neither doubles nor drops a change: changes at or below a counter's number are in
it.

The unit's counter is written last. Changes at or below its number are therefore in the staff's
counters too, and a staff member's counter takes only the changes above both numbers. This also
continues the counters of release 0.2.0, which kept the staff's figures on the unit's counter, under
its number: a staff member without a counter takes only the changes above it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from chalicelib.admission.disclosure import counted
from chalicelib.admission.judge import Outcome
from chalicelib.admission.recording import METHODS
from chalicelib.admission.scan import Scan, Scans
from chalicelib.core.errors import Unavailable
from chalicelib.insight.scan_metrics import record_new_scans
from chalicelib.venues.venue import Venue

_RACES = 8


@dataclass(frozen=True)
class Figures:
    """The figures of a venue's day: checked = passed + abnormal + pending.

    `own` is the number of visitors' own scans in `checked`.
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


class ScanChange(NamedTuple):
    """A stream record of a scan: the scan before and after the change, and its sequence number.

    `partition` is the scan's partition key. `sequence` is a decimal text of up to 40 digits.
    """

    partition: str
    sequence: str
    old: Scan | None
    new: Scan

    @property
    def correlation(self) -> str:
        """The correlation id of the request that made the scan."""
        return self.new.correlation or "-"  # an anonymous scan has none


class Counters(Protocol):
    """The store of counters, beside the scans; implemented by `store.CounterStore`."""

    def last(self, partition: str, staff: Collection[str]) -> Mapping[str, str]:
        """Return the last sequence number applied to each counter, ``""`` for none.

        By staff id; the empty id is the unit's, which is always present. Cost: one strongly
        consistent BatchGetItem.
        """

    def add(
        self, partition: str, staff_id: str, delta: Figures, *, last: str, sequence: str
    ) -> bool:
        """Apply `delta` to one counter and move it from `last` to `sequence`.

        The empty `staff_id` is the unit's. Return False if another update came first. Cost: one
        conditional UpdateItem.
        """

    def of_day(self, venue: Venue, day: date, staff_id: str = "") -> Figures:
        """Return the sum over a venue's shards, of the unit or of a staff member.

        Cost: one strongly consistent BatchGetItem, of one item per shard for the unit, two for a
        staff member.
        """


def figures(scan: Scan | None) -> Figures:
    """Return the figures of one scan."""
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
    """The counting of scans into the day's figures."""

    __slots__ = ("_counters", "_scans")

    def __init__(self, *, counters: Counters, scans: Scans) -> None:
        self._counters = counters
        self._scans = scans

    def apply(self, changes: Sequence[ScanChange]) -> None:
        """Count `changes`, which are in stream order.

        Removals are not included: expired scans stay in the figures. Raises Unavailable; the call
        may then be repeated.
        """
        partitions: dict[str, list[ScanChange]] = {}
        for change in changes:
            partitions.setdefault(change.partition, []).append(change)
        for partition, mine in partitions.items():
            self._apply(partition, mine)
        record_new_scans(change.new for change in changes if change.old is None)

    def recount(self, venue: Venue, day: date) -> dict[str, Figures]:
        """Return the day's figures computed from its scans, by staff id.

        The empty id is the unit's. Cost: one Query per shard.
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
            # The unit's is last: the staff's counters then hold all changes up to its number.
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


def total(summands: Iterable[Figures]) -> Figures:
    """Return the sum."""
    return sum(summands, Figures())


def _order(sequence: str) -> int:
    return int(sequence or 0)
