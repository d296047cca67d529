"""The items and store of people, their sessions, snapshots and rights."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
    SealedAttribute,
    TextAttribute,
)
from chalicelib.core.errors import Conflict, Unauthenticated, Unavailable
from chalicelib.core.table import (
    ABSENT,
    PRESENT,
    Change,
    Check,
    ConditionFailed,
    Delete,
    Item,
    Put,
    Raw,
    Table,
)
from chalicelib.identity.people import (
    Account,
    IssuedPass,
    PersonRecord,
    Profile,
    Session,
    Snapshot,
    Strength,
    Verification,
    newest,
)
from chalicelib.identity.store.answers import (
    AwaitingItem,
    read_answers,
    read_snapshot,
    save_answers,
)
from chalicelib.identity.store.family_items import GuardiansItem, read_links
from chalicelib.identity.store.issued_pass import read_paper_pass
from chalicelib.identity.store.rights import (
    Right,
    in_force,
    read_right,
    read_rights,
    rights_given,
)

_LEFTOVER = timedelta(days=1)


class ProfileItem(Item):
    """HOT#PROFILE, and HOT#SHADOW, which has a `ttl`."""

    phone = SealedAttribute(attr_name="ph", null=True)
    name = SealedAttribute(attr_name="nm", null=True)
    document_type = TextAttribute(attr_name="dt")
    document = SealedAttribute(attr_name="dn", null=True)
    document_blind = TextAttribute(attr_name="db")
    registration = IntegerAttribute(attr_name="rg", default=0)
    verification = EnumAttribute(Verification, attr_name="vf", default=Verification.NONE)
    reason = TextAttribute(attr_name="rs")
    blocked = BooleanAttribute(attr_name="bl", null=True)
    correlation = TextAttribute(attr_name="ci")
    passes_from = EpochMsAttribute(attr_name="pf", null=True)
    seen_at = EpochSecondsAttribute(attr_name="sn", null=True)
    successor = TextAttribute(attr_name="su")
    asked_at = EpochMsAttribute(attr_name="aq", null=True)
    phone_blind = TextAttribute(attr_name="pb")
    ttl = EpochSecondsAttribute(null=True)


class SessionItem(Item):
    """HOT#SESSION#id."""

    expires = EpochSecondsAttribute(attr_name="ex")
    serial = IntegerAttribute(attr_name="sr")
    client = UnicodeAttribute(attr_name="cl")
    strength = EnumAttribute(Strength, attr_name="st")
    ttl = EpochSecondsAttribute()


class OwnerItem(Item):
    """PHONE and IDENT: the owner."""

    person = UnicodeAttribute(attr_name="pe")


class AccountItem(Item):
    """ACCOUNT: the owner. A second item is in the owner's partition.

    The mini-program was not recorded up to 0.2.0.
    """

    person = UnicodeAttribute(attr_name="pe")
    program = TextAttribute(attr_name="pl")


def read_profile(person_id: str, raw: Raw) -> Profile:
    """Return the profile in a raw item."""
    item = ProfileItem.read(raw)
    return Profile(
        person_id=person_id,
        phone=item.phone,
        name=item.name,
        document_type=item.document_type,
        document=item.document,
        document_blind=item.document_blind,
        registration=item.registration,
        verification=item.verification,
        reason=item.reason,
        blocked=bool(item.blocked),
        shadow_until=item.ttl,
        passes_from=item.passes_from,
        seen_at=item.seen_at,
        successor=item.successor,
        asked_at=item.asked_at,
        phone_blind=item.phone_blind,
    )


def read_registration(raw: Raw) -> tuple[Profile, str]:
    """Return the profile in a stream image, and the correlation id of its last edit."""
    item = ProfileItem.read(raw)
    return read_profile(keys.person_of(item.pk), raw), item.correlation or "-"


def profile_item(profile: Profile, correlation: str) -> ProfileItem:
    """Return the item of a profile; `correlation` is that of its last edit."""
    return ProfileItem.at(
        keys.profile(profile.person_id),
        phone=profile.phone,
        name=profile.name,
        document_type=profile.document_type,
        document=profile.document,
        document_blind=profile.document_blind,
        registration=profile.registration,
        verification=profile.verification,
        reason=profile.reason,
        blocked=profile.blocked or None,
        passes_from=profile.passes_from,
        seen_at=profile.seen_at,
        successor=profile.successor,
        asked_at=profile.asked_at,
        phone_blind=profile.phone_blind,
        correlation=correlation,
    )


def _session(session_id: str, raw: Raw) -> Session:
    item = SessionItem.read(raw)
    return Session(session_id, item.expires, item.serial, item.client, item.strength)


