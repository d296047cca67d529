"""Every uniqueness rule and every change of state, with several writers at once.

The stand-ins have no part in this: what counts is what the table's conditions hold. Tests of this
module race stores and use cases; those marked *api*, in tests/api/test_races.py, race requests and
workers, the second of which comes between any two calls of the first.

| Rule, or change of state | Held by |
|---|---|
| a phone is one person | test_a_phone_becomes_one_person |
| … however they enter | test_a_phone_makes_one_person_however_they_enter |
| … *api* | test_two_first_logins_of_a_phone_are_one_person |
| an account of a platform is one person | test_an_account_makes_one_person |
| of several accounts with one phone one has it | test_of_accounts_with_one_phone_one_has_it |
| a person is merged into another once | test_who_gives_way_does_so_once |
| a person has one phone | test_a_phone_that_changes_twice_at_once_leaves_one |
| an identity has one owner | test_a_document_gets_one_owner |
| … *api* | test_one_identity_is_given_to_one_of_two_people |
| a document of nobody has one shadow | test_a_shadow_is_made_once |
| … which stays as it was verified | test_a_shadow_that_is_kept_again_keeps_its_verification |
| a registration changes version by version | test_an_edit_is_made_once |
| … *api* | test_of_two_edits_of_one_version_one_counts |
| a verdict is about the edit that was sent | test_an_edit_and_a_rejection_do_not_undo_each_other |
| a verdict counts once | test_a_verdict_counts_once |
| a one-time code is spent once | test_a_code_is_spent_once |
| … and opens one session | test_one_login_comes_of_one_code |
| … *api* | test_a_code_opens_one_session |
| a code has five attempts | test_guessers_side_by_side_have_five_attempts_too |
| a limit is one for all | test_a_limit_holds_for_all_at_once |
| a refresh token works once | test_a_refresh_token_works_once |
| … *api* | test_a_session_is_refreshed_once |
| a session that is over stays over | test_a_logout_ends_what_is_being_refreshed |
| the newest answer of a provider stays | test_the_newest_answer_stays_whoever_is_last |
| a travel card's code is exchanged once, *api* | test_a_travel_cards_code_is_exchanged_once |
| a prefetch request stands for a minute | test_a_prefetch_request_is_one_for_all |
| number, name and address are one venue's | test_number_name_and_address_are_given_once |
| … *api* | test_one_venue_is_given_to_one_of_two_applicants |
| an application's nonce makes one venue | test_a_nonce_makes_one_venue |
| … *api* | test_an_application_and_its_retry_are_one_venue |
| a printed code is one venue's | test_a_printed_code_is_one_venues |
| a venue has one code for fast check-in | test_a_venue_gets_one_fast_code |
| a venue has one join code | test_two_first_join_codes_are_one |
| … and each rotation ends the one before | test_two_rotations_leave_one_code |
| a former join code binds nobody | test_a_code_that_is_being_rotated_binds_or_is_unknown |
| staff stand once in a venue's list | test_staff_added_twice_at_once_stand_there_once |
| list and right agree | test_a_binding_and_its_end_leave_list_and_right_alike |
| a right that waits is claimed once | test_a_right_that_waits_is_claimed_by_one_request |
| … and, taken away, does not come back, *api* | test_a_right_that_waits_is_claimed_once |
| a poster is drawn once or alike, *api* | test_a_poster_that_two_workers_draw_is_ready |
| a scan's nonce makes one scan | test_a_scan_is_put_once |
| … *api* | test_a_scan_and_its_retry_are_one_scan |
| a pass is good once for a venue, *api* | test_a_pass_is_used_by_one_of_two_inspectors |
| a scan changes version by version | test_a_scan_changes_version_by_version |
| the answers about a scan both count, *api* | test_two_answers_about_one_scan_both_count |
| … not by less, *api* | test_a_worker_that_judged_by_less_does_not_have_the_last_word |
| an answer, or the end of the wait, decides | test_an_answer_and_the_end_of_the_waiting_agree |
| … *api* | test_an_answer_at_the_end_of_the_wait_decides_or_comes_too_late |
| a record of the stream is counted once | test_figures_are_added_once |
| … in whatever batches | test_batches_that_overlap_are_counted_once |
| … *api* | test_a_batch_that_two_workers_have_counts_once |
| a person has five paired phones | test_a_sixth_phone_is_not_paired_beside_the_fifth |
| a policy has one next version | test_a_policy_gets_one_next_version |
| a month has one data key | test_a_data_key_is_kept_once |

Two bounds are not held to the last one, for nothing hangs on it: five sessions a person (the next
login ends what is too many), and the venues at which one may work.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from chalicelib.admission.evidence import asked
from chalicelib.admission.judge import Outcome
from chalicelib.admission.prefetching import Prefetch
from chalicelib.admission.scan import Scan, ScanFinder, ScanReference
from chalicelib.admission.staff_phones import PairedPhones, StaffPhone
from chalicelib.admission.waiting import WaitingScans
from chalicelib.core.crypto import BlindIndex, KeyRing, Tokens, Vault
from chalicelib.core.ids import RandomIds
from chalicelib.core.keys import scan_partition
from chalicelib.identity.accounts import Accounts
from chalicelib.identity.logins import PhoneLogin, PlatformLogin
from chalicelib.identity.one_time_codes import OneTimeCodes
from chalicelib.identity.people import (
    Actor,
    Guess,
    GuessState,
    PersonRecord,
    Profile,
    Role,
    SentCode,
    Session,
    Strength,
    Verification,
)
from chalicelib.identity.phone_changes import PhoneChanges
from chalicelib.identity.platforms import Platform, PlatformName
from chalicelib.identity.sessions import Login, Sessions
from chalicelib.insight.counters import Counting, Figures, ScanChange
from chalicelib.insight.reconciliation import tally
from chalicelib.venues.staffing import Bindings, Invitation, Member, new_join_code
from chalicelib.venues.venue import Venue, day_of
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.contract.races import codes, race
from tests.fakes.parts import (
    NOON,
    FakePlatform,
    FixedSecret,
    LocalDataKeys,
    NoInvitations,
    RecordingSms,
    StandingClock,
)

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")

RING = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))


def newcomer(backend: Backend) -> Profile:
    profile = makers.profile()
    backend.stores.people.create(profile, makers.blind())
    return profile


def stands(backend: Backend, person: Profile) -> Profile:
    profile = backend.stores.people.load(person.person_id).profile
    assert profile is not None
    return profile


def stored(backend: Backend, scan: Scan, venue: Venue) -> Scan:
    reference = ScanReference.parse(scan.scan_id)
    assert reference is not None
    found = backend.stores.scans.get(reference, venue)
    assert found is not None
    return found


def test_a_phone_becomes_one_person(backend: Backend) -> None:
    phone, profiles = makers.blind(), [makers.profile() for _ in range(4)]

    def create(profile: Profile) -> Callable[[Stores], str]:
        return lambda stores: stores.people.create(profile, phone)

    answers, refusals = race(backend, *map(create, profiles))
    assert not refusals
    assert len(set(answers)) == 1
    made = [p for p in profiles if backend.stores.people.load(p.person_id).profile]
    assert [profile.person_id for profile in made] == [backend.stores.people.by_phone(phone)]


def test_a_document_gets_one_owner(backend: Backend) -> None:
    people, document = [newcomer(backend) for _ in range(4)], makers.blind()

    def register(person: Profile) -> Callable[[Stores], None]:
        edit = makers.registered(person, document_blind=document)
        return lambda stores: stores.people.register(edit, person, "c")

    answers, refusals = race(backend, *map(register, people))
    assert len(answers) == 1
    assert codes(refusals) == ["identity_taken"] * 3
    assert sum(stands(backend, person).registration for person in people) == 1


def test_an_edit_is_made_once(backend: Backend) -> None:
    person = newcomer(backend)
    edits = [makers.registered(person) for _ in range(3)]

    def register(edit: Profile) -> Callable[[Stores], None]:
        return lambda stores: stores.people.register(edit, person, "c")

    answers, refusals = race(backend, *map(register, edits))
    assert len(answers) == 1
    assert codes(refusals) == ["version_conflict"] * 2
    assert stands(backend, person) in edits


@pytest.mark.parametrize("attempt", range(6))
def test_an_edit_and_a_rejection_do_not_undo_each_other(backend: Backend, attempt: int) -> None:
    person = newcomer(backend)
    first = makers.registered(person)
    backend.stores.people.register(first, person, f"c{attempt}")
    second = makers.registered(first)

    def edit(stores: Stores) -> bool:
        stores.people.register(second, first, "c")
        return True

    def reject(stores: Stores) -> bool:
        return stores.people.settle(first, Verification.REJECTED, "mismatch")

    answers, refusals = race(backend, edit, reject)
    after = stands(backend, person)
    if refusals:  # the rejection was first
        assert (codes(refusals), answers) == (["version_conflict"], [True])
        assert (after.verification, after.blocked) == (Verification.REJECTED, True)
    else:  # the edit was, and the answer is about what is past
        assert sorted(answers) == [False, True]
        assert after == second


def test_a_verdict_counts_once(backend: Backend) -> None:
    person = newcomer(backend)
    edit = makers.registered(person)
    backend.stores.people.register(edit, person, "c")

    def settle(verification: Verification) -> Callable[[Stores], bool]:
        return lambda stores: stores.people.settle(edit, verification, "")

    answers, _ = race(backend, *map(settle, (Verification.VERIFIED, Verification.REJECTED)))
    assert sorted(answers) == [False, True]
    after = stands(backend, person)
    assert after.blocked is (after.verification is Verification.REJECTED)


def test_a_code_is_spent_once(backend: Backend) -> None:
    phone = makers.blind()
    backend.stores.codes.put(phone, SentCode("right", NOON + timedelta(minutes=5)))

    def spend(by: str) -> Callable[[Stores], Guess]:
        return lambda stores: stores.codes.spend(phone, "right", network="n", by=by, now=NOON)

    answers, _ = race(backend, *[spend(f"use {number}") for number in range(4)])
    assert {answer.state for answer in answers} == {GuessState.RIGHT}
    assert len({answer.by for answer in answers}) == 1


def test_guessers_side_by_side_have_five_attempts_too(backend: Backend) -> None:
    phone = makers.blind()
    backend.stores.codes.put(phone, SentCode("right", NOON + timedelta(minutes=5)))

    def guess(stores: Stores, digest: str = "wrong") -> GuessState:
        return stores.codes.spend(phone, digest, network="n", by="use", now=NOON).state

    answers, _ = race(backend, *[guess] * 8)
    assert sorted(answers) == ["used_up"] * 4 + ["wrong"] * 4
    assert guess(backend.stores, "right") is GuessState.USED_UP


def test_a_limit_holds_for_all_at_once(backend: Backend) -> None:
    whom = makers.blind()

    def charge(stores: Stores) -> None:
        stores.limits.charge("x", whom, limit=3, seconds=60, now=NOON)

    answers, refusals = race(backend, *[charge] * 8)
    assert len(answers) == 3
    assert codes(refusals) == ["too_many_requests"] * 5


@dataclass(frozen=True)
class Entrance:
    """The ways to log in over some stores."""

    one_time_codes: OneTimeCodes
    accounts: Accounts
    by_phone: PhoneLogin
    by_platform: PlatformLogin


def entrance(
    stores: Stores,
    index: BlindIndex,
    vault: Vault,
    sms: RecordingSms,
    platform: Platform | None = None,
) -> Entrance:
    ids = RandomIds()
    sessions = Sessions(people=stores.people, tokens=Tokens(RING), ids=ids)
    accounts = Accounts(
        people=stores.people,
        sessions=sessions,
        index=index,
        ids=ids,
        vault=vault,
        absence=timedelta(days=90),
    )
    one_time_codes = OneTimeCodes(
        codes=stores.codes,
        limits=stores.limits,
        index=index,
        ids=ids,
        sms=sms,
        countries=("CN",),
        a_day=1_000_000,
    )
    changes = PhoneChanges(
        accounts=accounts,
        codes=one_time_codes,
        sessions=sessions,
        sms=sms,
        limits=stores.limits,
        vault=vault,
    )

    def named(name: PlatformName) -> Platform:
        assert platform is not None
        assert name is PlatformName.WECHAT
        return platform

    return Entrance(
        one_time_codes,
        accounts,
        PhoneLogin(
            codes=one_time_codes,
            accounts=accounts,
            changes=changes,
            sessions=sessions,
            invitations=NoInvitations(),
        ),
        PlatformLogin(
            platform=named,
            accounts=accounts,
            changes=changes,
            sessions=sessions,
            invitations=NoInvitations(),
            limits=stores.limits,
            index=index,
            proofs=stores.phone_proofs,
        ),
    )


def test_one_login_comes_of_one_code(backend: Backend) -> None:
    index, vault, phone = BlindIndex(RING), Vault(LocalDataKeys()), makers.phone()
    sms = RecordingSms()
    entrance(backend.stores, index, vault, sms).one_time_codes.send(
        phone, address="127.0.0.1", language="en", now=NOON
    )

    def log_in(stores: Stores) -> Login:
        login = entrance(stores, index, vault, sms).by_phone
        return login.log_in(phone, sms.sent[0][1], address="127.0.0.1", now=NOON)

    logins, refusals = race(backend, *[log_in] * 3)
    assert not refusals
    assert len({login.person_id for login in logins}) == 1
    assert len(backend.stores.people.load(logins[0].person_id).sessions) == 1


class Entering:
    """Several phones at once, and what they come in with."""

    def __init__(self) -> None:
        self.index, self.vault = BlindIndex(RING), Vault(LocalDataKeys())
        self.platform = FakePlatform(PlatformName.WECHAT, StandingClock())
        self.sms = RecordingSms()

    def entrance(self, stores: Stores) -> Entrance:
        return entrance(stores, self.index, self.vault, self.sms, self.platform)

    def by_account(self, user: str, phone: str | None) -> Callable[[Stores], str]:
        code, proof = self.platform.mint(phone or "+8613800000000", user)

        def log_in(stores: Stores) -> str:
            login = self.entrance(stores).by_platform
            name, given = self.platform.name, proof if phone else None
            return login.log_in(name, code, given, address=user, now=NOON).person_id

        return log_in

    def by_sms(self, backend: Backend, phone: str) -> Callable[[Stores], str]:
        sender = self.entrance(backend.stores).one_time_codes
        sender.send(phone, address=phone, language="en", now=NOON)
        code = self.sms.sent[-1][1]

        def log_in(stores: Stores) -> str:
            login = self.entrance(stores).by_phone.log_in(phone, code, address="x", now=NOON)
            return login.person_id

        return log_in

    def confirm(self, backend: Backend, person_id: str, phone: str) -> Callable[[Stores], str]:
        people = backend.stores.people
        login = makers.session(client="wechat", strength=Strength.PLATFORM)
        people.open_session(person_id, login)
        record = people.load(person_id)
        assert record.profile is not None
        actor = Actor(record.profile, login, record)

        def confirm(stores: Stores) -> str:
            accounts = self.entrance(stores).accounts
            return accounts.confirm_phone(actor, phone, now=NOON).person_id

        return confirm

    def holds(self, backend: Backend, person_id: str, phone: str) -> None:
        """The person is there, with this phone and no other."""
        profile = backend.stores.people.load(person_id).profile
        assert profile is not None
        assert self.vault.open(profile.phone, f"{person_id}/phone") == phone
        assert backend.stores.people.by_phone(self.index.of("phone", phone)) == person_id


def test_an_account_makes_one_person(backend: Backend) -> None:
    entering, user = Entering(), makers.random()
    people, refusals = race(backend, *[entering.by_account(user, None) for _ in range(4)])
    assert not refusals
    assert len(set(people)) == 1
    assert len(backend.stores.people.accounts(people[0])) == 1


def test_a_phone_makes_one_person_however_they_enter(backend: Backend) -> None:
    entering, phone = Entering(), makers.phone()
    user = makers.random()
    people, refusals = race(
        backend,
        entering.by_sms(backend, phone),
        *[entering.by_account(user, phone) for _ in range(3)],
    )
    assert not refusals
    assert len(set(people)) == 1
    entering.holds(backend, people[0], phone)
    assert len(backend.stores.people.accounts(people[0])) == 1


def test_of_accounts_with_one_phone_one_has_it(
    backend: Backend,
) -> None:
    """The next owner of a phone: another account of the platform is not merged."""
    entering, phone = Entering(), makers.phone()
    users = [makers.random() for _ in range(3)]
    before = [entering.by_account(user, None)(backend.stores) for user in users]
    people, refusals = race(
        backend, *[entering.confirm(backend, person_id, phone) for person_id in before]
    )
    assert not refusals
    assert sorted(people) == sorted(before)
    owner = backend.stores.people.by_phone(entering.index.of("phone", phone))
    assert owner is not None
    entering.holds(backend, owner, phone)
    profiles = [backend.stores.people.load(person_id).profile for person_id in before]
    assert [bool(one and one.phone) for one in profiles].count(True) == 1


@pytest.mark.parametrize("attempt", range(4))
def test_who_gives_way_does_so_once(backend: Backend, attempt: int) -> None:
    """Two phones are confirmed at once, one of them somebody's: the account ends with one."""
    entering, mine, theirs = Entering(), makers.phone(), makers.phone()
    owner = entering.by_sms(backend, theirs)(backend.stores)
    person_id = entering.by_account(f"u{attempt}{mine}", None)(backend.stores)
    people, refusals = race(
        backend,
        entering.confirm(backend, person_id, theirs),
        entering.confirm(backend, person_id, mine),
    )
    assert len(people) == len(refusals) == 1
    entering.holds(backend, owner, theirs)
    gave_way = people == [owner]
    assert codes(refusals) == ["session_ended" if gave_way else "phone_taken"]
    accounts_of = [len(backend.stores.people.accounts(who)) for who in (owner, person_id)]
    assert accounts_of == ([1, 0] if gave_way else [0, 1])
    if not gave_way:
        entering.holds(backend, person_id, mine)


