"""`people.People`: a phone that goes to its next owner, and registrations that are asked again."""

from dataclasses import replace
from datetime import timedelta

from chalicelib.identity.people import Profile, Verification
from tests.contract import makers
from tests.contract.backends import Backend, Stores
from tests.contract.races import race
from tests.fakes.parts import NOON


def owner_of(stores: Stores) -> tuple[Profile, str]:
    """Return a new person, and the blind index of their phone."""
    owner, phone = makers.profile(), makers.blind()
    assert stores.people.create(owner, phone) == owner.person_id
    return owner, phone


def stands(stores: Stores, person: Profile) -> Profile | None:
    return stores.people.load(person.person_id).profile


def test_the_next_owner_gets_the_phone_and_nothing_else(stores: Stores) -> None:
    owner, phone = owner_of(stores)
    new, account = makers.profile(seen_at=NOON), makers.account()
    assert stores.people.succeed(owner, new, phone, account=account)
    assert stores.people.by_phone(phone) == new.person_id
    assert stores.people.by_account(account.blind) == new.person_id
    assert stands(stores, new) == new
    assert stands(stores, owner) == replace(owner, phone=b"", successor=new.person_id)


def test_a_phone_goes_to_one_next_owner(stores: Stores) -> None:
    owner, phone = owner_of(stores)
    first, second = makers.profile(), makers.profile()
    assert stores.people.succeed(owner, first, phone)
    assert not stores.people.succeed(owner, second, phone)
    assert stands(stores, second) is None
    assert stores.people.by_phone(phone) == first.person_id


def test_an_account_of_somebody_else_is_not_taken_along(stores: Stores) -> None:
    owner, phone = owner_of(stores)
    other, account = makers.profile(phone=b""), makers.account()
    assert stores.people.create_with_account(other, account=account, phone=None)
    assert not stores.people.succeed(owner, makers.profile(), phone, account=account)
    assert stores.people.by_phone(phone) == owner.person_id
    assert stands(stores, owner) == owner


def test_somebody_who_is_there_takes_the_phone(stores: Stores) -> None:
    owner, phone = owner_of(stores)
    person, account = makers.profile(phone=b""), makers.account()
    stores.people.create_with_account(person, account=account, phone=None)
    changed = replace(person, phone=b"\x01sealed")
    assert stores.people.take_phone(changed, phone, former=None, owner=owner)
    assert stores.people.by_phone(phone) == person.person_id
    assert stands(stores, owner) == replace(owner, phone=b"", successor=person.person_id)
    # Who gets a phone again has no successor.
    again = makers.blind()
    back = replace(owner, phone=b"\x01another", phone_blind=again)
    assert stores.people.take_phone(back, again, former=None)
    assert stands(stores, owner) == back


def test_a_pending_person_who_lost_the_phone_is_not_discarded(stores: Stores) -> None:
    owner, phone = owner_of(stores)
    pending = makers.registered(owner)
    stores.people.register(pending, owner, "c")
    new = makers.profile()
    assert stores.people.succeed(pending, new, phone)
    lost = replace(pending, phone=b"", successor=new.person_id)
    assert stores.people.settle(lost, Verification.REJECTED, "mismatch")
    after = stands(stores, owner)
    assert after is not None
    assert after.verification is Verification.REJECTED


def test_when_a_person_was_seen_is_kept_and_nobody_is_made(stores: Stores) -> None:
    owner, _ = owner_of(stores)
    stores.people.saw(owner.person_id, NOON)
    assert stands(stores, owner) == replace(owner, seen_at=NOON)
    gone = makers.profile()
    stores.people.saw(gone.person_id, NOON)
    assert stands(stores, gone) is None


def test_a_pending_registration_is_asked_again_once_in_a_while(stores: Stores) -> None:
    owner, _ = owner_of(stores)
    pending = makers.registered(owner, asked_at=NOON)
    stores.people.register(pending, owner, "c")
    later = NOON + timedelta(minutes=30)
    assert not stores.people.ask_again(pending, unless_since=NOON - timedelta(seconds=1), now=later)
    assert stores.people.ask_again(pending, unless_since=NOON, now=later)
    assert stands(stores, owner) == replace(pending, asked_at=later)
    assert not stores.people.ask_again(pending, unless_since=NOON, now=later)
    assert stores.people.settle(pending, Verification.VERIFIED, "")
    assert not stores.people.ask_again(pending, unless_since=later, now=later)


def test_two_next_owners_at_once_are_one(backend: Backend) -> None:
    if backend.name == "fake":
        return  # stand-ins have no locks
    owner, phone = owner_of(backend.stores)
    people = [makers.profile() for _ in range(3)]
    answers, _ = race(
        backend,
        *[
            lambda stores, person=person: stores.people.succeed(owner, person, phone)
            for person in people
        ],
    )
    assert sorted(answers) == [False, False, True]
    there = [person for person in people if stands(backend.stores, person)]
    assert [person.person_id for person in there] == [backend.stores.people.by_phone(phone)]
