"""How family links begin, end and move: each in one transaction, with its conditions."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import Conflict, Unprocessable
from chalicelib.identity.family import MAX_DEPENDANTS, FamilyLink, Proof, Relation
from chalicelib.identity.people import Profile, Verification
from tests.contract import makers
from tests.contract.backends import ALL, Backend
from tests.contract.test_families import sides, somebody
from tests.fakes.parts import NOON

pytestmark = pytest.mark.parametrize("backend", ALL, indirect=True, scope="module")
LINK = FamilyLink(Relation.ELDER, Proof.CONSENT, NOON)
CHILD = FamilyLink(Relation.CHILD, Proof.FACE, NOON, NOON + timedelta(days=900))
REJECTED = Verification.REJECTED


def managed(**changes: object) -> Profile:
    """Return a person without a login who is not stored yet."""
    return replace(makers.registered(makers.profile(phone=b"")), **changes)  # type: ignore[arg-type]  # (any field)


def standing(backend: Backend, person: Profile) -> Profile:
    """Return a person's profile on record."""
    profile = backend.stores.people.load(person.person_id).profile
    assert profile is not None
    return profile


def child_of(backend: Backend, guardian: Profile) -> Profile:
    child = managed()
    backend.stores.family_links.create(guardian, child, CHILD, correlation="c")
    return child


def rejected(backend: Backend, person: Profile) -> None:
    """Have an edit of the registration rejected, under the same document."""
    people, stands = backend.stores.people, standing(backend, person)
    edit = replace(stands, registration=stands.registration + 1, verification=Verification.PENDING)
    if stands.verification is not Verification.PENDING:
        people.register(edit, stands, "c")
    else:
        edit = stands
    assert people.settle(edit, REJECTED, "mismatch")


def refusal(backend: Backend, guardian: Profile, dependant: Profile) -> str:
    with pytest.raises((Conflict, Unprocessable)) as refused:
        backend.stores.family_links.link(guardian, dependant, LINK)
    assert sides(backend, guardian, dependant) == (None, None)
    return refused.value.code


class TestCreate:
    def test_a_managed_person_is_made_with_claim_and_link(self, backend: Backend) -> None:
        guardian = somebody(backend)
        child = child_of(backend, guardian)
        people = backend.stores.people
        assert people.load(child.person_id).profile == child
        assert people.by_document(child.document_blind) == child.person_id
        assert sides(backend, guardian, child) == (CHILD, CHILD)

    def test_a_claimed_document_makes_nobody(self, backend: Backend) -> None:
        guardian, owner = somebody(backend), somebody(backend)
        double = managed(document_blind=owner.document_blind)
        with pytest.raises(Conflict, match="identity_taken"):
            backend.stores.family_links.create(guardian, double, CHILD, correlation="c")
        assert backend.stores.people.load(double.person_id).profile is None
        assert backend.stores.people.load(guardian.person_id).dependants == {}

    def test_a_person_is_made_once(self, backend: Backend) -> None:
        guardian = somebody(backend)
        child = child_of(backend, guardian)
        other = managed(person_id=child.person_id)
        with pytest.raises(Conflict, match="nonce_reused"):
            backend.stores.family_links.create(guardian, other, CHILD, correlation="c")
        assert backend.stores.people.by_document(other.document_blind) is None

    def test_a_ninth_child_is_not_made(self, backend: Backend) -> None:
        guardian = somebody(backend)
        for _ in range(MAX_DEPENDANTS):
            child_of(backend, guardian)
        ninth = managed()
        with pytest.raises(Conflict, match="too_many_dependants"):
            backend.stores.family_links.create(guardian, ninth, CHILD, correlation="c")
        assert backend.stores.people.by_document(ninth.document_blind) is None

    def test_a_guardian_who_is_rejected_meanwhile_makes_nobody(self, backend: Backend) -> None:
        guardian = somebody(backend)
        rejected(backend, guardian)
        child = managed()
        with pytest.raises(Conflict, match="version_conflict"):
            backend.stores.family_links.create(guardian, child, CHILD, correlation="c")
        assert backend.stores.people.load(child.person_id).profile is None


