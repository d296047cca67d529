"""Reconciliation: counters are compared with the records of a day that is over, and repaired.

A scan may still be on its way through the stream: it is on record and not counted yet. Adding the
difference at once would count it twice. So a repair waits behind a fence:

1. The records of a partition are counted, and differ from the counters. A fence is put into the
   partition, with a fingerprint of these records.
2. The counting function finds the fence in the stream and notes it on the unit's counter. All that
   was written before the fence has then been delivered, and what is delivered again is skipped.
3. If the records are still the same, nothing is on its way, and the difference is the error. It is
   added, on condition that no change was counted meanwhile, once for each fence. A staff member's
   counter is moved to the unit's number, so that a process that was about to count what was before
   the fence is refused.

Late uploads change the records, so that a new fence is put. This is exact however late a record is
delivered, and two runs at once do no harm (decision 0141).
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import date, datetime, timedelta
from enum import StrEnum
from heapq import merge
from itertools import groupby, islice
from typing import NamedTuple, Protocol

from chalicelib.admission.scan import Scan, Scans
from chalicelib.core import keys, metrics
from chalicelib.core.clock import CHINA, local_day
from chalicelib.core.ids import Ids
from chalicelib.core.logs import logger
from chalicelib.insight.counters import Counters, Figures, Standing, figures, partitions_of
from chalicelib.venues.venue import Venues, day_of

LOOKS = (1, 2, 4, 8)
"""How many days after a day a look at it begins: staff's devices upload for seven days.

A look that is not finished, because a repair waits or a run was cut off, goes on until the next.
"""
RECORDS_COMPLETE_FOR = timedelta(days=13)
"""No policy lets a scan expire earlier: retention is 14 days at least."""
ACTIVE = timedelta(days=7)
"""A venue is looked at if it had visitors in so many days before, even if nothing was counted."""
FENCE_KEPT_FOR = timedelta(days=3)
FENCE_LOST_AFTER = timedelta(hours=25)
"""A fence that the stream no longer holds is replaced; the stream keeps records for 24 hours.

The comparison fails, so that an alarm shows that the counting function gets no records.
"""
PROGRESS_KEPT_FOR = timedelta(days=30)
_AT_ONCE = 8
_MOST_WAITING = 1000


class Fence(NamedTuple):
    """A fence in a scan partition; `fingerprint` is that of the records when it was put."""

    nonce: str
    fingerprint: str
    put_at: datetime


class Tally(NamedTuple):
    """The figures of a partition's records, by staff id, and a fingerprint of the records."""

    figures: Mapping[str, Figures]
    fingerprint: str


class Progress(NamedTuple):
    """How far a look at a bucket of a day's venues is.

    `after` is the last venue done; `waiting` are partitions whose repair waits behind a fence.
    """

    after: str = ""
    done: bool = False
    waiting: tuple[str, ...] = ()


class Result(StrEnum):
    """The result of comparing a partition."""

    AGREES = "agrees"
    REPAIRED = "repaired"
    WAITS = "waits"
    FAILED = "failed"


class Reconciliations(Protocol):
    """The store of fences and progress; implemented by `store.ReconciliationStore`."""

    def venues(self, day: date, bucket: int, after: str) -> Iterator[str]:
        """Yield the venues of a bucket that have a counter for a local day, in order of their ids.

        Cost: one eventually consistent Query of the index for each megabyte.
        """

    def fence(self, partition: str) -> Fence | None:
        """Return the fence in a partition. Cost: one strongly consistent GetItem."""

    def put_fence(self, partition: str, fence: Fence) -> None:
        """Put a fence, instead of an earlier one. Cost: one PutItem."""

    def progress(self, day: date) -> Mapping[tuple[int, int], Progress]:
        """Return the progress of a day, by look and bucket. Cost: one strongly consistent Query."""

    def save(
        self, day: date, look: int, bucket: int, progress: Progress, expires_at: datetime
    ) -> None:
        """Save the progress of a look at a bucket. Cost: one PutItem."""


def tally(scans: Iterable[Scan]) -> Tally:
    """Count records; the fingerprint is of their ids and versions, and changes with each change."""
    found: dict[str, Figures] = {"": Figures()}
    digest = hashlib.sha256()
    for scan in scans:
        digest.update(f"{scan.scan_id} {scan.version}\n".encode())
        for who in {"", scan.staff_id}:
            found[who] = found.get(who, Figures()) + figures(scan)
    return Tally(found, digest.hexdigest()[:32])


def drift(counted: Mapping[str, Figures], records: Mapping[str, Figures]) -> dict[str, Figures]:
    """Return what each counter lacks, by staff id; counters that agree are left out."""
    nothing = Figures()
    lacking = {
        who: records.get(who, nothing) - counted.get(who, nothing)
        for who in counted.keys() | records.keys()
    }
    return {who: delta for who, delta in lacking.items() if delta != nothing}


