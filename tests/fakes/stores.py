"""In-memory stand-ins for the stores, queues and files.

They keep the promises of the protocols, which `tests/contract` checks, but have no locks: races are
run against the table.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from chalicelib.admission.accesses import Access
from chalicelib.admission.kiosks import Card
from chalicelib.admission.lookup_requests import Message, Outgoing
from chalicelib.admission.policy import Policy, Revision, prefixes
from chalicelib.admission.prefetching import Prefetch
from chalicelib.admission.scan import QUESTION_LIFE, Scan, ScanReference
from chalicelib.admission.staff_phones import PairedPhones
from chalicelib.admission.visits import VisitPage
from chalicelib.core import ids, keys
from chalicelib.core.clock import epoch_ms
from chalicelib.core.errors import Conflict, Forbidden, TooMany, Unauthenticated, Unprocessable
from chalicelib.core.keys import scan_partition
from chalicelib.core.render_jobs import RenderJob
from chalicelib.core.table import StoreError
from chalicelib.identity.checks import POLL_EVERY, USABLE, IdentityCheck, State
from chalicelib.identity.devices import Device, DeviceState, Pairing
from chalicelib.identity.family import MAX_DEPENDANTS, MAX_GUARDIANS, FamilyLink
from chalicelib.identity.paper_passes import Ending, FileState, PaperFile, PassRecord
from chalicelib.identity.people import (
    GUESSES,
    GUESSES_OF_ALL,
    REPLAY,
    Account,
    Guess,
    GuessState,
    IssuedPass,
    PersonRecord,
    Profile,
    Role,
    SentCode,
    Session,
    Snapshot,
    Strength,
    Verification,
    beginning_of,
)
from chalicelib.identity.personal_records import PersonalRecord, RecordReference
from chalicelib.insight.counters import Figures, Standing, partitions_of, total
from chalicelib.insight.reconciliation import Fence, Progress
from chalicelib.venues.codes import Code, CodeKind, CodeState
from chalicelib.venues.rights import RightsChanged
from chalicelib.venues.staffing import Invitation, Member, SentInvitation, invitation_id
from chalicelib.venues.venue import (
    PosterRecord,
    PosterState,
    ShardChange,
    Venue,
    day_of,
    shard_of,
)


@dataclass
class _Partition:
    """The items under one person."""

    profile: Profile | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    rights: dict[str, tuple[Role, str]] = field(default_factory=dict)
    """By venue: the role, and the document it was given for."""
    rights_given: int = 0
    awaiting: set[str] = field(default_factory=set)
    question: tuple[str, datetime, tuple[str, ...]] | None = None
    """The scan for which the question under way was asked, when, and the providers."""
    paper_pass: IssuedPass | None = None
    dependants: dict[str, tuple[FamilyLink, str]] = field(default_factory=dict)
    guardians: dict[str, tuple[FamilyLink, str]] = field(default_factory=dict)
    """By the other person: the link, and the document of this person when it was made."""

    def in_force(self) -> dict[str, Role]:
        document = self.profile.document_blind if self.profile else ""
        rejected = self.profile and self.profile.is_refused
        held = {} if rejected else self.rights
        return {venue: role for venue, (role, under) in held.items() if under == document}

    def family(self, links: dict[str, tuple[FamilyLink, str]]) -> dict[str, FamilyLink]:
        """Return the links that hold under the present registration."""
        document = self.profile.document_blind if self.profile else ""
        stands = self.profile and self.profile.verification is not Verification.REJECTED
        if links is self.dependants and self.profile and self.profile.blocked:
            stands = False
        return {name: link for name, (link, under) in links.items() if stands and under == document}


class FakePeople:
    """See `people.People`."""

    def __init__(self) -> None:
        self._people: dict[str, _Partition] = {}
        self._phones: dict[str, str] = {}
        self.documents: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._platforms: dict[str, str] = {}

    def partition(self, person_id: str) -> _Partition:
        """Return a person's items, for the other fakes that write there."""
        return self._people.setdefault(person_id, _Partition())

    def load(self, person_id: str, *, consistent: bool = True) -> PersonRecord:
        del consistent
        return replace(self.subject(person_id), awaiting=(), questioned=False)

    def subject(self, person_id: str) -> PersonRecord:
        mine = self.partition(person_id)
        return PersonRecord(
            mine.profile,
            dict(mine.sessions),
            dict(mine.snapshots),
            mine.in_force(),
            tuple(sorted(mine.awaiting)),
            dependants=mine.family(mine.dependants),
            guardians=mine.family(mine.guardians),
            paper_pass=mine.paper_pass,
            questioned=mine.question is not None,
            lapsed=frozenset(mine.rights.keys() - mine.in_force().keys()),
            rights_given=mine.rights_given,
        )

    def profiles(self, person_ids: Collection[str]) -> dict[str, Profile]:
        found = {person_id: self.partition(person_id).profile for person_id in person_ids}
        return {person_id: profile for person_id, profile in found.items() if profile}

    def by_phone(self, blind: str) -> str | None:
        return self._phones.get(blind)

    def by_document(self, blind: str) -> str | None:
        return self.documents.get(blind)

    def create(self, profile: Profile, phone_blind: str) -> str:
        owner = self._phones.setdefault(phone_blind, profile.person_id)
        if owner == profile.person_id:
            self.partition(owner).profile = profile
        return owner

    def by_account(self, blind: str) -> str | None:
        return self._accounts.get(blind)

    def accounts(self, person_id: str) -> dict[str, str]:
        mine = sorted(blind for blind, owner in self._accounts.items() if owner == person_id)
        return {blind: self._platforms[blind] for blind in mine}

    def create_with_account(self, profile: Profile, *, account: Account, phone: str | None) -> bool:
        if account.blind in self._accounts or phone in self._phones:
            return False
        self._give(account, profile.person_id)
        if phone is not None:
            self._phones[phone] = profile.person_id
        self.partition(profile.person_id).profile = profile
        return True

    def _give(self, account: Account, person_id: str) -> None:
        self._accounts[account.blind] = person_id
        self._platforms[account.blind] = account.program

    def link(self, account: Account, person_id: str, *, phone: str) -> bool:
        if account.blind in self._accounts or self._phones.get(phone) != person_id:
            return False
        self._give(account, person_id)
        return True

    def _may_take(self, phone: str, owner: Profile | None) -> bool:
        if owner is None:
            return phone not in self._phones
        stands = self.partition(owner.person_id).profile
        mine = self._phones.get(phone) == owner.person_id
        return mine and stands is not None and stands.phone == owner.phone

    def _lose(self, owner: Profile | None, successor: str) -> None:
        stands = self.partition(owner.person_id).profile if owner else None
        if stands:
            lost = replace(stands, phone=b"", phone_blind="", successor=successor)
            self.partition(stands.person_id).profile = lost

    def succeed(
        self, owner: Profile, profile: Profile, phone: str, *, account: Account | None = None
    ) -> bool:
        taken = account is not None and account.blind in self._accounts
        if taken or not self._may_take(phone, owner):
            return False
        self._lose(owner, profile.person_id)
        self._phones[phone] = profile.person_id
        self.partition(profile.person_id).profile = profile
        if account:
            self._give(account, profile.person_id)
        return True

    def saw(self, person_id: str, at: datetime) -> None:
        mine = self.partition(person_id)
        if mine.profile is not None:
            mine.profile = replace(mine.profile, seen_at=at.replace(microsecond=0))

    def ask_again(self, profile: Profile, *, unless_since: datetime, now: datetime) -> bool:
        mine = self.partition(profile.person_id)
        stands = mine.profile
        if (
            stands is None
            or stands.registration != profile.registration
            or stands.verification is not Verification.PENDING
            or (stands.asked_at is not None and stands.asked_at > unless_since)
        ):
            return False
        mine.profile = replace(stands, asked_at=now)
        return True

    def take_phone(
        self, profile: Profile, phone: str, *, former: str | None, owner: Profile | None = None
    ) -> bool:
        mine = self.partition(profile.person_id)
        stands = mine.profile
        if stands is None or bool(stands.phone) != (former is not None):
            return False
        if not self._may_take(phone, owner):
            return False
        if former is not None:
            if self._phones.get(former) != profile.person_id:
                return False
            del self._phones[former]
        self._lose(owner, profile.person_id)
        self._phones[phone] = profile.person_id
        mine.profile = replace(stands, phone=profile.phone, phone_blind=phone, successor="")
        return True

    def merge_into(
        self, person_id: str, accounts: Mapping[str, str], to: str, *, phone: str
    ) -> bool:
        mine = self.partition(person_id)
        stands = mine.profile
        if (
            stands is None
            or stands.phone
            or stands.verification is not Verification.NONE
            or self._phones.get(phone) != to
            or any(self._accounts.get(account) != person_id for account in accounts)
        ):
            return False
        mine.profile = None
        self._accounts |= dict.fromkeys(accounts, to)
        return True

    def erase(self, person_id: str) -> None:
        """Delete a person's profile and what leads to it."""
        self.partition(person_id).profile = None
        for owners in (self._phones, self.documents, self._accounts):
            for blind in [blind for blind, owner in owners.items() if owner == person_id]:
                del owners[blind]

    def move_login(self, heir: Profile, managed: Profile, phone_blind: str) -> bool:
        """Give the heir's phone and accounts to the managed person, for `FakeSuccessions`."""
        if self._phones.get(phone_blind) != heir.person_id:
            return False
        self._phones[phone_blind] = managed.person_id
        self._accounts |= dict.fromkeys(self.accounts(heir.person_id), managed.person_id)
        return True

    def register(self, profile: Profile, previous: Profile, correlation: str) -> None:
        del correlation
        mine = self.partition(profile.person_id)
        owner = self.documents.get(profile.document_blind, profile.person_id)
        if owner != profile.person_id:
            raise Conflict("identity_taken")
        stands = mine.profile
        if (
            stands is None
            or stands.registration != previous.registration
            or stands.verification is not previous.verification
            or stands.phone != previous.phone
            or stands.passes_from != previous.passes_from
        ):
            raise Conflict("version_conflict")
        if previous.verification is not Verification.REJECTED:
            self.documents.pop(previous.document_blind, None)
        self.documents[profile.document_blind] = profile.person_id
        mine.profile = profile

    def create_managed(self, profile: Profile, correlation: str) -> bool:
        del correlation
        mine, blind = self.partition(profile.person_id), profile.document_blind
        if mine.profile is not None or blind in self.documents:
            return False
        mine.profile = profile
        if blind:
            self.documents[blind] = profile.person_id
        return True

    def settle(self, profile: Profile, verification: Verification, reason: str) -> bool:
        mine = self.partition(profile.person_id)
        stands = mine.profile
        if (
            stands is None
            or stands.registration != profile.registration
            or stands.verification is not Verification.PENDING
        ):
            return False
        if stands.shadow_until is not None:
            mine.profile = replace(stands, verification=verification, reason=reason)
            return True
        rejected = verification is Verification.REJECTED
        mine.profile = replace(
            stands, verification=verification, reason=reason, blocked=rejected, asked_at=None
        )
        alone = not stands.phone and not stands.successor and not mine.guardians
        if alone and (rejected or not profile.document_blind):
            mine.profile = None
            self.documents.pop(profile.document_blind, None)
            return True
        if rejected:
            del self.documents[profile.document_blind]
        return True

    def keep_shadow(self, profile: Profile, *, again: bool) -> None:
        mine = self.partition(profile.person_id)
        stands = mine.profile or replace(profile, phone=b"")
        pending = replace(stands, verification=Verification.PENDING) if again else stands
        mine.profile = replace(
            pending, phone=profile.phone or stands.phone, shadow_until=profile.shadow_until
        )

    def revoke_live_passes(self, person_id: str, at: datetime) -> None:
        mine = self.partition(person_id)
        if mine.profile is not None:
            mine.profile = replace(mine.profile, passes_from=at)

    def open_session(self, person_id: str, session: Session) -> None:
        self.partition(person_id).sessions.setdefault(session.session_id, session)

    def refresh_session(
        self, person_id: str, session_id: str, *, serial: int, expires_at: datetime
    ) -> Session:
        sessions = self.partition(person_id).sessions
        before = sessions.get(session_id)
        if before is None:
            raise Unauthenticated("session_ended")
        if before.serial != serial - 1:
            return before
        sessions[session_id] = replace(before, serial=serial, expires_at=expires_at)
        return sessions[session_id]

    def strengthen_session(self, person_id: str, session_id: str, strength: Strength) -> Strength:
        sessions = self.partition(person_id).sessions
        if session_id not in sessions:
            raise Unauthenticated("session_ended")
        if sessions[session_id].strength in strength.weaker:
            sessions[session_id] = replace(sessions[session_id], strength=strength)
        return sessions[session_id].strength

    def close_session(self, person_id: str, session_id: str) -> None:
        self.partition(person_id).sessions.pop(session_id, None)

    def save_answers(
        self, person_id: str, answers: Sequence[Snapshot], *, until: datetime | None = None
    ) -> bool:
        del until  # a stand-in deletes nothing by time
        snapshots = self.partition(person_id).snapshots
        complete = True
        for answer in answers:
            before = snapshots.get(answer.provider)
            if before and (before.registration, before.fetched_at) >= (
                answer.registration,
                answer.fetched_at,
            ):
                complete = False
            else:
                snapshots[answer.provider] = answer
        return complete