class TestLink:
    def test_a_guardian_who_is_rejected_or_gone_gets_nobody(self, backend: Backend) -> None:
        guardian, elder = somebody(backend), somebody(backend)
        rejected(backend, guardian)
        assert refusal(backend, guardian, elder) == "version_conflict"
        gone = makers.registered(makers.profile())
        assert refusal(backend, gone, elder) == "version_conflict"

    def test_a_dependant_who_is_rejected_or_gone_gets_nobody(self, backend: Backend) -> None:
        guardian, elder = somebody(backend), somebody(backend)
        rejected(backend, elder)
        assert refusal(backend, guardian, elder) == "version_conflict"
        assert refusal(backend, guardian, managed()) == "version_conflict"

    def test_a_managed_person_who_has_a_login_now_is_not_linked_as_managed(
        self, backend: Backend
    ) -> None:
        guardian, elder = somebody(backend), somebody(backend)
        assert refusal(backend, guardian, replace(elder, phone=b"")) == "version_conflict"

    def test_a_consent_code_links_once(self, backend: Backend) -> None:
        guardian, second, elder = (somebody(backend) for _ in range(3))
        consents, links = backend.stores.consents, backend.stores.family_links
        code = makers.blind()
        consents.put(elder.person_id, code, NOON + timedelta(minutes=10))
        assert consents.giver(code) == elder.person_id
        assert links.link(guardian, elder, LINK, consent=code)
        assert not links.link(guardian, elder, LINK, consent=code)
        with pytest.raises(Unprocessable, match="consent_code_invalid"):
            links.link(second, elder, LINK, consent=code)
        assert sides(backend, second, elder) == (None, None)

    @pytest.mark.parametrize("fault", ["expired", "replaced", "another's", "never made"])
    def test_a_code_that_is_not_valid_links_nobody(self, backend: Backend, fault: str) -> None:
        guardian, elder = somebody(backend), somebody(backend)
        code, consents = makers.blind(), backend.stores.consents
        until = NOON if fault == "expired" else NOON + timedelta(minutes=10)
        owner = somebody(backend) if fault == "another's" else elder
        if fault != "never made":
            consents.put(owner.person_id, code, until)
        if fault == "replaced":
            consents.put(elder.person_id, makers.blind(), until)
        with pytest.raises(Unprocessable, match="consent_code_invalid"):
            backend.stores.family_links.link(guardian, elder, LINK, consent=code)
        assert sides(backend, guardian, elder) == (None, None)

    def test_a_refused_link_keeps_the_code(self, backend: Backend) -> None:
        elder, code = somebody(backend), makers.blind()
        links = backend.stores.family_links
        for _ in range(2):
            links.link(somebody(backend), elder, LINK)
        backend.stores.consents.put(elder.person_id, code, NOON + timedelta(minutes=10))
        third = somebody(backend)
        with pytest.raises(Conflict, match="dependant_taken"):
            links.link(third, elder, LINK, consent=code)
        links.forget(elder.person_id)
        assert links.link(third, elder, LINK, consent=code)


class TestEnds:
    def test_links_that_have_ended_are_pruned(self, backend: Backend) -> None:
        """By time, and by another document on either side; the others stay."""
        guardian, links = somebody(backend), backend.stores.family_links
        grown, other, stays = (somebody(backend) for _ in range(3))
        links.link(guardian, grown, LINK._replace(until=NOON + timedelta(days=1)))
        links.link(guardian, other, LINK)
        links.link(guardian, stays, LINK)
        assert not links.prune(guardian.person_id, NOON)
        people = backend.stores.people
        people.register(makers.registered(other), standing(backend, other), "c")
        assert links.prune(guardian.person_id, NOON + timedelta(days=1))
        assert backend.stores.people.load(guardian.person_id).dependants == {stays.person_id: LINK}
        assert sides(backend, guardian, grown) == (None, None)
        assert links.link(guardian, grown, LINK)
        people.register(makers.registered(guardian), standing(backend, guardian), "c")
        assert links.prune(stays.person_id, NOON)
        assert backend.stores.people.load(stays.person_id).guardians == {}

    def test_a_rejected_persons_links_are_not_pruned(self, backend: Backend) -> None:
        guardian, elder = somebody(backend), somebody(backend)
        links = backend.stores.family_links
        links.link(guardian, elder, LINK)
        rejected(backend, elder)
        assert sides(backend, guardian, elder) == (LINK, None)
        assert not links.prune(guardian.person_id, NOON)

    def test_a_person_is_forgotten_on_both_sides(self, backend: Backend) -> None:
        middle, links = somebody(backend), backend.stores.family_links
        above = [somebody(backend) for _ in range(2)]
        below = [somebody(backend) for _ in range(3)]
        for guardian in above:
            links.link(guardian, middle, LINK)
        for dependant in below:
            links.link(middle, dependant, LINK)
        for _ in range(2):  # the second time there is nothing left to do
            links.forget(middle.person_id)
            record = backend.stores.people.load(middle.person_id)
            assert (record.dependants, record.guardians) == ({}, {})
        load = backend.stores.people.load
        assert [load(one.person_id).dependants for one in above] == [{}, {}]
        assert [load(one.person_id).guardians for one in below] == [{}, {}, {}]

    def test_only_a_rejected_managed_person_without_guardians_is_discarded(
        self, backend: Backend
    ) -> None:
        guardian, links = somebody(backend), backend.stores.family_links
        child = child_of(backend, guardian)
        assert not links.discard(child.person_id)  # pending
        rejected(backend, child)
        assert not links.discard(child.person_id)  # has a guardian
        links.unlink(guardian.person_id, child.person_id)
        assert links.discard(child.person_id)
        assert not links.discard(child.person_id)
        assert backend.stores.people.load(child.person_id).profile is None
        grown_up = somebody(backend)
        rejected(backend, grown_up)
        assert not links.discard(grown_up.person_id)  # has a login

    def test_a_dependant_is_transferred(self, backend: Backend) -> None:
        former, heir, links = somebody(backend), somebody(backend), backend.stores.family_links
        child = child_of(backend, former)
        moved = CHILD._replace(proof=Proof.OFFICER)
        links.transfer(former.person_id, heir, child, moved)
        assert sides(backend, former, child) == (None, None)
        assert sides(backend, heir, child) == (moved, moved)
        with pytest.raises(Conflict, match="dependant_taken"):
            links.transfer(former.person_id, heir, child, moved)
        with pytest.raises(Conflict, match="dependant_taken"):
            links.transfer(former.person_id, somebody(backend), child, moved)
        unverified = makers.registered(makers.profile())
        with pytest.raises(Conflict, match="version_conflict"):
            links.transfer(heir.person_id, unverified, child, moved)
        assert sides(backend, heir, child) == (moved, moved)
        for _ in range(2):  # both counts are right: there is room for exactly one more guardian
            links.unlink(heir.person_id, child.person_id)
            assert links.link(heir, child, CHILD)


