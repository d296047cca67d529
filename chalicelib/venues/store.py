"""Items of venues, codes and posters."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.cache import TimedCache
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.core.table import (
    ABSENT,
    PRESENT,
    Change,
    ConditionFailed,
    Delete,
    Item,
    Put,
    Raw,
    Table,
)
from chalicelib.identity.people import Role
from chalicelib.identity.store import right_removal, right_write
from chalicelib.venues.codes import Code, CodeKind, CodeState
from chalicelib.venues.staffing import Invitation, Member
from chalicelib.venues.venue import PosterRecord, PosterState, Venue, Venues

_CACHED = timedelta(seconds=60)
_CACHE_SIZE = 2048


class VenueItem(Item):
    """VENUE."""

    name = UnicodeAttribute(attr_name="nm")
    kind = UnicodeAttribute(attr_name="ki")
    region = UnicodeAttribute(attr_name="re")
    region_name = UnicodeAttribute(attr_name="rn")
    street = UnicodeAttribute(attr_name="st", null=True)
    address = UnicodeAttribute(attr_name="ad")
    number_type = UnicodeAttribute(attr_name="nt")
    number = BinaryAttribute(attr_name="nb", legacy_encoding=False)
    contact_name = BinaryAttribute(attr_name="cn", legacy_encoding=False)
    contact_phone = BinaryAttribute(attr_name="cp", legacy_encoding=False)
    code = UnicodeAttribute(attr_name="co")
    time_zone = UnicodeAttribute(attr_name="tz")
    shards = NumberAttribute(attr_name="sh")
    created = NumberAttribute(attr_name="cr")
    fingerprint = UnicodeAttribute(attr_name="bh")
    applicant = UnicodeAttribute(attr_name="ap")


class PrintedCodeItem(Item):
    """CODE: every code on paper is an item, so that revoking one is a write."""

    venue = UnicodeAttribute(attr_name="ve")
    kind = UnicodeAttribute(attr_name="ki", default="venue")
    state = UnicodeAttribute(attr_name="st")


class ReferenceItem(Item):
    """VENKEY and VENNUM: the venue that they stand for."""

    venue = UnicodeAttribute(attr_name="ve")


class PosterItem(Item):
    """POSTER#id."""

    form = UnicodeAttribute(attr_name="fo")
    state = UnicodeAttribute(attr_name="st")
    requested = NumberAttribute(attr_name="rq")
    correlation = UnicodeAttribute(attr_name="ci")
    ttl = NumberAttribute()


def _venue(raw: Raw) -> Venue:
    item = VenueItem.read(raw)
    return Venue(
        venue_id=item.pk.removeprefix("VEN#"),
        name=item.name,
        kind=item.kind,
        region=item.region,
        region_name=item.region_name,
        street=item.street or "",
        address=item.address,
        number_type=item.number_type,
        number=item.number,
        contact_name=item.contact_name,
        contact_phone=item.contact_phone,
        code=item.code,
        time_zone=item.time_zone,
        shards=int(item.shards),
        created_at=from_epoch_ms(int(item.created)),
        fingerprint=item.fingerprint,
        applicant=item.applicant,
    )


