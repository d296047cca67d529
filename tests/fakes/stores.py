"""In-memory stand-ins for the stores, queues and files.

They keep the promises of the protocols, which `tests/contract` checks, but have no locks: races are
run against the table.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from chalicelib.admission.accesses import Access
from chalicelib.admission.lookup_requests import Lookup, Settle
from chalicelib.admission.policy import Policy, prefixes
from chalicelib.admission.prefetching import Prefetch
from chalicelib.admission.scan import Scan, ScanReference
from chalicelib.core import keys
from chalicelib.core.clock import epoch_ms
from chalicelib.core.errors import Conflict, TooMany, Unauthenticated
from chalicelib.core.keys import scan_partition
from chalicelib.identity.family import MAX_DEPENDANTS, MAX_GUARDIANS, FamilyLink
from chalicelib.identity.people import (
    PersonRecord,
    Profile,
    Role,
    Session,
    Snapshot,
    Strength,
    Verification,
)
from chalicelib.insight.counters import Figures, total
from chalicelib.venues.codes import Code, CodeKind, CodeState
from chalicelib.venues.staffing import Invitation, Member
from chalicelib.venues.venue import PosterRecord, PosterState, Venue, day_of, shard_of


@dataclass
class _Partition:
    """The items under one person."""

    profile: Profile | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    rights: dict[str, tuple[Role, str]] = field(default_factory=dict)
    """By venue: the role, and the document it was given for."""
    awaiting: set[str] = field(default_factory=set)
    dependants: dict[str, tuple[FamilyLink, str]] = field(default_factory=dict)
    guardians: dict[str, tuple[FamilyLink, str]] = field(default_factory=dict)
    """By the other person: the link, and the document of this person when it was made."""

    def in_force(self) -> dict[str, Role]:
        document = self.profile.document_blind if self.profile else ""
        rejected = self.profile and self.profile.verification is Verification.REJECTED
        held = {} if rejected else self.rights
        return {venue: role for venue, (role, under) in held.items() if under == document}

    def family(self, links: dict[str, tuple[FamilyLink, str]]) -> dict[str, FamilyLink]:
        """Return the links that hold under the present registration."""
        document = self.profile.document_blind if self.profile else ""
        stands = self.profile and self.profile.verification is not Verification.REJECTED
        return {name: link for name, (link, under) in links.items() if stands and under == document}


class FakePeople:
    """See `people.People`."""

    def __init__(self) -> None:
        self._people: dict[str, _Partition] = {}
        self._phones: dict[str, str] = {}
        self.documents: dict[str, str] = {}
        self._accounts: dict[str, str] = {}

    def partition(self, person_id: str) -> _Partition:
        """Return a person's items, for the other fakes that write there."""
        return self._people.setdefault(person_id, _Partition())

    def load(self, person_id: str, *, consistent: bool = True) -> PersonRecord:
        del consistent
        return replace(self.subject(person_id), awaiting=())

    def subject(self, person_id: str) -> PersonRecord:
        mine = self.partition(person_id)
        return PersonRecord(
            mine.profile,
            dict(mine.sessions),
            dict(mine.snapshots),
            mine.in_force(),
            tuple(sorted(mine.awaiting)),
            mine.family(mine.dependants),
            mine.family(mine.guardians),
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

    def accounts(self, person_id: str) -> list[str]:
        return sorted(blind for blind, owner in self._accounts.items() if owner == person_id)

    def create_with_account(self, profile: Profile, *, account: str, phone: str | None) -> bool:
        if account in self._accounts or phone in self._phones:
            return False
        self._accounts[account] = profile.person_id
        if phone is not None:
            self._phones[phone] = profile.person_id
        self.partition(profile.person_id).profile = profile
        return True

    def link(self, account: str, person_id: str, *, phone: str) -> bool:
        if account in self._accounts or self._phones.get(phone) != person_id:
            return False
        self._accounts[account] = person_id
        return True

    def take_phone(self, profile: Profile, phone: str, *, former: str | None) -> bool:
        mine = self.partition(profile.person_id)
        stands = mine.profile
        if stands is None or phone in self._phones or bool(stands.phone) != (former is not None):
            return False
        if former is not None:
            if self._phones.get(former) != profile.person_id:
                return False
            del self._phones[former]
        self._phones[phone] = profile.person_id
        mine.profile = replace(stands, phone=profile.phone)
        return True

    def merge_into(self, person_id: str, accounts: Sequence[str], to: str, *, phone: str) -> bool:
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
        ):
            raise Conflict("version_conflict")
        if previous.verification is not Verification.REJECTED:
            self.documents.pop(previous.document_blind, None)
        self.documents[profile.document_blind] = profile.person_id
        mine.profile = profile

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
        mine.profile = replace(stands, verification=verification, reason=reason, blocked=rejected)
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

    def open_session(self, person_id: str, session: Session) -> None:
        self.partition(person_id).sessions[session.session_id] = session

    def refresh_session(
        self, person_id: str, session_id: str, *, serial: int, expires_at: datetime
    ) -> Session:
        sessions = self.partition(person_id).sessions
        before = sessions.get(session_id)
        if before is None or before.serial != serial - 1:
            raise Unauthenticated("session_ended")
        sessions[session_id] = replace(before, serial=serial, expires_at=expires_at)
        return sessions[session_id]

    def strengthen_session(self, person_id: str, session_id: str, strength: Strength) -> None:
        sessions = self.partition(person_id).sessions
        if session_id not in sessions:
            raise Unauthenticated("session_ended")
        sessions[session_id] = replace(sessions[session_id], strength=strength)

    def close_session(self, person_id: str, session_id: str) -> None:
        self.partition(person_id).sessions.pop(session_id, None)

    def save_snapshot(
        self, person_id: str, snapshot: Snapshot, *, until: datetime | None = None
    ) -> bool:
        del until  # a stand-in deletes nothing by time
        snapshots = self.partition(person_id).snapshots
        before = snapshots.get(snapshot.provider)
        if before and (before.registration, before.fetched_at) >= (
            snapshot.registration,
            snapshot.fetched_at,
        ):
            return False
        snapshots[snapshot.provider] = snapshot
        return True


