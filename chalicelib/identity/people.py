"""People, and the protocols of their stores.

The rules here are pure. Personal fields stay sealed until a use case opens them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from chalicelib.core.crypto import BEGINNING
from chalicelib.identity.family import FamilyLink

ANSWERS_KEPT_FOR = timedelta(days=30)
"""How long answers are kept after the last one about a person. No older answer is used.

Deletion also removes the answers about a person who is discarded.
"""


class Verification(StrEnum):
    """The state of a real-name registration (JN-18 to JN-20)."""

    NONE = "none"
    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"


class Role(StrEnum):
    """The role of a staff member at a venue."""

    ADMINISTRATOR = "administrator"
    INSPECTOR = "inspector"


class Strength(StrEnum):
    """The authentication of a session (YK-29).

    ``PLATFORM``: an account at a platform. ``PHONE``: a phone, confirmed in this session by a
    one-time code or by the platform. ``FACE``, ``PAYMENT_PASSWORD``: a check by the service for
    identity checks (`checks`).
    """

    PLATFORM = "platform"
    PHONE = "phone"
    FACE = "face"
    PAYMENT_PASSWORD = "payment_password"  # noqa: S105

    @property
    def weaker(self) -> tuple["Strength", ...]:
        """The strengths that this one replaces."""
        order = (Strength.PLATFORM, Strength.PHONE, Strength.PAYMENT_PASSWORD, Strength.FACE)
        return order[: order.index(self)]


def beginning_of(document_blind: str) -> str:
    """Return the beginning of a document's blind index, as rights, links and passes store it.

    48 of 128 bits distinguish the documents of one person, and keep their items small.
    """
    return document_blind[: document_blind.find(":") + 1 + BEGINNING]


@dataclass(frozen=True)
class Profile:
    """A person's contact and registration.

    `phone` is empty for a person who logged in from a platform and has not confirmed a phone. Such
    a person has only sessions (no registration, so no scans and no rights), and may be merged into
    the owner of the phone that they confirm.

    `registration` counts the edits. It is the `version` in the API, and an answer of the identity
    provider names it. A rejection sets `blocked`, and only an approval clears it, so that an edit
    alone does not admit the person again (JN-20).

    `phone_blind` is the blind index of the phone, for the invitations that wait for it. Profiles of
    0.2.0 have none.

    Live passes that were minted until `passes_from` are revoked.

    `seen_at` is about when the person was last seen with the phone (`sessions`), and `successor`
    the person who got the phone when it seemed to have a new owner (`accounts`).

    `asked_at` is when the provider was asked again to verify a registration that is still pending.

    `shadow_until` marks a person without an account, whom staff checked by name and number. The
    record is deleted at that time. Its `phone` is unconfirmed and may be a relative's.
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
    passes_from: datetime | None = None
    seen_at: datetime | None = None
    successor: str = ""
    asked_at: datetime | None = None
    phone_blind: str = ""

    @property
    def may_scan(self) -> bool:
        """Whether the person is registered, and approved after a rejection (JN-19, JN-20)."""
        return self.verification is not Verification.NONE and not self.blocked

    @property
    def document_beginning(self) -> str:
        """The beginning of the blind index of the document; see `beginning_of`."""
        return beginning_of(self.document_blind)

    @property
    def is_refused(self) -> bool:
        """Whether the registration was rejected, and no edit has been approved since (JN-20)."""
        return self.blocked or self.verification is Verification.REJECTED

    @property
    def logs_in(self) -> bool:
        """Whether the person has a phone, or had one that was given to a `successor`."""
        return bool(self.phone or self.successor)

    @property
    def is_managed(self) -> bool:
        """Whether the person is registered without a login, by a guardian or a device."""
        registered = self.verification is not Verification.NONE
        return registered and not self.logs_in and self.shadow_until is None

    @property
    def has_lost_phone(self) -> bool:
        """Whether the person is registered, and their phone was given to a `successor`."""
        registered = self.verification is not Verification.NONE
        return registered and not self.phone and bool(self.successor)


@dataclass(frozen=True)
class Session:
    """A login. `serial` counts its refreshes. `client` and `strength` are those of the login."""

    session_id: str
    expires_at: datetime
    serial: int
    client: str
    strength: Strength

    @property
    def shows_phone(self) -> bool:
        """Whether its use tells that the person has the phone: it began with a text message."""
        return self.client == "sms"