def _phone_is(phone: bytes) -> Condition:
    return ProfileItem.phone == phone if phone else ProfileItem.phone.does_not_exist()


def unchanged(profile: Profile) -> Condition:
    """Return the condition that registration, verification and phone are as in `profile`."""
    same: Condition = (
        PRESENT
        & (ProfileItem.registration == profile.registration)
        & (ProfileItem.verification == profile.verification)
        & _phone_is(profile.phone)
    )
    return same


def account_writes(account: Account, person_id: str, condition: Condition) -> tuple[Put, Put]:
    """Return the writes that give an account to a person; `condition` is on its owner."""
    kept = {"person": person_id, "program": account.program}
    return (
        Put(AccountItem.at(keys.account(account.blind), **kept), condition),
        Put(AccountItem.at(keys.account_of(person_id, account.blind), **kept)),
    )


def read_account(raw: Raw) -> Account:
    """Return the account in an item of its owner's partition."""
    return Account(raw["sk"]["S"].removeprefix(keys.ACCOUNTS), AccountItem.read(raw).program)


def _phone_writes(phone: str, person_id: str, owner: Profile | None) -> list[Put | Change]:
    """Return the writes that give a phone to a person; `owner` loses it."""
    item = OwnerItem.at(keys.phone(phone), person=person_id)
    if owner is None:
        return [Put(item, ABSENT)]
    return [
        Put(item, OwnerItem.person == owner.person_id),
        Change(
            keys.profile(owner.person_id),
            [
                ProfileItem.phone.remove(),
                ProfileItem.phone_blind.remove(),
                ProfileItem.successor.set(person_id),
            ],
            PRESENT & _phone_is(owner.phone),
        ),
    ]


def _passes_from_is(since: datetime | None) -> Condition:
    attribute = ProfileItem.passes_from
    return attribute.does_not_exist() if since is None else attribute == since


def _person_record(
    person_id: str, items: Iterable[Raw], same: Callable[[str, str], bool]
) -> PersonRecord:
    """Return the record in a person's items; `same` is `Table.same_index`."""
    profile: Profile | None = None
    sessions: dict[str, Session] = {}
    answers: list[Snapshot] = []
    rights: dict[str, Right] = {}
    older: dict[str, Right] = {}
    given = 0
    awaiting: list[str] = []
    marked: list[str] = []
    questioned = False
    paper_pass: IssuedPass | None = None
    families: dict[str, Raw] = {}
    for raw in items:
        sort_key = raw["sk"]["S"]
        if sort_key.startswith(keys.AWAIT):
            marked.append(sort_key.removeprefix(keys.AWAIT))
            continue
        if sort_key == keys.awaiting("").sk:
            waiting = AwaitingItem.read(raw)
            awaiting += sorted(waiting.scans or ())
            questioned = waiting.asked is not None
            continue
        _, kind, *rest = sort_key.split("#", 2)
        match kind:
            case "PROFILE" | "SHADOW":
                profile = read_profile(person_id, raw)
            case "SESSION":
                sessions[rest[0]] = _session(rest[0], raw)
            case "SNAP":
                answers.append(read_snapshot(rest[0], raw))
            case "ANSWERS":
                answers += read_answers(raw)
            case "RIGHTS":
                rights = dict(read_rights(raw))
                given = rights_given(raw)
            case "PASS":
                paper_pass = read_paper_pass(raw)
            case "DEPENDANTS" | "GUARDIANS":
                families[kind] = raw
            case "RIGHT":
                older[rest[0]] = read_right(raw)
    on_record = older | rights
    held = in_force(on_record, profile, same)
    if paper_pass and profile and same(paper_pass.document, profile.document_beginning):
        paper_pass = replace(paper_pass, document=profile.document_beginning)
    dependants, guardians = (
        read_links(families[kind], profile, same) if kind in families else {}
        for kind in ("DEPENDANTS", "GUARDIANS")
    )
    return PersonRecord(
        profile,
        sessions,
        newest(answers),
        held,
        tuple(awaiting),
        marked=tuple(marked),
        questioned=questioned,
        dependants=dependants,
        guardians=guardians,
        paper_pass=paper_pass,
        lapsed=frozenset(on_record.keys() - held.keys()) if on_record else frozenset(),
        rights_given=given,
    )


def strengthening(person_id: str, session_id: str, strength: Strength) -> Change:
    """Return the write that records a higher strength of an open session."""
    lower = SessionItem.strength.is_in(*strength.weaker, strength)
    key = keys.session(person_id, session_id)
    return Change(key, [SessionItem.strength.set(strength)], PRESENT & lower)


