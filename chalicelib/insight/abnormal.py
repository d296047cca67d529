"""The list of abnormal scans, found by pointers, so that it costs only what it shows (XC-12)."""

import heapq
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.admission import disclosure
from chalicelib.admission.accesses import StaffAccesses
from chalicelib.admission.disclosure import ScanView, ViewerKind, as_viewer
from chalicelib.admission.judge import Outcome
from chalicelib.admission.scan import Scan, ScanReference, Scans
from chalicelib.core.clock import from_epoch_ms
from chalicelib.identity.people import Actor, People, Profile
from chalicelib.insight.counters import ScanChange
from chalicelib.venues.venue import Venue


class AbnormalScan(NamedTuple):
    """The staff's view of a scan, and its person.

    None if the person has been erased, or is the subject of a manual check and has expired.
    """

    view: ScanView
    person: Profile | None


class Page(NamedTuple):
    """A page of abnormal scans by time; `last` is the position of its last one if more follow."""

    items: list[AbnormalScan]
    last: str | None


class Pointers(Protocol):
    """The store of pointers to abnormal scans; implemented by `store.PointerStore`."""

    def add(self, partition: str, scan: Scan) -> None:
        """Add the pointer to a scan. Idempotent. Cost: one PutItem."""

    def remove(self, partition: str, scan: Scan) -> None:
        """Remove the pointer to a scan. Cost: one DeleteItem."""

    def of_day(
        self, venue: Venue, day: date, shard: int, after: str, *, wanted: int
    ) -> Iterator[str]:
        """Yield the positions (``ms#hash``) of a shard's abnormal scans after `after`, in order.

        `wanted` is how many the caller reads of all shards together. Cost: one Query, mostly: it
        fetches the shard's share of them and a few more; another one whenever more are read.
        """


def is_abnormal(scan: Scan | None) -> bool:
    """Return whether a scan currently counts as abnormal."""
    return scan is not None and disclosure.counted(scan) in (Outcome.CHECK, Outcome.REFUSE)


class AbnormalPointers:
    """The maintenance of the pointers when scans change."""

    __slots__ = ("_pointers",)

    def __init__(self, *, pointers: Pointers) -> None:
        self._pointers = pointers

    def follow(self, change: ScanChange) -> None:
        """Add or remove the pointer of a new or changed scan. Idempotent."""
        if is_abnormal(change.new):
            self._pointers.add(change.partition, change.new)
        elif is_abnormal(change.old):
            self._pointers.remove(change.partition, change.new)


class AbnormalScans:
    """The list of a venue's abnormal scans."""

    __slots__ = ("_accesses", "_people", "_pointers", "_scans")

    def __init__(
        self, *, pointers: Pointers, scans: Scans, people: People, accesses: StaffAccesses
    ) -> None:
        self._pointers = pointers
        self._scans = scans
        self._people = people
        self._accesses = accesses

    def page(
        self,
        actor: Actor,
        venue: Venue,
        day: date,
        *,
        limit: int,
        after: str,
        correlation: str,
        now: datetime,
    ) -> Page:
        """Return a page of a venue's abnormal scans of a day after `after`, from all its shards.

        The actor is put on the access log of each visitor listed, before they are shown.

        Manual checks are left out until they are answered. A scan whose visitor has been erased is
        listed without a person.
        """
        places = heapq.merge(
            *(
                self._pointers.of_day(venue, day, shard, after, wanted=limit + 1)
                for shard in range(venue.shards_on(day))
            )
        )
        wanted = list(islice(places, limit + 1))
        found = self._scans.get_many([_reference(place, venue) for place in wanted[:limit]], venue)
        last = wanted[limit - 1] if len(wanted) > limit else None
        viewer = as_viewer(ViewerKind.STAFF, actor, now)
        # A pointer may lag behind: a scan that is no longer abnormal must not be listed.
        abnormal = [scan for scan in found if is_abnormal(scan) and not scan.expired(now)]
        seen = [(scan, view) for scan in abnormal if (view := disclosure.view(scan, viewer))]
        # Of a manual check the shadow subject, who expires whether the person is registered or not.
        people = self._people.profiles({scan.judged_by for scan, _ in seen} - {""})
        self._accesses.record(
            actor, venue.venue_id, people.values(), correlation=correlation, now=now
        )
        return Page([AbnormalScan(view, people.get(scan.judged_by)) for scan, view in seen], last)


def _reference(place: str, venue: Venue) -> ScanReference:
    moment, _, digest = place.partition("#")
    return ScanReference(venue.venue_id, from_epoch_ms(int(moment)), digest)
