"""Identity checks with several writers at once: one check, one result, one use."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.identity.checks import IdentityCheck, Method, State
from chalicelib.identity.people import Strength
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.contract.races import race
from tests.contract.test_identity_checks import check, opened
from tests.fakes.parts import NOON

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
SOON = NOON + timedelta(seconds=1)


def test_a_nonce_makes_one_check(backend: Backend) -> None:
    first = check()
    others = [replace(first, subject=makers.blind()) for _ in range(4)]

    def create(made: IdentityCheck) -> Callable[[Stores], IdentityCheck]:
        return lambda stores: stores.checks.create(made)

    answers, refusals = race(backend, *map(create, others))
    assert not refusals
    assert len({made.subject for made in answers}) == 1
    assert backend.stores.checks.get(first.check_id) == answers[0]


@pytest.mark.parametrize("attempt", range(3))
def test_one_of_two_results_stands_and_the_session_follows_it(
    backend: Backend, attempt: int
) -> None:
    del attempt
    mine, login = opened(backend.stores)

    def settle(state: State) -> Callable[[Stores], bool]:
        return lambda stores: stores.checks.settle(mine, state, NOON)

    answers, _ = race(backend, *map(settle, (State.PASSED, State.FAILED)))
    assert sorted(answers) == [False, True]
    settled = backend.stores.checks.get(mine.check_id)
    assert settled is not None
    session = backend.stores.people.load(mine.person_id).sessions[login.session_id]
    passed = settled.state is State.PASSED
    assert session.strength is (Strength.FACE if passed else Strength.PHONE)


def test_callback_and_poll_strengthen_once(backend: Backend) -> None:
    mine, _ = opened(backend.stores)
    passed = [lambda stores: stores.checks.settle(mine, State.PASSED, NOON)]
    answers, refusals = race(backend, *passed * 3)
    assert not refusals
    assert sorted(answers) == [False, False, True]


def test_two_checks_at_once_leave_the_higher_strength(backend: Backend) -> None:
    face, login = opened(backend.stores)
    paid = replace(face, check_id=f"idc_{makers.random()}", method=Method.PAYMENT_PASSWORD)
    backend.stores.checks.create(paid)

    def settle(made: IdentityCheck) -> Callable[[Stores], bool]:
        return lambda stores: stores.checks.settle(made, State.PASSED, NOON)

    answers, _ = race(backend, *map(settle, (face, paid)))
    assert answers == [True, True]
    session = backend.stores.people.load(face.person_id).sessions[login.session_id]
    assert session.strength is Strength.FACE


def test_a_logout_ends_a_session_that_is_being_strengthened(backend: Backend) -> None:
    mine, _ = opened(backend.stores)

    def log_out(stores: Stores) -> bool:
        stores.people.close_session(mine.person_id, mine.session_id)
        return True

    def settle(stores: Stores) -> bool:
        return stores.checks.settle(mine, State.PASSED, NOON)

    answers, _ = race(backend, log_out, settle)
    assert answers == [True, True]
    assert not backend.stores.people.load(mine.person_id).sessions


def test_a_passed_check_is_used_by_one_of_many(backend: Backend) -> None:
    made = check(subject=makers.blind())
    backend.stores.checks.create(made)
    backend.stores.checks.settle(made, State.PASSED, NOON)

    def spend(by: str) -> Callable[[Stores], bool]:
        return lambda stores: stores.checks.spend(made, by, SOON)

    answers, _ = race(backend, *map(spend, ("a", "b", "c", "d")))
    assert sorted(answers) == [False, False, False, True]


def test_the_service_is_polled_by_one_of_many(backend: Backend) -> None:
    made = check()
    backend.stores.checks.create(made)
    answers, _ = race(backend, *[lambda stores: stores.checks.may_poll(made.check_id, SOON)] * 4)
    assert sorted(answers) == [False, False, False, True]
