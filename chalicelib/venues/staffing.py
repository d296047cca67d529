"""A venue's staff, added by identity, by name and phone, or by the venue's join code.

A right is stored in its holder's partition and read in the one query of each of their requests. So
a right takes effect, and ends, at the next request (XC-6, XC-21).
"""

from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.core import ids, short_codes
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    Unavailable,
    Unprocessable,
)
from chalicelib.core.normalisation import person_name
from chalicelib.identity import documents, personal
from chalicelib.identity.people import (
    Actor,
    Limits,
    People,
    PersonRecord,
    Profile,
    Role,
    Verification,
)
from chalicelib.identity.registration import is_verified_as, require_verified
from chalicelib.venues.rights import MAX_VENUES
from chalicelib.venues.venue import Venue, Venues

JOIN_LENGTH = 9  # eight random characters (40 bits) and a check character
_GUESSES_AN_HOUR = 10
_ADDED_AN_HOUR = 60
_TRIES = 3


class Identity(NamedTuple):
    """A person's registration, as an administrator entered it. `phone` is E.164."""

    name: str
    document_type: str
    number: str
    phone: str


class Member(NamedTuple):
    """A member of a venue's staff."""

    person_id: str
    role: Role
    since: datetime
    document_blind: str = ""
    """The blind index of the document at the time of binding; empty in lists."""


class NamedMember(NamedTuple):
    """A staff member as administrators see them. `name` is empty if unknown."""

    member: Member
    name: str


class MemberPage(NamedTuple):
    """A page of a venue's staff. `last` is the id at its end, or None on the last page."""

    members: list[NamedMember]
    last: str | None


class Binding(NamedTuple):
    """A venue where a person works, and their role."""

    venue: Venue
    role: Role


class Invitation(NamedTuple):
    """A right that waits until the phone's owner has logged in, verified under `name`.

    `by` is the administrator who gave it. It ends with that administrator's right, and for a new
    administrator when the venue is handed over, because open invitations are not listed and cannot
    be revoked.
    """

    venue_id: str
    role: Role
    name: bytes
    by: str


class Staff(Protocol):
    """The store of staff, join codes and invitations, implemented in `venues/store`."""

    def members(self, venue_id: str, *, after: str = "", limit: int | None = None) -> list[Member]:
        """Return at most `limit` staff members after person id `after`, sorted by id.

        Cost: one strongly consistent Query; without a limit, one for each megabyte.
        """

    def bind(self, venue_id: str, member: Member, *, appointed_by: str = "") -> None:
        """Record a right in the holder's partition and in the venue's list.

        An administrator who is bound as inspector stays administrator. Raises Forbidden
        ``initial_administrator_only`` if `appointed_by` is given and is not the venue's initial
        administrator. Cost: one TransactWriteItems.
        """

    def unbind(self, venue_id: str, person_id: str) -> None:
        """Remove a right. Idempotent. Cost: one TransactWriteItems.

        Raises Conflict ``initial_administrator`` for the venue's initial administrator.
        """

    def hand_over(self, venue_id: str, former: str, successor: Profile) -> bool:
        """Make `successor` the venue's initial administrator in the place of `former`.

        Returns False if `former` is not the initial administrator, or if `successor` is not an
        administrator there who is verified under the document of this profile. Cost: one
        TransactWriteItems of three items.
        """

    def join_code(self, venue_id: str) -> str | None:
        """Return the venue's current join code. Cost: one strongly consistent GetItem."""

    def replace_join_code(self, venue_id: str, new: str, former: str | None) -> bool:
        """Replace join code `former` by `new`; False if another request has replaced it.

        Cost: one TransactWriteItems.
        """

    def venue_of(self, join_code: str) -> str | None:
        """Return the id of the venue with this current join code.

        Cost: one strongly consistent GetItem.
        """

    def invite(self, phone_blind: str, invitation: Invitation) -> None:
        """Record an invitation for a phone. Cost: one PutItem."""

    def invitations(self, phone_blind: str) -> list[Invitation]:
        """Return the invitations for a phone. Cost: one strongly consistent Query."""

    def claim(self, phone_blind: str, invitation: Invitation, member: Member) -> None:
        """Bind `member` as :meth:`bind` does, and delete the invitation.

        Does nothing if the invitation is gone, because a claimed right may have been removed since.
        If its giver may no longer give it, the invitation is deleted without a right: an
        administrator's right is given by the initial administrator, an inspector's by any. Cost:
        one TransactWriteItems, or one DeleteItem without a right.
        """


def new_join_code() -> str:
    """Return a random join code with its check character."""
    return short_codes.new(JOIN_LENGTH)


