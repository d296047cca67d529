"""`prefetching.Prefetches`: one request a minute stands; a new registration makes a new one."""

from datetime import datetime, timedelta

import pytest

from chalicelib.admission.evidence import asked
from chalicelib.admission.prefetching import Prefetch
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON


def request(at: datetime = NOON) -> Prefetch:
    return Prefetch(f"per_{makers.random()}", asked(), at, 3, "c0ffee00")


def test_the_first_request_stands(stores: Stores) -> None:
    assert stores.prefetches.ask(request()) == NOON


@pytest.mark.beyond_dynamodb_local
def test_a_second_one_within_a_minute_meets_the_first(stores: Stores) -> None:
    first = request()
    stores.prefetches.ask(first)
    for seconds in (0, 1, 59.999):
        again = first._replace(asked_at=NOON + timedelta(seconds=seconds), wanted=asked()[:1])
        assert stores.prefetches.ask(again) == NOON


def test_after_a_minute_it_may_be_requested_again(stores: Stores) -> None:
    first = request()
    stores.prefetches.ask(first)
    later = NOON + timedelta(seconds=60)
    assert stores.prefetches.ask(first._replace(asked_at=later)) == later
    assert stores.prefetches.ask(first._replace(asked_at=later)) == later


@pytest.mark.beyond_dynamodb_local
def test_a_new_registration_is_asked_about_at_once(stores: Stores) -> None:
    first = request()
    stores.prefetches.ask(first)
    soon = NOON + timedelta(seconds=1)
    edited = first._replace(registration=4, asked_at=soon)
    assert stores.prefetches.ask(edited) == soon
    assert stores.prefetches.ask(first._replace(asked_at=NOON + timedelta(seconds=2))) == soon


def test_everybody_has_their_own(stores: Stores) -> None:
    stores.prefetches.ask(request())
    other = NOON + timedelta(seconds=1)
    assert stores.prefetches.ask(request(other)) == other
