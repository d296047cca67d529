"""Venues and posters, and the protocols of their stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar

from chalicelib.core import ids
from chalicelib.core.clock import local_day
from chalicelib.venues.codes import Code

Text = TypeVar("Text", str, bytes)


@dataclass(frozen=True, kw_only=True)
class Application(Generic[Text]):
    """An application for a venue's code (JN-2, YK-12); the only list of these fields.

    `region` and `kind` are known codes, and `number` is in its canonical form. A field of type
    `Text` is personal data (a venue's number may be a resident's): str in plain text, bytes when
    sealed, as in a `Venue`.
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


class ShardChange(NamedTuple):
    """From the local day `day` on, a venue's day has `shards` partitions."""

    day: date
    shards: int


@dataclass(frozen=True, kw_only=True)
class Venue(Application[bytes]):
    """A venue: its application, and the values assigned to it.

    `time_zone` never changes: its calendar days are the days of the figures. `shards` is the number
    of partitions for a day's scans in the beginning; `shard_changes` are by day. All that reads or
    writes a day asks `shards_on`.
    """

    venue_id: str
    code: str
    time_zone: str
    shards: int
    created_at: datetime
    fingerprint: str
    applicant: str
    """The initial administrator, who alone authorises and removes administrators (XC-6).

    Who applied, or to whom the venue was handed over since (YK-17). The value of a cached venue may
    be a minute old: decisions read it from the store, or are conditions of their transaction.
    """
    shard_changes: tuple[ShardChange, ...] = ()

    def shards_on(self, day: date) -> int:
        """Return the number of partitions of a local day."""
        changes = [change.shards for change in self.shard_changes if change.day <= day]
        return changes[-1] if changes else self.shards


class PosterKind(StrEnum):
    """Which of a venue's codes a poster shows: visitors', fast check-in's, or the staff's."""

    VENUE = "venue"
    FAST = "fast"
    JOIN = "join"


class PosterState(StrEnum):
    """The state of a requested poster."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class PosterRecord:
    """A requested poster. `poster_id` is the hash of its contents and template.

    `code` is the printed code; empty for the venue's own in posters of releases up to 0.2.0.
    """

    poster_id: str
    venue_id: str
    form: str
    state: PosterState
    requested_at: datetime
    expires_at: datetime
    kind: PosterKind = PosterKind.VENUE
    code: str = ""


class Venues(Protocol):
    """The store of venues and codes, implemented in `venues/store`."""

    def create(
        self,
        venue: Venue,
        *,
        unique: str,
        number_blind: str,
        document_blind: str,
        name: bytes = b"",
        given: int | None = None,
    ) -> Venue | None:
        """Record the venue, its code, its uniqueness and its administrator's right.

        `document_blind` and the sealed `name` are those of the administrator's registration.
        Returns the venue already on record under this id, or None if this one was recorded. Raises
        Conflict ``venue_exists`` if `unique` is taken, and RightsChanged if the administrator has
        got a right since as many as `given`. Cost: one TransactWriteItems of seven items.
        """

    def venue(self, venue_id: str) -> Venue | None:
        """Return a venue by its id. Cost: one strongly consistent GetItem."""

    def venues(self, venue_ids: Sequence[str]) -> list[Venue]:
        """Return the venues that exist, in the order of the ids. Cost: one BatchGetItem."""

    def code(self, value: str) -> Code | None:
        """Return a printed code. Cost: one eventually consistent GetItem."""

    def change_shards(self, venue: Venue, changes: Sequence[ShardChange]) -> bool:
        """Replace the venue's `shard_changes`; return False if another change came first.

        Cost: one conditional UpdateItem.
        """

    def add_fast_code(self, venue_id: str, value: str) -> str:
        """Return the venue's code for fast check-in; record `value` if it has none.

        Cost: one TransactWriteItems, and one GetItem if it has one.
        """

    def sharing_number(self, number_blind: str, besides: str) -> bool:
        """Return whether a venue other than `besides` is registered under this number.

        Cost: one strongly consistent Query.
        """


class Posters(Protocol):
    """The store of poster requests, implemented in `venues/store`."""

    def get(self, venue_id: str, poster_id: str) -> PosterRecord | None:
        """Return a poster by its id. Cost: one strongly consistent GetItem."""

    def request(self, poster: PosterRecord, correlation: str) -> None:
        """Record a request, which the stream handler enqueues.

        It replaces an earlier request for the same poster. Cost: one PutItem.
        """

    def finish(self, venue_id: str, poster_id: str, state: PosterState) -> None:
        """Record that the poster was rendered, or cannot be. Cost: one UpdateItem."""


class Directory(Protocol):
    """Codes and venues, cached in the process for at most 60 s.

    Cost of each method: one GetItem if not cached.
    """

    def venue(self, venue_id: str, now: datetime) -> Venue | None:
        """Return a venue by its id."""

    def code(self, value: str, now: datetime) -> Code | None:
        """Return a printed code."""


def shard_of(digest: str, shards: int) -> int:
    """Return the shard of a scan's hash; all shards are equally likely."""
    return ids.decode(digest) % shards


def day_of(venue: Venue, moment: datetime) -> date:
    """Return the venue's calendar day at `moment`."""
    return local_day(moment, venue.time_zone)