class FakeConsents:
    """See `consents.Consents`."""

    def __init__(self) -> None:
        self._givers: dict[str, str] = {}
        self._valid: dict[str, tuple[str, datetime]] = {}

    def put(self, person_id: str, blind: str, expires_at: datetime) -> None:
        self._givers[blind] = person_id
        self._valid[person_id] = (blind, expires_at)

    def giver(self, blind: str) -> str | None:
        return self._givers.get(blind)

    def is_valid(self, person_id: str, blind: str, now: datetime) -> bool:
        """Return whether a person's code is valid."""
        valid, expires_at = self._valid.get(person_id, ("", now))
        return valid == blind and expires_at > now

    def spend(self, person_id: str) -> None:
        """Use up a person's code."""
        del self._valid[person_id]


class FakeFamilyLinks:
    """See `family.FamilyLinks`."""

    def __init__(self, people: FakePeople, consents: FakeConsents) -> None:
        self._people = people
        self._consents = consents

    def link(
        self, guardian: Profile, dependant: Profile, link: FamilyLink, *, consent: str = ""
    ) -> bool:
        mine = self._people.partition(guardian.person_id).dependants
        theirs = self._people.partition(dependant.person_id).guardians
        if dependant.person_id in mine:
            return False
        code_valid = self._consents.is_valid(dependant.person_id, consent, link.since)
        if consent and not code_valid:
            raise Unprocessable("consent_code_invalid")
        self._check(guardian, dependant)
        if len(mine) >= MAX_DEPENDANTS:
            raise Conflict("too_many_dependants")
        if len(theirs) >= MAX_GUARDIANS:
            raise Conflict("dependant_taken")
        if consent:
            self._consents.spend(dependant.person_id)
        self._record(guardian, dependant, link)
        return True

    def create(
        self, guardian: Profile, dependant: Profile, link: FamilyLink, *, correlation: str
    ) -> None:
        del correlation
        if dependant.document_blind in self._people.documents:
            raise Conflict("identity_taken")
        if self._people.partition(dependant.person_id).profile is not None:
            raise Conflict("nonce_reused")
        self._check(guardian)
        if len(self._people.partition(guardian.person_id).dependants) >= MAX_DEPENDANTS:
            raise Conflict("too_many_dependants")
        self._people.documents[dependant.document_blind] = dependant.person_id
        self._people.partition(dependant.person_id).profile = dependant
        self._record(guardian, dependant, link)

    def unlink(self, guardian_id: str, dependant_id: str) -> bool:
        mine = self._people.partition(guardian_id).dependants
        if dependant_id not in mine:
            return False
        del mine[dependant_id]
        del self._people.partition(dependant_id).guardians[guardian_id]
        return True

    def discard(self, person_id: str) -> bool:
        mine = self._people.partition(person_id)
        profile = mine.profile
        if profile is None or profile.phone or mine.guardians:
            return False
        if profile.verification is not Verification.REJECTED:
            return False
        mine.profile = None
        return True

    def transfer(
        self, former_id: str, guardian: Profile, dependant: Profile, link: FamilyLink
    ) -> None:
        mine = self._people.partition(guardian.person_id).dependants
        former = self._people.partition(former_id).dependants
        if dependant.person_id in mine or dependant.person_id not in former:
            raise Conflict("dependant_taken")
        self._check(guardian, dependant)
        if len(mine) >= MAX_DEPENDANTS:
            raise Conflict("too_many_dependants")
        self.unlink(former_id, dependant.person_id)
        self._record(guardian, dependant, link)

    def prune(self, person_id: str, now: datetime) -> bool:
        own = self._people.partition(person_id)
        pairs = [(person_id, other) for other in own.dependants]
        pairs += [(other, person_id) for other in own.guardians]
        over = [pair for pair in pairs if self._is_over(*pair, now)]
        for pair in over:
            self.unlink(*pair)
        return bool(over)

    def forget(self, person_id: str) -> None:
        own = self._people.partition(person_id)
        for other in [*own.dependants]:
            self.unlink(person_id, other)
        for other in [*own.guardians]:
            self.unlink(other, person_id)

    def _is_over(self, guardian_id: str, dependant_id: str, now: datetime) -> bool:
        guardian, dependant = map(self._people.partition, (guardian_id, dependant_id))
        sides = (
            (guardian.profile, *guardian.dependants[dependant_id]),
            (dependant.profile, *dependant.guardians[guardian_id]),
        )
        return any(
            profile is None or profile.document_blind != document or not link.in_force(now)
            for profile, link, document in sides
        )

    def _check(self, guardian: Profile, dependant: Profile | None = None) -> None:
        stands = self._people.partition(guardian.person_id).profile
        good = (
            stands is not None
            and stands.verification is Verification.VERIFIED
            and stands.document_blind == guardian.document_blind
        )
        if dependant is not None:
            theirs = self._people.partition(dependant.person_id).profile
            good = (
                good
                and theirs is not None
                and theirs.verification is not Verification.REJECTED
                and theirs.document_blind == dependant.document_blind
                and bool(theirs.phone) == bool(dependant.phone)
            )
        if not good:
            raise Conflict("version_conflict")

    def _record(self, guardian: Profile, dependant: Profile, link: FamilyLink) -> None:
        mine = self._people.partition(guardian.person_id).dependants
        theirs = self._people.partition(dependant.person_id).guardians
        mine[dependant.person_id] = (link, guardian.document_blind)
        theirs[guardian.person_id] = (link, dependant.document_blind)


