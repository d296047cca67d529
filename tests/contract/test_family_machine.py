"""Families under any order of add, consent, remove, turn 14, own registration, erase (issue 8).

In every state: at most two guardians and eight dependants in force; both sides agree, also in what
is on record; nobody has a right over a person who is gone, or over a child who is 14.
"""

import itertools
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from chalicelib.core import keys
from chalicelib.core.crypto import BlindIndex, KeyRing, Tokens, Vault
from chalicelib.core.errors import AppError, Conflict
from chalicelib.core.ids import RandomIds
from chalicelib.core.submission import Submission
from chalicelib.identity.consents import ConsentCodes
from chalicelib.identity.dependants import Candidate, DependantAdding, Dependants
from chalicelib.identity.family import MAX_DEPENDANTS, MAX_GUARDIANS, Proof, Relation
from chalicelib.identity.people import Actor, PersonRecord, Profile, Verification
from chalicelib.identity.registration import Entry, Registrations
from chalicelib.identity.sessions import Sessions
from chalicelib.identity.succession import Succession
from tests import support
from tests.contract import makers
from tests.contract.backends import FAKE, SERVICES, Backend
from tests.fakes.parts import NOON, FixedSecret, LocalDataKeys
from tests.fakes.proofs import AnyProof, NoPasses, PassedChecks
from tests.fakes.stores import FakePeople
from tests.support import nonce_at

RING = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))
INDEX, VAULT = BlindIndex(RING), Vault(LocalDataKeys())
BIRTHDAYS = (date(2012, 11, 23), date(2012, 11, 25), date(2019, 4, 24))
"""Two children turn 14 within days of the tests."""
_SERIALS = itertools.count()
NUMBERS = st.integers(0, 99)


class Human:
    """Somebody with a document, who may have a phone, and records in the service."""

    def __init__(self, born: date) -> None:
        serial = next(_SERIALS)
        self.entry = Entry(
            f"梁{chr(0x4E00 + serial % 5000)}",
            "resident_id",
            support.resident_id(serial % 1000, born=f"{born:%Y%m%d}"),
        )
        self.born = born
        self.phone = f"+8613{serial:09d}"
        self.account = ""
        """The person id of their login."""

    @property
    def blind(self) -> str:
        return INDEX.of("resident_id", self.entry.number)


