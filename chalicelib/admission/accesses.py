"""Who was asked about by document number: recorded with each manual check, shown to the person."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.admission.scan import ScanReference
from chalicelib.identity.people import Actor
from chalicelib.venues.rights import require_verified
from chalicelib.venues.venue import Directory


@dataclass(frozen=True)
class Access:
    """A question about a document's number: which check it belongs to, who asked, when (UTC)."""

    scan_id: str
    staff_id: str
    asked_at: datetime
    correlation: str
    until: datetime

    @property
    def reference(self) -> ScanReference:
        """Venue, time and hash of the check."""
        found = ScanReference.parse(self.scan_id)
        if found is None:
            raise ValueError("not a check's id")
        return found


class Accesses(Protocol):
    """Questions on record; `store.AccessStore` is the real one."""

    def record(self, blind: str, access: Access) -> None:
        """Record a question about the number with this blind index; again is harmless."""

    def of(self, blind: str, after: str, page: int) -> Iterator[tuple[str, Access]]:
        """Places and questions beyond the place `after`, newest first, read in pages."""


class AccessAtVenue(NamedTuple):
    """A question, and the name of the venue where it was asked (its id if it is unknown)."""

    asked_at: datetime
    venue_name: str


class AccessPage(NamedTuple):
    """Some questions, newest first; `last` is the place of the last one, if more follow."""

    accesses: list[AccessAtVenue]
    last: str | None


class AccessLog:
    """Shows people who asked about them."""

    __slots__ = ("_accesses", "_directory")

    def __init__(self, *, accesses: Accesses, directory: Directory) -> None:
        self._accesses = accesses
        self._directory = directory

    def page(self, actor: Actor, *, limit: int, after: str, now: datetime) -> AccessPage:
        """Return a page of the questions about the actor's number beyond `after`, newest first.

        By the number and not by the person, so that who registers sees what was asked before, and
        who was asked about under a wrong name sees that too. Raises Forbidden unless the actor is
        verified.
        """
        require_verified(actor)
        blind = actor.profile.document_blind
        found = list(islice(self._accesses.of(blind, after, limit + 1), limit + 1))
        last = found[limit - 1][0] if len(found) > limit else None
        return AccessPage([self._at_venue(access, now) for _, access in found[:limit]], last)

    def _at_venue(self, access: Access, now: datetime) -> AccessAtVenue:
        venue_id = access.reference.venue_id
        venue = self._directory.venue(venue_id, now)
        return AccessAtVenue(access.asked_at, venue.name if venue else venue_id)