class FakeSuccessions:
    """See `succession.Successions`."""

    def __init__(self, people: FakePeople, links: FakeFamilyLinks) -> None:
        self._people = people
        self._links = links

    def take_over(self, heir: Profile, managed: Profile, phone: bytes, phone_blind: str) -> bool:
        old = self._people.partition(heir.person_id)
        new = self._people.partition(managed.person_id)
        same = new.profile and new.profile.successor == managed.successor and (
            new.profile.registration, new.profile.document_blind, b"",
        ) == (managed.registration, managed.document_blind, new.profile.phone)  # fmt: skip
        if old.rights or old.dependants or old.guardians or old.profile != heir or not same:
            return False
        if new.profile is None or not self._people.move_login(heir, managed, phone_blind):
            return False
        for guardian_id in [] if managed.has_lost_phone else [*new.guardians]:
            self._links.unlink(guardian_id, managed.person_id)
        old.profile = None
        seen_at = heir.seen_at or new.profile.seen_at
        new.profile = replace(
            new.profile, phone=phone, phone_blind=phone_blind, successor="", seen_at=seen_at
        )
        return True


@dataclass
class _OneTimeCode:
    sent: SentCode
    attempts: Counter[str] = field(default_factory=Counter)
    """Wrong guesses, by network."""
    use: tuple[str, str, datetime] | None = None


