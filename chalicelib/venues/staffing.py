"""Who works at a venue: bound by true identity, by name and phone, or by the venue's join code.

A right is an item in its holder's own partition, read by the one query that each of their requests
makes: it counts at once and is gone at once (XC-6, XC-21).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Conflict, Forbidden, NotFound, Unavailable, Unprocessable
from chalicelib.identity.people import Actor, Limits, People, PersonRecord, Role, Verification
from chalicelib.identity.registration import is_verified_as
from chalicelib.venues.rights import MAX_VENUES, require_verified
from chalicelib.venues.venue import Venue, Venues

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, O, 1 and I, which are taken for one another when read aloud or copied by hand."""
JOIN_LENGTH = 9  # eight random characters (40 bits) and a check character
_GUESSES_AN_HOUR = 10
_ADDED_AN_HOUR = 60


@dataclass(frozen=True)
class Member:
    """A person of a venue's staff."""

    person_id: str
    role: Role
    since: datetime
    document_blind: str = ""
    """Under which document they were bound; said when binding, and not told again."""


@dataclass(frozen=True)
class Invitation:
    """A right that waits until the phone's holder has logged in, verified under `name`.

    `by` is the administrator who gave it: it ends with their own right, for whoever takes that
    away cannot see what they have given that nobody has taken yet.
    """

    venue_id: str
    role: Role
    name: bytes
    by: str


class Staff(Protocol):
    """Who works where; `store.StaffStore` is the real one."""

    def members(self, venue_id: str, *, after: str = "", limit: int | None = None) -> list[Member]:
        """Return the venue's staff by person id, beyond `after`, at most `limit`; consistent.

        Cost: one Query, or one for each megabyte without a limit.
        """

    def bind(self, venue_id: str, member: Member) -> None:
        """Give a right, in the holder's partition and in the venue's list, or in neither.

        An administrator who is bound as inspector stays an administrator.
        """

    def unbind(self, venue_id: str, person_id: str) -> None:
        """Take a right away; again is harmless."""

    def join_code(self, venue_id: str) -> str | None:
        """The venue's current join code."""

    def replace_join_code(self, venue_id: str, new: str, former: str | None) -> bool:
        """Put `new` in the place of `former`; False when another was faster."""

    def venue_of(self, join_code: str) -> str | None:
        """The venue that a join code binds to, as long as it is current."""

    def invite(self, phone_blind: str, invitation: Invitation) -> None:
        """Keep a right for a phone."""

    def invitations(self, phone_blind: str) -> list[Invitation]:
        """The rights that wait for a phone."""

    def claim(self, phone_blind: str, invitation: Invitation, member: Member) -> None:
        """Turn a right that waits into `member`'s, as :meth:`bind` does, and end its waiting.

        Nothing happens when it waits no longer: what was claimed may have been taken away since.
        It ends, and gives nothing, when whoever gave it is no administrator any longer.
        """


def check_character(text: str) -> str:
    """The ninth character of a join code: ISO 7064's hybrid system for 32 characters (MOD 33,32).

    Catches every single wrong character, and most swaps of neighbours, before anything is asked.
    """
    size = len(ALPHABET)
    product = size
    for character in text:
        total = (product + ALPHABET.index(character)) % size or size
        product = total * 2 % (size + 1)
    return ALPHABET[(size + 1 - product) % size]


