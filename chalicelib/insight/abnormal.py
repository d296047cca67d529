"""From the abnormal count to its records, by pointers: the list costs what it shows (XC-12)."""

import heapq
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.admission import disclosure
from chalicelib.admission.disclosure import ScanView, ViewerKind, as_viewer
from chalicelib.admission.judge import Outcome
from chalicelib.admission.scan import Method, Scan, ScanReference, Scans
from chalicelib.core.clock import from_epoch_ms
from chalicelib.core.errors import NotFound
from chalicelib.identity.people import Actor, People, Profile
from chalicelib.insight.counters import ScanChange
from chalicelib.venues.venue import Venue


class AbnormalScan(NamedTuple):
    """What may be seen of a scan, and its person; None for the forgotten one of a manual check."""

    view: ScanView
    person: Profile | None


class Page(NamedTuple):
    """Some abnormal scans in the order of their time; `last` is where it ended, if more follow."""

    items: list[AbnormalScan]
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
    return scan is not None and disclosure.counted(scan) in (Outcome.CHECK, Outcome.REFUSE)


class AbnormalPointers:
    """Keeps the pointers in step with the scans."""

    __slots__ = ("_pointers",)

    def __init__(self, *, pointers: Pointers) -> None:
        self._pointers = pointers

    def follow(self, change: ScanChange) -> None:
        """Add or remove the pointer of a scan that was put or changed; again is harmless."""
        if is_abnormal(change.new):
            self._pointers.add(change.partition, change.new)
        elif is_abnormal(change.old):
            self._pointers.remove(change.partition, change.new)


class AbnormalScans:
    """The list of a venue's abnormal scans."""

    __slots__ = ("_people", "_pointers", "_scans")

    def __init__(self, *, pointers: Pointers, scans: Scans, people: People) -> None:
        self._pointers = pointers
        self._scans = scans
        self._people = people

    def page(
        self, actor: Actor, venue: Venue, day: date, *, limit: int, after: str, now: datetime
    ) -> Page:
        """Return a page of a venue's abnormal scans of a day beyond `after`, over all its shards.

        Manual checks are left out until they are answered. Raises NotFound when a visitor's
        profile is missing.
        """
        places = heapq.merge(
            *(self._pointers.of_day(venue, day, shard, after) for shard in range(venue.shards))
        )
        wanted = list(islice(places, limit + 1))
        found = self._scans.get_many([_reference(place, venue) for place in wanted[:limit]], venue)
        last = wanted[limit - 1] if len(wanted) > limit else None
        viewer = as_viewer(ViewerKind.STAFF, actor, now)
        # A pointer that has not caught up yet must not show a scan as what it no longer is.
        abnormal = [scan for scan in found if is_abnormal(scan)]
        seen = [(scan, view) for scan in abnormal if (view := disclosure.view(scan, viewer))]
        people = self._people.profiles({scan.person_id for scan, _ in seen})
        # The subject of a manual check is forgotten before the check is.
        if any(
            scan.person_id not in people and scan.method is not Method.MANUAL for scan, _ in seen
        ):
            raise NotFound
        return Page([AbnormalScan(view, people.get(scan.person_id)) for scan, view in seen], last)


def _reference(place: str, venue: Venue) -> ScanReference:
    moment, _, digest = place.partition("#")
    return ScanReference(venue.venue_id, from_epoch_ms(int(moment)), digest)