class FakeCodes:
    """See `people.Codes`."""

    def __init__(self) -> None:
        self._codes: dict[str, _OneTimeCode] = {}

    def get(self, blind: str) -> SentCode | None:
        kept = self._codes.get(blind)
        return None if kept is None else kept.sent._replace(used=kept.use is not None)

    def put(self, blind: str, code: SentCode, last: SentCode | None = None) -> bool:
        found = self.get(blind)
        if (found and (found.digest, found.used)) != (last and (last.digest, last.used)):
            return False
        self._codes[blind] = _OneTimeCode(code)
        return True

    def check(self, blind: str, digest: str, *, network: str, now: datetime) -> GuessState:
        code = self._codes.get(blind)
        before = None if code is None else code.use
        state = self.spend(blind, digest, network=network, by="", now=now).state
        if code is not None:
            code.use = before
        return state

    def spend(self, blind: str, digest: str, *, network: str, by: str, now: datetime) -> Guess:
        code = self._codes.get(blind)
        if code is None or code.sent.expires_at <= now:
            return Guess(GuessState.WRONG)
        tries = code.attempts
        if tries[network] >= GUESSES or tries.total() >= GUESSES_OF_ALL:
            return Guess(GuessState.USED_UP)
        former, further = code.sent.earlier[:1], code.sent.earlier[1:]
        mine = [one for one in further if one.network == network]
        valid = [one.digest for one in (code.sent, *former, *mine) if one.expires_at > now]
        if digest not in valid:
            tries[network] += 1
            over = tries[network] >= GUESSES or tries.total() >= GUESSES_OF_ALL
            return Guess(GuessState.USED_UP if over else GuessState.WRONG)
        if code.use is None:
            code.use = (digest, by, now)
        used, used_by, used_at = code.use
        if used == digest and abs(now - used_at) <= REPLAY:
            return Guess(GuessState.RIGHT, used_by)
        tries[network] += 1
        return Guess(GuessState.WRONG)


class FakePhoneProofs:
    """See `logins.PhoneProofs`."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, datetime]] = {}

    def claim(self, blind: str, by: str, *, now: datetime) -> bool:
        shown_by, at = self._shown.setdefault(blind, (by, now))
        return shown_by == by and abs(now - at) <= REPLAY


class FakeIdentityChecks:
    """See `checks.Checks`."""

    def __init__(self, people: FakePeople) -> None:
        self._people = people
        self._checks: dict[str, IdentityCheck] = {}
        self._polled: dict[str, datetime] = {}
        self._spent: dict[str, str] = {}

    def get(self, check_id: str) -> IdentityCheck | None:
        return self._checks.get(check_id)

    def create(self, check: IdentityCheck) -> IdentityCheck:
        return self._checks.setdefault(check.check_id, check)

    def may_poll(self, check_id: str, now: datetime) -> bool:
        last = self._polled.get(check_id)
        if self._checks[check_id].state is not State.PENDING:
            return False
        if last is not None and last > now - POLL_EVERY:
            return False
        self._polled[check_id] = now
        return True

    def settle(self, check: IdentityCheck, state: State, now: datetime) -> bool:
        stored = self._checks[check.check_id]
        if stored.state is not State.PENDING or stored.started.expires_at <= now:
            return False
        self._checks[check.check_id] = replace(stored, state=state, settled_at=now)
        session = self._people.partition(check.person_id).sessions.get(check.session_id)
        mine = state is State.PASSED and not check.subject
        if mine and session is not None and session.expires_at > now:
            strength = check.method.strength
            self._people.strengthen_session(check.person_id, check.session_id, strength)
        return True

    def spend(self, check: IdentityCheck, by: str, now: datetime) -> bool:
        stored = self._checks[check.check_id]
        named = (stored.person_id, stored.subject) == (check.person_id, check.subject)
        if not named or stored.state is not State.PASSED or stored.settled_at is None:
            return False
        if stored.settled_at < now - USABLE:
            return False
        return self._spent.setdefault(check.check_id, by) == by


class FakeLimits:
    """See `people.Limits`."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[str, str, int], tuple[int, str]] = {}

    def charge(
        self, what: str, whom: str, *, limit: int, seconds: int, now: datetime, by: str = ""
    ) -> None:
        second = int(now.timestamp())
        start = second - second % seconds
        attempts, last = self._attempts.get((what, whom, start), (0, ""))
        if by and last == by:
            return
        if attempts >= limit:
            raise TooMany(start + seconds - second)
        self._attempts[what, whom, start] = (attempts + 1, by)

    def refund(self, what: str, whom: str, *, seconds: int, by: str, now: datetime) -> None:
        second = int(now.timestamp())
        window = (what, whom, second - second % seconds)
        attempts, last = self._attempts.get(window, (0, ""))
        if attempts > 0 and last != f"-{by}":
            self._attempts[window] = (attempts - 1, f"-{by}")


