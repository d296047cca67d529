"""A person as one query of their partition shows them.

Rules here are pure. Personal fields stay sealed until a use case opens them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Verification(StrEnum):
    """Where the real-name registration stands (JN-18 to JN-20)."""

    NONE = "none"
    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"


class Role(StrEnum):
    """What a person may be at a venue."""

    ADMINISTRATOR = "administrator"
    INSPECTOR = "inspector"


class Strength(StrEnum):
    """What a login rests on (YK-29): an account at a platform; a phone, by a code that was sent to
    it or by the platform's word in this very session; a check of the face or of the payment
    password, which a platform makes.
    """

    PLATFORM = "platform"
    PHONE = "phone"
    FACE = "face"
    PAYMENT_PASSWORD = "payment_password"  # noqa: S105


@dataclass(frozen=True)
class Profile:
    """A person's contact and registration.

    `phone` is empty for a person who has logged in by a platform and not confirmed a phone yet.
    Such a person has nothing but sessions (no registration, so no scans and no rights), and may be
    merged into the person whose phone they confirm.
    `registration` counts the edits and is the `version` that clients send back; an answer of the
    identity provider names the registration that it is about. `blocked` is set by a rejection and
    cleared by an approval only, so that an edit alone does not open the door again (JN-20).
    `shadow_until` marks a person without an account: staff asked about them by name and number,
    and the record is deleted then. `phone` is what they gave, perhaps a relative's.
    """

    person_id: str
    phone: bytes
    name: bytes = b""
    document_type: str = ""
    document: bytes = b""
    document_blind: str = ""
    registration: int = 0
    verification: Verification = Verification.NONE
    reason: str = ""
    blocked: bool = False
    shadow_until: datetime | None = None

    @property
    def may_scan(self) -> bool:
        """Pending for the first time may scan; rejected may not until approved (JN-19, JN-20)."""
        return self.verification is not Verification.NONE and not self.blocked


@dataclass(frozen=True)
class Session:
    """A login. `serial` counts its refreshes; `client` and `strength` say how it was made."""

    session_id: str
    expires_at: datetime
    serial: int
    client: str
    strength: Strength


@dataclass(frozen=True)
class Snapshot:
    """A provider's last answer about a person, for one registration of theirs.

    `observed_at` is the provider's time of the fact (None when it has none), `fetched_at` ours.
    The texts and `doses` are as in `providers.Answer`.
    """

    provider: str
    state: str
    observed_at: datetime | None
    fetched_at: datetime
    registration: int
    reason: str = ""
    group: str = ""
    how_to_clear: str = ""
    doses: int | None = None


@dataclass(frozen=True)
class PersonRecord:
    """What one query of a person's partition returns."""

    profile: Profile | None = None
    sessions: Mapping[str, Session] = field(default_factory=dict)
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    rights: Mapping[str, Role] = field(default_factory=dict)
    awaiting: tuple[str, ...] = ()

    @property
    def unidentified(self) -> bool:
        """Whether name and number came from hand, and are not known to belong together."""
        profile = self.profile
        return (
            profile is not None
            and profile.shadow_until is not None
            and profile.verification is not Verification.VERIFIED
        )

    def current(self, provider: str) -> Snapshot | None:
        """The provider's snapshot, if it is about the registration as it stands."""
        found = self.snapshots.get(provider)
        if found and self.profile and found.registration == self.profile.registration:
            return found
        return None

    def lacks(self, provider: str, answered_at: datetime | None) -> bool:
        """Whether an answer of the provider's, of `answered_at`, came after this was read."""
        known = self.current(provider)
        return answered_at is not None and (known is None or known.fetched_at < answered_at)


@dataclass(frozen=True)
class Actor:
    """Who makes a request: a live session and what the person's partition says."""

    profile: Profile
    session: Session
    record: PersonRecord

    @property
    def person_id(self) -> str:
        """The id of the person who acts."""
        return self.profile.person_id