@dataclass(frozen=True)
class Snapshot:
    """A provider's last answer about a person, for one version of their registration.

    `observed_at` is the provider's time of the fact (None if unknown), `fetched_at` the time of the
    lookup. The texts and `doses` are as in `providers.Answer`.
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
    report_to: str = ""


@dataclass(frozen=True)
class IssuedPass:
    """The paper pass last issued to a person; at most one is valid.

    `serial` is 12 characters. `issued_at` has whole milliseconds. `full_name`: the name on it is
    not masked. `issued_by` is the guardian or device that issued it, or empty for the person.
    `replaces` is the serial that its issuer had seen before, or empty. `document` is the beginning
    of the blind index of the document that the person had then: the pass ends with another one.
    """

    serial: str
    issued_at: datetime
    expires_at: datetime
    full_name: bool
    issued_by: str
    replaces: str
    document: str
    revoked: bool = False

    @property
    def by_guardian(self) -> bool:
        """Whether a guardian issued it."""
        return self.issued_by.startswith("per_")


@dataclass(frozen=True)
class PersonRecord:
    """The result of one query of a person's partition.

    `awaiting` are the ids of the scans that wait for answers, `marked` those that a release up to
    0.2.0 has marked so; `questioned`: a question about the person is under way, which scans may
    join. Only `People.subject` reads them.

    `lapsed` are the ids of venues with a right on record that is not in force. `rights_given`
    counts the rights that were ever written, so that a write can have the condition that no other
    one came since (`venues.rights`).
    """

    profile: Profile | None = None
    sessions: Mapping[str, Session] = field(default_factory=dict)
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    rights: Mapping[str, Role] = field(default_factory=dict)
    awaiting: tuple[str, ...] = ()
    dependants: Mapping[str, FamilyLink] = field(default_factory=dict)
    guardians: Mapping[str, FamilyLink] = field(default_factory=dict)
    paper_pass: IssuedPass | None = None
    marked: tuple[str, ...] = ()
    questioned: bool = False
    lapsed: frozenset[str] = frozenset()
    rights_given: int = 0

    @property
    def unidentified(self) -> bool:
        """Whether name and number are not verified to match, by whomever they were entered.

        Providers answer by number. Until both match, an answer may be about another person, so it
        is neither asked for nor shown.
        """
        profile = self.profile
        return profile is not None and profile.verification is not Verification.VERIFIED

    def current(self, provider: str) -> Snapshot | None:
        """Return the provider's snapshot of the current registration, or None."""
        found = self.snapshots.get(provider)
        if found and self.profile and found.registration == self.profile.registration:
            return found
        return None

    def lacks(self, provider: str, answered_at: datetime | None) -> bool:
        """Return whether the provider's answer of `answered_at` is newer than this record."""
        known = self.current(provider)
        return answered_at is not None and (known is None or known.fetched_at < answered_at)

    def knowing(self, answers: Iterable[Snapshot]) -> "PersonRecord":
        """Return the record with `answers` as well, of each provider the newest one."""
        return replace(self, snapshots=newest((*self.snapshots.values(), *answers)))


def newest(answers: Iterable[Snapshot]) -> dict[str, Snapshot]:
    """Return the newest answer of each provider: by registration, then by time."""
    ordered = sorted(answers, key=lambda one: (one.registration, one.fetched_at))
    return {one.provider: one for one in ordered}


class Holder(NamedTuple):
    """The person whom a request concerns: the actor, or a dependant for whom the actor acts.

    `guardian_id` is the actor's id if they act for a dependant, or empty.
    """

    record: PersonRecord
    guardian_id: str = ""

    @property
    def profile(self) -> Profile:
        """The person's profile. Raises LookupError if there is none."""
        if self.record.profile is None:
            raise LookupError("a person without a profile")
        return self.record.profile

    @property
    def person_id(self) -> str:
        """The person's id."""
        return self.profile.person_id


@dataclass(frozen=True)
class Actor:
    """The person who makes a request, with their session and record."""

    profile: Profile
    session: Session
    record: PersonRecord

    @property
    def person_id(self) -> str:
        """The actor's id."""
        return self.profile.person_id

    @property
    def holder(self) -> Holder:
        """The actor as the person whom the request concerns."""
        return Holder(self.record)


class Account(NamedTuple):
    """A platform account: its blind index, and its mini-program (`PlatformAccount.program`)."""

    blind: str
    program: str