class TestSuccession:
    def heir(self, backend: Backend) -> tuple[Profile, str]:
        """Return a person who has logged in, and the blind index of their phone."""
        person, phone = makers.profile(), makers.blind()
        backend.stores.people.create(person, phone)
        return person, phone

    def test_a_record_gets_phone_and_accounts_and_loses_its_guardians(
        self, backend: Backend
    ) -> None:
        guardian, people = somebody(backend), backend.stores.people
        child = child_of(backend, guardian)
        heir, phone = self.heir(backend)
        accounts = [makers.account()]  # DynamoDB Local takes ten writes, AWS a hundred
        for account in accounts:
            assert people.link(account, heir.person_id, phone=phone)
        take_over = backend.stores.successions.take_over
        assert take_over(heir, child, b"\x01resealed", phone)
        assert people.by_phone(phone) == child.person_id
        assert {people.by_account(one.blind) for one in accounts} == {child.person_id}
        assert people.accounts(child.person_id) == dict(accounts)
        assert people.accounts(heir.person_id) == {}
        assert people.load(heir.person_id).profile is None
        heired = replace(child, phone=b"\x01resealed", phone_blind=phone)
        assert people.load(child.person_id).profile == heired
        assert sides(backend, guardian, child) == (None, None)
        assert not take_over(heir, child, b"\x01resealed", phone)

    @pytest.mark.parametrize("fault", ["phone", "heir", "document", "login", "family", "right"])
    def test_what_has_changed_or_is_in_the_way_moves_nothing(
        self, backend: Backend, fault: str
    ) -> None:
        guardian = somebody(backend)
        child = child_of(backend, guardian)
        heir, phone = self.heir(backend)
        stands, record = heir, child
        match fault:
            case "phone":
                phone = makers.blind()
            case "heir":
                stands = makers.registered(heir)
                backend.stores.people.register(stands, heir, "c")
            case "document":
                record = replace(child, document_blind=makers.blind())
            case "login":
                record = somebody(backend)
            case "family" | "right":
                edit = makers.registered(heir)
                backend.stores.people.register(edit, heir, "c")
                assert backend.stores.people.settle(edit, Verification.VERIFIED, "")
                stands = heir = standing(backend, heir)
                if fault == "family":
                    backend.stores.family_links.link(heir, somebody(backend), LINK)
                else:
                    backend.stores.venues.create(
                        makers.venue(applicant=heir.person_id),
                        unique=makers.random(),
                        number_blind="x",
                        document_blind=heir.document_blind,
                    )
        assert not backend.stores.successions.take_over(heir, record, b"\x01resealed", phone)
        assert backend.stores.people.load(heir.person_id).profile == stands
        assert sides(backend, guardian, child) == (CHILD, CHILD)
