"""`people.People`: who somebody is, and what may be changed about it by whom."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import Conflict, Unauthenticated
from chalicelib.identity.people import (
    Account,
    PersonRecord,
    Profile,
    Role,
    Session,
    Strength,
    Verification,
)
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON

REJECTED, VERIFIED, PENDING = Verification.REJECTED, Verification.VERIFIED, Verification.PENDING


def newcomer(stores: Stores) -> Profile:
    profile = makers.profile()
    assert stores.people.create(profile, makers.blind()) == profile.person_id
    return profile


def stands(stores: Stores, person: Profile) -> Profile:
    profile = stores.people.load(person.person_id).profile
    assert profile is not None
    return profile


def refreshed(stores: Stores, person: Profile, later: Session) -> Session:
    return stores.people.refresh_session(
        person.person_id, later.session_id, serial=later.serial, expires_at=later.expires_at
    )


def conflict(stores: Stores, profile: Profile, previous: Profile) -> str | None:
    """The code that a registration is refused with, or None when it was made."""
    try:
        stores.people.register(profile, previous, "correlation")
    except Conflict as error:
        return error.code
    return None


def test_nobody_has_nothing(stores: Stores) -> None:
    assert stores.people.load(f"per_{makers.random()}") == PersonRecord()
    assert stores.people.subject(f"per_{makers.random()}") == PersonRecord()
    assert stores.people.by_phone(makers.blind()) is None


def test_a_person_is_found_by_phone(stores: Stores) -> None:
    profile, phone = makers.profile(), makers.blind()
    assert stores.people.create(profile, phone) == profile.person_id
    assert stores.people.by_phone(phone) == profile.person_id
    assert stores.people.load(profile.person_id) == PersonRecord(profile)
    assert stores.people.load(profile.person_id, consistent=False) == PersonRecord(profile)


def test_a_phone_has_one_person(stores: Stores) -> None:
    phone, first, second = makers.blind(), makers.profile(), makers.profile()
    stores.people.create(first, phone)
    assert stores.people.create(second, phone) == first.person_id
    assert stores.people.load(second.person_id) == PersonRecord()


def test_hot_holds_everything_and_waiting_scans_come_with_the_subject(stores: Stores) -> None:
    person = newcomer(stores)
    logins = [makers.session(), makers.session(serial=7, client="app", strength=Strength.FACE)]
    answers = [
        makers.snapshot(report_to="居委会"),
        makers.snapshot(provider="nucleic_acid", state="absent", observed_at=None, reason=""),
        makers.snapshot(provider="vaccination", state="none", observed_at=None, doses=0),
        makers.snapshot(provider="travel_card", state="normal", group="组", how_to_clear="解除"),
    ]
    for login in logins:
        stores.people.open_session(person.person_id, login)
    for answer in answers:
        assert stores.people.save_answers(person.person_id, [answer])
    venue = makers.venue(applicant=person.person_id)
    stores.venues.create(
        venue,
        unique=makers.random(),
        number_blind="x",
        document_blind=person.document_blind,
    )
    waiting = makers.scan(venue, person_id=person.person_id)
    stores.scans.await_answers(waiting, NOON)
    record = PersonRecord(
        person,
        {login.session_id: login for login in logins},
        {answer.provider: answer for answer in answers},
        {venue.venue_id: Role.ADMINISTRATOR},
        rights_given=1,
    )
    assert stores.people.load(person.person_id) == record
    awaiting = replace(record, awaiting=(waiting.scan_id,), questioned=True)
    assert stores.people.subject(person.person_id) == awaiting


class TestRegistration:
    """JN-17 to JN-20: one document, one owner; an answer is about one edit."""

    def test_it_replaces_the_profile(self, stores: Stores) -> None:
        person = newcomer(stores)
        edit = makers.registered(person)
        assert conflict(stores, edit, person) is None
        assert stands(stores, person) == edit

    def test_a_document_has_one_owner(self, stores: Stores) -> None:
        first, second = newcomer(stores), newcomer(stores)
        mine = makers.registered(first)
        stores.people.register(mine, first, "c")
        theirs = makers.registered(second, document_blind=mine.document_blind)
        assert conflict(stores, theirs, second) == "identity_taken"
        assert stands(stores, second) == second

    def test_the_owner_may_correct_their_name(self, stores: Stores) -> None:
        person = newcomer(stores)
        first = makers.registered(person)
        stores.people.register(first, person, "c")
        second = makers.registered(first, name=b"\x01other", document_blind=first.document_blind)
        assert conflict(stores, second, first) is None
        assert stands(stores, person) == second

    def test_a_version_is_replaced_once(self, stores: Stores) -> None:
        person = newcomer(stores)
        stores.people.register(makers.registered(person), person, "c")
        late = makers.registered(person)
        assert conflict(stores, late, person) == "version_conflict"
        other = newcomer(stores)
        # What the refused edit claimed is free.
        claim = makers.registered(other, document_blind=late.document_blind)
        assert conflict(stores, claim, other) is None

    def test_nobody_cannot_register(self, stores: Stores) -> None:
        nobody = makers.profile()
        assert conflict(stores, makers.registered(nobody), nobody) == "version_conflict"

    def test_another_document_frees_the_former(self, stores: Stores) -> None:
        person, other = newcomer(stores), newcomer(stores)
        first = makers.registered(person)
        stores.people.register(first, person, "c")
        stores.people.register(makers.registered(first), first, "c")
        claim = makers.registered(other, document_blind=first.document_blind)
        assert conflict(stores, claim, other) is None

    def test_an_approval_stands(self, stores: Stores) -> None:
        person = newcomer(stores)
        edit = makers.registered(person)
        stores.people.register(edit, person, "c")
        assert stores.people.settle(edit, VERIFIED, "")
        assert stands(stores, person) == replace(edit, verification=VERIFIED)

    def test_an_answer_counts_once(self, stores: Stores) -> None:
        person = newcomer(stores)
        edit = makers.registered(person)
        stores.people.register(edit, person, "c")
        assert stores.people.settle(edit, VERIFIED, "")
        assert not stores.people.settle(edit, REJECTED, "mismatch")
        assert stands(stores, person).verification is VERIFIED

    def test_an_answer_about_an_earlier_edit_is_past(self, stores: Stores) -> None:
        person = newcomer(stores)
        first = makers.registered(person)
        stores.people.register(first, person, "c")
        second = makers.registered(first)
        stores.people.register(second, first, "c")
        assert not stores.people.settle(first, REJECTED, "mismatch")
        assert stands(stores, person) == second

    def test_an_answer_about_nobody_is_past(self, stores: Stores) -> None:
        assert not stores.people.settle(makers.registered(makers.profile()), VERIFIED, "")

    def test_a_rejection_blocks_until_an_approval(self, stores: Stores) -> None:
        person = newcomer(stores)
        first = makers.registered(person)
        stores.people.register(first, person, "c")
        assert stores.people.settle(first, REJECTED, "mismatch")
        rejected = stands(stores, person)
        expected = replace(first, verification=REJECTED, reason="mismatch", blocked=True)
        assert rejected == expected
        assert not rejected.may_scan
        second = makers.registered(rejected)
        stores.people.register(second, rejected, "c")
        assert not stands(stores, person).may_scan
        assert stores.people.settle(second, VERIFIED, "")
        approved = stands(stores, person)
        assert approved == replace(second, verification=VERIFIED, blocked=False)
        assert approved.may_scan

    def test_an_edit_cannot_overtake_a_rejection(self, stores: Stores) -> None:
        """The edit was read before the rejection came, and would clear the block."""
        person = newcomer(stores)
        first = makers.registered(person)
        stores.people.register(first, person, "c")
        assert stores.people.settle(first, REJECTED, "mismatch")
        assert conflict(stores, makers.registered(first), first) == "version_conflict"
        assert stands(stores, person).blocked

    def test_a_rejected_document_is_free_for_its_owner(self, stores: Stores) -> None:
        person, owner = newcomer(stores), newcomer(stores)
        first = makers.registered(person)
        stores.people.register(first, person, "c")
        stores.people.settle(first, REJECTED, "mismatch")
        claim = makers.registered(owner, document_blind=first.document_blind)
        assert conflict(stores, claim, owner) is None
        # An edit by a rejected person leaves the owner's claim alone.
        rejected = stands(stores, person)
        assert conflict(stores, makers.registered(rejected), rejected) is None
        again = makers.registered(newcomer(stores), document_blind=first.document_blind)
        assert conflict(stores, again, replace(again, registration=0)) == "identity_taken"

    def test_an_edit_after_a_rejection_is_freed_by_the_next(self, stores: Stores) -> None:
        """A rejected person who types one stranger's number after another keeps none."""
        person, owner = newcomer(stores), newcomer(stores)
        first = makers.registered(person)
        stores.people.register(first, person, "c")
        stores.people.settle(first, REJECTED, "mismatch")
        second = makers.registered(stands(stores, person))
        stores.people.register(second, stands(stores, person), "c")
        stores.people.register(makers.registered(second), second, "c")
        claim = makers.registered(owner, document_blind=second.document_blind)
        assert conflict(stores, claim, owner) is None