class FakeFamilyLinks:
    """See `family.FamilyLinks`."""

    def __init__(self, people: FakePeople) -> None:
        self._people = people

    def link(self, guardian: Profile, dependant: Profile, link: FamilyLink) -> None:
        mine = self._people.partition(guardian.person_id).dependants
        theirs = self._people.partition(dependant.person_id).guardians
        if dependant.person_id not in mine and len(mine) >= MAX_DEPENDANTS:
            raise Conflict("too_many_dependants")
        if dependant.person_id in mine or len(theirs) >= MAX_GUARDIANS:
            raise Conflict("dependant_taken")
        mine[dependant.person_id] = (link, guardian.document_blind)
        theirs[guardian.person_id] = (link, dependant.document_blind)

    def unlink(self, guardian_id: str, dependant_id: str) -> bool:
        mine = self._people.partition(guardian_id).dependants
        if dependant_id not in mine:
            return False
        del mine[dependant_id]
        del self._people.partition(dependant_id).guardians[guardian_id]
        return True


@dataclass
class _OneTimeCode:
    digest: str
    expires_at: datetime
    attempts: int = 0


class FakeCodes:
    """See `people.Codes`."""

    def __init__(self) -> None:
        self._codes: dict[str, _OneTimeCode] = {}

    def put(self, blind: str, digest: str, expires_at: datetime) -> None:
        self._codes[blind] = _OneTimeCode(digest, expires_at)

    def spend(self, blind: str, digest: str, now: datetime) -> bool:
        code = self._codes.get(blind)
        if code is None or code.attempts >= 5 or code.expires_at <= now:
            return False
        code.attempts += 1
        if code.digest != digest:
            return False
        del self._codes[blind]
        return True