class FakeVenues:
    """See `venue.Venues`."""

    def __init__(self, people: FakePeople) -> None:
        self._people = people
        self._venues: dict[str, Venue] = {}
        self._unique: set[str] = set()
        self._numbers: set[tuple[str, str]] = set()
        self.codes: dict[str, Code] = {}
        """Printed codes by value; a test revokes one by replacing it."""
        self.members: dict[str, dict[str, Member]] = {}
        """By venue and person, for `FakeStaff`."""
        self._fast: dict[str, str] = {}

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
        if venue.venue_id in self._venues:
            return self._venues[venue.venue_id]
        if unique in self._unique:
            raise Conflict("venue_exists")
        holder = self._people.partition(venue.applicant)
        if given not in (None, holder.rights_given):
            raise RightsChanged
        self._venues[venue.venue_id] = venue
        self._unique.add(unique)
        self._numbers.add((number_blind, venue.venue_id))
        self.codes[venue.code] = Code(venue.code, venue.venue_id, CodeState.ACTIVE)
        role = Role.ADMINISTRATOR
        holder.rights[venue.venue_id] = (role, document_blind)
        holder.rights_given += 1
        chief = Member(venue.applicant, role, venue.created_at, beginning_of(document_blind), name)
        self.members.setdefault(venue.venue_id, {})[venue.applicant] = chief
        return None

    def venue(self, venue_id: str) -> Venue | None:
        return self._venues.get(venue_id)

    def venues(self, venue_ids: Sequence[str]) -> list[Venue]:
        return [self._venues[venue_id] for venue_id in venue_ids if venue_id in self._venues]

    def code(self, value: str) -> Code | None:
        return self.codes.get(value)

    def change_shards(self, venue: Venue, changes: Sequence[ShardChange]) -> bool:
        known = self._venues.get(venue.venue_id)
        if known is None or known.shard_changes != venue.shard_changes:
            return False
        self._venues[venue.venue_id] = replace(known, shard_changes=tuple(changes))
        return True

    def add_fast_code(self, venue_id: str, value: str) -> str:
        kept = self._fast.setdefault(venue_id, value)
        self.codes.setdefault(kept, Code(kept, venue_id, CodeState.ACTIVE, CodeKind.FAST))
        return kept

    def is_initial(self, venue_id: str, person_id: str) -> bool:
        """Return whether the person is the venue's initial administrator."""
        venue = self._venues.get(venue_id)
        return venue is not None and venue.applicant == person_id

    def change_applicant(self, venue_id: str, person_id: str) -> None:
        """Make the person the venue's initial administrator."""
        self._venues[venue_id] = replace(self._venues[venue_id], applicant=person_id)

    def sharing_number(self, number_blind: str, besides: str) -> bool:
        return any(
            blind == number_blind and venue_id != besides for blind, venue_id in self._numbers
        )


class FakeStaff:
    """See `staffing.Staff`."""

    def __init__(self, people: FakePeople, venues: FakeVenues) -> None:
        self._people = people
        self._venues = venues
        self._join: dict[str, str] = {}
        self._invitations: dict[str, dict[str, Invitation]] = {}
        self._sent: dict[str, dict[str, SentInvitation]] = {}

    def members(self, venue_id: str, *, after: str = "", limit: int | None = None) -> list[Member]:
        ordered = sorted(self._at(venue_id).values(), key=lambda member: member.person_id)
        return [member for member in ordered if member.person_id > after][:limit]

    def bind(
        self, venue_id: str, member: Member, *, appointed_by: str = "", given: int | None = None
    ) -> None:
        if appointed_by and not self._venues.is_initial(venue_id, appointed_by):
            raise Forbidden("initial_administrator_only")
        stands = self._at(venue_id).get(member.person_id)
        if stands is None or stands.role is not Role.ADMINISTRATOR:
            holder = self._people.partition(member.person_id)
            if given not in (None, holder.rights_given):
                raise RightsChanged
            beginning = beginning_of(member.document_blind)
            self._at(venue_id)[member.person_id] = member._replace(document_blind=beginning)
            holder.rights[venue_id] = (member.role, member.document_blind)
            holder.rights_given += 1

    def unbind(self, venue_id: str, person_id: str) -> None:
        if self._venues.is_initial(venue_id, person_id):
            raise Conflict("initial_administrator")
        self._at(venue_id).pop(person_id, None)
        self._people.partition(person_id).rights.pop(venue_id, None)

    def hand_over(self, venue_id: str, former: str, successor: Profile) -> bool:
        member = self._at(venue_id).get(successor.person_id)
        known = self._people.load(successor.person_id).profile
        if (
            not self._venues.is_initial(venue_id, former)
            or member is None
            or member.role is not Role.ADMINISTRATOR
            or known is None
            or known.verification is not Verification.VERIFIED
            or known.document_blind != successor.document_blind
        ):
            return False
        self._venues.change_applicant(venue_id, successor.person_id)
        return True

    def join_code(self, venue_id: str) -> str | None:
        return self._join.get(venue_id)

    def replace_join_code(self, venue_id: str, new: str, former: str | None) -> bool:
        if self._join.get(venue_id) != former:
            return False
        self._join[venue_id] = new
        return True

    def venue_of(self, join_code: str) -> str | None:
        return next((venue for venue, code in self._join.items() if code == join_code), None)

    def invite(self, phone_blind: str, invitation: Invitation, sent: SentInvitation) -> None:
        waiting = self._invitations.setdefault(phone_blind, {})
        former = waiting.get(invitation.venue_id, invitation)
        lowers = former.role is Role.ADMINISTRATOR and invitation.role is not former.role
        over = former.expires_at is not None and former.expires_at <= sent.at
        if lowers and not over and former.by != invitation.by:
            raise Forbidden("initial_administrator_only")
        waiting[invitation.venue_id] = invitation
        self._sent.setdefault(invitation.venue_id, {})[sent.invitation_id] = sent

    def invitations(self, phone_blind: str) -> list[Invitation]:
        return [
            invitation for _, invitation in sorted(self._invitations.get(phone_blind, {}).items())
        ]

    def sent_invitations(self, venue_id: str, *, after: str, limit: int) -> list[SentInvitation]:
        listed = sorted(self._sent.get(venue_id, {}).items())
        return [sent for invitation_id, sent in listed if invitation_id > after][:limit]

    def sent_invitation(self, venue_id: str, invitation_id: str) -> SentInvitation | None:
        return self._sent.get(venue_id, {}).get(invitation_id)

    def withdraw(self, venue_id: str, sent: SentInvitation) -> None:
        stands = self.sent_invitation(venue_id, sent.invitation_id)
        if stands is not None and stands.name == sent.name:
            self._end(sent.phone_blind, venue_id)

    def claim(
        self,
        phone_blind: str,
        invitation: Invitation,
        member: Member,
        *,
        given: int | None = None,
    ) -> None:
        venue_id = invitation.venue_id
        if self._invitations.get(phone_blind, {}).get(venue_id) != invitation:
            return
        giver = self._at(venue_id).get(invitation.by)
        if invitation.role is Role.ADMINISTRATOR:
            may_give = self._venues.is_initial(venue_id, invitation.by)
        else:
            may_give = giver is not None and giver.role is Role.ADMINISTRATOR
        if may_give and invitation.by != member.person_id:
            self.bind(venue_id, member, given=given)
        self._end(phone_blind, venue_id)

    def _end(self, phone_blind: str, venue_id: str) -> None:
        self._invitations.get(phone_blind, {}).pop(venue_id, None)
        self._sent.get(venue_id, {}).pop(invitation_id(venue_id, phone_blind), None)

    def _at(self, venue_id: str) -> dict[str, Member]:
        return self._venues.members.setdefault(venue_id, {})