class VenueStore:
    """Venues and codes in the table. See `venue.Venues` for what each call promises."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(
        self, venue: Venue, *, unique: str, number_blind: str, document_blind: str
    ) -> Venue | None:
        """One transaction of six items."""
        item = VenueItem.at(
            keys.venue(venue.venue_id),
            name=venue.name,
            kind=venue.kind,
            region=venue.region,
            region_name=venue.region_name,
            street=venue.street or None,
            address=venue.address,
            number_type=venue.number_type,
            number=venue.number,
            contact_name=venue.contact_name,
            contact_phone=venue.contact_phone,
            code=venue.code,
            time_zone=venue.time_zone,
            shards=venue.shards,
            created=epoch_ms(venue.created_at),
            fingerprint=venue.fingerprint,
            applicant=venue.applicant,
        )
        code = PrintedCodeItem.at(
            keys.code(venue.code), venue=venue.venue_id, state=CodeState.ACTIVE.value
        )
        applicant = Member(venue.applicant, Role.ADMINISTRATOR, venue.created_at, document_blind)
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
                *_binding(venue.venue_id, applicant),
            )
        except ConditionFailed as failure:
            if failure.met[0]:
                return _venue(failure.met[0])
            if failure.met[1] is not None:
                raise Conflict("venue_exists") from None
            raise Unavailable from None  # two codes alike among 2^80: try again
        return None

    def venue(self, venue_id: str) -> Venue | None:
        """One get."""
        raw = self._table.get(keys.venue(venue_id))
        return None if raw is None else _venue(raw)

    def venues(self, venue_ids: Sequence[str]) -> list[Venue]:
        """One batch of gets."""
        if not venue_ids:
            return []
        found = map(_venue, self._table.batch_get([keys.venue(one) for one in venue_ids]))
        by_id = {venue.venue_id: venue for venue in found}
        return [by_id[venue_id] for venue_id in venue_ids if venue_id in by_id]

    def code(self, value: str) -> Code | None:
        """One get."""
        raw = self._table.get(keys.code(value), consistent=False)
        if raw is None:
            return None
        item = PrintedCodeItem.read(raw)
        return Code(value, item.venue, CodeState(item.state), CodeKind(item.kind))

    def add_fast_code(self, venue_id: str, value: str) -> str:
        """One transaction; whoever is second takes what stands there."""
        code = PrintedCodeItem.at(
            keys.code(value),
            venue=venue_id,
            kind=CodeKind.FAST.value,
            state=CodeState.ACTIVE.value,
        )
        note = JoinItem.at(keys.fast_code(venue_id), join_code=value)
        try:
            self._table.transact(Put(note, ABSENT), Put(code, ABSENT))
        except ConditionFailed:
            raw = self._table.get(keys.fast_code(venue_id))
            if raw is None:
                raise Unavailable from None
            return JoinItem.read(raw).join_code
        return value

    def sharing_number(self, number_blind: str, besides: str) -> bool:
        """One query of at most two items."""
        span = ("VEN#", "VEN#~")
        pk = keys.venue_number(number_blind, "").pk
        return any(
            ReferenceItem.read(raw).venue != besides
            for raw in self._table.query(pk, span, consistent=True, page=2)
        )


class CachedDirectory:
    """Codes and venues from the process's cache. See `venue.Directory`."""

    def __init__(self, venues: Venues) -> None:
        self._venues = TimedCache(venues.venue, _CACHED, _CACHE_SIZE)
        self._codes = TimedCache(venues.code, _CACHED, _CACHE_SIZE)

    def venue(self, venue_id: str, now: datetime) -> Venue | None:
        """A venue by its id."""
        return self._venues.get(venue_id, now)

    def code(self, value: str, now: datetime) -> Code | None:
        """What a printed code stands for."""
        return self._codes.get(value, now)


def read_poster_request(raw: Raw) -> tuple[PosterRecord, str]:
    """The poster in a raw item, and the correlation id of the request for it."""
    item = PosterItem.read(raw)
    poster = PosterRecord(
        poster_id=item.sk.removeprefix(keys.poster("", "").sk),
        venue_id=item.pk.removeprefix("VEN#"),
        form=item.form,
        state=PosterState(item.state),
        requested_at=from_epoch_ms(int(item.requested)),
        expires_at=datetime.fromtimestamp(item.ttl, UTC),
    )
    return poster, item.correlation


class PosterStore:
    """Posters in the table. See `venue.Posters`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, venue_id: str, poster_id: str) -> PosterRecord | None:
        """One get."""
        raw = self._table.get(keys.poster(venue_id, poster_id))
        return None if raw is None else read_poster_request(raw)[0]

    def request(self, poster: PosterRecord, correlation: str) -> None:
        """One put; the stream sees it."""
        self._table.put(
            PosterItem.at(
                keys.poster(poster.venue_id, poster.poster_id),
                form=poster.form,
                state=poster.state.value,
                requested=epoch_ms(poster.requested_at),
                correlation=correlation,
                ttl=int(poster.expires_at.timestamp()),
            )
        )

    def finish(self, venue_id: str, poster_id: str, state: PosterState) -> None:
        """One update, unless the poster has gone."""
        key = keys.poster(venue_id, poster_id)
        try:
            self._table.update(key, [PosterItem.state.set(state.value)], PRESENT)
        except ConditionFailed:
            return


class StaffItem(Item):
    """STAFF#person."""

    role = UnicodeAttribute(attr_name="ro")
    since = NumberAttribute(attr_name="si")


_BELOW_ADMINISTRATOR = StaffItem.role != Role.ADMINISTRATOR.value