def test_a_phone_that_changes_twice_at_once_leaves_one(backend: Backend) -> None:
    entering, first = Entering(), makers.phone()
    phones = [makers.phone() for _ in range(3)]
    person_id = entering.by_sms(backend, first)(backend.stores)
    people, refusals = race(
        backend, *[entering.confirm(backend, person_id, phone) for phone in phones]
    )
    assert not refusals
    assert set(people) == {person_id}
    by_phone = backend.stores.people.by_phone
    owners = [by_phone(entering.index.of("phone", phone)) for phone in (first, *phones)]
    assert sorted(owners, key=str) == [None, None, None, person_id]
    entering.holds(backend, person_id, (first, *phones)[owners.index(person_id)])


def test_a_refresh_token_works_once(backend: Backend) -> None:
    person, login = newcomer(backend), makers.session()
    backend.stores.people.open_session(person.person_id, login)

    def refresh(later: Session) -> Callable[[Stores], Session]:
        return lambda stores: stores.people.refresh_session(
            person.person_id, later.session_id, serial=later.serial, expires_at=later.expires_at
        )

    nexts = [replace(login, serial=2, expires_at=NOON + timedelta(days=30 + n)) for n in range(4)]
    answers, refusals = race(backend, *map(refresh, nexts))
    assert not refusals
    assert len({answer.expires_at for answer in answers}) == 1
    assert backend.stores.people.load(person.person_id).sessions[login.session_id] in nexts


