"""`snapshots.Prefetches`: one wish a minute stands, and a new registration is a new wish."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from chalicelib.admission.evidence import asked
from chalicelib.admission.snapshots import Prefetch
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON


def wish(at: datetime = NOON) -> Prefetch:
    return Prefetch(f"per_{makers.random()}", asked(), at, 3, "c0ffee00")


def test_the_first_wish_stands(stores: Stores) -> None:
    assert stores.prefetches.ask(wish()) == NOON


@pytest.mark.beyond_dynamodb_local
def test_a_second_one_within_a_minute_meets_the_first(stores: Stores) -> None:
    first = wish()
    stores.prefetches.ask(first)
    for seconds in (0, 1, 59.999):
        again = replace(first, asked_at=NOON + timedelta(seconds=seconds), wanted=asked()[:1])
        assert stores.prefetches.ask(again) == NOON


def test_after_a_minute_it_may_be_wished_again(stores: Stores) -> None:
    first = wish()
    stores.prefetches.ask(first)
    later = NOON + timedelta(seconds=60)
    assert stores.prefetches.ask(replace(first, asked_at=later)) == later
    assert stores.prefetches.ask(replace(first, asked_at=later)) == later


@pytest.mark.beyond_dynamodb_local
def test_a_new_registration_is_asked_about_at_once(stores: Stores) -> None:
    first = wish()
    stores.prefetches.ask(first)
    soon = NOON + timedelta(seconds=1)
    edited = replace(first, registration=4, asked_at=soon)
    assert stores.prefetches.ask(edited) == soon
    assert stores.prefetches.ask(replace(first, asked_at=NOON + timedelta(seconds=2))) == soon


def test_everybody_has_their_own(stores: Stores) -> None:
    stores.prefetches.ask(wish())
    other = NOON + timedelta(seconds=1)
    assert stores.prefetches.ask(wish(other)) == other
