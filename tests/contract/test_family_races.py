"""Family links with several writers at once.

| Rule, or change of state | Held by |
|---|---|
| a child is made once by two guardians | test_two_guardians_add_the_same_child_at_once |
| a dependant has two guardians | test_three_guardians_at_once_are_two |
| a guardian has eight dependants | test_a_last_place_is_given_once |
| a consent code links one guardian | test_a_consent_code_links_one_of_two_guardians |
| a link and its end leave both sides alike | test_a_link_and_its_end_leave_both_sides_alike |
| nobody is linked who is being forgotten | test_a_person_who_is_erased_gets_no_link |
| a managed record becomes one person's own | test_a_record_is_taken_over_once |
| … and has no guardian then | test_a_record_that_is_taken_over_gets_no_guardian |
"""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import keys
from chalicelib.core.crypto import BlindIndex, KeyRing, Vault
from chalicelib.core.errors import Conflict
from chalicelib.core.submission import Submission
from chalicelib.identity.consents import ConsentCodes
from chalicelib.identity.dependants import Added, Candidate, DependantAdding
from chalicelib.identity.family import MAX_DEPENDANTS, Proof, Relation
from chalicelib.identity.people import Actor, Profile, Verification
from chalicelib.identity.registration import Entry
from tests import support
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.contract.races import codes, race
from tests.contract.test_families import somebody
from tests.contract.test_family_changes import CHILD, LINK, child_of, standing
from tests.fakes.parts import NOON, FixedSecret, LocalDataKeys
from tests.fakes.proofs import AnyProof
from tests.support import nonce_at

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
RING = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))
_SERIALS = itertools.count(1)
INDEX, VAULT = BlindIndex(RING), Vault(LocalDataKeys())


def adding(stores: Stores) -> DependantAdding:
    return DependantAdding(
        people=stores.people,
        links=stores.family_links,
        proofs=AnyProof(),
        consents=ConsentCodes(consents=stores.consents, index=INDEX, limits=stores.limits),
        limits=stores.limits,
        index=INDEX,
        vault=VAULT,
    )


def adult(backend: Backend, serial: int) -> Actor:
    """Return a verified adult who has logged in."""
    people, before = backend.stores.people, makers.profile()
    people.create(before, makers.blind())
    number = support.resident_id(serial)
    entry = {"name": "梁甲", "document": number}
    edit = makers.registered(
        before,
        document_blind=INDEX.of("resident_id", number),
        **{
            field: VAULT.seal(text, f"{before.person_id}/{field}", now=NOON)
            for field, text in entry.items()
        },
    )
    people.register(edit, before, "c")
    assert people.settle(edit, Verification.VERIFIED, "")
    record = people.load(before.person_id)
    assert record.profile is not None
    return Actor(record.profile, makers.session(), record)


def both_sides_agree(backend: Backend, *people: str) -> None:
    load = backend.stores.people.load
    for person_id in people:
        record = load(person_id)
        for other in record.dependants:
            assert person_id in load(other).guardians
        for other in record.guardians:
            assert person_id in load(other).dependants


def counted(backend: Backend, person_id: str) -> dict[str, int]:
    """Return the counts on record, which the conditions use."""
    assert backend.table is not None
    found = {}
    for key in (keys.dependants(person_id), keys.guardians(person_id)):
        raw = backend.table.get(key)
        found[key.sk] = int(raw["n"]["N"]) if raw else 0
    return found


def test_two_guardians_add_the_same_child_at_once(backend: Backend) -> None:
    """Both become guardians of one record, whoever makes it (issue 8, faults)."""
    parents = [adult(backend, next(_SERIALS)) for _ in range(2)]
    number = support.resident_id(next(_SERIALS), born="20190424")
    candidate = Candidate(Relation.CHILD, Proof.HOUSEHOLD, Entry("梁小雨", "resident_id", number))

    def add(actor: Actor) -> Any:
        submission = Submission(nonce_at(NOON), "", "c", NOON)
        return lambda stores: adding(stores).add(actor, candidate, submission)

    added, refused = race(backend, *(add(parent) for parent in parents))
    assert refused == []
    children = {one.dependant.profile.person_id for one in added}
    (child,) = children
    assert all(isinstance(one, Added) and one.created for one in added)
    assert backend.stores.people.load(child).guardians.keys() == {
        parent.person_id for parent in parents
    }
    assert backend.stores.people.by_document(INDEX.of("resident_id", number)) == child
    both_sides_agree(backend, child, *(parent.person_id for parent in parents))


def test_one_request_that_is_sent_twice_at_once_makes_one_child(backend: Backend) -> None:
    parent = adult(backend, next(_SERIALS))
    number = support.resident_id(next(_SERIALS), born="20190424")
    candidate = Candidate(Relation.CHILD, Proof.HOUSEHOLD, Entry("梁小雨", "resident_id", number))
    submission = Submission(nonce_at(NOON), "", "c", NOON)

    def add(stores: Stores) -> Added:
        return adding(stores).add(parent, candidate, submission)

    added, refused = race(backend, add, add)
    assert refused == []
    assert sorted(one.created for one in added) == [False, True]
    assert len({one.dependant.profile.person_id for one in added}) == 1
    assert len(backend.stores.people.load(parent.person_id).dependants) == 1