class FakePointers:
    """See `abnormal.Pointers`."""

    def __init__(self) -> None:
        self._places: dict[str, set[str]] = {}

    def add(self, partition: str, scan: Scan) -> None:
        self._places.setdefault(partition, set()).add(_place(scan))

    def remove(self, partition: str, scan: Scan) -> None:
        self._places.get(partition, set()).discard(_place(scan))

    def of_day(
        self,
        venue: Venue,
        day: date,
        shard: int,
        after: str,
        *,
        wanted: int,  # noqa: ARG002
    ) -> Iterator[str]:
        partition = scan_partition(venue.venue_id, day, shard)
        yield from sorted(place for place in self._places.get(partition, ()) if place > after)


def _place(scan: Scan) -> str:
    return f"{epoch_ms(scan.at):013d}#{scan.digest}"


class FakeDirectory:
    """A directory that is always up to date. See `venue.Directory`."""

    def __init__(self, venues: FakeVenues) -> None:
        self._venues = venues

    def venue(self, venue_id: str, now: datetime) -> Venue | None:
        del now
        return self._venues.venue(venue_id)

    def code(self, value: str, now: datetime) -> Code | None:
        del now
        return self._venues.code(value)


class FakePosters:
    """See `venue.Posters`."""

    def __init__(self) -> None:
        self._posters: dict[tuple[str, str], PosterRecord] = {}

    def get(self, venue_id: str, poster_id: str) -> PosterRecord | None:
        return self._posters.get((venue_id, poster_id))

    def request(self, poster: PosterRecord, correlation: str) -> None:
        del correlation
        self._posters[poster.venue_id, poster.poster_id] = poster

    def finish(self, venue_id: str, poster_id: str, state: PosterState) -> None:
        poster = self.get(venue_id, poster_id)
        if poster is not None:
            self._posters[venue_id, poster_id] = replace(poster, state=state)


class FakeScans:
    """See `scan.Scans`."""

    def __init__(self, people: FakePeople) -> None:
        self._people = people
        self.kept: dict[str, Scan] = {}
        self._places: dict[str, str] = {}

    def put(self, scan: Scan, venue: Venue) -> Scan | None:
        earlier = self.kept.get(scan.scan_id)
        if earlier is None:
            self.kept[scan.scan_id] = scan
            day = day_of(venue, scan.at)
            shard = shard_of(scan.digest, venue.shards_on(day))
            self._places[scan.scan_id] = scan_partition(venue.venue_id, day, shard)
        return earlier

    def get(self, reference: ScanReference, venue: Venue) -> Scan | None:
        del venue
        wanted = (reference.venue_id, reference.at, reference.digest)
        for scan in self.kept.values():
            if (scan.venue_id, scan.at, scan.digest) == wanted:
                return scan
        return None

    def get_many(self, references: Sequence[ScanReference], venue: Venue) -> list[Scan]:
        found = [self.get(reference, venue) for reference in references]
        return [scan for scan in found if scan]

    def change(self, scan: Scan, venue: Venue) -> bool:
        del venue
        before = self.kept.get(scan.scan_id)
        if before is None or before.version != scan.version - 1:
            return False
        self.kept[scan.scan_id] = scan
        return True

    def of_day(self, venue: Venue, day: date) -> Iterator[Scan]:
        def place(scan: Scan) -> tuple[int, datetime, str]:
            return shard_of(scan.digest, venue.shards_on(day)), scan.at, scan.digest

        mine = (s for s in self.kept.values() if s.venue_id == venue.venue_id)
        yield from sorted((s for s in mine if day_of(venue, s.at) == day), key=place)

    def in_partition(self, partition: str) -> Iterator[Scan]:
        mine = [self.kept[scan_id] for scan_id, place in self._places.items() if place == partition]
        yield from sorted(mine, key=lambda scan: (scan.at, scan.digest))

    def visits(self, person_id: str) -> Iterator[ScanReference]:
        mine = [scan for scan in self.kept.values() if scan.person_id == person_id]
        for scan in sorted(mine, key=lambda scan: (scan.at, scan.venue_id)):
            yield ScanReference(scan.venue_id, scan.at, scan.digest)

    def visits_at(self, person_id: str, at: datetime) -> list[ScanReference]:
        return [one for one in self.visits(person_id) if one.at == at]

    def await_answers(self, scan: Scan, now: datetime) -> bool:
        mine = self._people.partition(scan.person_id)
        mine.awaiting.add(scan.scan_id)
        if mine.question is None or mine.question[1] + QUESTION_LIFE <= now:
            mine.question = (scan.scan_id, scan.received_at, scan.verdict.needs)
        asked_for, _, providers = mine.question
        return asked_for == scan.scan_id or not set(scan.verdict.needs) <= set(providers)

    def stop_waiting(self, person_id: str, scan_ids: Collection[str]) -> None:
        self._people.partition(person_id).awaiting.difference_update(scan_ids)

    def end_question(self, person_id: str, scan_ids: Collection[str]) -> bool:
        mine = self._people.partition(person_id)
        if (mine.awaiting or mine.question) and mine.awaiting != set(scan_ids):
            return False
        mine.awaiting, mine.question = set(), None
        return True

    def give_up(self, person_id: str, asked_at: datetime, scan_ids: Collection[str]) -> bool:
        mine = self._people.partition(person_id)
        if mine.question and epoch_ms(mine.question[1]) == epoch_ms(asked_at):
            if mine.awaiting != set(scan_ids):
                return False
            mine.question = None
        return True


class FakeAccesses:
    """See `accesses.Accesses`."""

    def __init__(self) -> None:
        self._accesses: dict[str, dict[str, Access]] = {}

    def record(self, blind: str, access: Access) -> None:
        place = keys.access(blind, epoch_ms(access.at), access.digest).sk
        self._accesses.setdefault(blind, {})[place] = access

    def record_all(self, accesses: Sequence[tuple[str, Access]]) -> None:
        for blind, access in accesses:
            self.record(blind, access)

    def of(self, blind: str, after: str, page: int) -> Iterator[tuple[str, Access]]:
        del page
        found = sorted(self._accesses.get(blind, {}).items())
        yield from ((place, access) for place, access in found if place > after)


