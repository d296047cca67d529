"""Kiosks at once: a code pairs one, a document becomes one person, a nonce one card.

| Rule, or change of state | Held by |
|---|---|
| a pairing code makes one credential | test_a_pairing_code_makes_one_credential |
| a document that two kiosks read is one person | test_a_document_read_twice_at_once_is_one_person |
| a nonce is one card | test_a_nonce_makes_one_card |
| a card is printed or refused once | test_a_card_ends_once |
| a rejection beside a new guardian counts | test_a_rejection_beside_a_new_guardian_counts |
| … two kiosks, *api* | tests/api/test_kiosks.py, test_two_kiosks_at_once_make_one_person |
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.identity.devices import DeviceState
from chalicelib.identity.family import FamilyLink, Proof, Relation
from chalicelib.identity.people import Profile, Verification
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.contract.races import race
from tests.contract.test_devices import added
from tests.contract.test_kiosk_cards import card, managed, registered
from tests.fakes.parts import NOON

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
TOMORROW = NOON + timedelta(days=1)


def test_a_pairing_code_makes_one_credential(backend: Backend) -> None:
    device, code = added(backend.stores)

    def pair(secret: str) -> Callable[[Stores], bool]:
        return lambda stores: stores.devices.pair(device.device_id, code, secret, NOON)

    answers, refusals = race(backend, *map(pair, "abc"))
    assert not [one for one in refusals if not isinstance(one, Unavailable)]
    assert answers.count(True) == 1
    found = backend.stores.devices.device(device.device_id)
    assert found is not None
    assert found.state is DeviceState.PAIRED


def test_a_document_read_twice_at_once_is_one_person(backend: Backend) -> None:
    blind = makers.blind()
    people = [managed(document_blind=blind) for _ in range(3)]

    def create(profile: Profile) -> Callable[[Stores], bool]:
        return lambda stores: stores.people.create_managed(profile, "c0ffee00")

    answers, refusals = race(backend, *map(create, people))
    assert not [one for one in refusals if not isinstance(one, Unavailable)]
    assert answers.count(True) == 1
    stands = [one.person_id for one in people if backend.stores.people.load(one.person_id).profile]
    assert stands == [backend.stores.people.by_document(blind)]


def test_a_nonce_makes_one_card(backend: Backend) -> None:
    made = [card(card_id="crd_0000000000000001") for _ in range(3)]
    made = [replace(one, kiosk_id=made[0].kiosk_id) for one in made]

    def put(one: object) -> Callable[[Stores], object]:
        return lambda stores: stores.cards.put(one, TOMORROW)  # type: ignore[arg-type]

    answers, refusals = race(backend, *map(put, made))
    assert not [one for one in refusals if not isinstance(one, Unavailable)]
    assert answers.count(None) == 1
    waiting = [one for one in made if backend.stores.cards.waiting(one.person_id, NOON)]
    assert len(waiting) == 1
    stands = backend.stores.cards.card(made[0].kiosk_id, made[0].card_id, NOON)
    assert stands == waiting[0]
    assert {one for one in answers if one} <= {stands}


def test_a_card_ends_once(backend: Backend) -> None:
    made = card()
    backend.stores.cards.put(made, TOMORROW)
    ends = [replace(made, serial="A" * 12), replace(made, refused=True)]
    race(
        backend,
        lambda stores: stores.cards.finish(ends[0]),
        lambda stores: stores.cards.finish(ends[1]),
    )
    assert backend.stores.cards.card(made.kiosk_id, made.card_id, NOON) in ends
    assert backend.stores.cards.waiting(made.person_id, NOON) == []


def test_a_rejection_beside_a_new_guardian_counts(backend: Backend) -> None:
    """If the link comes first, the guardian is to see the rejection; else the person is gone."""
    who, guardian = managed(), registered(backend.stores)
    backend.stores.people.create_managed(who, "c0ffee00")
    link = FamilyLink(Relation.ELDER, Proof.FACE, NOON)
    race(
        backend,
        lambda stores: stores.people.settle(who, Verification.REJECTED, "mismatch"),
        lambda stores: stores.family_links.link(guardian, who, link),
    )
    profile = backend.stores.people.load(who.person_id).profile
    assert profile is None or profile.verification is Verification.REJECTED
    held = backend.stores.people.load(guardian.person_id).dependants
    assert profile is not None or who.person_id not in held
    assert backend.stores.people.by_document(who.document_blind) is None