def test_the_newest_answer_stays_whoever_is_last(backend: Backend) -> None:
    person = newcomer(backend)
    answers = [
        makers.snapshot(state=state, fetched_at=NOON + timedelta(seconds=n))
        for n, state in enumerate(("green", "yellow", "red"))
    ]
    race(
        backend,
        *[
            lambda stores, answer=answer: stores.people.save_answers(person.person_id, [answer])
            for answer in answers
        ],
    )
    stands = backend.stores.people.load(person.person_id).snapshots
    assert stands == {"health_code": answers[-1]}


def test_number_name_and_address_are_given_once(backend: Backend) -> None:
    unique, number = makers.random(), makers.blind()
    venues = [makers.venue() for _ in range(4)]

    def create(venue: Venue) -> Callable[[Stores], Venue | None]:
        return lambda stores: stores.venues.create(
            venue, unique=unique, number_blind=number, document_blind=""
        )

    answers, refusals = race(backend, *map(create, venues))
    assert answers == [None]
    assert codes(refusals) == ["venue_exists"] * 3
    ids = [venue.venue_id for venue in venues]
    assert len(backend.stores.venues.venues(ids)) == 1
    assert len([v for v in venues if backend.stores.venues.code(v.code)]) == 1


def test_a_nonce_makes_one_venue(backend: Backend) -> None:
    venue, unique = makers.venue(), makers.random()
    tries = [replace(venue, code=makers.random()) for _ in range(4)]

    def create(venue: Venue) -> Callable[[Stores], Venue | None]:
        return lambda stores: stores.venues.create(
            venue, unique=unique, number_blind="1:x", document_blind=""
        )

    answers, refusals = race(backend, *map(create, tries))
    made = backend.stores.venues.venue(venue.venue_id)
    assert not refusals
    assert made in tries
    assert [answer for answer in answers if answer is not None] == [made] * 3