class FakeIssuedPasses:
    """See `paper_passes.IssuedPasses`."""

    def __init__(self, people: FakePeople) -> None:
        self._people = people
        self._history: dict[str, dict[str, PassRecord]] = {}
        self._files: dict[str, dict[str, PaperFile]] = {}

    def issue(
        self,
        person_id: str,
        new: IssuedPass,
        former: IssuedPass | None,
        files: Sequence[PaperFile],
        correlation: str,
    ) -> bool:
        del correlation
        mine = self._people.partition(person_id)
        stands = mine.paper_pass.serial if mine.paper_pass else None
        if stands != (former.serial if former else None):
            return False
        if ids.is_id(new.issued_by, "per") and new.issued_by not in mine.guardians:
            return False
        mine.paper_pass = new
        record = PassRecord(new.serial, new.issued_at, new.expires_at, new.full_name, new.issued_by)
        self._history.setdefault(person_id, {})[_issue(person_id, new)] = record
        self._files[person_id] = {file.form: file for file in files}
        if former:
            self._end(person_id, former, new.issued_at, Ending.REPLACED)
        return True

    def revoke(
        self, person_id: str, standing: IssuedPass, *, at: datetime, correlation: str
    ) -> bool:
        del correlation
        mine = self._people.partition(person_id)
        stands = mine.paper_pass
        if stands is None or stands.revoked or stands.serial != standing.serial:
            return False
        mine.paper_pass = replace(stands, revoked=True)
        self._end(person_id, standing, at, Ending.REVOKED)
        self._files.pop(person_id, None)
        return True

    def history(self, person_id: str, after: str, page: int) -> Iterator[tuple[str, PassRecord]]:
        del page
        found = sorted(self._history.get(person_id, {}).items())
        yield from ((place, record) for place, record in found if place > after)

    def files(self, person_id: str) -> list[PaperFile]:
        return [file for _, file in sorted(self._files.get(person_id, {}).items())]

    def file(self, person_id: str, form: str) -> PaperFile | None:
        return self._files.get(person_id, {}).get(form)

    def request(self, person_id: str, file: PaperFile, correlation: str) -> bool:
        del correlation
        stands = self.file(person_id, file.form)
        if stands is not None and stands.serial != file.serial:
            return False
        self._files.setdefault(person_id, {})[file.form] = file
        return True

    def finish(self, person_id: str, file: PaperFile, state: FileState) -> bool:
        stands = self.file(person_id, file.form)
        if stands is None or stands.serial != file.serial or stands.state is not FileState.PENDING:
            return False
        self._files[person_id][file.form] = replace(stands, state=state)
        return True

    def _end(self, person_id: str, issued: IssuedPass, at: datetime, ending: Ending) -> None:
        mine, place = self._history[person_id], _issue(person_id, issued)
        if mine[place].ended_at is None:
            mine[place] = replace(mine[place], ended_at=at, ending=ending)


def _issue(person_id: str, issued: IssuedPass) -> str:
    key = keys.issued_pass(person_id, epoch_ms(issued.issued_at), issued.serial)
    return key.sk.removeprefix(keys.PASSES)


class FakePrefetches:
    """See `prefetching.Prefetches`."""

    def __init__(self) -> None:
        self.asked: dict[str, Prefetch] = {}

    def ask(self, prefetch: Prefetch) -> datetime:
        stands = self.asked.get(prefetch.person_id)
        if (
            stands is None
            or stands.registration < prefetch.registration
            or prefetch.asked_at - stands.asked_at >= timedelta(seconds=60)
        ):
            self.asked[prefetch.person_id] = prefetch
            return prefetch.asked_at
        return stands.asked_at


class FakePersonalRecords:
    """See `personal_records.PersonalRecords`."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], PersonalRecord] = {}

    def put(self, record: PersonalRecord, *others: PersonalRecord) -> PersonalRecord | None:
        every = {(one.person_id, one.record_id): one for one in (record, *others)}
        standing = self._records.get((record.person_id, record.record_id))
        if standing is not None:
            return standing
        if every.keys() & self._records.keys():
            raise StoreError
        self._records |= every
        return None

    def get(self, person_id: str, reference: RecordReference) -> PersonalRecord | None:
        return self._records.get((person_id, reference.record_id))

    def of(self, person_id: str, kind: str, after: str, page: int) -> Iterator[PersonalRecord]:
        del page

        def place(record: PersonalRecord) -> tuple[int, str]:
            return -epoch_ms(record.at), record.digest

        mine = sorted(
            (
                one
                for one in self._records.values()
                if (one.person_id, one.kind) == (person_id, kind)
            ),
            key=place,
        )
        begin = RecordReference.parse(after) if after else None
        for record in mine:
            if begin is None or place(record) > (-epoch_ms(begin.at), begin.digest):
                yield record


class FakeVisits:
    """See `visits.Visits`."""

    def __init__(self, scans: FakeScans) -> None:
        self._scans = scans

    def page(self, person_id: str, *, limit: int, after: str) -> VisitPage:
        mine = [scan for scan in self._scans.kept.values() if scan.person_id == person_id]
        mine.sort(key=lambda scan: (scan.at, scan.venue_id, scan.scan_id), reverse=True)
        ids = [scan.scan_id for scan in mine]
        rest = mine[ids.index(after) + 1 :] if after else mine
        found = [(scan.scan_id, scan) for scan in rest[:limit]]
        return VisitPage(found, found[-1][0] if len(rest) > limit else None)


class FakePolicies:
    """Policies that are always up to date. See `policy.Policies`."""

    def __init__(self) -> None:
        self._policies: dict[str, Revision] = {}

    def of(self, region: str, now: datetime) -> Policy:
        del now
        for prefix in prefixes(region):
            revision = self._policies.get(prefix)
            if revision is not None and not revision.removed:
                return revision.policy
        return Policy()

    def replace(self, prefix: str, rules: dict[str, object], *, version: int) -> bool:
        """Put version `version` of a policy; return False if it is not the next one."""
        return self._write(Revision(prefix, version, rules))

    def remove(self, prefix: str, *, version: int) -> bool:
        """Let the next shorter prefix apply; return False if `version` is not the next one."""
        return self._write(Revision(prefix, version, {}, removed=True))

    def latest(self, prefix: str) -> Revision | None:
        """Return what was last stored for exactly this prefix."""
        return self._policies.get(prefix)

    def _write(self, revision: Revision) -> bool:
        known = self._policies.get(revision.prefix)
        if revision.version != (known.version if known else 0) + 1:
            return False
        self._policies[revision.prefix] = revision
        return True


class FakeCounters:
    """See `counters.Counters`."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str], Figures] = {}
        self._last: dict[tuple[str, str], str] = {}
        self._fences: dict[tuple[str, str], str] = {}
        self._repaired: dict[tuple[str, str], str] = {}

    def last(self, partition: str, staff: Collection[str]) -> dict[str, str]:
        return {who: self._last.get((partition, who), "") for who in ("", *staff)}

    def add(
        self,
        partition: str,
        staff_id: str,
        delta: Figures,
        *,
        last: str,
        sequence: str,
        fence: str = "",
    ) -> bool:
        place = partition, staff_id
        if self._last.get(place, "") != last:
            return False
        self._move(place, delta, sequence)
        if fence:
            self._fences[place] = fence
        return True

    def _move(self, place: tuple[str, str], delta: Figures, sequence: str) -> None:
        self._figures[place] = self._figures.get(place, Figures()) + delta
        self._last[place] = sequence

    def partitions(self) -> set[str]:
        """The partitions in which the unit has a counter."""
        return {partition for partition, who in self._figures if not who}

    def standing(self, partition: str) -> dict[str, Standing]:
        return {
            who: Standing(figures, self._last.get((of, who), ""), self._fences.get((of, who), ""))
            for (of, who), figures in self._figures.items()
            if of == partition
        }

    def repair(
        self,
        partition: str,
        staff_id: str,
        delta: Figures,
        *,
        last: str,
        sequence: str,
        fence: str,
    ) -> bool:
        place = partition, staff_id
        if self._last.get(place, "") != last or self._repaired.get(place) == fence:
            return False
        self._move(place, delta, sequence)
        self._repaired[place] = fence
        return True

    def of_day(self, venue: Venue, day: date, staff_id: str = "") -> Figures:
        mine = partitions_of(venue, day)
        return total(self._figures.get((partition, staff_id), Figures()) for partition in mine)