class JoinItem(Item):
    """JOIN and FAST under the venue: its current join code, its code for fast check-in."""

    join_code = UnicodeAttribute(attr_name="jc")


class InvitationItem(Item):
    """INVITE#phone: a right that waits."""

    role = UnicodeAttribute(attr_name="ro")
    name = BinaryAttribute(attr_name="nm", legacy_encoding=False)
    by = UnicodeAttribute(attr_name="by")


class StaffStore:
    """Who works where, in the table. See `staffing.Staff`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def members(self, venue_id: str) -> list[Member]:
        """One query."""
        prefix = keys.staff(venue_id, "")
        return [
            _member(raw)
            for raw in self._table.query(prefix.pk, (prefix.sk, prefix.sk + "~"), consistent=True)
        ]

    def bind(self, venue_id: str, member: Member) -> None:
        """One transaction, unless an administrator stands there already."""
        with suppress(ConditionFailed):
            self._table.transact(*_binding(venue_id, member))

    def unbind(self, venue_id: str, person_id: str) -> None:
        """One transaction."""
        self._table.transact(
            Delete(keys.staff(venue_id, person_id)), right_removal(person_id, venue_id)
        )

    def join_code(self, venue_id: str) -> str | None:
        """One get."""
        raw = self._table.get(keys.current_join(venue_id))
        return None if raw is None else JoinItem.read(raw).join_code

    def replace_join_code(self, venue_id: str, new: str, former: str | None) -> bool:
        """One transaction: the new code, the venue's note of it, and the end of the former one."""
        current = JoinItem.at(keys.current_join(venue_id), join_code=new)
        unchanged = ABSENT if former is None else JoinItem.join_code == former
        writes: list[Put | Change | Delete] = [
            Put(current, unchanged),
            Put(ReferenceItem.at(keys.join(new), venue=venue_id), ABSENT),
        ]
        if former is not None:
            writes.append(Delete(keys.join(former)))
        try:
            self._table.transact(*writes)
        except ConditionFailed:
            return False
        return True

    def venue_of(self, join_code: str) -> str | None:
        """One get."""
        raw = self._table.get(keys.join(join_code))
        return None if raw is None else ReferenceItem.read(raw).venue

    def invite(self, phone_blind: str, invitation: Invitation) -> None:
        """One put."""
        self._table.put(
            InvitationItem.at(
                keys.invitation(phone_blind, invitation.venue_id),
                role=invitation.role.value,
                name=invitation.name,
                by=invitation.by,
            )
        )

    def invitations(self, phone_blind: str) -> list[Invitation]:
        """One query."""
        prefix = keys.invitation(phone_blind, "")
        found = self._table.query(prefix.pk, (prefix.sk, prefix.sk + "~"), consistent=True)
        return [
            Invitation(item.sk.removeprefix(prefix.sk), Role(item.role), item.name, item.by)
            for item in map(InvitationItem.read, found)
        ]

    def claim(self, phone_blind: str, invitation: Invitation, member: Member) -> None:
        """One transaction; one delete where it gives nothing."""
        venue_id = invitation.venue_id
        waiting = keys.invitation(phone_blind, venue_id)
        if invitation.by == member.person_id:  # an administrator already, or not any longer
            self._table.delete(waiting)
            return
        administrator = Role.ADMINISTRATOR.value
        by = Change(
            keys.staff(venue_id, invitation.by),
            [StaffItem.role.set(administrator)],
            StaffItem.role == administrator,
        )
        same = InvitationItem.name == invitation.name
        try:
            self._table.transact(Delete(waiting, same), *_binding(venue_id, member), by)
        except ConditionFailed as failure:
            if failure.met[0] is None:  # it waits; the binding was refused
                self._table.delete(waiting)


def _binding(venue_id: str, member: Member) -> list[Put]:
    """The writes that bind `member`, unless an administrator stands there already."""
    item = StaffItem.at(
        keys.staff(venue_id, member.person_id),
        role=member.role.value,
        since=epoch_ms(member.since),
    )
    return [
        Put(item, ABSENT | _BELOW_ADMINISTRATOR),
        right_write(member.person_id, venue_id, member.role, member.document_blind),
    ]


def _member(raw: Raw) -> Member:
    item = StaffItem.read(raw)
    return Member(
        item.sk.removeprefix(keys.staff("", "").sk), Role(item.role), from_epoch_ms(int(item.since))
    )
