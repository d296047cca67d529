"""`staffing.Staff` and `abnormal.Pointers`: rights in two places at once, and lists in order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.keys import scan_partition
from chalicelib.identity.people import Role, Verification
from chalicelib.venues.staffing import Invitation, Member, new_join_code
from chalicelib.venues.venue import Venue, day_of, shard_of
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON


def _venue(stores: Stores) -> tuple[Venue, str]:
    """A venue, and the person who administers it."""
    venue = makers.venue()
    stores.venues.create(
        venue, unique=makers.random(), number_blind=makers.blind(), document_blind=""
    )
    return venue, venue.applicant


def test_whoever_applies_is_the_first_of_the_staff(stores: Stores) -> None:
    venue, chief = _venue(stores)
    (member,) = stores.staff.members(venue.venue_id)
    assert (member.person_id, member.role) == (chief, Role.ADMINISTRATOR)


def test_a_right_comes_and_goes_in_both_places(stores: Stores) -> None:
    venue, _ = _venue(stores)
    guard = makers.profile().person_id
    stores.staff.bind(venue.venue_id, Member(guard, Role.INSPECTOR, NOON))
    assert stores.people.load(guard).rights == {venue.venue_id: Role.INSPECTOR}
    assert Member(guard, Role.INSPECTOR, NOON) in stores.staff.members(venue.venue_id)
    stores.staff.unbind(venue.venue_id, guard)
    assert stores.people.load(guard).rights == {}
    assert len(stores.staff.members(venue.venue_id)) == 1


def test_an_administrator_who_joins_stays_one(stores: Stores) -> None:
    venue, chief = _venue(stores)
    stores.staff.bind(venue.venue_id, Member(chief, Role.INSPECTOR, NOON))
    assert stores.people.load(chief).rights == {venue.venue_id: Role.ADMINISTRATOR}


def test_a_right_is_in_force_under_its_document_and_not_for_who_was_rejected(
    stores: Stores,
) -> None:
    venue, _ = _venue(stores)
    newcomer = makers.profile()
    stores.people.create(newcomer, makers.blind())
    guard = makers.registered(newcomer)
    stores.people.register(guard, newcomer, "c")
    stores.staff.bind(
        venue.venue_id, Member(guard.person_id, Role.INSPECTOR, NOON, guard.document_blind)
    )

    def rights() -> set[str]:
        return set(stores.people.load(guard.person_id).rights)

    assert rights() == {venue.venue_id}
    assert stores.people.settle(guard, Verification.VERIFIED, "")
    verified = replace(guard, verification=Verification.VERIFIED)
    assert rights() == {venue.venue_id}
    other = makers.registered(verified)
    stores.people.register(other, verified, "c")
    assert rights() == set()
    again = makers.registered(other, document_blind=guard.document_blind)
    stores.people.register(again, other, "c")
    assert rights() == {venue.venue_id}
    assert stores.people.settle(again, Verification.REJECTED, "name_mismatch")
    assert rights() == set()


def test_staff_are_listed_in_pages(stores: Stores) -> None:
    venue, chief = _venue(stores)
    others = [makers.profile().person_id for _ in range(4)]
    for person_id in others:
        stores.staff.bind(venue.venue_id, Member(person_id, Role.INSPECTOR, NOON))
    everybody = sorted([chief, *others])
    listed: list[str] = []
    for size in (2, 2, 1, 0):
        after = listed[-1] if listed else ""
        page = stores.staff.members(venue.venue_id, after=after, limit=2)
        assert len(page) == size
        listed += [member.person_id for member in page]
    assert listed == everybody
    assert [one.person_id for one in stores.staff.members(venue.venue_id)] == everybody
    assert len(stores.staff.members(venue.venue_id, after=everybody[0])) == 4


def test_a_join_code_is_replaced_as_a_whole(stores: Stores) -> None:
    venue, _ = _venue(stores)
    first, second = new_join_code(), new_join_code()
    assert stores.staff.join_code(venue.venue_id) is None
    assert stores.staff.replace_join_code(venue.venue_id, first, None)
    assert stores.staff.venue_of(first) == venue.venue_id
    assert not stores.staff.replace_join_code(venue.venue_id, second, None)
    assert stores.staff.replace_join_code(venue.venue_id, second, first)
    assert stores.staff.venue_of(first) is None
    assert stores.staff.join_code(venue.venue_id) == second


def test_a_right_waits_for_its_phone(stores: Stores) -> None:
    venue, chief = _venue(stores)
    blind = makers.blind()
    waiting = Invitation(venue.venue_id, Role.INSPECTOR, b"\x01sealed name", chief)
    stores.staff.invite(blind, waiting, makers.sent(blind, waiting))
    stores.staff.invite(blind, waiting, makers.sent(blind, waiting))
    assert stores.staff.invitations(blind) == [waiting]
    guard = Member(makers.profile().person_id, Role.INSPECTOR, NOON)
    stores.staff.claim(blind, waiting, guard)
    assert stores.staff.invitations(blind) == []
    assert guard in stores.staff.members(venue.venue_id)
    # What waits no longer is not claimed: it may have been taken away since.
    stores.staff.unbind(venue.venue_id, guard.person_id)
    stores.staff.claim(blind, waiting, guard)
    assert guard not in stores.staff.members(venue.venue_id)


def test_an_administrators_invitation_ends_and_changes_nothing(stores: Stores) -> None:
    venue, chief = _venue(stores)
    blind = makers.blind()
    other = makers.profile().person_id
    stores.staff.bind(venue.venue_id, Member(other, Role.ADMINISTRATOR, NOON))
    for giver in (chief, other):
        waiting = Invitation(venue.venue_id, Role.INSPECTOR, b"\x01sealed name", giver)
        stores.staff.invite(blind, waiting, makers.sent(blind, waiting))
        stores.staff.claim(blind, waiting, Member(chief, Role.INSPECTOR, NOON))
        assert stores.staff.invitations(blind) == []
        members = stores.staff.members(venue.venue_id)
        assert [one.role for one in members] == [Role.ADMINISTRATOR] * 2


@pytest.mark.parametrize("again", [False, True])
def test_a_right_that_waits_ends_with_that_of_whoever_gave_it(stores: Stores, again: bool) -> None:
    """Also if they come back as less, and if it was for themselves."""
    venue, _ = _venue(stores)
    blind, giver, guard = makers.blind(), makers.profile().person_id, makers.profile().person_id
    stores.staff.bind(venue.venue_id, Member(giver, Role.ADMINISTRATOR, NOON))
    waiting = Invitation(venue.venue_id, Role.ADMINISTRATOR, b"\x01sealed name", giver)
    stores.staff.invite(blind, waiting, makers.sent(blind, waiting))
    stores.staff.unbind(venue.venue_id, giver)
    if again:
        stores.staff.bind(venue.venue_id, Member(giver, Role.INSPECTOR, NOON))
    stores.staff.claim(blind, waiting, Member(guard, Role.ADMINISTRATOR, NOON))
    assert stores.people.load(guard).rights == {}
    assert stores.staff.invitations(blind) == []
    stores.staff.invite(blind, waiting, makers.sent(blind, waiting))
    stores.staff.claim(blind, waiting, Member(giver, Role.ADMINISTRATOR, NOON))
    assert Role.ADMINISTRATOR not in stores.people.load(giver).rights.values()
    assert stores.staff.invitations(blind) == []


def test_a_venue_has_one_fast_code(stores: Stores) -> None:
    venue, _ = _venue(stores)
    first = stores.venues.add_fast_code(venue.venue_id, makers.random())
    assert stores.venues.add_fast_code(venue.venue_id, makers.random()) == first
    code = stores.venues.code(first)
    assert code is not None
    assert (code.venue_id, code.kind) == (venue.venue_id, "fast")


def test_pointers_come_in_order_and_go_on_after_a_place(stores: Stores) -> None:
    venue = makers.venue(shards=1)
    day = day_of(venue, NOON)
    partition = scan_partition(venue.venue_id, day, 0)
    scans = [makers.scan(venue, NOON + timedelta(seconds=n)) for n in (3, 1, 2)]
    for scan in (*scans, scans[0]):
        stores.pointers.add(partition, scan)
    places = list(stores.pointers.of_day(venue, day, 0, "", wanted=3))
    assert [place.partition("#")[2] for place in places] == [
        scans[1].digest,
        scans[2].digest,
        scans[0].digest,
    ]
    assert list(stores.pointers.of_day(venue, day, 0, places[0], wanted=3)) == places[1:]
    stores.pointers.remove(partition, scans[2])
    assert len(list(stores.pointers.of_day(venue, day, 0, "", wanted=3))) == 2
    assert list(stores.scans.of_day(venue, day)) == []
    assert shard_of(scans[0].digest, 1) == 0