class FakeReconciliations:
    """See `reconciliation.Reconciliations`. A venue is listed once its unit has a counter."""

    def __init__(self, counters: FakeCounters) -> None:
        self._counters = counters
        self._progress: dict[tuple[date, int, int], Progress] = {}
        self.fences: dict[str, Fence] = {}

    def venues(self, day: date, bucket: int, after: str) -> Iterator[str]:
        index = keys.counted_day(day, bucket)
        found = {
            keys.venue_of(partition)
            for partition in self._counters.partitions()
            if keys.counted(partition).pk == index
        }
        yield from sorted(one for one in found if one > after)

    def fence(self, partition: str) -> Fence | None:
        return self.fences.get(partition)

    def put_fence(self, partition: str, fence: Fence) -> None:
        self.fences[partition] = fence

    def progress(self, day: date) -> dict[tuple[int, int], Progress]:
        return {
            (look, bucket): progress
            for (of, look, bucket), progress in self._progress.items()
            if of == day
        }

    def save(
        self, day: date, look: int, bucket: int, progress: Progress, expires_at: datetime
    ) -> None:
        del expires_at
        self._progress[day, look, bucket] = progress


class FakeWrappedKeys:
    """See `adapters.keys.WrappedKeys`."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}

    def get(self, key_id: str) -> bytes | None:
        return self._keys.get(key_id)

    def put_if_absent(self, key_id: str, wrapped: bytes) -> bytes:
        return self._keys.setdefault(key_id, wrapped)


class FakeStorage:
    """Files by key; a link holds key, file name and lifetime. See `storage.Storage`."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.files[key] = (data, content_type)

    def link(self, key: str, filename: str, life: timedelta) -> str:
        return f"fake://{key}?filename={filename}&life={int(life.total_seconds())}"

    def remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.files.pop(key, None)


class FakeLookupQueue:
    """Records each message with its delay. See `lookup_requests.LookupQueue`."""

    def __init__(self) -> None:
        self.sent: list[tuple[Message, timedelta]] = []

    def send(self, message: Message, *, delay: timedelta = timedelta()) -> None:
        self.sent.append((message, delay))

    def send_all(self, messages: Sequence[Outgoing]) -> list[int]:
        self.sent += messages
        return []


class FakeRenderQueue:
    """Records each job. See `render_jobs.RenderQueue`."""

    def __init__(self) -> None:
        self.sent: list[RenderJob] = []

    def send(self, job: RenderJob) -> None:
        self.sent.append(job)


class FakeDevices:
    """See `devices.Devices`."""

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}
        self._pairings: dict[str, Pairing] = {}

    def add(self, device: Device, pairing: str, expires_at: datetime) -> None:
        self._devices[device.device_id] = device
        self._pairings[pairing] = Pairing(device.device_id, expires_at)

    def device(self, device_id: str) -> Device | None:
        return self._devices.get(device_id)

    def pairing(self, pairing: str) -> Pairing | None:
        return self._pairings.get(pairing)

    def pair(self, device_id: str, pairing: str, digest: str, now: datetime) -> bool:
        code, device = self._pairings.get(pairing), self._devices.get(device_id)
        if code is None or code.expires_at <= now:
            return False
        if device is None or device.state is not DeviceState.ADDED:
            return False
        del self._pairings[pairing]
        self._devices[device_id] = replace(
            device, state=DeviceState.PAIRED, paired_at=now, digest=digest
        )
        return True

    def use(self, device_id: str, day: date) -> None:
        if device_id in self._devices:
            self._devices[device_id] = replace(self._devices[device_id], used_on=day)

    def revoke(self, device_id: str, now: datetime) -> bool:
        device = self._devices.get(device_id)
        if device is None:
            return False
        at = device.revoked_at or now
        self._devices[device_id] = replace(device, state=DeviceState.REVOKED, revoked_at=at)
        return True


class FakeCards:
    """See `kiosks.Cards`."""

    def __init__(self) -> None:
        self._cards: dict[tuple[str, str], tuple[Card, datetime]] = {}

    def put(self, card: Card, until: datetime) -> Card | None:
        standing = self.card(card.kiosk_id, card.card_id, card.requested_at)
        if standing is None:
            self._cards[card.kiosk_id, card.card_id] = card, until
        return standing

    def card(self, kiosk_id: str, card_id: str, now: datetime) -> Card | None:
        card, until = self._cards.get((kiosk_id, card_id), (None, now))
        return card if until > now else None

    def waiting(self, person_id: str, now: datetime) -> list[Card]:
        every = sorted(self._cards.items())
        mine = [card for _, (card, until) in every if card.person_id == person_id and until > now]
        return [card for card in mine if card.waits]

    def finish(self, card: Card) -> None:
        place = card.kiosk_id, card.card_id
        if place in self._cards and self._cards[place][0].waits:
            self._cards[place] = card, self._cards[place][1]


class FakeStaffPhones:
    """Paired phones in memory. See `staff_phones.StaffPhoneStore`."""

    def __init__(self) -> None:
        self._paired: dict[str, PairedPhones] = {}

    def of(self, person_id: str) -> PairedPhones:
        return self._paired.get(person_id, PairedPhones())

    def save(self, person_id: str, paired: PairedPhones) -> bool:
        if paired.version != self.of(person_id).version + 1:
            return False
        self._paired[person_id] = paired
        return True