def test_a_scan_is_put_once(backend: Backend) -> None:
    venue = makers.venue(shards=64)
    scan = makers.scan(venue)
    tries = [replace(scan, received_at=NOON + timedelta(seconds=n)) for n in range(4)]

    def put(scan: Scan) -> Callable[[Stores], Scan | None]:
        return lambda stores: stores.scans.put(scan, venue)

    answers, refusals = race(backend, *map(put, tries))
    winner = stored(backend, scan, venue)
    assert not refusals
    assert winner in tries
    assert [answer for answer in answers if answer is not None] == [winner] * 3


def test_a_scan_changes_version_by_version(backend: Backend) -> None:
    venue = makers.venue()
    scan = makers.scan(venue)
    backend.stores.scans.put(scan, venue)
    changes = [replace(scan, version=1, correlation=f"c{n}") for n in range(4)]

    def change(scan: Scan) -> Callable[[Stores], bool]:
        return lambda stores: stores.scans.change(scan, venue)

    answers, _ = race(backend, *map(change, changes))
    assert sorted(answers) == [False, False, False, True]
    assert stored(backend, scan, venue) in changes


@pytest.mark.parametrize("attempt", range(4))
def test_an_answer_and_the_end_of_the_waiting_agree(backend: Backend, attempt: int) -> None:
    """Whichever is first, the scan is decided once, and by it."""
    venue = makers.venue(name=f"{attempt}")
    scan = makers.scan(venue)
    backend.stores.venues.create(
        venue, unique=makers.random(), number_blind="1:x", document_blind=""
    )
    backend.stores.scans.put(scan, venue)
    backend.stores.scans.await_answers(scan, NOON)
    known = makers.profile(person_id=scan.person_id)
    profile = makers.registered(known, verification=Verification.VERIFIED)
    answered = PersonRecord(
        profile,
        snapshots={
            "health_code": makers.snapshot(fetched_at=NOON),
            "nucleic_acid": makers.snapshot(
                provider="nucleic_acid", state="negative", fetched_at=NOON
            ),
            "vaccination": makers.snapshot(
                provider="vaccination", state="complete", fetched_at=NOON, doses=3
            ),
        },
    )

    def judge_again(person: PersonRecord, final: bool) -> Callable[[Stores], Outcome]:
        def run(stores: Stores) -> Outcome:
            waiting = WaitingScans(
                people=stores.people,
                policies=stores.policies(),
                scans=stores.scans,
                finder=ScanFinder(directory=stores.directory(), scans=stores.scans),
            )
            found = waiting.reconsider(scan.scan_id, person, now=NOON, final=final)
            assert found is not None
            return found.scan.verdict.decision.outcome

        return run

    answers, refusals = race(
        backend, judge_again(answered, False), judge_again(PersonRecord(profile), True)
    )
    assert not refusals
    assert answers in ([Outcome.ADMIT] * 2, [Outcome.CHECK] * 2)
    after = stored(backend, scan, venue)
    assert (after.version, after.verdict.decision.outcome) == (1, answers[0])


