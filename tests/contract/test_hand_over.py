"""The store of staff: a venue's initial administrator, and who takes their place."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.core.errors import Conflict, Forbidden
from chalicelib.identity.people import Profile, Role, Verification
from chalicelib.venues.staffing import Invitation, Member
from chalicelib.venues.venue import Venue
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.contract.races import codes, race
from tests.fakes.parts import NOON


def applied(stores: Stores) -> Venue:
    """Return a new venue."""
    venue = makers.venue()
    stores.venues.create(
        venue, unique=makers.random(), number_blind=makers.blind(), document_blind=makers.blind()
    )
    return venue


def registered(stores: Stores) -> Profile:
    """Return somebody who is verified."""
    before = makers.profile()
    stores.people.create(before, makers.blind())
    after = makers.registered(before)
    stores.people.register(after, before, "c")
    assert stores.people.settle(after, Verification.VERIFIED, "")
    return replace(after, verification=Verification.VERIFIED)


def administrator(stores: Stores, venue: Venue, role: Role = Role.ADMINISTRATOR) -> Profile:
    """Return somebody who works at the venue."""
    profile = registered(stores)
    member = Member(profile.person_id, role, NOON, profile.document_blind)
    stores.staff.bind(venue.venue_id, member)
    return profile


def initial(stores: Stores, venue: Venue) -> str:
    """Return the initial administrator's id."""
    found = stores.venues.venue(venue.venue_id)
    assert found is not None
    assert replace(found, applicant=venue.applicant) == venue
    return found.applicant


def test_the_other_one_takes_the_place_once(stores: Stores) -> None:
    venue = applied(stores)
    second, third = (administrator(stores, venue) for _ in range(2))
    assert stores.staff.hand_over(venue.venue_id, venue.applicant, second)
    assert initial(stores, venue) == second.person_id
    for successor in (second, third):
        assert not stores.staff.hand_over(venue.venue_id, venue.applicant, successor)
    assert initial(stores, venue) == second.person_id
    assert stores.people.load(venue.applicant).rights == {}  # of a document that nobody has
    assert len(stores.staff.members(venue.venue_id)) == 3


@pytest.mark.parametrize("why", ["inspector", "stranger", "edited", "rejected", "removed"])
def test_who_does_not_administer_the_venue_gets_nothing(stores: Stores, why: str) -> None:
    venue = applied(stores)
    role = Role.INSPECTOR if why == "inspector" else Role.ADMINISTRATOR
    profile = registered(stores) if why == "stranger" else administrator(stores, venue, role)
    if why in ("edited", "rejected"):
        stores.people.register(makers.registered(profile), profile, "c")
    if why == "rejected":
        edited = stores.people.load(profile.person_id).profile
        assert edited is not None
        assert stores.people.settle(edited, Verification.REJECTED, "mismatch")
    if why == "removed":
        stores.staff.unbind(venue.venue_id, profile.person_id)
    assert not stores.staff.hand_over(venue.venue_id, venue.applicant, profile)
    assert initial(stores, venue) == venue.applicant


def test_only_the_initial_one_stays_and_appoints(stores: Stores) -> None:
    venue = applied(stores)
    second = administrator(stores, venue)
    third = Member(makers.profile().person_id, Role.ADMINISTRATOR, NOON)
    with pytest.raises(Forbidden, match="initial_administrator_only"):
        stores.staff.bind(venue.venue_id, third, appointed_by=second.person_id)
    with pytest.raises(Conflict, match="initial_administrator"):
        stores.staff.unbind(venue.venue_id, venue.applicant)
    assert len(stores.staff.members(venue.venue_id)) == 2
    assert stores.staff.hand_over(venue.venue_id, venue.applicant, second)
    stores.staff.bind(venue.venue_id, third, appointed_by=second.person_id)
    stores.staff.unbind(venue.venue_id, venue.applicant)
    with pytest.raises(Conflict, match="initial_administrator"):
        stores.staff.unbind(venue.venue_id, second.person_id)
    listed = {member.person_id for member in stores.staff.members(venue.venue_id)}
    assert listed == {second.person_id, third.person_id}


@pytest.mark.parametrize("role", Role)
def test_an_administrators_right_waits_as_long_as_its_giver_may_give_it(
    stores: Stores, role: Role
) -> None:
    venue = applied(stores)
    second, blind = administrator(stores, venue), makers.blind()
    waiting = Invitation(venue.venue_id, role, b"\x01sealed name", venue.applicant)
    stores.staff.invite(blind, waiting, makers.sent(blind, waiting))
    assert stores.staff.hand_over(venue.venue_id, venue.applicant, second)
    stores.staff.claim(blind, waiting, Member(makers.profile().person_id, role, NOON))
    assert stores.staff.invitations(blind) == []
    count = 3 if role is Role.INSPECTOR else 2
    assert len(stores.staff.members(venue.venue_id)) == count


# --- Races


@pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
def test_a_venue_is_handed_over_to_one(backend: Backend) -> None:
    venue = applied(backend.stores)
    others = [administrator(backend.stores, venue) for _ in range(3)]

    def give(successor: Profile) -> Callable[[Stores], bool]:
        return lambda stores: stores.staff.hand_over(venue.venue_id, venue.applicant, successor)

    answers, refusals = race(backend, *map(give, others))
    assert not refusals
    assert sorted(answers) == [False, False, True]
    assert initial(backend.stores, venue) in {one.person_id for one in others}


@pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
def test_who_gets_a_venue_does_not_leave_it(backend: Backend) -> None:
    venue = applied(backend.stores)
    second = administrator(backend.stores, venue)
    answers, refusals = race(
        backend,
        lambda stores: stores.staff.hand_over(venue.venue_id, venue.applicant, second),
        lambda stores: stores.staff.unbind(venue.venue_id, second.person_id),
    )
    listed = {member.person_id for member in backend.stores.staff.members(venue.venue_id)}
    assert initial(backend.stores, venue) in listed
    if refusals:
        assert (codes(refusals), answers) == (["initial_administrator"], [True])
    else:
        assert False in answers