class FakeLimits:
    """See `people.Limits`."""

    def __init__(self) -> None:
        self._attempts: dict[tuple[str, str, int], int] = {}

    def charge(self, what: str, whom: str, *, limit: int, seconds: int, now: datetime) -> None:
        second = int(now.timestamp())
        start = second - second % seconds
        attempts = self._attempts.get((what, whom, start), 0)
        if attempts >= limit:
            raise TooMany(start + seconds - second)
        self._attempts[what, whom, start] = attempts + 1


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
        self, venue: Venue, *, unique: str, number_blind: str, document_blind: str
    ) -> Venue | None:
        if venue.venue_id in self._venues:
            return self._venues[venue.venue_id]
        if unique in self._unique:
            raise Conflict("venue_exists")
        self._venues[venue.venue_id] = venue
        self._unique.add(unique)
        self._numbers.add((number_blind, venue.venue_id))
        self.codes[venue.code] = Code(venue.code, venue.venue_id, CodeState.ACTIVE)
        role = Role.ADMINISTRATOR
        self._people.partition(venue.applicant).rights[venue.venue_id] = (role, document_blind)
        chief = Member(venue.applicant, role, venue.created_at)
        self.members.setdefault(venue.venue_id, {})[venue.applicant] = chief
        return None

    def venue(self, venue_id: str) -> Venue | None:
        return self._venues.get(venue_id)

    def venues(self, venue_ids: Sequence[str]) -> list[Venue]:
        return [self._venues[venue_id] for venue_id in venue_ids if venue_id in self._venues]

    def code(self, value: str) -> Code | None:
        return self.codes.get(value)

    def add_fast_code(self, venue_id: str, value: str) -> str:
        kept = self._fast.setdefault(venue_id, value)
        self.codes.setdefault(kept, Code(kept, venue_id, CodeState.ACTIVE, CodeKind.FAST))
        return kept

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

    def members(self, venue_id: str, *, after: str = "", limit: int | None = None) -> list[Member]:
        ordered = sorted(self._at(venue_id).values(), key=lambda member: member.person_id)
        return [member for member in ordered if member.person_id > after][:limit]

    def bind(self, venue_id: str, member: Member) -> None:
        stands = self._at(venue_id).get(member.person_id)
        if stands is None or stands.role is not Role.ADMINISTRATOR:
            self._at(venue_id)[member.person_id] = member._replace(document_blind="")
            right = (member.role, member.document_blind)
            self._people.partition(member.person_id).rights[venue_id] = right

    def unbind(self, venue_id: str, person_id: str) -> None:
        self._at(venue_id).pop(person_id, None)
        self._people.partition(person_id).rights.pop(venue_id, None)

    def join_code(self, venue_id: str) -> str | None:
        return self._join.get(venue_id)

    def replace_join_code(self, venue_id: str, new: str, former: str | None) -> bool:
        if self._join.get(venue_id) != former:
            return False
        self._join[venue_id] = new
        return True

    def venue_of(self, join_code: str) -> str | None:
        return next((venue for venue, code in self._join.items() if code == join_code), None)

    def invite(self, phone_blind: str, invitation: Invitation) -> None:
        self._invitations.setdefault(phone_blind, {})[invitation.venue_id] = invitation

    def invitations(self, phone_blind: str) -> list[Invitation]:
        return [
            invitation for _, invitation in sorted(self._invitations.get(phone_blind, {}).items())
        ]

    def claim(self, phone_blind: str, invitation: Invitation, member: Member) -> None:
        waiting = self._invitations.get(phone_blind, {})
        if waiting.get(invitation.venue_id) == invitation:
            del waiting[invitation.venue_id]
            giver = self._at(invitation.venue_id).get(invitation.by)
            if giver and giver.role is Role.ADMINISTRATOR:
                self.bind(invitation.venue_id, member)

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

    def of_day(self, venue: Venue, day: date, shard: int, after: str) -> Iterator[str]:
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

    def put(self, scan: Scan, venue: Venue) -> Scan | None:
        del venue
        earlier = self.kept.get(scan.scan_id)
        if earlier is None:
            self.kept[scan.scan_id] = scan
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
            return shard_of(scan.digest, venue.shards), scan.at, scan.digest

        mine = (s for s in self.kept.values() if s.venue_id == venue.venue_id)
        yield from sorted((s for s in mine if day_of(venue, s.at) == day), key=place)

    def visits(
        self, person_id: str, after: str = "", page: int | None = None
    ) -> Iterator[tuple[str, ScanReference]]:
        del page
        mine = [scan for scan in self.kept.values() if scan.person_id == person_id]
        for scan in sorted(mine, key=lambda scan: (scan.at, scan.venue_id)):
            place = keys.visit(person_id, scan.venue_id, epoch_ms(scan.at)).sk
            if place > after:
                yield place, ScanReference(scan.venue_id, scan.at, scan.digest)

    def await_answer(self, scan: Scan) -> None:
        self._people.partition(scan.person_id).awaiting.add(scan.scan_id)

    def stop_waiting(self, person_id: str, scan_id: str) -> None:
        self._people.partition(person_id).awaiting.discard(scan_id)