class Bindings:
    """Join codes, and the venues where a person works."""

    __slots__ = ("_limits", "_staff", "_venues")

    def __init__(self, *, staff: Staff, venues: Venues, limits: Limits) -> None:
        self._staff = staff
        self._venues = venues
        self._limits = limits

    def join_code(self, venue: Venue, *, rotate: bool) -> str:
        """Return the venue's join code (YK-15).

        The first call creates it, and `rotate` replaces it. A former code is invalid; the staff who
        used it keep their rights.
        """
        current = self._staff.join_code(venue.venue_id)
        if current and not rotate:
            return current
        new = new_join_code()
        if self._staff.replace_join_code(venue.venue_id, new, current):
            return new
        winner = self._staff.join_code(venue.venue_id)
        if winner is None:
            raise Unavailable
        return winner

    def join(self, actor: Actor, code: str, *, now: datetime) -> Binding:
        """Bind the actor as inspector by a join code (YK-18).

        Raises Forbidden unless verified, TooMany above ten tries an hour, NotFound
        ``join_code_unknown``, Unprocessable ``too_many_venues``.
        """
        require_verified(actor.profile)
        self._limits.charge("join", actor.person_id, limit=_GUESSES_AN_HOUR, seconds=3600, now=now)
        venue_id = self._staff.venue_of(code)
        venue = self._venues.venue(venue_id) if venue_id else None
        if venue is None:
            raise NotFound("join_code_unknown")
        _require_room(actor.record, venue.venue_id)
        document = actor.profile.document_blind
        self._staff.bind(venue.venue_id, Member(actor.person_id, Role.INSPECTOR, now, document))
        return Binding(venue, actor.record.rights.get(venue.venue_id, Role.INSPECTOR))

    def of(self, actor: Actor) -> list[Binding]:
        """Return the venues where the actor works."""
        rights = actor.record.rights
        return [
            Binding(venue, rights[venue.venue_id]) for venue in self._venues.venues(list(rights))
        ]


