"""`checks.IdentityChecks` without HTTP: what a passed check of another person is good for."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from chalicelib.core.crypto import BlindIndex, KeyRing, Vault
from chalicelib.core.errors import Conflict, TooMany, Unprocessable
from chalicelib.identity.checks import IdentityCheck, IdentityChecks, Method, State
from chalicelib.identity.people import Actor
from chalicelib.identity.providers import Subject
from tests.contract import makers
from tests.fakes.parts import NOON, FixedSecret, LocalDataKeys, ScriptedCheckService
from tests.fakes.stores import FakeIdentityChecks, FakeLimits, FakePeople
from tests.support import nonce_at

CHILD = Subject("关小满", "birth_certificate", "Q440000001")
SOON = NOON + timedelta(minutes=1)


@dataclass
class Scene:
    """A guardian and the use case over stand-ins."""

    checks: IdentityChecks
    store: FakeIdentityChecks
    service: ScriptedCheckService
    guardian: Actor

    def start(self, subject: Subject = CHILD, who: Actor | None = None) -> IdentityCheck:
        """Return a new check of the subject's face."""
        number = len(self.service.orders)
        nonce = nonce_at(NOON + timedelta(milliseconds=number))
        return self.checks.start(who or self.guardian, Method.FACE, subject, nonce=nonce, now=NOON)

    def passed(self, subject: Subject = CHILD) -> str:
        check = self.start(subject)
        assert self.store.settle(check, State.PASSED, NOON)
        return check.check_id

    def spend(self, check_id: str, subject: Subject = CHILD, by: str = "request-1") -> bool:
        try:
            self.checks.spend(self.guardian, check_id, subject, by=by, now=SOON)
        except Unprocessable as error:
            return error.code != "identity_check_unusable"
        return True


def over(store: FakeIdentityChecks, service: ScriptedCheckService) -> IdentityChecks:
    return IdentityChecks(
        checks=store,
        service=service,
        secrets=FixedSecret(),
        index=BlindIndex(KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))),
        limits=FakeLimits(),
        vault=Vault(LocalDataKeys()),
    )


@pytest.fixture
def scene() -> Scene:
    store, service = FakeIdentityChecks(FakePeople()), ScriptedCheckService()
    return Scene(over(store, service), store, service, makers.actor(makers.profile()))


def test_a_passed_check_is_used_by_one_request(scene: Scene) -> None:
    check = scene.passed()
    assert scene.spend(check)
    assert scene.spend(check), "a retry of the same request"
    assert not scene.spend(check, by="request-2")


@pytest.mark.parametrize("field", Subject.__dataclass_fields__)
def test_it_is_for_exactly_this_name_type_and_number(scene: Scene, field: str) -> None:
    check = scene.passed()
    assert not scene.spend(check, replace(CHILD, **{field: "another"}))
    assert scene.spend(check)


def test_parts_of_a_subject_do_not_run_into_each_other(scene: Scene) -> None:
    check = scene.passed(Subject("AB", "passport", "1"))
    assert not scene.spend(check, Subject("B", "passport", "1A"))


def test_it_is_for_the_actor_who_started_it(scene: Scene) -> None:
    check = scene.passed()
    scene.guardian = makers.actor(makers.profile())
    assert not scene.spend(check)


def test_a_check_that_does_not_exist_or_is_pending_is_of_no_use(scene: Scene) -> None:
    assert not scene.spend("idc_0000000000000000")
    assert not scene.spend(scene.start().check_id)


def test_of_two_starts_at_once_with_one_nonce_the_first_stays(scene: Scene) -> None:
    """The second one's face would otherwise pass for the first one's."""
    nonce, other = nonce_at(NOON), replace(CHILD, document_number="Q440000002")
    first = scene.checks.start(scene.guardian, Method.FACE, CHILD, nonce=nonce, now=NOON)

    class Blind(FakeIdentityChecks):
        """A store that has not seen the first one yet."""

        def get(self, check_id: str) -> IdentityCheck | None:
            del check_id
            return None

    store = Blind(FakePeople())
    store.create(first)
    late = over(store, scene.service)
    with pytest.raises(Conflict) as refused:
        late.start(scene.guardian, Method.FACE, other, nonce=nonce, now=NOON)
    assert refused.value.code == "nonce_reused"
    assert not scene.service.of(first.check_id).concerns(replace(first, subject="another"))


def test_ten_checks_a_day(scene: Scene) -> None:
    for _ in range(10):
        scene.start()
    with pytest.raises(TooMany):
        scene.start()
    scene.start(who=makers.actor(makers.profile()))
