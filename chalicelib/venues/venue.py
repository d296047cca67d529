"""What a venue and its code are, and where they are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from chalicelib.core import ids
from chalicelib.core.clock import local_day
from chalicelib.venues.codes import Code

Text = TypeVar("Text", str, bytes)


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
    number: Text
    contact_name: Text
    contact_phone: Text


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
    """A poster that was requested; `poster_id` is the hash of its contents and template."""

    poster_id: str
    venue_id: str
    form: str
    state: PosterState
    requested_at: datetime
    expires_at: datetime


class Venues(Protocol):
    """The venues and codes on record; the store in `venues/store` is the real one."""

    def create(
        self, venue: Venue, *, unique: str, number_blind: str, document_blind: str
    ) -> Venue | None:
        """Write the venue, its code, its uniqueness and its administrator's right, or nothing.

        Returns the venue that is on record already under this id, or None when this one was
        written. Raises Conflict ``venue_exists`` when `unique` is taken. Cost: one
        TransactWriteItems of six items.
        """

    def venue(self, venue_id: str) -> Venue | None:
        """Return a venue by its id. Cost: one strongly consistent GetItem."""

    def venues(self, venue_ids: Sequence[str]) -> list[Venue]:
        """Return the venues that exist, in the order of the ids. Cost: one BatchGetItem."""

    def code(self, value: str) -> Code | None:
        """Return what a printed code stands for. Cost: one eventually consistent GetItem."""

    def add_fast_code(self, venue_id: str, value: str) -> str:
        """Return the venue's code for fast check-in; make it `value` if it has none yet.

        Cost: one TransactWriteItems, and one GetItem if it has one.
        """

    def sharing_number(self, number_blind: str, besides: str) -> bool:
        """Return whether another venue than `besides` is registered under this number.

        Cost: one strongly consistent Query.
        """


class Posters(Protocol):
    """Posters that were requested; the store in `venues/store` is the real one."""

    def get(self, venue_id: str, poster_id: str) -> PosterRecord | None:
        """Return a poster by its id. Cost: one strongly consistent GetItem."""

    def request(self, poster: PosterRecord, correlation: str) -> None:
        """Record a request; the table's stream hands it to the renderer.

        Cost: one PutItem, over an earlier request for the same poster.
        """

    def finish(self, venue_id: str, poster_id: str, state: PosterState) -> None:
        """Record that it was rendered, or cannot be. Cost: one UpdateItem."""


class Directory(Protocol):
    """Codes and venues from the process's cache, at most 60 s old.

    Cost: one GetItem for what is not in the cache.
    """

    def venue(self, venue_id: str, now: datetime) -> Venue | None:
        """Return a venue by its id."""

    def code(self, value: str, now: datetime) -> Code | None:
        """Return what a printed code stands for."""


def shard_of(digest: str, shards: int) -> int:
    """Return the shard that a scan's hash falls on; all are equally likely."""
    return ids.decode(digest) % shards


def day_of(venue: Venue, moment: datetime) -> date:
    """Return the venue's calendar day at `moment`."""
    return local_day(moment, venue.time_zone)