def test_figures_are_added_once(backend: Backend) -> None:
    venue = makers.venue()
    day = day_of(venue, NOON)
    partition = scan_partition(venue.venue_id, day, 0)

    def add(stores: Stores) -> bool:
        return stores.counters.add(partition, "", Figures(1, 1), last="", sequence="1")

    answers, _ = race(backend, *[add] * 4)
    assert sorted(answers) == [False, False, False, True]
    assert backend.stores.counters.of_day(venue, day) == Figures(1, 1)


def test_batches_that_overlap_are_counted_once(backend: Backend) -> None:
    """A batch delivered again, with other boundaries, while the first is still at work."""
    venue = makers.venue()
    day = day_of(venue, NOON)
    partition = scan_partition(venue.venue_id, day, 0)
    scans = [makers.scan(venue, NOON + timedelta(seconds=n)) for n in range(6)]
    for scan in scans:
        backend.stores.scans.put(scan, venue)
    changes = [ScanChange(partition, f"{99 + n}", None, scan) for n, scan in enumerate(scans)]

    def count(batch: list[ScanChange]) -> Callable[[Stores], list[str]]:
        return lambda stores: Counting(counters=stores.counters).apply(batch)

    failed, refusals = race(backend, count(changes[:4]), count(changes), count(changes[:2]))
    assert not refusals
    assert failed == [[], [], []]
    expected = tally(backend.stores.scans.of_day(venue, day)).figures[""]
    assert expected == Figures(checked=6, pending=6, own=6)
    assert backend.stores.counters.of_day(venue, day) == expected