def shell(stores: Stores) -> tuple[Profile, Account]:
    """Somebody who has entered by a platform, and has no phone yet; their account."""
    profile, account = makers.profile(phone=b""), makers.account()
    assert stores.people.create_with_account(profile, account=account, phone=None)
    return profile, account


class TestAccounts:
    """JN-16: one account, one person; one phone, one person."""

    def test_an_account_makes_a_person(self, stores: Stores) -> None:
        person, account = shell(stores)
        assert stores.people.by_account(account.blind) == person.person_id
        assert stores.people.accounts(person.person_id) == dict([account])
        assert stores.people.load(person.person_id) == PersonRecord(person)
        assert stores.people.subject(person.person_id) == PersonRecord(person)

    def test_an_account_makes_one_person(self, stores: Stores) -> None:
        person, account = shell(stores)
        second, phone = makers.profile(), makers.blind()
        assert not stores.people.create_with_account(second, account=account, phone=phone)
        assert stores.people.by_account(account.blind) == person.person_id
        assert stores.people.by_phone(phone) is None
        assert stores.people.load(second.person_id) == PersonRecord()

    def test_an_account_comes_with_its_phone(self, stores: Stores) -> None:
        person, account, phone = makers.profile(), makers.account(), makers.blind()
        assert stores.people.create_with_account(person, account=account, phone=phone)
        assert stores.people.by_phone(phone) == person.person_id
        late = makers.profile()
        assert not stores.people.create_with_account(late, account=makers.account(), phone=phone)
        assert stores.people.create(late, phone) == person.person_id

    def test_an_account_is_linked_to_whose_phone_it_is(self, stores: Stores) -> None:
        person, phone, account = makers.profile(), makers.blind(), makers.account()
        stores.people.create(person, phone)
        assert stores.people.link(account, person.person_id, phone=phone)
        assert stores.people.by_account(account.blind) == person.person_id
        other, taken = shell(stores)
        assert not stores.people.link(taken, person.person_id, phone=phone)
        assert stores.people.by_account(taken.blind) == other.person_id

    def test_an_account_is_not_linked_by_a_phone_that_has_changed_hands(
        self, stores: Stores
    ) -> None:
        person, account = newcomer(stores), makers.account()
        assert not stores.people.link(account, person.person_id, phone=makers.blind())
        assert stores.people.by_account(account.blind) is None
        assert stores.people.accounts(person.person_id) == {}

    def test_a_first_phone_is_taken(self, stores: Stores) -> None:
        person, _ = shell(stores)
        phone = makers.blind()
        changed = replace(person, phone=b"\x01sealed", phone_blind=phone)
        assert stores.people.take_phone(changed, phone, former=None)
        assert stands(stores, person) == changed
        assert stores.people.by_phone(phone) == person.person_id
        # The loser of a race has seen no phone, and there is one.
        assert not stores.people.take_phone(changed, makers.blind(), former=None)

    def test_a_phone_of_somebody_is_not_taken(self, stores: Stores) -> None:
        phone, owner = makers.blind(), makers.profile()
        stores.people.create(owner, phone)
        person, _ = shell(stores)
        changed = replace(person, phone=b"\x01sealed")
        assert not stores.people.take_phone(changed, phone, former=None)
        assert stands(stores, person) == person
        assert stores.people.by_phone(phone) == owner.person_id

    def test_another_phone_frees_the_former(self, stores: Stores) -> None:
        person, first, second = makers.profile(), makers.blind(), makers.blind()
        stores.people.create(person, first)
        changed = replace(person, phone=b"\x01another", phone_blind=second)
        assert stores.people.take_phone(changed, second, former=first)
        assert stores.people.by_phone(first) is None
        assert stores.people.by_phone(second) == person.person_id
        third = replace(person, phone=b"\x01a third")
        assert not stores.people.take_phone(third, makers.blind(), former=first)
        assert stands(stores, person) == changed

    def test_nobody_takes_a_phone(self, stores: Stores) -> None:
        assert not stores.people.take_phone(makers.profile(), makers.blind(), former=None)

    def test_an_edit_does_not_undo_a_change_of_phone(self, stores: Stores) -> None:
        person, first = makers.profile(), makers.blind()
        stores.people.create(person, first)
        changed = replace(person, phone=b"\x01another")
        stores.people.take_phone(changed, makers.blind(), former=first)
        assert conflict(stores, makers.registered(person), person) == "version_conflict"
        assert conflict(stores, makers.registered(changed), changed) is None

    def test_who_has_no_phone_gives_way(self, stores: Stores) -> None:
        owner, phone = makers.profile(), makers.blind()
        stores.people.create(owner, phone)
        person, account = shell(stores)
        accounts = dict([account])
        assert stores.people.merge_into(person.person_id, accounts, owner.person_id, phone=phone)
        assert stores.people.by_account(account.blind) == owner.person_id
        assert stores.people.accounts(owner.person_id) == accounts
        assert stores.people.accounts(person.person_id) == {}
        assert stores.people.load(person.person_id) == PersonRecord()
        again = stores.people.merge_into(person.person_id, accounts, owner.person_id, phone=phone)
        assert not again

    def test_who_has_something_does_not_give_way(self, stores: Stores) -> None:
        owner, phone = makers.profile(), makers.blind()
        stores.people.create(owner, phone)
        with_phone, account = makers.profile(), makers.account()
        stores.people.create_with_account(with_phone, account=account, phone=makers.blind())
        registered, second = shell(stores)
        edit = makers.registered(registered)
        stores.people.register(edit, registered, "c")
        for person, theirs in ((with_phone, account), (edit, second)):
            moved = stores.people.merge_into(
                person.person_id, dict([theirs]), owner.person_id, phone=phone
            )
            assert not moved
            assert stands(stores, person) == person
            assert stores.people.by_account(theirs.blind) == person.person_id

    def test_nobody_gives_way_for_a_phone_that_has_changed_hands(self, stores: Stores) -> None:
        owner = newcomer(stores)
        person, account = shell(stores)
        moved = stores.people.merge_into(
            person.person_id, dict([account]), owner.person_id, phone=makers.blind()
        )
        assert not moved
        assert stands(stores, person) == person


