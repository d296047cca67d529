"""`kiosks.Cards`, and people whom only a kiosk knows."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.admission.kiosks import Card
from chalicelib.identity.family import FamilyLink, Proof, Relation
from chalicelib.identity.people import Profile, Verification
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON

TOMORROW = NOON + timedelta(days=1)


def card(**changes: Any) -> Card:
    made = Card(
        card_id=f"crd_{makers.random()}",
        kiosk_id=f"kio_{makers.random()}",
        person_id=f"per_{makers.random()}",
        registration=1,
        form="card_pdf",
        replaces=False,
        fingerprint="1:abcdefghijklmnop",
        requested_at=NOON,
    )
    return replace(made, **changes)


def read(stores: Stores, of: Card, now: datetime = NOON) -> Card | None:
    return stores.cards.card(of.kiosk_id, of.card_id, now)


class TestCards:
    """A card waits until it is printed or refused, which happens once."""

    @pytest.mark.parametrize("replaces", [False, True])
    def test_it_is_read_as_it_was_put(self, stores: Stores, replaces: bool) -> None:
        made = card(replaces=replaces, form="sheet_pdf")
        assert stores.cards.put(made, TOMORROW) is None
        assert read(stores, made) == made
        assert stores.cards.waiting(made.person_id, NOON) == [made]

    def test_the_first_one_stays(self, stores: Stores) -> None:
        made = card()
        stores.cards.put(made, TOMORROW)
        again = replace(made, fingerprint="other", person_id=f"per_{makers.random()}")
        assert stores.cards.put(again, TOMORROW) == made
        assert read(stores, made) == made
        assert stores.cards.waiting(again.person_id, NOON) == []

    def test_another_kiosk_has_none(self, stores: Stores) -> None:
        made = card()
        stores.cards.put(made, TOMORROW)
        assert read(stores, replace(made, kiosk_id=card().kiosk_id)) is None

    def test_it_expires(self, stores: Stores) -> None:
        made = card()
        stores.cards.put(made, TOMORROW)
        assert read(stores, made, TOMORROW) is None
        assert stores.cards.waiting(made.person_id, TOMORROW) == []

    def test_a_printed_one_waits_no_more(self, stores: Stores) -> None:
        made, other = card(), card()
        other = replace(other, person_id=made.person_id)
        for one in (made, other):
            stores.cards.put(one, TOMORROW)
        printed = replace(made, serial="0123456789AB")
        stores.cards.finish(printed)
        assert read(stores, made) == printed
        assert stores.cards.waiting(made.person_id, NOON) == [other]

    def test_what_it_ended_as_stays(self, stores: Stores) -> None:
        made = card()
        stores.cards.put(made, TOMORROW)
        refused = replace(made, refused=True)
        stores.cards.finish(refused)
        stores.cards.finish(replace(made, serial="0123456789AB"))
        assert read(stores, made) == refused

    def test_one_that_is_gone_is_not_made(self, stores: Stores) -> None:
        made = card()
        stores.cards.finish(replace(made, serial="0123456789AB"))
        assert read(stores, made) is None


def managed(**changes: Any) -> Profile:
    return makers.registered(makers.profile(phone=b""), **changes)


def registered(stores: Stores) -> Profile:
    """Somebody with a phone, verified."""
    first = makers.profile()
    stores.people.create(first, makers.blind())
    who = makers.registered(first)
    stores.people.register(who, first, "c0ffee00")
    stores.people.settle(who, Verification.VERIFIED, "")
    return replace(who, verification=Verification.VERIFIED)


def profile_of(stores: Stores, who: Profile) -> Profile | None:
    return stores.people.load(who.person_id).profile


class TestManagedPeople:
    """A person without a login owns a document like everyone, and goes if nobody has them."""

    def test_their_document_is_theirs(self, stores: Stores) -> None:
        who = managed()
        assert stores.people.create_managed(who, "c0ffee00")
        assert profile_of(stores, who) == who
        assert stores.people.by_document(who.document_blind) == who.person_id

    def test_of_two_with_one_document_there_is_one(self, stores: Stores) -> None:
        first = managed()
        second = managed(document_blind=first.document_blind)
        assert stores.people.create_managed(first, "c0ffee00")
        assert not stores.people.create_managed(second, "c0ffee00")
        assert profile_of(stores, second) is None
        assert stores.people.by_document(first.document_blind) == first.person_id

    def test_they_are_made_once(self, stores: Stores) -> None:
        who = managed(document_blind="")
        assert stores.people.create_managed(who, "c0ffee00")
        assert not stores.people.create_managed(replace(who, reason="again"), "c0ffee00")
        assert profile_of(stores, who) == who

    def test_an_approved_one_stays(self, stores: Stores) -> None:
        who = managed()
        stores.people.create_managed(who, "c0ffee00")
        assert stores.people.settle(who, Verification.VERIFIED, "")
        assert profile_of(stores, who) == replace(who, verification=Verification.VERIFIED)

    def test_a_rejected_one_whom_nobody_has_is_deleted(self, stores: Stores) -> None:
        who = managed()
        stores.people.create_managed(who, "c0ffee00")
        assert stores.people.settle(who, Verification.REJECTED, "mismatch")
        assert profile_of(stores, who) is None
        assert stores.people.by_document(who.document_blind) is None
        assert not stores.people.settle(who, Verification.VERIFIED, "")
        assert profile_of(stores, who) is None

    def test_a_rejected_one_with_a_guardian_stays(self, stores: Stores) -> None:
        who, guardian = managed(), registered(stores)
        stores.people.create_managed(who, "c0ffee00")
        link = FamilyLink(Relation.ELDER, Proof.FACE, NOON)
        stores.family_links.link(guardian, who, link)
        assert stores.people.settle(who, Verification.REJECTED, "mismatch")
        found = profile_of(stores, who)
        assert found is not None
        assert found.verification is Verification.REJECTED
        assert stores.people.by_document(who.document_blind) is None

    def test_a_rejected_one_whose_guardian_has_gone_is_deleted(self, stores: Stores) -> None:
        who, guardian = managed(), registered(stores)
        stores.people.create_managed(who, "c0ffee00")
        stores.family_links.link(guardian, who, FamilyLink(Relation.ELDER, Proof.FACE, NOON))
        stores.family_links.unlink(guardian.person_id, who.person_id)
        assert stores.people.settle(who, Verification.REJECTED, "mismatch")
        assert profile_of(stores, who) is None

    @pytest.mark.parametrize("verification", [Verification.VERIFIED, Verification.REJECTED])
    def test_one_without_a_document_is_deleted(
        self, stores: Stores, verification: Verification
    ) -> None:
        who = managed(document_blind="")
        stores.people.create_managed(who, "c0ffee00")
        assert stores.people.settle(who, verification, "")
        assert profile_of(stores, who) is None
