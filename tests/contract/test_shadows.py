"""`people.People.keep_shadow`: somebody without an account, for some days, verified like others."""

from dataclasses import replace
from datetime import timedelta

from chalicelib.identity.people import Profile, Verification
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON

UNTIL = NOON + timedelta(days=14)


def shadow(**changes: object) -> Profile:
    made = Profile(
        f"per_{makers.random()}",
        b"",
        b"\x01sealed name",
        "resident_id",
        b"\x01sealed number",
        verification=Verification.PENDING,
        shadow_until=UNTIL,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def stands(stores: Stores, of: Profile) -> Profile | None:
    return stores.people.load(of.person_id).profile


def test_it_is_kept_and_read_back(stores: Stores) -> None:
    for made in (shadow(), shadow(phone=b"\x01sealed phone")):
        stores.people.keep_shadow(made, again=False)
        assert stands(stores, made) == made
        assert stores.people.subject(made.person_id).profile == made


def test_kept_again_it_lives_longer_and_stays_who_it_is(stores: Stores) -> None:
    made = shadow(phone=b"\x01first")
    stores.people.keep_shadow(made, again=False)
    assert stores.people.settle(made, Verification.VERIFIED, "")
    later = UNTIL + timedelta(days=1)
    stores.people.keep_shadow(replace(made, name=b"\x01anew", shadow_until=later), again=False)
    stores.people.keep_shadow(replace(made, phone=b"", shadow_until=later), again=False)
    verified = replace(made, verification=Verification.VERIFIED, shadow_until=later)
    assert stands(stores, made) == verified


def test_the_latest_phone_counts(stores: Stores) -> None:
    made = shadow(phone=b"\x01first")
    stores.people.keep_shadow(made, again=False)
    stores.people.keep_shadow(replace(made, phone=b"\x01second"), again=False)
    assert stands(stores, made) == replace(made, phone=b"\x01second")


def test_a_rejected_one_is_verified_anew_when_asked_for(stores: Stores) -> None:
    made = shadow()
    stores.people.keep_shadow(made, again=False)
    assert stores.people.settle(made, Verification.REJECTED, "absent")
    stores.people.keep_shadow(made, again=False)
    rejected = stands(stores, made)
    assert rejected is not None
    assert rejected.verification is Verification.REJECTED
    stores.people.keep_shadow(made, again=True)
    pending = stands(stores, made)
    assert pending is not None
    assert pending.verification is Verification.PENDING


def test_its_rejection_takes_nobodys_document(stores: Stores) -> None:
    blind = makers.blind()
    owner = makers.profile()
    stores.people.create(owner, makers.blind())
    stores.people.register(makers.registered(owner, document_blind=blind), owner, "c")
    made = shadow()
    stores.people.keep_shadow(made, again=False)
    mistaken = replace(made, document_blind=blind)
    assert stores.people.settle(mistaken, Verification.REJECTED, "mismatch")
    assert stores.people.by_document(blind) == owner.person_id
    assert not stores.people.settle(made, Verification.VERIFIED, "")  # it was settled


def test_a_snapshot_may_be_kept_for_a_while(stores: Stores) -> None:
    made, said = shadow(), makers.snapshot(registration=0)
    stores.people.keep_shadow(made, again=False)
    assert stores.people.save_answers(made.person_id, [said], until=UNTIL)
    assert stores.people.load(made.person_id).current("health_code") == said
