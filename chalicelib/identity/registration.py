"""Real-name registration, verified through the queue by the identity provider.

Pending for the first time, a person may scan; rejected, not, until an edit has been **approved**
(JN-17 to JN-20).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Conflict, Forbidden
from chalicelib.identity.people import Actor, Limits, People, Profile, Verification
from chalicelib.identity.providers import Absent, Answer, Subject

_EDITS_A_DAY = 10


@dataclass(frozen=True)
class Entry:
    """What the person typed; `number` is in its canonical form, validated by its check digit."""

    name: str
    document_type: str
    number: str


def is_verified_as(profile: Profile | None, name: str, *, vault: Vault) -> bool:
    """Whether somebody has an account and is verified under exactly this name."""
    if profile is None or profile.verification is not Verification.VERIFIED:
        return False
    if profile.shadow_until is not None:
        return False
    return vault.open(profile.name, f"{profile.person_id}/name") == name


def register(
    actor: Actor,
    entry: Entry,
    *,
    version: int,
    correlation: str,
    now: datetime,
    index: BlindIndex,
    limits: Limits,
    vault: Vault,
    people: People,
) -> Profile:
    """Replace the actor's registration; `version` is the one they saw, 0 before the first.

    Sent again with the same contents, it changes nothing and answers the current state.
    Raises Conflict: ``version_conflict``, ``identity_taken``; Forbidden ``phone_required``, for
    staff are looked up by name, number and phone (JN-6), and who has no phone may give way to
    another person with all that is theirs; TooMany above ten edits a day, because the answer tells
    whether a name and a number belong together, and whether the number is registered.
    """
    previous = actor.profile
    if not previous.phone:
        raise Forbidden("phone_required")
    person_id = actor.person_id
    blind = index.of(entry.document_type, entry.number)
    same = (
        previous.verification is not Verification.NONE
        and blind == previous.document_blind
        and entry.name == vault.open(previous.name, f"{person_id}/name")
    )
    if same and version in (previous.registration, previous.registration - 1):
        return previous
    if version != previous.registration:
        raise Conflict("version_conflict")
    limits.charge("registration", person_id, limit=_EDITS_A_DAY, seconds=86_400, now=now)
    profile = replace(
        previous,
        name=vault.seal(entry.name, f"{person_id}/name", now=now),
        document_type=entry.document_type,
        document=vault.seal(entry.number, f"{person_id}/document", now=now),
        document_blind=blind,
        registration=previous.registration + 1,
        verification=Verification.PENDING,
        reason="",
    )
    people.register(profile, previous, correlation)
    return profile


def subject_of(profile: Profile, vault: Vault) -> Subject:
    """The person as a provider must be told of them; raises ValueError on an altered field."""
    return Subject(
        name=vault.open(profile.name, f"{profile.person_id}/name"),
        document_type=profile.document_type,
        document_number=vault.open(profile.document, f"{profile.person_id}/document"),
    )


def verdict(answer: Answer | Absent) -> tuple[Verification, str]:
    """What an identity provider's answer means: the verification and the code of its reason."""
    if isinstance(answer, Absent):
        return Verification.REJECTED, "absent"
    if answer.state == "match":
        return Verification.VERIFIED, ""
    return Verification.REJECTED, "mismatch"