def test_three_guardians_at_once_are_two(backend: Backend) -> None:
    child, guardians = somebody(backend), [somebody(backend) for _ in range(3)]

    def link(guardian: Profile) -> Any:
        return lambda stores: stores.family_links.link(guardian, child, LINK)

    made, refused = race(backend, *map(link, guardians))
    assert (made, codes(refused)) == ([True, True], ["dependant_taken"])
    assert len(backend.stores.people.load(child.person_id).guardians) == 2
    both_sides_agree(backend, child.person_id, *(one.person_id for one in guardians))


def test_a_last_place_is_given_once(backend: Backend) -> None:
    guardian = somebody(backend)
    for _ in range(MAX_DEPENDANTS - 1):
        backend.stores.family_links.link(guardian, somebody(backend), LINK)
    last = [somebody(backend), somebody(backend)]

    def link(dependant: Profile) -> Any:
        return lambda stores: stores.family_links.link(guardian, dependant, LINK)

    made, refused = race(backend, *map(link, last))
    assert (made, codes(refused)) == ([True], ["too_many_dependants"])
    both_sides_agree(backend, guardian.person_id, *(one.person_id for one in last))


def test_a_consent_code_links_one_of_two_guardians(backend: Backend) -> None:
    elder, guardians, code = somebody(backend), [somebody(backend) for _ in "12"], makers.blind()
    backend.stores.consents.put(elder.person_id, code, NOON + timedelta(minutes=10))

    def link(guardian: Profile) -> Any:
        return lambda stores: stores.family_links.link(guardian, elder, LINK, consent=code)

    made, refused = race(backend, *map(link, guardians))
    assert (made, codes(refused)) == ([True], ["consent_code_invalid"])
    assert len(backend.stores.people.load(elder.person_id).guardians) == 1


def test_a_link_and_its_end_leave_both_sides_alike(backend: Backend) -> None:
    guardian, elder = somebody(backend), somebody(backend)
    pair = (guardian.person_id, elder.person_id)
    backend.stores.family_links.link(guardian, elder, LINK)

    def end(stores: Stores) -> Any:
        return stores.family_links.unlink(*pair)

    race(backend, end, lambda stores: stores.family_links.link(guardian, elder, LINK), end)
    both_sides_agree(backend, *pair)
    linked = len(backend.stores.people.load(elder.person_id).guardians)
    assert counted(backend, elder.person_id)["HOT#GUARDIANS"] == linked
    assert counted(backend, guardian.person_id)["HOT#DEPENDANTS"] == linked


@pytest.mark.parametrize("erased", ["guardian", "dependant"])
def test_a_person_who_is_erased_gets_no_link(backend: Backend, erased: str) -> None:
    guardian, elder = somebody(backend), somebody(backend)
    gone = guardian if erased == "guardian" else elder

    def erase(stores: Stores) -> Any:
        assert backend.table is not None
        backend.table.delete(keys.profile(gone.person_id))
        stores.family_links.forget(gone.person_id)
        return None

    _, refused = race(
        backend, erase, lambda stores: stores.family_links.link(guardian, elder, LINK)
    )
    assert all(isinstance(one, Conflict) for one in refused)
    load = backend.stores.people.load
    assert (load(guardian.person_id).dependants, load(elder.person_id).guardians) == ({}, {})
    for one in (guardian, elder):
        assert set(counted(backend, one.person_id).values()) == {0}


def test_a_record_is_taken_over_once(backend: Backend) -> None:
    child = child_of(backend, somebody(backend))
    heirs = [(makers.profile(), makers.blind()) for _ in range(2)]
    for heir, phone in heirs:
        backend.stores.people.create(heir, phone)

    def take(heir: Profile, phone: str) -> Any:
        return lambda stores: stores.successions.take_over(heir, child, b"\x01phone", phone)

    taken, refused = race(backend, *(take(*heir) for heir in heirs))
    assert (sorted(taken), refused) == ([False, True], [])
    owners = {backend.stores.people.by_phone(phone) for _, phone in heirs}
    assert child.person_id in owners
    assert len(owners) == 2


def test_a_record_that_is_taken_over_gets_no_guardian(backend: Backend) -> None:
    first, second = somebody(backend), somebody(backend)
    child = child_of(backend, first)
    heir, phone = makers.profile(), makers.blind()
    backend.stores.people.create(heir, phone)
    race(
        backend,
        lambda stores: stores.successions.take_over(heir, child, b"\x01phone", phone),
        lambda stores: stores.family_links.link(second, child, CHILD),
    )
    own = bool(standing(backend, child).phone)
    guardians = backend.stores.people.load(child.person_id).guardians
    assert guardians.keys() <= {first.person_id, second.person_id}
    if own:
        assert not guardians
    else:  # the link came first: the heir tries again
        assert len(guardians) == 2
        assert backend.stores.successions.take_over(heir, child, b"\x01phone", phone)
        assert not backend.stores.people.load(child.person_id).guardians
    both_sides_agree(backend, child.person_id, first.person_id, second.person_id)
