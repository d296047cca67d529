"""The items and store of venues and their codes."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import EnumAttribute
from chalicelib.core.cache import TimedCache
from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.core.table import ABSENT, PRESENT, ConditionFailed, Item, Put, Raw, Table
from chalicelib.identity.people import Role
from chalicelib.venues.codes import Code, CodeKind, CodeState
from chalicelib.venues.rights import RightsChanged
from chalicelib.venues.staffing import Member
from chalicelib.venues.store.references import JoinItem, ReferenceItem
from chalicelib.venues.store.staff import binding
from chalicelib.venues.store.venue_item import VenueItem
from chalicelib.venues.venue import ShardChange, Venue, Venues

_CACHED = timedelta(seconds=60)


_CACHE_SIZE = 2048


class PrintedCodeItem(Item):
    """CODE: every printed code is an item, so that it can be revoked by one write."""

    venue = UnicodeAttribute(attr_name="ve")
    kind = EnumAttribute(CodeKind, attr_name="ki", default=CodeKind.VENUE)
    state = EnumAttribute(CodeState, attr_name="st")


def _venue(raw: Raw) -> Venue:
    """Return a venue; the item's attributes have the names of its fields."""
    item = VenueItem.read(raw)
    assigned: dict[str, Any] = {name: getattr(item, name) for name in _FIELDS}
    return Venue(venue_id=keys.venue_of(item.pk), **assigned)


_FIELDS = tuple(one.name for one in fields(Venue) if one.name != "venue_id")


class VenueStore:
    """Venues and codes in the table. See `venue.Venues`."""

    def __init__(self, table: Table) -> None:
        self._table = table

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
        """See `Venues.create`."""
        values = {name: getattr(venue, name) for name in _FIELDS}
        item = VenueItem.at(keys.venue(venue.venue_id), **values)
        code = PrintedCodeItem.at(
            keys.code(venue.code), venue=venue.venue_id, state=CodeState.ACTIVE
        )
        applicant = Member(
            venue.applicant, Role.ADMINISTRATOR, venue.created_at, document_blind, name
        )
        by_key = ReferenceItem.at(keys.venue_unique(unique), venue=venue.venue_id)
        by_number = ReferenceItem.at(
            keys.venue_number(number_blind, venue.venue_id), venue=venue.venue_id
        )
        try:
            self._table.transact(
                Put(item, ABSENT),
                Put(by_key, ABSENT),
                Put(code, ABSENT),
                Put(by_number),
                *binding(venue.venue_id, applicant, given),
            )
        except ConditionFailed as failure:
            if failure.met[0]:
                return _venue(failure.met[0])
            if failure.met[1] is not None:
                raise Conflict("venue_exists") from None
            if failure.met[5] is not None:
                raise RightsChanged from None
            raise Unavailable from None  # the random code of 80 bits is taken; retry
        return None

    def venue(self, venue_id: str) -> Venue | None:
        """See `Venues.venue`."""
        raw = self._table.get(keys.venue(venue_id))
        return None if raw is None else _venue(raw)

    def venues(self, venue_ids: Sequence[str]) -> list[Venue]:
        """See `Venues.venues`."""
        if not venue_ids:
            return []
        found = map(_venue, self._table.batch_get([keys.venue(one) for one in venue_ids]))
        by_id = {venue.venue_id: venue for venue in found}
        return [by_id[venue_id] for venue_id in venue_ids if venue_id in by_id]

    def code(self, value: str) -> Code | None:
        """See `Venues.code`."""
        raw = self._table.get(keys.code(value), consistent=False)
        if raw is None:
            return None
        item = PrintedCodeItem.read(raw)
        return Code(value, item.venue, item.state, item.kind)

    def change_shards(self, venue: Venue, changes: Sequence[ShardChange]) -> bool:
        """See `Venues.change_shards`."""
        attribute = VenueItem.shard_changes
        unchanged = (
            attribute == venue.shard_changes if venue.shard_changes else attribute.does_not_exist()
        )
        try:
            self._table.update(
                keys.venue(venue.venue_id), [attribute.set(tuple(changes))], PRESENT & unchanged
            )
        except ConditionFailed:
            return False
        return True

    def add_fast_code(self, venue_id: str, value: str) -> str:
        """See `Venues.add_fast_code`. If the condition fails, reads the code on record."""
        code = PrintedCodeItem.at(
            keys.code(value),
            venue=venue_id,
            kind=CodeKind.FAST,
            state=CodeState.ACTIVE,
        )
        by_venue = JoinItem.at(keys.fast_code(venue_id), join_code=value)
        try:
            self._table.transact(Put(by_venue, ABSENT), Put(code, ABSENT))
        except ConditionFailed:
            raw = self._table.get(keys.fast_code(venue_id))
            if raw is None:
                raise Unavailable from None
            return JoinItem.read(raw).join_code
        return value

    def sharing_number(self, number_blind: str, besides: str) -> bool:
        """See `Venues.sharing_number`. Two items are enough."""
        prefix = keys.venue_number(number_blind, "")
        return any(
            ReferenceItem.read(raw).venue != besides
            for raw in self._table.query(
                prefix.pk, (prefix.sk, prefix.sk + "~"), consistent=True, page=2
            )
        )


class CachedDirectory:
    """Codes and venues, cached in the process. See `venue.Directory`."""

    def __init__(self, venues: Venues) -> None:
        self._venues = TimedCache(venues.venue, _CACHED, _CACHE_SIZE)
        self._codes = TimedCache(venues.code, _CACHED, _CACHE_SIZE)

    def venue(self, venue_id: str, now: datetime) -> Venue | None:
        """See `Directory.venue`."""
        return self._venues.get(venue_id, now)

    def code(self, value: str, now: datetime) -> Code | None:
        """See `Directory.code`."""
        return self._codes.get(value, now)