class People(Protocol):
    """The store of people, implemented in `identity/store`.

    The cost of a write is one TransactWriteItems, unless its docstring says otherwise.
    """

    def load(self, person_id: str, *, consistent: bool = True) -> PersonRecord:
        """Return the person's profile, sessions, snapshots and rights.

        Cost: one Query, strongly consistent unless `consistent` is False.
        """

    def subject(self, person_id: str) -> PersonRecord:
        """Return the same record with the ids of the scans that wait for an answer.

        Cost: one strongly consistent Query.
        """

    def profiles(self, person_ids: Collection[str]) -> dict[str, Profile]:
        """Return the existing profiles by person id, for lists.

        Cost: one eventually consistent BatchGetItem for each 50 people.
        """

    def by_phone(self, blind: str) -> str | None:
        """Return the id of the person who logs in with a phone.

        Cost: one strongly consistent GetItem.
        """

    def by_document(self, blind: str) -> str | None:
        """Return the id of the person who registered a document.

        Cost: one strongly consistent GetItem.
        """

    def create(self, profile: Profile, phone_blind: str) -> str:
        """Create the person and return the id, or return the id of the phone's owner."""

    def by_account(self, blind: str) -> str | None:
        """Return the id of the owner of a platform account.

        Cost: one strongly consistent GetItem.
        """

    def accounts(self, person_id: str) -> dict[str, str]:
        """Return the mini-programs of the person's accounts, by blind index; empty if unknown.

        Cost: one strongly consistent Query.
        """

    def create_with_account(self, profile: Profile, *, account: Account, phone: str | None) -> bool:
        """Create a person with an account and a phone; False if either has an owner."""

    def link(self, account: Account, person_id: str, *, phone: str) -> bool:
        """Link a new platform account to the owner of `phone`; False if an owner has changed."""

    def take_phone(
        self, profile: Profile, phone: str, *, former: str | None, owner: Profile | None = None
    ) -> bool:
        """Record `profile.phone`, claim it, and release the `former` one.

        `owner` loses the phone to the person. Returns False if another person has the phone, or a
        profile's phone has changed.
        """

    def succeed(
        self, owner: Profile, profile: Profile, phone: str, *, account: Account | None = None
    ) -> bool:
        """Create a person with the phone, and with an account, that `owner` loses.

        Returns False if the phone's or the account's owner has changed.
        """

    def saw(self, person_id: str, at: datetime) -> None:
        """Record when the person was seen last. Cost: one UpdateItem.

        Nothing happens if the person is gone.
        """

    def ask_again(self, profile: Profile, *, unless_since: datetime, now: datetime) -> bool:
        """Request that a pending registration is verified again; the stream dispatches it.

        Returns False if it has changed, or was requested after `unless_since`. Cost: one
        UpdateItem.
        """

    def merge_into(
        self, person_id: str, accounts: Mapping[str, str], to: str, *, phone: str
    ) -> bool:
        """Merge a person without a phone, with all their accounts, into the owner of `phone`.

        Returns False if the person, an account or the owner of `phone` has changed.
        """

    def register(self, profile: Profile, previous: Profile, correlation: str) -> None:
        """Replace `previous` by `profile`, claim its document and release the former one.

        Raises Conflict: ``identity_taken``, ``version_conflict``.
        """

    def create_managed(self, profile: Profile, correlation: str) -> bool:
        """Create a registered person without a login, and claim their document if they have one.

        Returns False if the document has an owner, or the person exists.
        """

    def settle(self, profile: Profile, verification: Verification, reason: str) -> bool:
        """Record the result of a verification; False if the registration has changed.

        A person who is rejected, or owns no document, is deleted if they have neither a phone nor a
        guardian: nobody could correct the registration. Their claim is released.
        """

    def keep_shadow(self, profile: Profile, *, again: bool) -> None:
        """Record a shadow profile until `profile.shadow_until`, for verification.

        An existing shadow profile keeps its contents; `again` requests a new verification. Cost:
        one UpdateItem.
        """

    def revoke_live_passes(self, person_id: str, at: datetime) -> None:
        """Revoke the live passes minted until `at`. Cost: one UpdateItem.

        Nothing happens if the person is gone.
        """

    def open_session(self, person_id: str, session: Session) -> None:
        """Record a login, unless the session is on record already. Cost: one PutItem."""

    def refresh_session(
        self, person_id: str, session_id: str, *, serial: int, expires_at: datetime
    ) -> Session:
        """Record refresh number `serial`, and return the session. Cost: one UpdateItem.

        If the number is not the next one, nothing is recorded, and the session is returned as it
        is. Raises Unauthenticated ``session_ended`` if the session is closed.
        """

    def strengthen_session(self, person_id: str, session_id: str, strength: Strength) -> Strength:
        """Record the session's strength unless it is higher already, and return it.

        Cost: one UpdateItem, and one GetItem if the session is stronger. Raises Unauthenticated
        ``session_ended`` if the session is closed.
        """

    def close_session(self, person_id: str, session_id: str) -> None:
        """Delete a session. Cost: one DeleteItem."""

    def save_answers(
        self, person_id: str, answers: Sequence[Snapshot], *, until: datetime | None = None
    ) -> bool:
        """Record providers' answers, one for each provider, unless a newer one is on record.

        `until` is the time of their deletion, `ANSWERS_KEPT_FOR` after the last one if it is None.
        Return False if any was left out. Cost: one UpdateItem; another one if some were older.
        """