class People(Protocol):
    """The people on record; the store in `identity/store` is the real one.

    Unless a method says otherwise, a write costs one TransactWriteItems.
    """

    def load(self, person_id: str, *, consistent: bool = True) -> PersonRecord:
        """Return the person's profile, sessions, snapshots and rights.

        Cost: one Query, strongly consistent unless `consistent` is False.
        """

    def subject(self, person_id: str) -> PersonRecord:
        """Return the same with the scans that wait for an answer.

        Cost: one strongly consistent Query.
        """

    def profiles(self, person_ids: Collection[str]) -> dict[str, Profile]:
        """Return the profiles of those who have one, by person id; for lists.

        Cost: one eventually consistent BatchGetItem for each 50 people.
        """

    def by_phone(self, blind: str) -> str | None:
        """Return the id of the person who logs in with this phone.

        Cost: one strongly consistent GetItem.
        """

    def by_document(self, blind: str) -> str | None:
        """Return the id of the person who registered this document.

        Cost: one strongly consistent GetItem.
        """

    def create(self, profile: Profile, phone_blind: str) -> str:
        """Make the person, or find the one that another request has just made; return the id."""

    def by_account(self, blind: str) -> str | None:
        """Return the id of the owner of this account at a platform.

        Cost: one strongly consistent GetItem.
        """

    def accounts(self, person_id: str) -> list[str]:
        """Return the blind indexes of the person's accounts at platforms.

        Cost: one strongly consistent Query.
        """

    def create_with_account(self, profile: Profile, *, account: str, phone: str | None) -> bool:
        """Make the person with this account and phone; False if either has an owner already."""

    def link(self, account: str, person_id: str, *, phone: str) -> bool:
        """Link a new platform account to the owner of `phone`; False if an owner has changed."""

    def take_phone(self, profile: Profile, phone: str, *, former: str | None) -> bool:
        """Record `profile.phone` and claim it, freeing the `former` one.

        False when another person has it, or the person's phone has changed meanwhile.
        """

    def merge_into(self, person_id: str, accounts: Sequence[str], to: str, *, phone: str) -> bool:
        """Merge a person without a phone, with all accounts, into the owner of `phone`.

        False when any of it has changed meanwhile.
        """

    def register(self, profile: Profile, previous: Profile, correlation: str) -> None:
        """Replace `previous` by `profile`, claiming its document and freeing the former one.

        Raises Conflict: ``identity_taken``, ``version_conflict``.
        """

    def settle(self, profile: Profile, verification: Verification, reason: str) -> bool:
        """Record the provider's answer about exactly this registration; False if it has changed."""

    def keep_shadow(self, profile: Profile, *, again: bool) -> None:
        """Keep a person without an account until `profile.shadow_until`, to be verified.

        A person already on record stays unchanged; `again` requests a new verification. Cost: one
        UpdateItem.
        """

    def open_session(self, person_id: str, session: Session) -> None:
        """Record a login. Cost: one PutItem."""

    def refresh_session(
        self, person_id: str, session_id: str, *, serial: int, expires_at: datetime
    ) -> Session:
        """Record the `serial`-th refresh and return the session. Cost: one UpdateItem.

        Raises Unauthenticated ``session_ended`` if the session is over or was refreshed elsewhere.
        """

    def strengthen_session(self, person_id: str, session_id: str, strength: Strength) -> None:
        """Record that the session rests on more than before. Cost: one UpdateItem.

        Raises Unauthenticated ``session_ended`` if the session is over.
        """

    def close_session(self, person_id: str, session_id: str) -> None:
        """Delete a login. Cost: one DeleteItem."""

    def save_snapshot(
        self, person_id: str, snapshot: Snapshot, *, until: datetime | None = None
    ) -> bool:
        """Keep a provider's answer; False if a newer one is on record. Cost: one PutItem.

        `until`: when it may be deleted, if ever.
        """


class Codes(Protocol):
    """One-time codes that were sent to phones; the store in `identity/store` is the real one."""

    def put(self, blind: str, digest: str, expires_at: datetime) -> None:
        """Record the code last sent; an earlier one is void. Cost: one PutItem."""

    def spend(self, blind: str, digest: str, now: datetime) -> bool:
        """Return whether the code is right, in time, unused and not guessed at too often.

        A right one is used up. Cost: one UpdateItem, and one DeleteItem if it is right.
        """


class Limits(Protocol):
    """Counts attempts; the store in `identity/store` is the real one."""

    def charge(self, what: str, whom: str, *, limit: int, seconds: int, now: datetime) -> None:
        """Count one attempt at `what` by `whom`. Cost: one UpdateItem.

        Raises TooMany above `limit` in a window of `seconds`.
        """


def mask_name(name: str) -> str:
    """A name as others may see it: the family name's first character, the rest as asterisks."""
    return name[:1] + "*" * max(1, min(len(name) - 1, 3))


def mask_phone(phone: str) -> str:
    """An E.164 number as others may see it: prefix and last four digits, ``+86138****5678``."""
    return f"{phone[:-8]}****{phone[-4:]}"
