"""Real-name registration: the same again changes nothing, another version is refused."""

import pytest

from chalicelib.core.crypto import BlindIndex, KeyRing, Vault
from chalicelib.core.errors import Conflict
from chalicelib.identity.people import Profile, Verification
from chalicelib.identity.registration import Entry, Registrations, subject_of
from tests.contract import makers
from tests.fakes.parts import NOON, FixedSecret, LocalDataKeys
from tests.fakes.stores import FakeLimits, FakePeople

ENTRY = Entry("梁思齐", "resident_id", "440983198804129028")
OTHER = Entry("梁思远", "resident_id", "440983198804129028")
VAULT = Vault(LocalDataKeys())


class Counter:
    """One person, in memory."""

    def __init__(self) -> None:
        self.people = FakePeople()
        ring = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))
        self.registrations = Registrations(
            people=self.people, limits=FakeLimits(), index=BlindIndex(ring), vault=VAULT
        )
        person_id = f"per_{makers.random()}"
        phone = VAULT.seal("+8613800000001", f"{person_id}/phone", now=NOON)
        self.person_id = self.people.create(Profile(person_id, phone), makers.blind())

    def enter(self, entry: Entry, version: int) -> Profile:
        record = self.people.load(self.person_id)
        assert record.profile is not None
        actor = makers.actor(record.profile, record)
        return self.registrations.register(
            actor, entry, version=version, correlation="c", now=NOON
        ).profile

    def stands(self) -> Profile:
        profile = self.people.load(self.person_id).profile
        assert profile is not None
        return profile


@pytest.fixture
def counter() -> Counter:
    return Counter()


def test_the_provider_is_told_what_was_typed(counter: Counter) -> None:
    profile = counter.enter(ENTRY, 0)
    subject = subject_of(profile, VAULT)
    typed = (subject.name, subject.document_type, subject.document_number)
    assert typed == (ENTRY.name, ENTRY.document_type, ENTRY.number)
    assert ENTRY.name.encode() not in profile.name
    assert ENTRY.number not in profile.document_blind


def test_its_owner_sees_the_numbers_masked(counter: Counter) -> None:
    own = counter.registrations.own(counter.stands())
    assert own[1:] == ("+86138****0001", None, None)
    own = counter.registrations.own(counter.enter(ENTRY, 0))
    assert own[1:] == ("+86138****0001", ENTRY.name, "4409************28")


def test_it_is_pending_and_counts_its_edits(counter: Counter) -> None:
    assert counter.enter(ENTRY, 0).registration == 1
    second = counter.enter(OTHER, 1)
    assert (second.registration, second.verification) == (2, Verification.PENDING)
    assert counter.stands() == second


@pytest.mark.parametrize("version", [0, 1])
def test_the_same_again_changes_nothing(counter: Counter, version: int) -> None:
    first = counter.enter(ENTRY, 0)
    counter.people.settle(first, Verification.VERIFIED, "")
    approved = counter.stands()
    assert counter.enter(ENTRY, version) == approved
    assert counter.stands() == approved


@pytest.mark.parametrize("version", [0, 2, 7])
def test_another_version_is_refused(counter: Counter, version: int) -> None:
    first = counter.enter(ENTRY, 0)
    with pytest.raises(Conflict, match="version_conflict"):
        counter.enter(OTHER, version)
    assert counter.stands() == first


def test_an_edit_after_a_rejection_keeps_the_door_shut(counter: Counter) -> None:
    counter.people.settle(counter.enter(ENTRY, 0), Verification.REJECTED, "mismatch")
    edit = counter.enter(OTHER, 1)
    assert (edit.blocked, edit.reason, edit.may_scan) == (True, "", False)
    counter.people.settle(edit, Verification.VERIFIED, "")
    assert counter.stands().may_scan