REPLAY = timedelta(seconds=30)
"""For how long the same request, sent again because its answer was lost, is answered again."""
GUESSES = 5
"""The wrong guesses of a code that one network has (see `core.networks`)."""
GUESSES_OF_ALL = 20
"""The wrong guesses of a code that all networks have together.

One network cannot use up another person's code, and no number of them has many guesses.
"""


class SentCode(NamedTuple):
    """A one-time code. `nonce` is a digest of that of the request for it, or empty.

    `network` is that of the request, or empty. `earlier` are codes that stay valid beside it, the
    newest first: the first one for everybody, the others for the networks that asked for them.
    `used`: it or one of them was used; only `Codes.get` says so.
    """

    digest: str
    expires_at: datetime
    nonce: str = ""
    used: bool = False
    network: str = ""
    earlier: "tuple[SentCode, ...]" = ()


class GuessState(StrEnum):
    """What came of a guess of a code. ``USED_UP``: no further guess will be accepted."""

    RIGHT = "right"
    WRONG = "wrong"
    USED_UP = "used_up"


class Guess(NamedTuple):
    """The result of a guess of a code; `by` is the use that it was right for."""

    state: GuessState
    by: str = ""


class Codes(Protocol):
    """The store of one-time codes, implemented in `identity/store`."""

    def get(self, blind: str) -> SentCode | None:
        """Return the code sent last. Cost: one strongly consistent GetItem."""

    def put(self, blind: str, code: SentCode, last: SentCode | None = None) -> bool:
        """Record a code in place of all others but its `earlier`.

        `last` is what `get` has returned: False if another code came since, or one was used. Cost:
        one conditional PutItem.
        """

    def check(self, blind: str, digest: str, *, network: str, now: datetime) -> GuessState:
        """Return whether `spend` would accept the code; it is not used up.

        A wrong one counts as a wrong guess. Cost: one UpdateItem, and another one if it is correct.
        """

    def spend(self, blind: str, digest: str, *, network: str, by: str, now: datetime) -> Guess:
        """Use up the code for `by`, and return whether it was correct, unexpired and unused.

        Within `REPLAY`, the same code is right again, and the result names the use on record. After
        too many attempts of `network`, or of all, no code is accepted. Cost: one UpdateItem, and
        another one if the code is correct.
        """


class Limits(Protocol):
    """The store of rate limits, implemented in `identity/store`."""

    def charge(
        self, what: str, whom: str, *, limit: int, seconds: int, now: datetime, by: str = ""
    ) -> None:
        """Count one attempt at `what` by `whom`. Cost: one UpdateItem.

        `by` identifies the attempt: if it was the last one counted, it is not counted again. Raises
        TooMany above `limit` in a window of `seconds`.
        """

    def refund(self, what: str, whom: str, *, seconds: int, by: str, now: datetime) -> None:
        """Take back the attempt `by`, which was charged with the same `now`. Cost: one UpdateItem.

        A repeated refund changes nothing.
        """


def mask_name(name: str) -> str:
    """Return a masked name: its first character, then asterisks."""
    return name[:1] + "*" * max(1, min(len(name) - 1, 3))


def mask_phone(phone: str) -> str:
    """Return a masked E.164 number: its beginning and end, ``+86138****5678``.

    The four digits before the end are hidden, of a short number, too: the end of one of less than
    ten digits, its country code included, is shorter than four.
    """
    end = min(4, max(0, len(phone) - len("+") - 6))
    return f"{phone[: len(phone) - 4 - end]}****{phone[len(phone) - end :]}"