class Reconciliation:
    """Compares partitions with their records, and repairs them."""

    __slots__ = ("_counters", "_ids", "_reconciliations", "_scans")

    def __init__(
        self, *, counters: Counters, scans: Scans, reconciliations: Reconciliations, ids: Ids
    ) -> None:
        self._counters = counters
        self._scans = scans
        self._reconciliations = reconciliations
        self._ids = ids

    def venues(self, day: date) -> Iterator[str]:
        """Yield the venues with a counter for a local day. Cost: 16 Queries, never a Scan."""
        for bucket in range(keys.DAY_BUCKETS):
            yield from self._reconciliations.venues(day, bucket, "")

    def reconcile(self, partition: str, now: datetime) -> Result:
        """Compare a partition with its records; repair it if that is safe by now.

        Repeat it while it `waits`. It has `failed` if the stream lost the fence. Cost: two strongly
        consistent Queries if it agrees.
        """
        # The counters first: what is counted after this read makes the repair's condition fail.
        standing = self._counters.standing(partition)
        records = tally(self._scans.in_partition(partition))
        counted = {who: counter.figures for who, counter in standing.items()}
        lacking = drift(counted, records.figures)
        if not lacking:
            return Result.AGREES
        fence = self._reconciliations.fence(partition)
        result = Result.WAITS
        if fence is not None and fence.fingerprint == records.fingerprint:
            if standing.get("", Standing()).fence == fence.nonce:
                if self._repair(partition, lacking, standing, fence):
                    return Result.REPAIRED
            elif now - fence.put_at < FENCE_LOST_AFTER:
                return Result.WAITS
            else:
                logger().warning("fence_lost")
                result = Result.FAILED
        self._reconciliations.put_fence(
            partition, Fence(self._ids.random(), records.fingerprint, now)
        )
        return result

    def _repair(
        self,
        partition: str,
        lacking: Mapping[str, Figures],
        standing: Mapping[str, Standing],
        fence: Fence,
    ) -> bool:
        """Add what the counters lack. Return False if one of them could not be repaired."""
        repaired = [
            self._counters.repair(
                partition,
                who,
                delta,
                last=standing.get(who, Standing()).last,
                sequence=standing[""].last,
                fence=fence.nonce,
            )
            for who, delta in sorted(lacking.items())
        ]
        if not all(repaired):
            return False
        logger().warning("counters_repaired", extra={"counters": len(repaired)})
        return True


class Reconciling:
    """The scheduled looks at all venues' days.

    A day is looked at several times (`LOOKS`). Venues are spread over buckets, and a run continues
    where the last one stopped or was cut off: progress is saved after every few venues.
    """

    __slots__ = ("_reconciliation", "_reconciliations", "_venues")

    def __init__(
        self, *, reconciliation: Reconciliation, reconciliations: Reconciliations, venues: Venues
    ) -> None:
        self._reconciliation = reconciliation
        self._reconciliations = reconciliations
        self._venues = venues

    def run(self, now: datetime, enough: Callable[[], bool]) -> dict[str, int]:
        """Do what is due until it is `enough`; return how many partitions had which result.

        A venue whose day is not over yet holds up the rest of its bucket until a later run.
        """
        results: Counter[str] = Counter()
        for ago in range(1, RECORDS_COMPLETE_FOR.days):
            day = local_day(now, CHINA) - timedelta(days=ago)
            look = max(one for one in LOOKS if one <= ago)
            known = self._reconciliations.progress(day)
            for bucket in range(keys.DAY_BUCKETS):
                progress = known.get((look, bucket), Progress())
                if (progress.waiting or not progress.done) and not enough():
                    for reached in self._go_on(day, bucket, progress, now, enough, results):
                        kept_until = now + PROGRESS_KEPT_FOR
                        self._reconciliations.save(day, look, bucket, reached, kept_until)
        if not results[Result.REPAIRED]:
            metrics.record({"Drift": 0})
        return dict(results)

    def _go_on(
        self,
        day: date,
        bucket: int,
        progress: Progress,
        now: datetime,
        enough: Callable[[], bool],
        results: Counter[str],
    ) -> Iterator[Progress]:
        """Look at what waits, then at the next venues of a bucket; yield the progress."""
        waiting = self._reconcile(progress.waiting, now, enough, results)
        after, done = progress.after, progress.done
        yield Progress(after, done, tuple(waiting))
        candidates = self._candidates(day, bucket, after)
        while not done and not enough() and len(waiting) < _MOST_WAITING:
            ids = [*islice(candidates, _AT_ONCE)]
            venues = self._venues.venues(ids)
            if any(day_of(venue, now) <= day for venue in venues):
                break  # it is not over there
            partitions = [one for venue in venues for one in partitions_of(venue, day)]
            waiting += self._reconcile(partitions, now, enough, results)
            after, done = (ids[-1], False) if ids else (after, True)
            yield Progress(after, done, tuple(waiting))

    def _candidates(self, day: date, bucket: int, after: str) -> Iterator[str]:
        """Yield the venues to look at, in order of their ids."""
        days = [day - timedelta(days=n) for n in range(ACTIVE.days + 1)]
        listed = (self._reconciliations.venues(one, bucket, after) for one in days)
        return (venue_id for venue_id, _ in groupby(merge(*listed)))

    def _reconcile(
        self,
        partitions: Sequence[str],
        now: datetime,
        enough: Callable[[], bool],
        results: Counter[str],
    ) -> list[str]:
        """Reconcile partitions in parallel, and count the results; return those that wait.

        A partition that is not begun in time waits for the next run.
        """

        def attempt(partition: str) -> Result:
            if enough():
                return Result.WAITS
            try:
                return self._reconciliation.reconcile(partition, now)
            except Exception:
                logger().exception("reconciliation_failed")
                return Result.FAILED

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            running = [pool.submit(copy_context().run, attempt, one) for one in partitions]
        found = [one.result() for one in running]
        results.update(found)
        # At once: a run that is cut off has repaired, too.
        if repaired := found.count(Result.REPAIRED):
            metrics.record({"Drift": repaired})
        unfinished = (Result.WAITS, Result.FAILED)
        return [one for one, result in zip(partitions, found, strict=True) if result in unfinished]