class TestSessions:
    """A login is there until it ends, and its refresh token works once."""

    def test_a_refresh_counts_on(self, stores: Stores) -> None:
        person, login = newcomer(stores), makers.session()
        stores.people.open_session(person.person_id, login)
        later = replace(login, serial=2, expires_at=login.expires_at + timedelta(days=1))
        assert refreshed(stores, person, later) == later
        assert stores.people.load(person.person_id).sessions == {login.session_id: later}

    @pytest.mark.parametrize("serial", [0, 1, 3])
    def test_a_refresh_out_of_turn_changes_nothing(self, stores: Stores, serial: int) -> None:
        person, login = newcomer(stores), makers.session()
        stores.people.open_session(person.person_id, login)
        later = replace(login, serial=serial, expires_at=login.expires_at + timedelta(days=1))
        assert refreshed(stores, person, later) == login
        assert stores.people.load(person.person_id).sessions == {login.session_id: login}

    def test_an_ended_session_cannot_be_refreshed(self, stores: Stores) -> None:
        person, login = newcomer(stores), makers.session()
        stores.people.open_session(person.person_id, login)
        stores.people.close_session(person.person_id, login.session_id)
        with pytest.raises(Unauthenticated, match="session_ended"):
            refreshed(stores, person, replace(login, serial=2))
        assert stores.people.load(person.person_id) == PersonRecord(person)

    def test_a_refresh_keeps_how_the_session_was_begun(self, stores: Stores) -> None:
        person = newcomer(stores)
        login = makers.session(client="wechat", strength=Strength.PLATFORM)
        stores.people.open_session(person.person_id, login)
        later = refreshed(stores, person, replace(login, serial=2))
        assert (later.client, later.strength) == ("wechat", Strength.PLATFORM)

    def test_a_session_can_come_to_rest_on_more(self, stores: Stores) -> None:
        person, login = newcomer(stores), makers.session(strength=Strength.PLATFORM)
        stores.people.open_session(person.person_id, login)
        stores.people.strengthen_session(person.person_id, login.session_id, Strength.PHONE)
        stronger = replace(login, strength=Strength.PHONE)
        assert stores.people.load(person.person_id).sessions == {login.session_id: stronger}

    def test_an_ended_session_cannot_be_strengthened(self, stores: Stores) -> None:
        person, login = newcomer(stores), makers.session()
        with pytest.raises(Unauthenticated, match="session_ended"):
            stores.people.strengthen_session(person.person_id, login.session_id, Strength.FACE)
        assert stores.people.load(person.person_id).sessions == {}

    def test_ending_twice_is_no_error(self, stores: Stores) -> None:
        stores.people.close_session(f"per_{makers.random()}", f"ses_{makers.random()}")