class Staffing:
    """Adds, lists and removes a venue's staff, and hands the venue over."""

    __slots__ = ("_index", "_limits", "_people", "_staff", "_vault", "_venues")

    def __init__(
        self,
        *,
        people: People,
        venues: Venues,
        staff: Staff,
        limits: Limits,
        index: BlindIndex,
        vault: Vault,
    ) -> None:
        self._people = people
        self._staff = staff
        self._venues = venues
        self._limits = limits
        self._index = index
        self._vault = vault

    def add_by_identity(
        self, actor: Actor, venue: Venue, role: Role, identity: Identity, *, now: datetime
    ) -> Member:
        """Bind the person who registered exactly this name, number and phone (JN-6, JN-7).

        Raises Unprocessable ``staff_no_match`` without saying which value does not match; Forbidden
        ``initial_administrator_only``; TooMany above 60 tries an hour.
        """
        self._require_may_add(actor, venue, role, now)
        document = documents.blind(self._index, identity.document_type, identity.number)
        by_document = self._people.by_document(document)
        by_phone = self._people.by_phone(self._index.of("phone", identity.phone))
        if by_document is None or by_document != by_phone:
            raise Unprocessable("staff_no_match")
        record = self._people.load(by_document)
        if not is_verified_as(record.profile, identity.name, vault=self._vault):
            raise Unprocessable("staff_no_match")
        _require_room(record, venue.venue_id)
        member = Member(by_document, role, now, document)
        appointed_by = actor.person_id if role is Role.ADMINISTRATOR else ""
        self._staff.bind(venue.venue_id, member, appointed_by=appointed_by)
        return member

    def add_by_phone(
        self, actor: Actor, venue: Venue, role: Role, name: str, phone: str, *, now: datetime
    ) -> None:
        """Give a right to the owner of `phone` (E.164), verified under `name` (XC-5, XC-21).

        The right starts at once if such a person exists, and otherwise with their first verified
        login under that name. The response is the same. But the staff list shows a bound person at
        once, and so reveals the owner of a phone: raises TooMany above 60 tries an hour. Raises
        Forbidden ``initial_administrator_only``.
        """
        self._require_may_add(actor, venue, role, now)
        blind = self._index.of("phone", phone)
        sealed = personal.INVITATION_NAME.seal(self._vault, name, venue.venue_id, now=now)
        self._staff.invite(blind, Invitation(venue.venue_id, role, sealed, actor.person_id))
        person_id = self._people.by_phone(blind)
        if person_id:
            self.accept_invitations(person_id, now=now)

    def accept_invitations(self, person_id: str, *, now: datetime) -> None:
        """Bind the person to the rights that wait for their phone, if verified under the name."""
        record = self._people.load(person_id)
        profile = record.profile
        if (
            profile is None
            or profile.verification is not Verification.VERIFIED
            or not profile.phone
        ):
            return
        phone = personal.PHONE.open(self._vault, profile.phone, person_id)
        phone_blind = self._index.of("phone", phone)
        venues = set(record.rights)
        for invitation in self._staff.invitations(phone_blind):
            name = personal.INVITATION_NAME.open(self._vault, invitation.name, invitation.venue_id)
            room = invitation.venue_id in venues or len(venues) < MAX_VENUES
            if room and is_verified_as(profile, person_name(name), vault=self._vault):
                member = Member(person_id, invitation.role, now, profile.document_blind)
                self._staff.claim(phone_blind, invitation, member)
                venues.add(invitation.venue_id)

    def remove(self, actor: Actor, venue: Venue, person_id: str) -> None:
        """Remove a person's right, or the actor's own (XC-6, XC-21).

        Only the initial administrator, who cannot be removed, removes administrators. So nobody can
        take over a venue, and a person who was added against their will can leave. Raises NotFound
        for an invalid id, Conflict ``initial_administrator``, Forbidden
        ``initial_administrator_only``. Cost: one TransactWriteItems, and one GetItem if it is not
        the actor's own right.
        """
        # An invalid id may be too long for a key, which DynamoDB reports as a ValidationException.
        if not ids.is_id(person_id, "per"):
            raise NotFound
        if actor.person_id != person_id:
            self._require_may_remove(actor, venue, person_id)
        self._staff.unbind(venue.venue_id, person_id)

    def hand_over(self, actor: Actor, venue: Venue, person_id: str) -> None:
        """Make another administrator the initial administrator in the actor's place (YK-17).

        The actor stays an administrator, and may leave then. Nothing happens if the person is the
        initial administrator, as in a retry. Raises Forbidden ``initial_administrator_only``, and
        BadInput at ``/person_id`` unless the person administers the venue and is verified under
        the document that they were bound with. Cost: one GetItem, one Query, one
        TransactWriteItems.
        """
        for _ in range(_TRIES):
            initial = self._initial_administrator(venue)
            if initial == person_id:
                return
            if initial != actor.person_id:
                raise Forbidden("initial_administrator_only")
            record = self._people.load(person_id)
            profile, role = record.profile, record.rights.get(venue.venue_id)
            if (
                profile is None
                or role is not Role.ADMINISTRATOR
                or profile.verification is not Verification.VERIFIED
            ):
                raise BadInput.at("/person_id", "administrator")
            if self._staff.hand_over(venue.venue_id, actor.person_id, profile):
                return
        raise Unavailable

    def members(self, venue: Venue, *, limit: int, after: str) -> MemberPage:
        """Return a page of the venue's staff with their names, for its administrators.

        The page begins after person id `after`. Cost: one Query and one BatchGetItem.
        """
        found = self._staff.members(venue.venue_id, after=after, limit=limit + 1)
        members = found[:limit]
        profiles = self._people.profiles([member.person_id for member in members])
        named = [NamedMember(one, self._name(profiles.get(one.person_id))) for one in members]
        return MemberPage(named, members[-1].person_id if len(found) > limit else None)

    def _name(self, profile: Profile | None) -> str:
        if profile is None or not profile.name:
            return ""
        return personal.NAME.open(self._vault, profile.name, profile.person_id)

    def _initial_administrator(self, venue: Venue) -> str:
        """Return the id of the initial administrator as it is now; `venue` may be a cached one."""
        current = self._venues.venue(venue.venue_id)
        if current is None:
            raise NotFound
        return current.applicant

    def _require_may_remove(self, actor: Actor, venue: Venue, person_id: str) -> None:
        initial = self._initial_administrator(venue)
        if person_id == initial:
            raise Conflict("initial_administrator")
        if actor.person_id != initial:
            members = self._staff.members(venue.venue_id)
            roles = {member.person_id: member.role for member in members}
            if roles.get(person_id) is Role.ADMINISTRATOR:
                raise Forbidden("initial_administrator_only")

    def _require_may_add(self, actor: Actor, venue: Venue, role: Role, now: datetime) -> None:
        if role is Role.ADMINISTRATOR and actor.person_id != self._initial_administrator(venue):
            raise Forbidden("initial_administrator_only")
        # Every verified person can have a venue. The limit prevents probing phones and numbers.
        whom = actor.person_id
        self._limits.charge("staff", whom, limit=_ADDED_AN_HOUR, seconds=3600, now=now)


def _require_room(record: PersonRecord, venue_id: str) -> None:
    if venue_id not in record.rights and len(record.rights) >= MAX_VENUES:
        raise Unprocessable("too_many_venues")
