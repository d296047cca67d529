"""Real-name registration, verified by the identity provider through the queue.

A person whose first registration is pending may scan. After a rejection they may not scan until an
edit is **approved** (JN-17 to JN-20).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Conflict, Forbidden
from chalicelib.core.normalisation import person_name
from chalicelib.identity import documents, personal
from chalicelib.identity.people import (
    Actor,
    Limits,
    People,
    Profile,
    Verification,
    mask_phone,
)
from chalicelib.identity.providers import Absent, Answer, Subject
from chalicelib.identity.strength import Action, require

EDITS_A_DAY = 10
_RESUBMITTED_AFTER = timedelta(minutes=1)
_OPENED_AFTER = timedelta(minutes=30)
"""After what time the provider is asked again; it is asked for 19 minutes if it is unavailable."""


@dataclass(frozen=True)
class Entry:
    """A person's entry. `number` is in its canonical form, with a valid check digit."""

    name: str
    document_type: str
    number: str


def is_verified_as(profile: Profile | None, name: str, *, vault: Vault) -> bool:
    """Return whether the person has an account and is verified under exactly `name`."""
    if profile is None or profile.verification is not Verification.VERIFIED:
        return False
    if profile.shadow_until is not None:
        return False
    return is_named(profile, name, vault=vault)


def is_named(profile: Profile, name: str, *, vault: Vault) -> bool:
    """Return whether the person is registered under the canonical `name`.

    Earlier versions sealed names as they were typed.
    """
    return person_name(personal.NAME.open(vault, profile.name, profile.person_id)) == name


def is_left_as(profile: Profile, name: str, *, vault: Vault) -> bool:
    """Return whether this is a person registered under exactly `name` who has no login.

    They never had one, or have lost their phone.
    """
    left = profile.is_managed or profile.has_lost_phone
    return left and is_named(profile, name, vault=vault)


def managed_profile(
    person_id: str, entry: Entry, blind: str, *, vault: Vault, now: datetime
) -> Profile:
    """Return the profile of a new person without a login, to be verified.

    `blind` is the blind index of their document, or empty if the person does not claim it.
    """
    return Profile(
        person_id=person_id,
        phone=b"",
        name=personal.NAME.seal(vault, entry.name, person_id, now=now),
        document_type=entry.document_type,
        document=personal.DOCUMENT.seal(vault, entry.number, person_id, now=now),
        document_blind=blind,
        registration=1,
        verification=Verification.PENDING,
    )


def require_verified(profile: Profile) -> None:
    """Require a verified registration. Raises Forbidden with the registration's state as code."""
    match profile.verification:
        case Verification.VERIFIED:
            return
        case Verification.NONE:
            raise Forbidden("registration_required")
        case Verification.REJECTED:
            raise Forbidden("registration_rejected")
        case Verification.PENDING:
            raise Forbidden("registration_not_verified")


class OwnRegistration(NamedTuple):
    """A registration as its owner sees it: the name in full, the numbers masked.

    Missing values are None.
    """

    profile: Profile
    phone: str | None
    name: str | None
    document_number: str | None


