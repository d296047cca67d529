"""A venue's staff, added by identity, by name and phone, or by the venue's join code.

A right is stored in its holder's partition and read in the one query of each of their requests. So
a right takes effect, and ends, at the next request (XC-6, XC-21).
"""

from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
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
    mask_phone,
)
from chalicelib.identity.registration import is_verified_as, require_verified
from chalicelib.venues.rights import give
from chalicelib.venues.venue import Venue, Venues

JOIN_LENGTH = 9  # eight random characters (40 bits) and a check character
_GUESSES_AN_HOUR = 10
_ADDED_AN_HOUR = 60
INVITATION_LIFE = timedelta(days=30)
"""A phone's next owner under the same name must not get a right that was forgotten."""
_TRIES = 3


class Identity(NamedTuple):
    """A person's registration, as an administrator entered it. `phone` is E.164."""

    name: str
    document_type: str
    number: str
    phone: str


class Member(NamedTuple):
    """A member of a venue's staff.

    `document_blind` is the blind index of the document at the time of binding; in lists its
    beginning (`beginning_of`). `name` is the sealed name under which they were bound,
    `invitation_id` the invitation that they were bound by. What is unknown is empty.
    """

    person_id: str
    role: Role
    since: datetime
    document_blind: str = ""
    name: bytes = b""
    invitation_id: str = ""


class Standing(StrEnum):
    """Whether a staff member's right is in force.

    ``UNVERIFIED``: their registration is pending again, or was rejected, which suspends the right.
    ``LAPSED``: they are registered under another document now, or no longer.
    """

    ACTIVE = "active"
    UNVERIFIED = "unverified"
    LAPSED = "lapsed"


class NamedMember(NamedTuple):
    """A staff member as administrators see them, under the name that was bound.

    `name` is empty if unknown.
    """

    member: Member
    name: str
    standing: Standing = Standing.ACTIVE


class MemberPage(NamedTuple):
    """A page of a venue's staff. `last` is the id at its end, or None on the last page."""

    members: list[NamedMember]
    last: str | None


class Binding(NamedTuple):
    """A venue where a person works, and their role."""

    venue: Venue
    role: Role


class Invitation(NamedTuple):
    """A right that waits until the phone's owner is verified under `name`.

    `by` is the administrator who gave it. It ends with that administrator's right, for a new
    administrator when the venue is handed over, and at `expires_at`; those of former releases have
    None.
    """

    venue_id: str
    role: Role
    name: bytes
    by: str
    expires_at: datetime | None = None


class SentInvitation(NamedTuple):
    """An invitation in the venue's list of those that wait.

    `name` and `phone` are sealed for the venue. `phone_blind` is the blind index of the phone.
    """

    invitation_id: str
    role: Role
    name: bytes
    phone: bytes
    by: str
    at: datetime
    phone_blind: str
    expires_at: datetime | None = None


class ShownInvitation(NamedTuple):
    """An invitation as administrators see it. `phone` is masked."""

    invitation_id: str
    role: Role
    name: str
    phone: str
    at: datetime
    expires_at: datetime | None = None


class InvitationPage(NamedTuple):
    """A page of invitations that wait. `last` is the id at its end, or None on the last page."""

    invitations: list[ShownInvitation]
    last: str | None


def invitation_id(venue_id: str, phone_blind: str) -> str:
    """Return the id of a venue's invitation of a phone. A new one replaces the one before."""
    return f"inv_{ids.derive('invitation', venue_id, phone_blind)}"


