"""What an ended link or a rejection takes away, on every backend."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.identity.family import FamilyLink, Proof, Relation
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
    return replace(after, verification=Verification.VERIFIED)


def test_a_guardian_issues_a_pass_only_while_linked(backend: Backend) -> None:
    guardian, child = somebody(backend), somebody(backend)
    links, passes = backend.stores.family_links, backend.stores.issued_passes
    issued = makers.issued_pass(issued_by=guardian.person_id)
    assert not passes.issue(child.person_id, issued, None, [], "c")
    assert backend.stores.people.load(child.person_id).paper_pass is None
    assert links.link(guardian, child, LINK)
    assert passes.issue(child.person_id, issued, None, [], "c")
    assert links.unlink(guardian.person_id, child.person_id)
    assert not passes.issue(child.person_id, replace(issued, serial="1" * 12), issued, [], "c")
    assert backend.stores.people.load(child.person_id).paper_pass == issued


def test_a_rejection_suspends_links_until_an_edit_is_approved(backend: Backend) -> None:
    guardian, child = somebody(backend), somebody(backend)
    people = backend.stores.people
    assert backend.stores.family_links.link(guardian, child, LINK)

    def edited(former: Profile) -> Profile:
        again = replace(
            former, registration=former.registration + 1, verification=Verification.PENDING
        )
        people.register(again, former, "c")
        return again

    def links() -> int:
        return len(people.load(guardian.person_id).dependants)

    wrong = edited(guardian)
    assert links() == 1
    assert people.settle(wrong, Verification.REJECTED, "mismatch")
    assert links() == 0
    right = edited(replace(wrong, verification=Verification.REJECTED, blocked=True))
    assert links() == 0
    assert people.settle(right, Verification.VERIFIED, "")
    assert links() == 1
