"""What a venue and its code are, and where they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from chalicelib.core import ids
from chalicelib.core.clock import local_day
from chalicelib.venues.codes import Code

Text = TypeVar("Text", str, bytes)
_SEALED = {"sealed": True}


@dataclass(frozen=True, kw_only=True)
class Application(Generic[Text]):
    """What the head of a venue filled in (JN-2, YK-12); the only list of these fields.

    `region` and `kind` are known to exist, and `number` is in its canonical form. A field of type
    `Text` is personal data (a venue's number may be a resident's): a str as it was filled in, bytes
    when sealed, as in a `Venue`.
    """

    name: str
    kind: str
    region: str
    region_name: str
    street: str
    address: str
    number_type: str
    number: Text = field(metadata=_SEALED)
    contact_name: Text = field(metadata=_SEALED)
    contact_phone: Text = field(metadata=_SEALED)


@dataclass(frozen=True, kw_only=True)
class Venue(Application[bytes]):
    """A venue: what was applied for, and what was assigned to it.

    `time_zone` is fixed when the venue is created: its day is what figures are counted by.
    `shards` is the number of partitions that its scans of a day are spread over.
    """

    venue_id: str
    code: str
    time_zone: str
    shards: int
    created_at: datetime
    fingerprint: str
    applicant: str
    """The initial administrator, who alone authorises and removes administrators (XC-6)."""


class PosterState(StrEnum):
    """Where a poster stands between the request and the printer."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class PosterRecord:
    """A poster that was asked for; `poster_id` is the hash of its contents and template."""

    poster_id: str
    venue_id: str
    form: str
    state: PosterState
    requested_at: datetime
    expires_at: datetime


class Venues(Protocol):
    """The venues and codes that we know; `store.VenueStore` is the real one."""

    def create(
        self, venue: Venue, *, unique: str, number_blind: str, document_blind: str
    ) -> Venue | None:
        """Write the venue, its code, its uniqueness and its administrator's right, or nothing.

        Answers the venue that is there already under this id, or None when this one was written.
        Raises Conflict ``venue_exists`` when `unique` is taken.
        """

    def venue(self, venue_id: str) -> Venue | None:
        """A venue by its id."""

    def venues(self, venue_ids: Sequence[str]) -> list[Venue]:
        """Those of the venues that exist, in the order of the ids."""

    def code(self, value: str) -> Code | None:
        """What a printed code stands for."""

    def add_fast_code(self, venue_id: str, value: str) -> str:
        """Give the venue a code for fast check-in, `value` if it has none yet; the one it has."""

    def sharing_number(self, number_blind: str, besides: str) -> bool:
        """Whether another venue than `besides` is registered under this number."""


class Posters(Protocol):
    """Posters that were asked for; `store.PosterStore` is the real one."""

    def get(self, venue_id: str, poster_id: str) -> PosterRecord | None:
        """A poster by its id."""

    def request(self, poster: PosterRecord, correlation: str) -> None:
        """Ask for a poster, again if need be; the table's stream hands it to the renderer."""

    def finish(self, venue_id: str, poster_id: str, state: PosterState) -> None:
        """Record that it was rendered, or cannot be."""


class Directory(Protocol):
    """Codes and venues as a scan needs them: from the process's cache, at most 60 s old."""

    def venue(self, venue_id: str, now: datetime) -> Venue | None:
        """A venue by its id."""

    def code(self, value: str, now: datetime) -> Code | None:
        """What a printed code stands for."""


def shard_of(digest: str, shards: int) -> int:
    """The shard that a scan's hash falls on; each as likely as the others."""
    return ids.decode(digest) % shards


def day_of(venue: Venue, moment: datetime) -> date:
    """The venue's calendar day at `moment`."""
    return local_day(moment, venue.time_zone)