class TestSnapshots:
    """Answers may come twice, late, and out of order: the newest stays."""

    def test_a_newer_answer_replaces(self, stores: Stores) -> None:
        person = newcomer(stores)
        older = makers.snapshot(state="green")
        newer = makers.snapshot(state="red", fetched_at=NOON + timedelta(milliseconds=1))
        assert stores.people.save_answers(person.person_id, [older])
        assert stores.people.save_answers(person.person_id, [newer])
        assert stores.people.load(person.person_id).snapshots == {"health_code": newer}

    def test_an_older_or_equal_answer_is_dropped(self, stores: Stores) -> None:
        person = newcomer(stores)
        newer = makers.snapshot(state="red")
        assert stores.people.save_answers(person.person_id, [newer])
        for late in (NOON - timedelta(milliseconds=1), NOON):
            older = makers.snapshot(state="green", fetched_at=late)
            assert not stores.people.save_answers(person.person_id, [older])
        assert stores.people.load(person.person_id).snapshots == {"health_code": newer}

    def test_an_answer_about_a_later_registration_replaces(self, stores: Stores) -> None:
        person = newcomer(stores)
        before = makers.snapshot(registration=1)
        after = makers.snapshot(registration=2, fetched_at=NOON - timedelta(seconds=1))
        assert stores.people.save_answers(person.person_id, [before])
        assert stores.people.save_answers(person.person_id, [after])
        assert not stores.people.save_answers(person.person_id, [before])
        assert stores.people.load(person.person_id).snapshots == {"health_code": after}


def test_the_profiles_of_many_are_read_at_once(stores: Stores) -> None:
    people = [makers.profile() for _ in range(60)]
    for person in people:
        stores.people.create(person, makers.blind())
    until = NOON + timedelta(days=30)
    shadow = makers.registered(makers.profile(), shadow_until=until, document_blind="")
    stores.people.keep_shadow(shadow, again=False)
    stranger = makers.profile()
    ids = [one.person_id for one in (*people, shadow, stranger)]
    found = stores.people.profiles(ids)
    assert found == {
        person_id: profile
        for person_id in ids
        if (profile := stores.people.load(person_id).profile) is not None
    }
    assert found.keys() == {*ids} - {stranger.person_id}
    assert found[shadow.person_id].shadow_until == until
    assert stores.people.profiles([]) == {}
