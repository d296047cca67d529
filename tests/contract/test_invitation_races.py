"""Rights and invitations that several requests write at once."""

from functools import partial

import pytest

from chalicelib.identity.people import Role
from chalicelib.venues.rights import RightsChanged
from chalicelib.venues.staffing import Member
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.contract.races import race
from tests.contract.test_invitations import invite
from tests.contract.test_staff import _venue
from tests.fakes.parts import NOON

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")


def test_of_rights_given_at_once_on_the_same_count_one_is_written(backend: Backend) -> None:
    venues = [_venue(backend.stores)[0] for _ in range(4)]
    person_id = makers.profile().person_id
    member = Member(person_id, Role.INSPECTOR, NOON)

    def bind(stores: Stores, venue_id: str) -> str:
        try:
            stores.staff.bind(venue_id, member, given=0)
        except RightsChanged:
            return ""
        return venue_id

    answers, refusals = race(
        backend,
        *[partial(bind, venue_id=venue.venue_id) for venue in venues],
    )
    assert not refusals
    (won,) = [answer for answer in answers if answer]
    assert backend.stores.people.load(person_id).rights.keys() == {won}


def test_a_withdrawal_and_a_claim_at_once_leave_one_of_them(backend: Backend) -> None:
    venue, chief = _venue(backend.stores)
    sent = invite(backend.stores, venue.venue_id, chief)
    (waiting,) = backend.stores.staff.invitations(sent.phone_blind)
    guard = Member(makers.profile().person_id, Role.INSPECTOR, NOON)
    _, refusals = race(
        backend,
        lambda stores: stores.staff.withdraw(venue.venue_id, sent),
        lambda stores: stores.staff.claim(sent.phone_blind, waiting, guard),
    )
    assert not refusals
    assert backend.stores.staff.sent_invitations(venue.venue_id, after="", limit=5) == []
    assert backend.stores.staff.invitations(sent.phone_blind) == []
    listed = [one.person_id for one in backend.stores.staff.members(venue.venue_id)]
    right = backend.stores.people.load(guard.person_id).rights
    assert (guard.person_id in listed) is bool(right)