class Registrations:
    """Registers people under their real names, and shows them their registrations."""

    __slots__ = ("_index", "_limits", "_people", "_vault")

    def __init__(self, *, people: People, limits: Limits, index: BlindIndex, vault: Vault) -> None:
        self._people = people
        self._limits = limits
        self._index = index
        self._vault = vault

    def register(
        self, actor: Actor, entry: Entry, *, version: int, correlation: str, now: datetime
    ) -> OwnRegistration:
        """Replace the actor's registration, and return it.

        `version` is the version that the actor last read, 0 before the first registration. A
        retry with the same contents changes nothing; after a minute, it has a pending registration
        verified again.

        Raises Conflict ``version_conflict``, ``identity_taken``; ``identity_managed`` if it is the
        document and the name of a person without a login, who may take the record over
        (`succession`); ``identity_returning`` if that person had the actor's phone. Raises
        Forbidden ``phone_required`` without a phone (`strength.RULES`). Raises TooMany above ten
        edits a day, because the result reveals whether a name matches a number, and whether the
        number is registered.
        """
        require(actor, Action.REGISTER)
        previous = actor.profile
        person_id = actor.person_id
        blind = documents.blind(self._index, entry.document_type, entry.number)
        if self._index.same(blind, previous.document_blind):
            blind = previous.document_blind
        same = (
            previous.verification is not Verification.NONE
            and blind == previous.document_blind
            and is_named(previous, entry.name, vault=self._vault)
        )
        if same and version in (previous.registration, previous.registration - 1):
            self._ask_again(previous, _RESUBMITTED_AFTER, now)
            return self.own(previous)
        if version != previous.registration:
            raise Conflict("version_conflict")
        self._limits.charge("registration", person_id, limit=EDITS_A_DAY, seconds=86_400, now=now)
        profile = replace(
            previous,
            name=personal.NAME.seal(self._vault, entry.name, person_id, now=now),
            document_type=entry.document_type,
            document=personal.DOCUMENT.seal(self._vault, entry.number, person_id, now=now),
            document_blind=blind,
            registration=previous.registration + 1,
            verification=Verification.PENDING,
            reason="",
            asked_at=now,
        )
        try:
            self._people.register(profile, previous, correlation)
        except Conflict as conflict:
            if conflict.code != "identity_taken":
                raise
            raise self._taken(previous, blind, entry, now) from None
        return self.own(profile)

    def _taken(self, previous: Profile, blind: str, entry: Entry, now: datetime) -> Conflict:
        """Return the error for a document that has an owner; the record may become the actor's.

        An owner who has been pending for long is verified again: under a wrong name, they keep the
        document from its owner until the provider has answered.
        """
        owner_id = self._people.by_document(blind)
        owner = self._people.load(owner_id).profile if owner_id else None
        if owner is not None:
            self._ask_again(owner, _OPENED_AFTER, now)
        if previous.verification not in (Verification.NONE, Verification.REJECTED):
            return Conflict("identity_taken")
        if owner is None or not is_left_as(owner, entry.name, vault=self._vault):
            return Conflict("identity_taken")
        if owner.successor == previous.person_id:
            return Conflict("identity_returning")
        return Conflict("identity_managed")

    def show(self, actor: Actor, *, now: datetime) -> OwnRegistration:
        """Return the actor's registration.

        One that has been pending for long is verified again: the provider may have been unavailable
        for longer than it is asked (`lookups.PATIENT_RETRIES`). Cost: one UpdateItem for such a
        one.
        """
        self._ask_again(actor.profile, _OPENED_AFTER, now)
        return self.own(actor.profile)

    def _ask_again(self, profile: Profile, after: timedelta, now: datetime) -> None:
        if profile.verification is not Verification.PENDING:
            return
        if profile.asked_at is None or profile.asked_at <= now - after:
            self._people.ask_again(profile, unless_since=now - after, now=now)

    def own(self, profile: Profile) -> OwnRegistration:
        """Return the registration in `profile` as its owner sees it."""
        phone = self._open(profile, personal.PHONE)
        number = self._open(profile, personal.DOCUMENT)
        return OwnRegistration(
            profile,
            phone=phone and mask_phone(phone),
            name=self._open(profile, personal.NAME),
            document_number=number and documents.of(profile.document_type).mask(number),
        )

    def _open(self, profile: Profile, field: personal.PersonalField) -> str | None:
        sealed: bytes = getattr(profile, field.attribute)
        return field.open(self._vault, sealed, profile.person_id) if sealed else None


def subject_of(profile: Profile, vault: Vault) -> Subject:
    """Return the person as sent to a provider. Raises ValueError on an altered field."""
    return Subject(
        name=person_name(personal.NAME.open(vault, profile.name, profile.person_id)),
        document_type=profile.document_type,
        document_number=personal.DOCUMENT.open(vault, profile.document, profile.person_id),
    )


def verdict(answer: Answer | Absent) -> tuple[Verification, str]:
    """Return what an identity provider's answer means: the verification and its reason's code."""
    if isinstance(answer, Absent):
        return Verification.REJECTED, "absent"
    if answer.state == "match":
        return Verification.VERIFIED, ""
    return Verification.REJECTED, "mismatch"