def test_a_policy_gets_one_next_version(backend: Backend) -> None:
    def put(hours: int, version: int) -> Callable[[Stores], bool]:
        rules: dict[str, object] = {"nucleic_acid_hours": hours}
        return lambda stores: stores.policies().replace("9001", rules, version=version)

    for version in (1, 2):
        answers, _ = race(backend, *(put(hours, version) for hours in (12, 24, 48)))
        assert sorted(answers) == [False, False, True]
    assert backend.stores.policies().of("900112", NOON).version == "9001.2"


def test_a_data_key_is_kept_once(backend: Backend) -> None:
    key_id = makers.random()

    def keep(wrapped: bytes) -> Callable[[Stores], bytes]:
        return lambda stores: stores.wrapped_keys.put_if_absent(key_id, wrapped)

    answers, _ = race(backend, *map(keep, (b"a", b"b", b"c")))
    assert set(answers) == {backend.stores.wrapped_keys.get(key_id)}


def _staffed(stores: Stores) -> tuple[Venue, str]:
    venue = makers.venue()
    stores.venues.create(
        venue, unique=makers.random(), number_blind=makers.blind(), document_blind=""
    )
    return venue, venue.applicant


def test_a_logout_ends_what_is_being_refreshed(backend: Backend) -> None:
    person, login = newcomer(backend), makers.session()
    backend.stores.people.open_session(person.person_id, login)
    later = NOON + timedelta(days=40)

    def refresh(stores: Stores) -> None:
        stores.people.refresh_session(
            person.person_id, login.session_id, serial=2, expires_at=later
        )

    def log_out(stores: Stores) -> None:
        stores.people.close_session(person.person_id, login.session_id)

    race(backend, refresh, log_out)
    assert backend.stores.people.load(person.person_id).sessions == {}


