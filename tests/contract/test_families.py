"""Family links: on both sides, in one transaction, within their limits (JN-27, YK-24)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.identity.family import (
    MAX_DEPENDANTS,
    MAX_GUARDIANS,
    FamilyLink,
    Proof,
    Relation,
)
from chalicelib.identity.people import Profile, Verification
from tests.contract import makers
from tests.contract.backends import ALL, Backend
from tests.fakes.parts import NOON

pytestmark = pytest.mark.parametrize("backend", ALL, indirect=True, scope="module")
LINK = FamilyLink(Relation.CHILD, Proof.HOUSEHOLD, NOON, NOON + timedelta(days=900))


def somebody(backend: Backend) -> Profile:
    """Return a person who is verified."""
    before, people = makers.profile(), backend.stores.people
    people.create(before, makers.blind())
    after = makers.registered(before)
    people.register(after, before, "c")
    assert people.settle(after, Verification.VERIFIED, "")
    return after


def sides(backend: Backend, guardian: Profile, dependant: Profile) -> tuple[object, object]:
    """Return the link as each side has it."""
    load = backend.stores.people.load
    mine = load(guardian.person_id).dependants.get(dependant.person_id)
    return mine, load(dependant.person_id).guardians.get(guardian.person_id)


def test_a_link_is_on_both_sides_and_goes_from_both(backend: Backend) -> None:
    guardian, child = somebody(backend), somebody(backend)
    links = backend.stores.family_links
    links.link(guardian, child, LINK)
    assert sides(backend, guardian, child) == (LINK, LINK)
    assert links.unlink(guardian.person_id, child.person_id)
    assert sides(backend, guardian, child) == (None, None)
    assert not links.unlink(guardian.person_id, child.person_id)
    elder = LINK._replace(relation=Relation.ELDER, proof=Proof.CONSENT, until=None)
    links.link(guardian, child, elder)
    assert sides(backend, guardian, child) == (elder, elder)


def test_the_same_link_is_made_once(backend: Backend) -> None:
    guardian, child = somebody(backend), somebody(backend)
    backend.stores.family_links.link(guardian, child, LINK)
    assert not backend.stores.family_links.link(guardian, child, LINK)
    assert sides(backend, guardian, child) == (LINK, LINK)


def test_a_third_guardian_is_refused_and_gets_nothing(backend: Backend) -> None:
    child = somebody(backend)
    links = backend.stores.family_links
    guardians = [somebody(backend) for _ in range(MAX_GUARDIANS + 1)]
    for guardian in guardians[:-1]:
        links.link(guardian, child, LINK)
    with pytest.raises(Conflict, match="dependant_taken"):
        links.link(guardians[-1], child, LINK)
    assert sides(backend, guardians[-1], child) == (None, None)
    assert links.unlink(guardians[0].person_id, child.person_id)
    links.link(guardians[-1], child, LINK)


def test_a_ninth_dependant_is_refused(backend: Backend) -> None:
    guardian = somebody(backend)
    links = backend.stores.family_links
    for _ in range(MAX_DEPENDANTS):
        links.link(guardian, somebody(backend), LINK)
    ninth = somebody(backend)
    with pytest.raises(Conflict, match="too_many_dependants"):
        links.link(guardian, ninth, LINK)
    assert sides(backend, guardian, ninth) == (None, None)


def test_a_link_ends_with_the_registration_of_either_side(backend: Backend) -> None:
    """The next owner of a phone inherits no family, and is seen by no guardian."""
    people = backend.stores.people
    for leaves in (0, 1):
        pair = [somebody(backend), somebody(backend)]
        backend.stores.family_links.link(pair[0], pair[1], LINK)
        former = people.load(pair[leaves].person_id).profile
        assert former is not None
        successor = replace(
            former, document_blind=makers.blind(), registration=former.registration + 1
        )
        people.register(successor, former, "c")
        stands = sides(backend, *pair)
        assert stands[leaves] is None
        assert stands[1 - leaves] == LINK
