"""From the abnormal count to its records, by pointers: the list costs what it shows (XC-12)."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Protocol

from chalicelib.admission.judge import Outcome
from chalicelib.admission.scan import Scan, ScanReference, Scans
from chalicelib.core.clock import from_epoch_ms
from chalicelib.insight.counters import ScanChange
from chalicelib.venues.venue import Venue


@dataclass(frozen=True)
class Page:
    """Some abnormal scans in the order of their time; `last` is where it ended, if more follow."""

    scans: list[Scan]
    last: str | None


class Pointers(Protocol):
    """Pointers to abnormal scans; `store.PointerStore` is the real one."""

    def add(self, partition: str, scan: Scan) -> None:
        """Point at a scan; again is harmless."""

    def remove(self, partition: str, scan: Scan) -> None:
        """Stop pointing at a scan."""

    def of_day(self, venue: Venue, day: date, shard: int, after: str) -> Iterator[str]:
        """The places (``ms#hash``) of a shard's abnormal scans beyond `after`, in order."""


def is_abnormal(scan: Scan | None) -> bool:
    """Whether a scan counts as abnormal as it stands."""
    return scan is not None and scan.verdict.decision.outcome in (Outcome.CHECK, Outcome.REFUSE)


def follow(change: ScanChange, *, pointers: Pointers) -> None:
    """Keep the pointer of a scan in step with what became of it."""
    if is_abnormal(change.new):
        pointers.add(change.partition, change.new)
    elif is_abnormal(change.old):
        pointers.remove(change.partition, change.new)


def page(
    venue: Venue,
    day: date,
    *,
    limit: int,
    after: str,
    pointers: Pointers,
    scans: Scans,
) -> Page:
    """One page of a venue's abnormal scans of a day beyond `after`, over all its shards."""
    places = heapq.merge(
        *(pointers.of_day(venue, day, shard, after) for shard in range(venue.shards))
    )
    wanted = list(islice(places, limit + 1))
    found = scans.get_many([_reference(place, venue) for place in wanted[:limit]], venue)
    last = wanted[limit - 1] if len(wanted) > limit else None
    # A pointer that has not caught up yet must not show a scan as what it no longer is.
    return Page([scan for scan in found if is_abnormal(scan)], last)


def _reference(place: str, venue: Venue) -> ScanReference:
    moment, _, digest = place.partition("#")
    return ScanReference(venue.venue_id, from_epoch_ms(int(moment)), digest)
