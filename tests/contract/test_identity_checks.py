"""`checks.Checks`: a result comes once, strengthens one session, and is used up once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import keys
from chalicelib.identity.checks import IdentityCheck, Method, Started, State
from chalicelib.identity.people import Session, Strength
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.fakes.parts import NOON

SOON, LATER = NOON + timedelta(seconds=1), NOON + timedelta(minutes=10)


def check(**changes: Any) -> IdentityCheck:
    """Return a new check of oneself."""
    made = IdentityCheck(
        check_id=f"idc_{makers.random()}",
        person_id=f"per_{makers.random()}",
        session_id=f"ses_{makers.random()}",
        method=Method.FACE,
        subject="",
        started=Started("ref-1", "https://checks.example.com/start", {}, LATER),
        ttl=NOON + timedelta(days=1),
    )
    return replace(made, **changes)


def opened(stores: Stores, **changes: Any) -> tuple[IdentityCheck, Session]:
    """Record an open session, and a check of oneself in it."""
    mine, login = check(), makers.session(**changes)
    mine = replace(mine, session_id=login.session_id)
    stores.people.open_session(mine.person_id, login)
    stores.checks.create(mine)
    return mine, login


def strength(stores: Stores, of: IdentityCheck) -> Strength | None:
    login = stores.people.load(of.person_id).sessions.get(of.session_id)
    return None if login is None else login.strength


def test_a_check_comes_back_as_it_was(stores: Stores) -> None:
    by_sdk = Started("ref-2", "", {"certify_id": "x", "mode": "face"}, LATER)
    for made in (check(), check(subject=makers.blind(), started=by_sdk)):
        assert stores.checks.create(made) == made
        assert stores.checks.get(made.check_id) == made
    assert stores.checks.get(check().check_id) is None


def test_the_first_of_two_checks_stays(stores: Stores) -> None:
    first = check()
    stores.checks.create(first)
    again = replace(first, subject=makers.blind())
    assert stores.checks.create(again) == first
    assert stores.checks.get(first.check_id) == first


def test_the_service_is_asked_once_a_second(stores: Stores) -> None:
    made = check()
    stores.checks.create(made)
    polls = [(0, True), (0, False), (999, False), (1000, True), (1999, False), (2000, True)]
    for passed, due in polls:
        assert stores.checks.may_poll(made.check_id, NOON + timedelta(milliseconds=passed)) is due


def test_a_settled_check_is_not_polled(stores: Stores) -> None:
    made = check()
    stores.checks.create(made)
    stores.checks.settle(made, State.FAILED, NOON)
    assert not stores.checks.may_poll(made.check_id, SOON)


@pytest.mark.parametrize("state", [State.PASSED, State.FAILED, State.EXPIRED])
def test_a_result_never_changes(stores: Stores, state: State) -> None:
    made = check(subject=makers.blind())
    stores.checks.create(made)
    assert stores.checks.settle(made, state, NOON)
    for other in (State.PASSED, State.FAILED, State.EXPIRED):
        assert not stores.checks.settle(made, other, SOON)
    settled = stores.checks.get(made.check_id)
    assert settled == replace(made, state=state, settled_at=NOON)


def test_a_result_after_the_end_changes_nothing(stores: Stores) -> None:
    mine, login = opened(stores)
    assert not stores.checks.settle(mine, State.PASSED, LATER)
    assert strength(stores, mine) is login.strength


@pytest.mark.parametrize(
    ("before", "method", "after"),
    [
        (Strength.PLATFORM, Method.PAYMENT_PASSWORD, Strength.PAYMENT_PASSWORD),
        (Strength.PHONE, Method.FACE, Strength.FACE),
        (Strength.PAYMENT_PASSWORD, Method.FACE, Strength.FACE),
        (Strength.FACE, Method.FACE, Strength.FACE),
        (Strength.FACE, Method.PAYMENT_PASSWORD, Strength.FACE),
    ],
)
def test_a_passed_check_strengthens_its_session_and_never_weakens_it(
    stores: Stores, before: Strength, method: Method, after: Strength
) -> None:
    mine, login = opened(stores, strength=before)
    beside = makers.session(strength=Strength.PLATFORM)
    stores.people.open_session(mine.person_id, beside)
    mine = replace(mine, check_id=f"idc_{makers.random()}", method=method)
    stores.checks.create(mine)
    assert stores.checks.settle(mine, State.PASSED, NOON)
    sessions = stores.people.load(mine.person_id).sessions
    assert sessions[login.session_id].strength is after
    assert sessions[beside.session_id].strength is Strength.PLATFORM


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED])
def test_another_result_strengthens_nothing(stores: Stores, state: State) -> None:
    mine, login = opened(stores)
    assert stores.checks.settle(mine, state, NOON)
    assert strength(stores, mine) is login.strength


def test_a_check_of_another_person_strengthens_nothing(stores: Stores) -> None:
    mine, login = opened(stores)
    other = replace(mine, check_id=f"idc_{makers.random()}", subject=makers.blind())
    stores.checks.create(other)
    assert stores.checks.settle(other, State.PASSED, NOON)
    assert strength(stores, mine) is login.strength


def test_a_session_that_ended_stays_ended(stores: Stores) -> None:
    mine, _ = opened(stores)
    stores.people.close_session(mine.person_id, mine.session_id)
    assert stores.checks.settle(mine, State.PASSED, NOON)
    assert strength(stores, mine) is None
    late, login = opened(stores, expires_at=NOON)
    assert stores.checks.settle(late, State.PASSED, NOON)
    assert strength(stores, late) is login.strength


class TestSpend:
    """A passed check of another person's face is used once, and in time."""

    def passed(self, stores: Stores) -> IdentityCheck:
        made = check(subject=makers.blind())
        stores.checks.create(made)
        stores.checks.settle(made, State.PASSED, NOON)
        return made

    def test_it_is_used_by_one_request_and_its_retries(self, stores: Stores) -> None:
        made = self.passed(stores)
        assert stores.checks.spend(made, "request-1", SOON)
        assert stores.checks.spend(made, "request-1", SOON)
        assert not stores.checks.spend(made, "request-2", SOON)

    @pytest.mark.parametrize(("late", "usable"), [(0, True), (1, False)])
    def test_it_is_used_within_ten_minutes(self, stores: Stores, late: int, usable: bool) -> None:
        made = self.passed(stores)
        at = NOON + timedelta(minutes=10, milliseconds=late)
        assert stores.checks.spend(made, "request-1", at) is usable

    @pytest.mark.parametrize("state", [None, State.FAILED, State.EXPIRED])
    def test_nothing_but_a_pass_is_used(self, stores: Stores, state: State | None) -> None:
        made = check(subject=makers.blind())
        stores.checks.create(made)
        if state:
            stores.checks.settle(made, state, NOON)
        assert not stores.checks.spend(made, "request-1", SOON)

    @pytest.mark.parametrize("field", ["person_id", "subject"])
    def test_it_is_of_one_actor_and_one_subject(self, stores: Stores, field: str) -> None:
        made = self.passed(stores)
        changes: dict[str, Any] = {field: "another"}
        another = replace(made, **changes)
        assert not stores.checks.spend(another, "request-1", SOON)
        assert stores.checks.spend(made, "request-1", SOON)


@pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
def test_a_check_is_deleted_after_a_day(backend: Backend) -> None:
    assert backend.table is not None
    made = check()
    backend.stores.checks.create(made)
    raw = backend.table.get(keys.identity_check(made.check_id))
    assert raw is not None
    assert int(raw["ttl"]["N"]) == (NOON + timedelta(days=1)).timestamp()
