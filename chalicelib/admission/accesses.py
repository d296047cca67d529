"""Access records: lookups of a person by document number, shown to that person.

Each manual check writes one.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.admission.scan import ScanReference
from chalicelib.identity.people import Actor
from chalicelib.venues.rights import require_verified
from chalicelib.venues.venue import Directory


class Access(NamedTuple):
    """A lookup of a person by document number, made by a staff member in a manual check.

    `scan_id` is the check's id. `until` is when the record expires. Times are in UTC.
    """

    scan_id: str
    staff_id: str
    asked_at: datetime
    correlation: str
    until: datetime

    @property
    def reference(self) -> ScanReference:
        """Venue, time and hash of the check. Raises ValueError for a malformed id."""
        found = ScanReference.parse(self.scan_id)
        if found is None:
            raise ValueError("not a check's id")
        return found


class Accesses(Protocol):
    """The store of access records; implemented by `store.AccessStore`."""

    def record(self, blind: str, access: Access) -> None:
        """Record an access to the number with this blind index. Idempotent. Cost: one PutItem."""

    def of(self, blind: str, after: str, page: int) -> Iterator[tuple[str, Access]]:
        """Yield positions and access records after the position `after`, newest first.

        Cost: one Query per `page` records.
        """


class AccessAtVenue(NamedTuple):
    """The time of an access and its venue's name, or the venue's id if it is unknown."""

    asked_at: datetime
    venue_name: str


class AccessPage(NamedTuple):
    """A page of accesses, newest first; `last` is the position of its last one if more follow."""

    accesses: list[AccessAtVenue]
    last: str | None


class AccessLog:
    """The accesses to a person's data, as shown to that person."""

    __slots__ = ("_accesses", "_directory")

    def __init__(self, *, accesses: Accesses, directory: Directory) -> None:
        self._accesses = accesses
        self._directory = directory

    def page(self, actor: Actor, *, limit: int, after: str, now: datetime) -> AccessPage:
        """Return a page of the accesses to the actor's number after `after`, newest first.

        Accesses belong to the number, not to the person. A newly registered person sees earlier
        accesses, and a person who was looked up under a wrong name sees that access. Raises
        Forbidden unless the actor is verified.
        """
        require_verified(actor.profile)
        blind = actor.profile.document_blind
        found = list(islice(self._accesses.of(blind, after, limit + 1), limit + 1))
        last = found[limit - 1][0] if len(found) > limit else None
        return AccessPage([self._at_venue(access, now) for _, access in found[:limit]], last)

    def _at_venue(self, access: Access, now: datetime) -> AccessAtVenue:
        venue_id = access.reference.venue_id
        venue = self._directory.venue(venue_id, now)
        return AccessAtVenue(access.asked_at, venue.name if venue else venue_id)
