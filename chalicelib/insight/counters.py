"""The figures of a venue's day, counted from the table's stream exactly once (YK-16, XC-11).

A scan partition has a counter of the unit and one of each staff member who scanned there. Each
counter holds the last stream sequence number applied to it, and an update is conditional on the
number that was read. A redelivery, whatever its batch boundaries, neither doubles nor drops a
change: changes at or below a counter's number are in it.

This needs the records of one partition key in order. Lambda gives that with a parallelization
factor of 1 only, because above it keeps the order of an item; and the table has a local secondary
index, so that DynamoDB keeps a partition key in one shard (decision 0140).

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
from chalicelib.admission.scan import Scan
from chalicelib.core import keys
from chalicelib.core.errors import Unavailable
from chalicelib.core.logs import logger
from chalicelib.insight.scan_metrics import record_new_scans
from chalicelib.venues.venue import Venue

_RACES = 8
_AT_ONCE = 8
"""Partitions that are counted in parallel; botocore keeps ten connections."""


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

    @property
    def staff_id(self) -> str:
        """The staff member whose counter takes the change beside the unit's; empty for none."""
        return self.new.staff_id

    @property
    def delta(self) -> Figures:
        """What the change adds to the figures."""
        return figures(self.new) - figures(self.old)


class FencePassed(NamedTuple):
    """The stream record of a fence (see `reconciliation`).

    All changes of its partition that were made before it have been delivered when it is.
    """

    partition: str
    sequence: str
    nonce: str
    staff_id: str = ""
    delta: Figures = Figures()


class Standing(NamedTuple):
    """A counter: its figures, the last number applied, and the last fence that it has passed."""

    figures: Figures = Figures()
    last: str = ""
    fence: str = ""


class Counters(Protocol):
    """The store of counters, beside the scans; implemented by `store.CounterStore`."""

    def last(self, partition: str, staff: Collection[str]) -> Mapping[str, str]:
        """Return the last sequence number applied to each counter, ``""`` for none.

        By staff id; the empty id is the unit's, which is always present. Cost: one strongly
        consistent BatchGetItem.
        """

    def add(
        self,
        partition: str,
        staff_id: str,
        delta: Figures,
        *,
        last: str,
        sequence: str,
        fence: str = "",
    ) -> bool:
        """Apply `delta` to one counter and move it from `last` to `sequence`, and past `fence`.

        The empty `staff_id` is the unit's. Return False if another update came first. Cost: one
        conditional UpdateItem.
        """

    def standing(self, partition: str) -> Mapping[str, Standing]:
        """Return the counters of a partition, by staff id. Cost: one strongly consistent Query."""

    def repair(
        self,
        partition: str,
        staff_id: str,
        delta: Figures,
        *,
        last: str,
        sequence: str,
        fence: str,
    ) -> bool:
        """Apply `delta` to one counter, and move it from `last` to `sequence`, once for a `fence`.

        `sequence` is the unit's number: a process that still counts what was before the fence
        is refused. Return False if another update came first, or if the counter was repaired
        behind this fence before. Cost: one conditional UpdateItem.
        """

    def of_day(self, venue: Venue, day: date, staff_id: str = "") -> Figures:
        """Return the sum over a venue's shards, of the unit or of a staff member.

        Cost: one strongly consistent BatchGetItem, of one item per shard for the unit, two for a
        staff member.
        """


def partitions_of(venue: Venue, day: date) -> list[str]:
    """Return the scan partitions of a venue's local day."""
    return [
        keys.scan_partition(venue.venue_id, day, shard) for shard in range(venue.shards_on(day))
    ]


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

    __slots__ = ("_counters",)

    def __init__(self, *, counters: Counters) -> None:
        self._counters = counters

    def apply(self, changes: Sequence[ScanChange | FencePassed]) -> list[str]:
        """Count `changes`, which are in stream order; partitions are counted in parallel.

        Returns the sequence number of the first change of each partition that failed: these must be
        delivered again. Removals are not included: expired scans stay in the figures.
        """
        partitions: dict[str, list[ScanChange | FencePassed]] = {}
        for change in changes:
            partitions.setdefault(change.partition, []).append(change)
        if len(partitions) < 2:
            results = [*map(self._attempt, partitions.values())]
        else:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(min(_AT_ONCE, len(partitions))) as pool:
                results = [*pool.map(self._attempt, partitions.values())]
        record_new_scans(
            change.new
            for change in changes
            if isinstance(change, ScanChange) and change.old is None
        )
        return [sequence for sequence in results if sequence]

    def _attempt(self, changes: Sequence[ScanChange | FencePassed]) -> str:
        """Count the changes of one partition; return the number of the first if that failed."""
        try:
            self._apply(changes)
        except Exception:
            logger().exception("count_failed", extra={"sequence": changes[0].sequence})
            return changes[0].sequence
        return ""

    def _apply(self, changes: Sequence[ScanChange | FencePassed]) -> None:
        partition = changes[0].partition
        # A batch may hold a record twice.
        once = {_order(change.sequence): change for change in changes}
        ordered = [once[number] for number in sorted(once)]
        staff = sorted({change.staff_id for change in ordered} - {""})
        for _ in range(_RACES):
            last = self._counters.last(partition, staff)
            fresh = _above(last[""], ordered)
            # The unit's is last: the staff's counters then hold all changes up to its number.
            for who in (*staff, ""):
                mine = _above(last[who], [one for one in fresh if who in ("", one.staff_id)])
                if mine and not self._counters.add(
                    partition,
                    who,
                    total(change.delta for change in mine),
                    last=last[who],
                    sequence=mine[-1].sequence,
                    fence="" if who else _last_fence(mine),
                ):
                    break
            else:
                return
        raise Unavailable


def _last_fence(changes: Sequence[ScanChange | FencePassed]) -> str:
    """Return the nonce of the last fence among `changes`, or nothing."""
    return next((one.nonce for one in reversed(changes) if isinstance(one, FencePassed)), "")


def _above(
    sequence: str, changes: Iterable[ScanChange | FencePassed]
) -> list[ScanChange | FencePassed]:
    return [change for change in changes if _order(change.sequence) > _order(sequence)]


def total(summands: Iterable[Figures]) -> Figures:
    """Return the sum."""
    return sum(summands, Figures())


def _order(sequence: str) -> int:
    return int(sequence or 0)