def new_join_code() -> str:
    """A random join code with its check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(JOIN_LENGTH - 1))
    return body + check_character(body)


def is_join_code(text: str) -> bool:
    """Whether `text` could be a join code: its alphabet, length and check character."""
    return (
        len(text) == JOIN_LENGTH
        and set(text) <= set(ALPHABET)
        and text[-1] == check_character(text[:-1])
    )


def join_code(venue: Venue, *, rotate: bool, staff: Staff) -> str:
    """The venue's join code (YK-15); made on first use, and anew when `rotate` is set.

    A former code binds nobody any longer; those whom it has bound stay.
    """
    current = staff.join_code(venue.venue_id)
    if current and not rotate:
        return current
    new = new_join_code()
    if staff.replace_join_code(venue.venue_id, new, current):
        return new
    winner = staff.join_code(venue.venue_id)
    if winner is None:
        raise Unavailable
    return winner


def join(
    actor: Actor,
    code: str,
    *,
    now: datetime,
    limits: Limits,
    staff: Staff,
    venues: Venues,
) -> Venue:
    """Bind the actor as inspector by a join code that they typed (YK-18).

    Raises TooMany above ten tries an hour, NotFound ``join_code_unknown``, Forbidden unless
    verified, Unprocessable ``too_many_venues``.
    """
    require_verified(actor)
    limits.charge("join", actor.person_id, limit=_GUESSES_AN_HOUR, seconds=3600, now=now)
    venue_id = staff.venue_of(code)
    venue = venues.venue(venue_id) if venue_id else None
    if venue is None:
        raise NotFound("join_code_unknown")
    _require_room(actor.record, venue.venue_id)
    document = actor.profile.document_blind
    staff.bind(venue.venue_id, Member(actor.person_id, Role.INSPECTOR, now, document))
    return venue


def add_by_identity(
    actor: Actor,
    venue: Venue,
    *,
    name: str,
    document_type: str,
    number: str,
    phone: str,
    role: Role,
    now: datetime,
    index: BlindIndex,
    limits: Limits,
    vault: Vault,
    people: People,
    staff: Staff,
) -> Member:
    """Bind whoever registered exactly this name, number and phone (JN-6, JN-7).

    Raises Unprocessable ``staff_no_match`` for whatever does not match, without saying what;
    Forbidden ``initial_administrator_only``; TooMany above sixty tries an hour.
    """
    _require_may_add(actor, venue, role)
    _charge(actor, now=now, limits=limits)
    by_document = people.by_document(index.of(document_type, number))
    by_phone = people.by_phone(index.of("phone", phone))
    if by_document is None or by_document != by_phone:
        raise Unprocessable("staff_no_match")
    record = people.load(by_document)
    if not is_verified_as(record.profile, name, vault=vault):
        raise Unprocessable("staff_no_match")
    _require_room(record, venue.venue_id)
    member = Member(by_document, role, now, index.of(document_type, number))
    staff.bind(venue.venue_id, member)
    return member


def add_by_phone(
    actor: Actor,
    venue: Venue,
    *,
    name: str,
    phone: str,
    role: Role,
    now: datetime,
    index: BlindIndex,
    limits: Limits,
    vault: Vault,
    people: People,
    staff: Staff,
) -> None:
    """Give a right to the holder of `phone`, verified under `name` (XC-5, XC-21).

    It counts at once where there is such a person, and otherwise from their first verified login
    under that name; the two are answered alike. Who is bound stands in the staff's list at once,
    so that the list tells whose phone it is: raises TooMany above sixty tries an hour. Raises
    Forbidden ``initial_administrator_only``.
    """
    _require_may_add(actor, venue, role)
    _charge(actor, now=now, limits=limits)
    blind = index.of("phone", phone)
    sealed = vault.seal(name, f"{venue.venue_id}/invitation", now=now)
    staff.invite(blind, Invitation(venue.venue_id, role, sealed, actor.person_id))
    person_id = people.by_phone(blind)
    if person_id:
        accept_invitations(people.load(person_id), now=now, index=index, vault=vault, staff=staff)


def accept_invitations(
    record: PersonRecord, *, now: datetime, index: BlindIndex, vault: Vault, staff: Staff
) -> None:
    """Turn the rights that wait for a person's phone into theirs, if they are verified as named."""
    profile = record.profile
    if profile is None or profile.verification is not Verification.VERIFIED or not profile.phone:
        return
    phone_blind = index.of("phone", vault.open(profile.phone, f"{profile.person_id}/phone"))
    venues = set(record.rights)
    for invitation in staff.invitations(phone_blind):
        name = vault.open(invitation.name, f"{invitation.venue_id}/invitation")
        room = invitation.venue_id in venues or len(venues) < MAX_VENUES
        if room and is_verified_as(record.profile, name, vault=vault):
            member = Member(profile.person_id, invitation.role, now, profile.document_blind)
            staff.claim(phone_blind, invitation, member)
            venues.add(invitation.venue_id)


def remove(actor: Actor, venue: Venue, person_id: str, *, staff: Staff) -> None:
    """Take a person's right away, or the actor's own (XC-6, XC-21).

    Administrators are the initial one's to remove, who stays: so nobody takes a venue over, and
    whoever was added against their will can leave. Raises Conflict ``initial_administrator``,
    Forbidden ``initial_administrator_only``.
    """
    if person_id == venue.applicant:
        raise Conflict("initial_administrator")
    if actor.person_id not in (person_id, venue.applicant):
        roles = {member.person_id: member.role for member in staff.members(venue.venue_id)}
        if roles.get(person_id) is Role.ADMINISTRATOR:
            raise Forbidden("initial_administrator_only")
    staff.unbind(venue.venue_id, person_id)


def names_of(members: Sequence[Member], *, people: People, vault: Vault) -> dict[str, str]:
    """The names of a venue's staff, for its administrators."""
    profiles = people.profiles([member.person_id for member in members])
    return {
        person_id: vault.open(profile.name, f"{person_id}/name")
        for person_id, profile in profiles.items()
        if profile.name
    }


def _require_may_add(actor: Actor, venue: Venue, role: Role) -> None:
    if role is Role.ADMINISTRATOR and actor.person_id != venue.applicant:
        raise Forbidden("initial_administrator_only")


def _charge(actor: Actor, *, now: datetime, limits: Limits) -> None:
    # Anybody who is verified may have a venue: adding must not find out phones and numbers.
    limits.charge("staff", actor.person_id, limit=_ADDED_AN_HOUR, seconds=3600, now=now)


def _require_room(record: PersonRecord, venue_id: str) -> None:
    if venue_id not in record.rights and len(record.rights) >= MAX_VENUES:
        raise Unprocessable("too_many_venues")