class Family(RuleBasedStateMachine):
    """Adults with a login, and children."""

    adults = Bundle("adults")
    children = Bundle("children")

    backend: Backend

    def __init__(self) -> None:
        super().__init__()
        self.stores, self.table = self.backend.stores, self.backend.table
        self.now: datetime = NOON
        self.ever: dict[str, None] = {}
        """Everyone who ever was on record, in their order: a test must not depend on random ids."""
        stores = self.stores
        codes = ConsentCodes(consents=stores.consents, index=INDEX, limits=stores.limits)
        self.codes = codes
        self.adding = DependantAdding(
            people=stores.people, links=stores.family_links, proofs=AnyProof(), consents=codes,
            limits=NoLimits(), index=INDEX, vault=VAULT,
        )  # fmt: skip
        self.ending = Dependants(
            people=stores.people, links=stores.family_links, issued=NoPasses(), vault=VAULT
        )
        self.registrations = Registrations(
            people=stores.people, limits=NoLimits(), index=INDEX, vault=VAULT
        )
        sessions = Sessions(people=stores.people, tokens=Tokens(RING), ids=RandomIds())
        self.succession = Succession(
            people=stores.people, successions=stores.successions, sessions=sessions,
            checks=PassedChecks(), issued=NoPasses(), limits=NoLimits(), index=INDEX, vault=VAULT,
        )  # fmt: skip

    # --- People

    @initialize(target=adults, count=st.integers(2, 4))
    def grown_ups(self, count: int) -> object:
        people = [Human(date(1980, 1, 1)) for _ in range(count)]
        for one in people:
            self.log_in(one)
            self.own_registration(one)
        return multiple(*people)

    @rule(target=children, born=st.sampled_from(BIRTHDAYS))
    def birth(self, born: date) -> Human:
        return Human(born)

    def log_in(self, one: Human) -> None:
        blind = INDEX.of("phone", one.phone)
        owner = self.stores.people.by_phone(blind)
        if owner is None:
            person_id = makers.profile().person_id
            sealed = VAULT.seal(one.phone, f"{person_id}/phone", now=self.now)
            owner = self.stores.people.create(Profile(person_id, sealed), blind)
        one.account = owner
        self.ever[owner] = None

    def actor(self, one: Human) -> Actor | None:
        record = self.stores.people.load(one.account) if one.account else PersonRecord()
        profile = record.profile
        return None if profile is None else Actor(profile, makers.session(), record)

    def submission(self) -> Submission:
        return Submission(nonce_at(self.now), "", "c", self.now)

    # --- What happens

    @rule(guardian=adults, child=children, proof=st.sampled_from([Proof.FACE, Proof.HOUSEHOLD]))
    def add_a_child(self, guardian: Human, child: Human, proof: Proof) -> None:
        actor = self.actor(guardian)
        if actor:
            with suppress(AppError):
                added = self.adding.add(
                    actor, Candidate(Relation.CHILD, proof, child.entry), self.submission()
                )
                assert self.today() < child.born.replace(year=child.born.year + 14)
                self.ever[added.dependant.profile.person_id] = None

    @rule(guardian=adults, other=st.one_of(adults, children))
    def add_by_face(self, guardian: Human, other: Human) -> None:
        actor = self.actor(guardian)
        if actor:
            with suppress(AppError):
                added = self.adding.add(
                    actor, Candidate(Relation.ELDER, Proof.FACE, other.entry), self.submission()
                )
                self.ever[added.dependant.profile.person_id] = None

    @rule(guardian=adults, other=st.one_of(adults, children))
    def add_by_consent(self, guardian: Human, other: Human) -> None:
        giver, actor = self.actor(other), self.actor(guardian)
        if giver and actor:
            with suppress(AppError):
                code = self.codes.make(giver, now=self.now).code
                candidate = Candidate(Relation.ELDER, Proof.CONSENT, evidence=code)
                self.adding.add(actor, candidate, self.submission())

    def pick(self, number: int) -> str:
        return [*self.ever][number % len(self.ever)]

    @rule(number=NUMBERS, which=NUMBERS, by_guardian=st.booleans())
    def remove(self, number: int, which: int, by_guardian: bool) -> None:
        person_id = self.pick(number)
        record = self.stores.people.load(person_id)
        links = record.dependants if by_guardian else record.guardians
        if links:
            known = [other for other in self.ever if other in links]
            other = known[which % len(known)]
            pair = (person_id, other) if by_guardian else (other, person_id)
            self.ending.remove(*pair, correlation="c", now=self.now)
            assert other not in self.stores.people.load(person_id).dependants or not by_guardian

    @rule(days=st.integers(1, 3))
    def days_pass(self, days: int) -> None:
        self.now += timedelta(days=days)

    @rule(one=st.one_of(adults, children))
    def own_registration(self, one: Human) -> None:
        """Log in, and register; or take over the record that a guardian made."""
        self.log_in(one)
        actor = self.actor(one)
        assert actor
        version = actor.profile.registration
        try:
            self.registrations.register(
                actor, one.entry, version=version, correlation="c", now=self.now
            )
        except Conflict as conflict:
            if conflict.code == "identity_managed":
                login = self.succession.take_over(
                    actor, one.entry, "chk_0000000000000000", self.submission()
                )
                one.account = login.person_id
                assert not self.stores.people.load(one.account).guardians
        self.verdict(one.account, Verification.VERIFIED)

    @rule(number=NUMBERS, verdict=st.sampled_from([Verification.VERIFIED, Verification.REJECTED]))
    def provider_answers(self, number: int, verdict: Verification) -> None:
        self.verdict(self.pick(number), verdict)

    def verdict(self, person_id: str, verdict: Verification) -> None:
        profile = self.stores.people.load(person_id).profile
        if profile and profile.verification is Verification.PENDING:
            self.stores.people.settle(profile, verdict, "")

    @rule(number=NUMBERS)
    def erase(self, number: int) -> None:
        person_id = self.pick(number)
        profile = self.stores.people.load(person_id).profile
        if profile is None:
            return
        if isinstance(self.stores.people, FakePeople):
            self.stores.people.erase(person_id)
        else:
            assert self.table is not None
            self.table.delete(keys.profile(person_id))
            if profile.verification is not Verification.REJECTED:
                self.table.delete(keys.identity(profile.document_blind))
            for blind in [INDEX.of("phone", self.phone_of(profile))] if profile.phone else []:
                self.table.delete(keys.phone(blind))
        self.stores.family_links.forget(person_id)

    def phone_of(self, profile: Profile) -> str:
        return VAULT.open(profile.phone, f"{profile.person_id}/phone")

    def today(self) -> date:
        return (self.now + timedelta(hours=8)).date()

    # --- What holds in every state

    @invariant()
    def rights_are_never_orphaned(self) -> None:
        load: Callable[[str], PersonRecord] = self.stores.people.load
        records = {person_id: load(person_id) for person_id in self.ever}
        for person_id, record in records.items():
            assert len(record.dependants) <= MAX_DEPENDANTS
            assert len(record.guardians) <= MAX_GUARDIANS
            assert person_id not in record.dependants
            if record.profile is None:
                assert not record.dependants
                assert not record.guardians
            for other_id, link in record.dependants.items():
                other = records[other_id]
                assert other.profile is not None, "a right over a person who is gone"
                mirror = other.guardians.get(person_id)
                rejected = other.profile.verification is Verification.REJECTED
                assert mirror == link or rejected
                if link.relation is Relation.CHILD and link.in_force(self.now):
                    born = VAULT.open(other.profile.document, f"{other_id}/document")[6:14]
                    assert f"{self.today():%Y%m%d}" < f"{int(born[:4]) + 14}{born[4:]}"
            for other_id, link in record.guardians.items():
                assert records[other_id].profile is not None
                theirs = records[other_id]
                assert theirs.profile is not None
                rejected = theirs.profile.verification is Verification.REJECTED
                assert theirs.dependants.get(person_id) == link or rejected


class NoLimits:
    """Limits that are never reached."""

    def charge(
        self, what: str, whom: str, *, limit: int, seconds: int, now: datetime, by: str = ""
    ) -> None:
        del what, whom, limit, seconds, now, by

    def refund(self, what: str, whom: str, *, seconds: int, by: str, now: datetime) -> None:
        del what, whom, seconds, by, now


@pytest.mark.parametrize("backend", [FAKE, *SERVICES], indirect=True, scope="module")
def test_families_keep_their_rules_in_any_order(backend: Backend) -> None:
    run_state_machine_as_test(
        type("FamilyOnBackend", (Family,), {"backend": backend}),
        settings=settings(
            max_examples=60 if backend.name == FAKE else 4,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