@pytest.mark.beyond_dynamodb_local
def test_a_prefetch_request_is_one_for_all(backend: Backend) -> None:
    person_id = f"per_{makers.random()}"
    requests = [
        Prefetch(person_id, asked(), NOON + timedelta(milliseconds=n), 3, "c") for n in range(4)
    ]

    def ask(request: Prefetch) -> Callable[[Stores], datetime]:
        return lambda stores: stores.prefetches.ask(request)

    answers, refusals = race(backend, *map(ask, requests))
    assert not refusals
    assert len(set(answers)) == 1


def test_a_printed_code_is_one_venues(backend: Backend) -> None:
    code = makers.random()
    venues = [makers.venue(code=code) for _ in range(3)]

    def create(venue: Venue) -> Callable[[Stores], Venue | None]:
        return lambda stores: stores.venues.create(
            venue, unique=makers.random(), number_blind=makers.blind(), document_blind=""
        )

    answers, refusals = race(backend, *map(create, venues))
    assert answers == [None]
    assert codes(refusals) == ["unavailable"] * 2
    (made,) = backend.stores.venues.venues([venue.venue_id for venue in venues])
    found = backend.stores.venues.code(code)
    assert found is not None
    assert found.venue_id == made.venue_id


def test_a_venue_gets_one_fast_code(backend: Backend) -> None:
    venue, _ = _staffed(backend.stores)
    tries = [makers.random() for _ in range(4)]

    def add(code: str) -> Callable[[Stores], str]:
        return lambda stores: stores.venues.add_fast_code(venue.venue_id, code)

    answers, refusals = race(backend, *map(add, tries))
    assert not refusals
    assert len(set(answers)) == 1
    assert [code for code in tries if backend.stores.venues.code(code)] == answers[:1]


def bindings(stores: Stores) -> Bindings:
    return Bindings(
        staff=stores.staff, venues=stores.venues, people=stores.people, limits=stores.limits
    )


def test_two_first_join_codes_are_one(backend: Backend) -> None:
    venue, _ = _staffed(backend.stores)

    def ask(stores: Stores) -> str:
        return bindings(stores).join_code(venue, rotate=False)

    answers, refusals = race(backend, *[ask] * 4)
    assert not refusals
    assert set(answers) == {backend.stores.staff.join_code(venue.venue_id)}
    assert backend.stores.staff.venue_of(answers[0]) == venue.venue_id


@pytest.mark.parametrize("attempt", range(3))
def test_a_code_that_is_being_rotated_binds_or_is_unknown(backend: Backend, attempt: int) -> None:
    venue, _ = _staffed(backend.stores)
    former = bindings(backend.stores).join_code(venue, rotate=False)
    profile = makers.registered(newcomer(backend), verification=Verification.VERIFIED)

    def enter(stores: Stores) -> str:
        at = NOON + timedelta(hours=attempt)
        bindings(stores).join(makers.actor(profile), former, now=at)
        return "bound"

    def rotate(stores: Stores) -> str:
        return bindings(stores).join_code(venue, rotate=True)

    answers, refusals = race(backend, enter, rotate)
    assert codes(refusals) == ([] if "bound" in answers else ["join_code_unknown"])
    listed = [one.person_id for one in backend.stores.staff.members(venue.venue_id)]
    assert (profile.person_id in listed) is ("bound" in answers)
    assert backend.stores.staff.venue_of(former) is None


def rights_of(backend: Backend, venue: Venue, person_id: str) -> tuple[Role | None, Role | None]:
    """A person's role in the venue's list, and in their own partition."""
    listed = {one.person_id: one.role for one in backend.stores.staff.members(venue.venue_id)}
    rights = backend.stores.people.load(person_id).rights
    return listed.get(person_id), rights.get(venue.venue_id)