class FakeAccesses:
    """See `accesses.Accesses`."""

    def __init__(self) -> None:
        self._accesses: dict[str, dict[str, Access]] = {}

    def record(self, blind: str, access: Access) -> None:
        place = keys.access(blind, epoch_ms(access.at), access.digest).sk
        self._accesses.setdefault(blind, {})[place] = access

    def of(self, blind: str, after: str, page: int) -> Iterator[tuple[str, Access]]:
        del page
        found = sorted(self._accesses.get(blind, {}).items())
        yield from ((place, access) for place, access in found if place > after)


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


class FakePolicies:
    """Policies that are always up to date. See `policy.Policies`."""

    def __init__(self) -> None:
        self._policies: dict[str, tuple[int, Policy]] = {}

    def of(self, region: str, now: datetime) -> Policy:
        del now
        for prefix in prefixes(region):
            if prefix in self._policies:
                return self._policies[prefix][1]
        return Policy()

    def replace(self, prefix: str, rules: dict[str, object], *, version: int) -> bool:
        """Put version `version` of a policy; return False if it is not the next one."""
        if version != self._policies.get(prefix, (0,))[0] + 1:
            return False
        self._policies[prefix] = (version, Policy.from_rules(f"{prefix}.{version}", rules))
        return True


class FakeCounters:
    """See `counters.Counters`."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str], Figures] = {}
        self._last: dict[tuple[str, str], str] = {}

    def last(self, partition: str, staff: Collection[str]) -> dict[str, str]:
        return {who: self._last.get((partition, who), "") for who in ("", *staff)}

    def add(
        self, partition: str, staff_id: str, delta: Figures, *, last: str, sequence: str
    ) -> bool:
        place = partition, staff_id
        if self._last.get(place, "") != last:
            return False
        self._figures[place] = self._figures.get(place, Figures()) + delta
        self._last[place] = sequence
        return True

    def of_day(self, venue: Venue, day: date, staff_id: str = "") -> Figures:
        mine = (scan_partition(venue.venue_id, day, shard) for shard in range(venue.shards))
        return total(self._figures.get((partition, staff_id), Figures()) for partition in mine)


class FakeWrappedKeys:
    """See `adapters.keys.WrappedKeys`."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}

    def get(self, key_id: str) -> bytes | None:
        return self._keys.get(key_id)

    def put_if_absent(self, key_id: str, wrapped: bytes) -> bytes:
        return self._keys.setdefault(key_id, wrapped)


class FakeStorage:
    """Files by key; a link holds key, file name and lifetime. See `posters.Storage`."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self.files[key] = (data, content_type)

    def link(self, key: str, filename: str, life: timedelta) -> str:
        return f"fake://{key}?filename={filename}&life={int(life.total_seconds())}"


class FakeLookupQueue:
    """Records each message with its delay. See `lookup_requests.LookupQueue`."""

    def __init__(self) -> None:
        self.sent: list[tuple[Lookup | Settle, timedelta]] = []

    def send(self, message: Lookup | Settle, *, delay: timedelta = timedelta()) -> None:
        self.sent.append((message, delay))


class FakeRenderQueue:
    """Records each message: venue, poster, correlation. See `posters.RenderQueue`."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def send(self, venue_id: str, poster_id: str, correlation: str) -> None:
        self.sent.append((venue_id, poster_id, correlation))