class Staff(Protocol):
    """The store of staff, join codes and invitations, implemented in `venues/store`."""

    def members(self, venue_id: str, *, after: str = "", limit: int | None = None) -> list[Member]:
        """Return at most `limit` staff members after person id `after`, sorted by id.

        Cost: one strongly consistent Query; without a limit, one for each megabyte.
        """

    def bind(
        self, venue_id: str, member: Member, *, appointed_by: str = "", given: int | None = None
    ) -> None:
        """Record a right in the holder's partition and in the venue's list.

        An administrator who is bound as inspector stays administrator. Raises Forbidden
        ``initial_administrator_only`` if `appointed_by` is given and is not the venue's initial
        administrator; RightsChanged if the person has got a right since as many as `given`. Cost:
        one TransactWriteItems.
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

    def invite(self, phone_blind: str, invitation: Invitation, sent: SentInvitation) -> None:
        """Record an invitation for a phone, and list it. It replaces the venue's one before.

        Raises Forbidden ``initial_administrator_only`` if an inspector's would replace the
        invitation of an administrator that has not expired, which only its giver may do; others
        withdraw it first. Cost: one TransactWriteItems.
        """

    def invitations(self, phone_blind: str) -> list[Invitation]:
        """Return the invitations for a phone, expired ones too.

        Cost: one strongly consistent Query.
        """

    def sent_invitations(self, venue_id: str, *, after: str, limit: int) -> list[SentInvitation]:
        """Return at most `limit` invitations of a venue after the id `after`, sorted by id.

        Only those that are not claimed, expired ones too. Cost: one strongly consistent Query.
        """

    def sent_invitation(self, venue_id: str, invitation_id: str) -> SentInvitation | None:
        """Return an invitation that waits, or None. Cost: one strongly consistent GetItem."""

    def withdraw(self, venue_id: str, sent: SentInvitation) -> None:
        """Delete an invitation, unless it was claimed or replaced. Cost: one TransactWriteItems."""

    def claim(
        self,
        phone_blind: str,
        invitation: Invitation,
        member: Member,
        *,
        given: int | None = None,
    ) -> None:
        """Bind `member` as :meth:`bind` does, and delete the invitation.

        Does nothing if the invitation is gone, because a claimed right may have been removed since.
        If its giver may no longer give it, the invitation is deleted without a right: an
        administrator's right is given by the initial administrator, an inspector's by any. Raises
        RightsChanged as `bind` does. Cost: one TransactWriteItems; another one without a right.
        """


def new_join_code() -> str:
    """Return a random join code with its check character."""
    return short_codes.new(JOIN_LENGTH)


class Bindings:
    """Join codes, and the venues where a person works."""

    __slots__ = ("_limits", "_people", "_staff", "_venues")

    def __init__(self, *, staff: Staff, venues: Venues, people: People, limits: Limits) -> None:
        self._staff = staff
        self._venues = venues
        self._people = people
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
        member = Member(
            actor.person_id,
            Role.INSPECTOR,
            now,
            actor.profile.document_blind,
            actor.profile.name,
        )
        give(
            self._people,
            actor.person_id,
            actor.record,
            venue.venue_id,
            lambda record: self._staff.bind(venue.venue_id, member, given=record.rights_given),
        )
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
        profile = record.profile
        if profile is None or not is_verified_as(profile, identity.name, vault=self._vault):
            raise Unprocessable("staff_no_match")
        member = Member(by_document, role, now, document, profile.name)
        appointed_by = actor.person_id if role is Role.ADMINISTRATOR else ""
        give(
            self._people,
            by_document,
            record,
            venue.venue_id,
            lambda known: self._staff.bind(
                venue.venue_id, member, appointed_by=appointed_by, given=known.rights_given
            ),
        )
        return member

    def add_by_phone(
        self, actor: Actor, venue: Venue, role: Role, name: str, phone: str, *, now: datetime
    ) -> SentInvitation:
        """Give a right to the owner of `phone` (E.164), verified under `name` (XC-5, XC-21).

        The right starts at once if such a person exists, and otherwise at the moment when the
        phone's owner is verified under that name, within 30 days. The response is the same.
        But the staff list shows a bound person at once, and so reveals the owner of a phone: raises
        TooMany above 60 tries an hour. Raises Forbidden ``initial_administrator_only``, also for an
        inspector's in the place of an administrator's (`Staff.invite`).
        """
        self._require_may_add(actor, venue, role, now)
        blind, venue_id = self._index.of("phone", phone), venue.venue_id
        sealed = personal.INVITATION_NAME.seal(self._vault, name, venue_id, now=now)
        sent = SentInvitation(
            invitation_id(venue_id, blind),
            role,
            personal.SENT_INVITATION_NAME.seal(self._vault, name, venue_id, now=now),
            personal.SENT_INVITATION_PHONE.seal(self._vault, phone, venue_id, now=now),
            actor.person_id,
            now,
            blind,
            now + INVITATION_LIFE,
        )
        waiting = Invitation(venue_id, role, sealed, actor.person_id, sent.expires_at)
        self._staff.invite(blind, waiting, sent)
        person_id = self._people.by_phone(blind)
        if person_id:
            self.accept_invitations(person_id, now=now)
        return sent

    def accept_invitations(self, person_id: str, *, now: datetime) -> int:
        """Bind the person to the rights that wait for their phone, if verified under the name.

        Returns how many were claimed. May be repeated. Raises Unavailable. Cost: one Query if the
        person is not verified; otherwise two, and one TransactWriteItems for each invitation under
        their name.
        """
        record = self._people.load(person_id)
        profile = record.profile
        if (
            profile is None
            or profile.verification is not Verification.VERIFIED
            or not profile.phone
        ):
            return 0
        # Profiles of releases up to 0.2.0 have none.
        phone_blind = self._index.moved(profile.phone_blind) or self._index.of(
            "phone", personal.PHONE.open(self._vault, profile.phone, person_id)
        )
        claimed = 0
        for invitation in self._staff.invitations(phone_blind):
            if _has_expired(invitation, now):
                continue
            venue_id = invitation.venue_id
            name = personal.INVITATION_NAME.open(self._vault, invitation.name, venue_id)
            if not is_verified_as(profile, person_name(name), vault=self._vault):
                continue
            member = Member(
                person_id,
                invitation.role,
                now,
                profile.document_blind,
                profile.name,
                invitation_id(venue_id, phone_blind),
            )
            # Read again: each right that was claimed counts.
            known = self._people.load(person_id) if claimed else record
            with suppress(Unprocessable):  # too many venues: it waits on
                give(
                    self._people,
                    person_id,
                    known,
                    venue_id,
                    partial(self._claim, phone_blind, invitation, member),
                )
                claimed += 1
        return claimed

    def _claim(
        self, phone_blind: str, invitation: Invitation, member: Member, known: PersonRecord
    ) -> None:
        self._staff.claim(phone_blind, invitation, member, given=known.rights_given)

    def invitations(self, venue: Venue, *, limit: int, after: str, now: datetime) -> InvitationPage:
        """Return a page of the venue's invitations that wait, after the id `after`.

        Expired ones are left out, so that a page may hold fewer than `limit`. One whose owner is
        bound is not in it, and has its id in the list of staff. One that waits does not tell
        whether its phone has an owner. Cost: one Query.
        """
        found = self._staff.sent_invitations(venue.venue_id, after=after, limit=limit + 1)
        last = found[limit - 1].invitation_id if len(found) > limit else None
        waiting = [one for one in found[:limit] if not _has_expired(one, now)]
        return InvitationPage([self._shown(venue, one) for one in waiting], last)

    def withdraw(self, actor: Actor, venue: Venue, invitation_id: str) -> None:
        """Withdraw an invitation that waits.

        Nothing happens if it does not wait any longer. Raises NotFound for an invalid id, Forbidden
        ``initial_administrator_only`` for that of an administrator. Cost: one GetItem and one
        TransactWriteItems; one GetItem more for that of an administrator.
        """
        # An invalid id may be too long for a key, which DynamoDB reports as a ValidationException.
        if not ids.is_id(invitation_id, "inv"):
            raise NotFound
        sent = self._staff.sent_invitation(venue.venue_id, invitation_id)
        if sent is None:
            return
        administers = sent.role is Role.ADMINISTRATOR
        if administers and actor.person_id != self._initial_administrator(venue):
            raise Forbidden("initial_administrator_only")
        self._staff.withdraw(venue.venue_id, sent)

    def _shown(self, venue: Venue, sent: SentInvitation) -> ShownInvitation:
        venue_id = venue.venue_id
        phone = personal.SENT_INVITATION_PHONE.open(self._vault, sent.phone, venue_id)
        return ShownInvitation(
            sent.invitation_id,
            sent.role,
            personal.SENT_INVITATION_NAME.open(self._vault, sent.name, venue_id),
            mask_phone(phone),
            sent.at,
            sent.expires_at,
        )

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
        """Return a page of the venue's staff under the names that were bound.

        Members whose right has lapsed, or who are not verified, are marked. The page begins after
        person id `after`. Cost: one Query and one BatchGetItem.
        """
        found = self._staff.members(venue.venue_id, after=after, limit=limit + 1)
        members = found[:limit]
        profiles = self._people.profiles([member.person_id for member in members])
        named = [self._named(one, profiles.get(one.person_id)) for one in members]
        return MemberPage(named, members[-1].person_id if len(found) > limit else None)

    def _named(self, member: Member, profile: Profile | None) -> NamedMember:
        name, person_id = "", member.person_id
        if member.name:
            name = personal.STAFF_NAME.open(self._vault, member.name, person_id)
        elif profile is not None and profile.name:  # bound by a release up to 0.2.0
            name = personal.NAME.open(self._vault, profile.name, person_id)
        return NamedMember(member, name, self._standing(member, profile))

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

    def _standing(self, member: Member, profile: Profile | None) -> Standing:
        document = member.document_blind
        if profile is None or (
            document and not self._index.same(document, profile.document_beginning)
        ):
            return Standing.LAPSED
        verified = profile.verification is Verification.VERIFIED
        return Standing.ACTIVE if verified else Standing.UNVERIFIED


def _has_expired(invitation: Invitation | SentInvitation, now: datetime) -> bool:
    """Return whether an invitation is over; DynamoDB deletes it up to days later."""
    return invitation.expires_at is not None and invitation.expires_at <= now