def test_staff_added_twice_at_once_stand_there_once(backend: Backend) -> None:
    venue, _ = _staffed(backend.stores)
    person_id = makers.profile().person_id

    def bind(role: Role) -> Callable[[Stores], None]:
        return lambda stores: stores.staff.bind(venue.venue_id, Member(person_id, role, NOON))

    _, refusals = race(backend, *map(bind, (Role.INSPECTOR, Role.ADMINISTRATOR, Role.INSPECTOR)))
    assert not refusals
    assert len(backend.stores.staff.members(venue.venue_id)) == 2
    assert rights_of(backend, venue, person_id) == (Role.ADMINISTRATOR,) * 2


@pytest.mark.parametrize("attempt", range(3))
def test_a_binding_and_its_end_leave_list_and_right_alike(backend: Backend, attempt: int) -> None:
    venue, _ = _staffed(backend.stores)
    person_id = makers.profile().person_id
    inspector = Member(person_id, Role.INSPECTOR, NOON + timedelta(seconds=attempt))
    race(
        backend,
        lambda stores: stores.staff.bind(venue.venue_id, inspector),
        lambda stores: stores.staff.unbind(venue.venue_id, person_id),
    )
    listed, right = rights_of(backend, venue, person_id)
    assert listed == right


def test_a_right_that_waits_is_claimed_by_one_request(backend: Backend) -> None:
    venue, chief = _staffed(backend.stores)
    phone, people = makers.blind(), [makers.profile().person_id for _ in range(3)]
    waiting = Invitation(venue.venue_id, Role.INSPECTOR, b"sealed", chief)
    backend.stores.staff.invite(phone, waiting, makers.sent(phone, waiting))

    def claim(person_id: str) -> Callable[[Stores], None]:
        member = Member(person_id, Role.INSPECTOR, NOON)
        return lambda stores: stores.staff.claim(phone, waiting, member)

    _, refusals = race(backend, *map(claim, people))
    assert not refusals
    found = [rights_of(backend, venue, person_id) for person_id in people]
    assert sorted(found, key=str) == [(Role.INSPECTOR,) * 2, (None, None), (None, None)]
    assert backend.stores.staff.invitations(phone) == []


def test_two_rotations_leave_one_code(backend: Backend) -> None:
    venue, _ = _staffed(backend.stores)
    former = new_join_code()
    backend.stores.staff.replace_join_code(venue.venue_id, former, None)
    codes = [new_join_code(), new_join_code()]
    race(
        backend,
        *(
            lambda stores, code=code: stores.staff.replace_join_code(venue.venue_id, code, former)
            for code in codes
        ),
    )
    current = backend.stores.staff.join_code(venue.venue_id)
    assert [code for code in codes if backend.stores.staff.venue_of(code)] == [current]


def shadow(**changes: object) -> Profile:
    made = Profile(
        f"per_{makers.random()}",
        b"",
        b"\x01name 0",
        "resident_id",
        b"\x01number",
        verification=Verification.PENDING,
        shadow_until=NOON + timedelta(days=14),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_shadow_is_made_once(backend: Backend) -> None:
    made = shadow()
    tries = [replace(made, name=f"\x01name {n}".encode()) for n in range(4)]

    def keep(one: Profile) -> Callable[[Stores], None]:
        return lambda stores: stores.people.keep_shadow(one, again=False)

    _, refusals = race(backend, *map(keep, tries))
    assert not refusals
    assert stands(backend, made) in tries


def test_a_shadow_that_is_kept_again_keeps_its_verification(backend: Backend) -> None:
    made = shadow()
    backend.stores.people.keep_shadow(made, again=False)
    later = replace(made, shadow_until=NOON + timedelta(days=15))

    def keep(stores: Stores) -> bool:
        stores.people.keep_shadow(later, again=False)
        return True

    def settle(stores: Stores) -> bool:
        return stores.people.settle(made, Verification.VERIFIED, "")

    answers, refusals = race(backend, keep, settle)
    assert (answers, refusals) == ([True, True], [])
    assert stands(backend, made) == replace(later, verification=Verification.VERIFIED)


def test_a_sixth_phone_is_not_paired_beside_the_fifth(backend: Backend) -> None:
    me = f"per_{makers.random()}"
    four = tuple(StaffPhone(f"phn_{makers.random()}", NOON, "1") for _ in range(4))
    assert backend.stores.staff_phones.save(me, PairedPhones(four, 1))

    def pair(stores: Stores) -> bool:
        paired = stores.staff_phones.of(me)
        phone = StaffPhone(f"phn_{makers.random()}", NOON, "1")
        return stores.staff_phones.save(
            me, PairedPhones((*paired.phones, phone), paired.version + 1)
        )

    answers, refusals = race(backend, pair, pair)
    assert (sorted(answers), refusals) == ([False, True], [])
    assert len(backend.stores.staff_phones.of(me).phones) == 5