def still_verified(profile: Profile) -> Check:
    """Return the condition that the person is verified as before."""
    return Check(
        keys.profile(profile.person_id),
        PRESENT
        & (ProfileItem.document_blind == profile.document_blind)
        & (ProfileItem.verification == Verification.VERIFIED),
    )


def erasure_writes(
    profile: Profile, *, phone: str, document: str, accounts: Sequence[str]
) -> list[Delete]:
    """Return the writes that delete a profile and what leads to it, for the caller's transaction.

    `phone` and `document` are blind indexes that the person owns, or empty. The conditions are that
    the profile is unchanged, and that the person still owns all of them.
    """
    person_id = profile.person_id
    mine, my_account = OwnerItem.person == person_id, AccountItem.person == person_id
    owned = [key(blind) for key, blind in ((keys.phone, phone), (keys.identity, document)) if blind]
    writes = [
        Delete(keys.profile(person_id), unchanged(profile)),
        *(Delete(key, mine) for key in owned),
    ]
    for account in accounts:
        writes += [
            Delete(keys.account(account), my_account),
            Delete(keys.account_of(person_id, account), PRESENT),
        ]
    return writes


class PeopleStore:
    """People in the table. See `people.People`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def load(self, person_id: str, *, consistent: bool = True) -> PersonRecord:
        """See `People.load`."""
        found = self._table.query(
            keys.person(person_id), (keys.HOT, keys.SUBJECT_TO), consistent=consistent
        )
        return _person_record(person_id, found, self._table.same_index)

    def subject(self, person_id: str) -> PersonRecord:
        """See `People.subject`."""
        span = (keys.SUBJECT_FROM, keys.SUBJECT_TO)
        found = self._table.query(keys.person(person_id), span, consistent=True)
        return _person_record(person_id, found, self._table.same_index)

    def profiles(self, person_ids: Collection[str]) -> dict[str, Profile]:
        """See `People.profiles`. Reads two keys for each person: profile and shadow profile."""
        wanted = [
            make(person_id) for person_id in person_ids for make in (keys.profile, keys.shadow)
        ]
        found = {}
        for raw in self._table.batch_get(wanted, consistent=False):
            person_id = keys.person_of(raw["pk"]["S"])
            found[person_id] = read_profile(person_id, raw)
        return found

    def by_phone(self, blind: str) -> str | None:
        """See `People.by_phone`."""
        raw = self._table.get(keys.phone(blind))
        return None if raw is None else OwnerItem.read(raw).person

    def by_document(self, blind: str) -> str | None:
        """See `People.by_document`."""
        raw = self._table.get(keys.identity(blind))
        return None if raw is None else OwnerItem.read(raw).person

    def by_account(self, blind: str) -> str | None:
        """See `People.by_account`."""
        raw = self._table.get(keys.account(blind))
        return None if raw is None else AccountItem.read(raw).person

    def accounts(self, person_id: str) -> dict[str, str]:
        """See `People.accounts`."""
        span = (keys.ACCOUNTS, keys.ACCOUNTS_TO)
        found = self._table.query(keys.person(person_id), span, consistent=True)
        return dict(map(read_account, found))

    def create(self, profile: Profile, phone_blind: str) -> str:
        """See `People.create`. If the condition fails, reads the phone's owner."""
        owner = OwnerItem.at(keys.phone(phone_blind), person=profile.person_id)
        if self._table.try_transact(Put(owner, ABSENT), Put(profile_item(profile, ""), ABSENT)):
            return profile.person_id
        winner = self.by_phone(phone_blind)
        if winner is None:
            raise Unavailable
        return winner

    def create_with_account(self, profile: Profile, *, account: Account, phone: str | None) -> bool:
        """See `People.create_with_account`."""
        person_id = profile.person_id
        writes = [
            Put(profile_item(profile, ""), ABSENT),
            *account_writes(account, person_id, ABSENT),
        ]
        if phone is not None:
            writes.append(Put(OwnerItem.at(keys.phone(phone), person=person_id), ABSENT))
        return self._table.try_transact(*writes)

    def link(self, account: Account, person_id: str, *, phone: str) -> bool:
        """See `People.link`. A conditional write checks that the phone's owner is the same."""
        return self._table.try_transact(
            *account_writes(account, person_id, ABSENT), self._check_owner(phone, person_id)
        )

    def take_phone(
        self, profile: Profile, phone: str, *, former: str | None, owner: Profile | None = None
    ) -> bool:
        """See `People.take_phone`."""
        person_id = profile.person_id
        mine = OwnerItem.person == person_id
        stands = (
            ProfileItem.phone.does_not_exist() if former is None else ProfileItem.phone.exists()
        )
        writes: list[Put | Change | Delete] = [
            *_phone_writes(phone, person_id, owner),
            Change(
                keys.profile(person_id),
                [
                    ProfileItem.phone.set(profile.phone),
                    ProfileItem.phone_blind.set(phone),
                    ProfileItem.successor.remove(),
                ],
                PRESENT & stands,
            ),
        ]
        if former is not None:
            # Only if this person still owns the former one: another request may have changed it.
            writes.append(Delete(keys.phone(former), mine))
        return self._table.try_transact(*writes)

    def succeed(
        self, owner: Profile, profile: Profile, phone: str, *, account: Account | None = None
    ) -> bool:
        """See `People.succeed`."""
        person_id = profile.person_id
        return self._table.try_transact(
            *_phone_writes(phone, person_id, owner),
            Put(profile_item(profile, ""), ABSENT),
            *(account_writes(account, person_id, ABSENT) if account else ()),
        )

    def saw(self, person_id: str, at: datetime) -> None:
        """See `People.saw`."""
        with suppress(ConditionFailed):
            self._table.update(keys.profile(person_id), [ProfileItem.seen_at.set(at)], PRESENT)

    def ask_again(self, profile: Profile, *, unless_since: datetime, now: datetime) -> bool:
        """See `People.ask_again`."""
        long_ago = ProfileItem.asked_at.does_not_exist() | (ProfileItem.asked_at <= unless_since)
        try:
            self._table.update(
                keys.profile(profile.person_id),
                [ProfileItem.asked_at.set(now)],
                (ProfileItem.registration == profile.registration)
                & (ProfileItem.verification == Verification.PENDING)
                & long_ago,
            )
        except ConditionFailed:
            return False
        return True

    def merge_into(
        self, person_id: str, accounts: Mapping[str, str], to: str, *, phone: str
    ) -> bool:
        """See `People.merge_into`. A conditional write checks the phone's owner."""
        nothing = (
            PRESENT
            & ProfileItem.phone.does_not_exist()
            & (ProfileItem.verification == Verification.NONE)
        )
        writes: list[Put | Change | Delete] = [
            Delete(keys.profile(person_id), nothing),
            self._check_owner(phone, to),
        ]
        for blind, program in accounts.items():
            mine = AccountItem.person == person_id
            writes += [
                *account_writes(Account(blind, program), to, mine),
                Delete(keys.account_of(person_id, blind)),
            ]
        return self._table.try_transact(*writes)

    @staticmethod
    def _check_owner(phone: str, person_id: str) -> Put:
        owner = OwnerItem.at(keys.phone(phone), person=person_id)
        return Put(owner, OwnerItem.person == person_id)

    def register(self, profile: Profile, previous: Profile, correlation: str) -> None:
        """See `People.register`."""
        mine = OwnerItem.person == profile.person_id
        claim = OwnerItem.at(keys.identity(profile.document_blind), person=profile.person_id)
        # The condition includes the verification, because an edit could undo a concurrent
        # rejection, and phone and revocation of passes, because the whole profile is replaced.
        same = unchanged(previous) & _passes_from_is(previous.passes_from)
        writes: list[Put | Delete] = [
            Put(claim, ABSENT | mine),
            Put(profile_item(profile, correlation), same),
        ]
        former = previous.document_blind
        # A rejection has released it already. It may have a new owner.
        freed = previous.verification is Verification.REJECTED
        if former not in ("", profile.document_blind) and not freed:
            writes.append(Delete(keys.identity(former), ABSENT | mine))
        try:
            self._table.transact(*writes)
        except ConditionFailed as failure:
            taken = failure.met[0] is not None
            raise Conflict("identity_taken" if taken else "version_conflict") from None

    def create_managed(self, profile: Profile, correlation: str) -> bool:
        """See `People.create_managed`."""
        writes = [Put(profile_item(profile, correlation), ABSENT)]
        if profile.document_blind:
            claim = OwnerItem.at(keys.identity(profile.document_blind), person=profile.person_id)
            writes.append(Put(claim, ABSENT))
        return self._table.try_transact(*writes)

    def settle(self, profile: Profile, verification: Verification, reason: str) -> bool:
        """See `People.settle`. The registration must be the same, and pending."""
        rejected = verification is Verification.REJECTED
        shadow = profile.shadow_until is not None
        ends = (rejected or not profile.document_blind) and not profile.phone and not shadow
        # Who has lost a phone has accounts, and may get the phone back.
        ends = ends and not profile.successor
        if ends and self._discard(profile):
            return True
        change = Change(
            (keys.shadow if shadow else keys.profile)(profile.person_id),
            [
                ProfileItem.verification.set(verification),
                ProfileItem.blocked.set(rejected),
                ProfileItem.reason.set(reason),
                ProfileItem.asked_at.remove(),
            ],
            (ProfileItem.registration == profile.registration)
            & (ProfileItem.verification == Verification.PENDING),
        )
        writes: list[Change | Delete] = [change]
        if rejected and not shadow:
            # Release the document, so that its real owner can register it.
            mine = OwnerItem.person == profile.person_id
            writes.append(Delete(keys.identity(profile.document_blind), ABSENT | mine))
        try:
            self._table.transact(*writes)
        except ConditionFailed:
            return False
        return True

    def _discard(self, profile: Profile) -> bool:
        """Delete a pending person who has neither a phone nor a guardian; False for others."""
        person_id, blind = profile.person_id, profile.document_blind
        pending = (
            (ProfileItem.registration == profile.registration)
            & (ProfileItem.verification == Verification.PENDING)
            & ProfileItem.phone.does_not_exist()
        )
        writes = [
            Delete(keys.profile(person_id), pending),
            Delete(keys.guardians(person_id), ABSENT | (GuardiansItem.many == 0)),
        ]
        if blind:
            mine = OwnerItem.person == person_id
            writes.append(Delete(keys.identity(blind), ABSENT | mine))
        return self._table.try_transact(*writes)

    def keep_shadow(self, profile: Profile, *, again: bool) -> None:
        """See `People.keep_shadow`."""
        until = profile.shadow_until
        if until is None:
            raise ValueError("not a shadow")
        item = ProfileItem
        pending = Verification.PENDING
        self._table.update(
            keys.shadow(profile.person_id),
            [
                item.v.set(item.v | item.FORMAT),
                item.name.set(item.name | profile.name),
                item.document_type.set(item.document_type | profile.document_type),
                item.document.set(item.document | profile.document),
                *(
                    [item.document_blind.set(item.document_blind | profile.document_blind)]
                    if profile.document_blind
                    else []
                ),
                item.registration.set(item.registration | profile.registration),
                item.verification.set(pending if again else item.verification | pending),
                *([item.phone.set(profile.phone)] if profile.phone else []),
                item.ttl.set(until),
            ],
        )

    def revoke_live_passes(self, person_id: str, at: datetime) -> None:
        """See `People.revoke_live_passes`."""
        with suppress(ConditionFailed):
            self._table.update(keys.profile(person_id), [ProfileItem.passes_from.set(at)], PRESENT)

    def open_session(self, person_id: str, session: Session) -> None:
        """See `People.open_session`. The condition is that there is none."""
        item = SessionItem.at(
            keys.session(person_id, session.session_id),
            expires=session.expires_at,
            serial=session.serial,
            client=session.client,
            strength=session.strength,
            ttl=session.expires_at + _LEFTOVER,
        )
        with suppress(ConditionFailed):
            self._table.put(item, ABSENT)

    def refresh_session(
        self, person_id: str, session_id: str, *, serial: int, expires_at: datetime
    ) -> Session:
        """See `People.refresh_session`. The condition is the previous serial."""
        key = keys.session(person_id, session_id)
        try:
            raw = self._table.update(
                key,
                [
                    SessionItem.serial.set(serial),
                    SessionItem.expires.set(expires_at),
                    SessionItem.ttl.set(expires_at + _LEFTOVER),
                ],
                PRESENT & (SessionItem.serial == serial - 1),
                returned="ALL_NEW",
            )
        except ConditionFailed as failure:
            met = failure.met[0] or self._table.get(key)
            if not met:
                raise Unauthenticated("session_ended") from None
            return _session(session_id, met)
        return _session(session_id, raw)

    def strengthen_session(self, person_id: str, session_id: str, strength: Strength) -> Strength:
        """See `People.strengthen_session`. The condition is a lower strength on record."""
        change = strengthening(person_id, session_id, strength)
        try:
            self._table.update(*change)
        except ConditionFailed:
            stored = self._table.get(change.key)
            if stored is None:
                raise Unauthenticated("session_ended") from None
            return SessionItem.read(stored).strength
        return strength

    def close_session(self, person_id: str, session_id: str) -> None:
        """See `People.close_session`."""
        self._table.delete(keys.session(person_id, session_id))

    def save_answers(
        self, person_id: str, answers: Sequence[Snapshot], *, until: datetime | None = None
    ) -> bool:
        """See `People.save_answers`."""
        return save_answers(self._table, person_id, answers, until)
