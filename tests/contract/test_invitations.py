"""`staffing.Staff`: a venue's list of invitations, and rights on condition of no other one."""

from datetime import timedelta

import pytest

from chalicelib.identity.people import Role
from chalicelib.venues.rights import RightsChanged
from chalicelib.venues.staffing import Invitation, Member, SentInvitation
from tests.contract import makers
from tests.contract.backends import Stores
from tests.contract.test_staff import _venue
from tests.fakes.parts import NOON


def invite(stores: Stores, venue_id: str, by: str, phone: str = "") -> SentInvitation:
    """Invite the owner of a phone as inspector."""
    phone = phone or makers.blind()
    waiting = Invitation(venue_id, Role.INSPECTOR, b"\x01sealed name", by)
    sent = makers.sent(phone, waiting)
    stores.staff.invite(phone, waiting, sent)
    return sent


def test_what_waits_is_listed_in_pages_until_it_is_withdrawn(stores: Stores) -> None:
    venue, chief = _venue(stores)
    all_sent = sorted(
        (invite(stores, venue.venue_id, chief) for _ in range(3)),
        key=lambda sent: sent.invitation_id,
    )
    first = stores.staff.sent_invitations(venue.venue_id, after="", limit=2)
    rest = stores.staff.sent_invitations(venue.venue_id, after=first[-1].invitation_id, limit=2)
    assert [*first, *rest] == all_sent
    gone = all_sent[1]
    assert stores.staff.sent_invitation(venue.venue_id, gone.invitation_id) == gone
    for _ in range(2):
        stores.staff.withdraw(venue.venue_id, gone)
    assert stores.staff.sent_invitation(venue.venue_id, gone.invitation_id) is None
    assert stores.staff.invitations(gone.phone_blind) == []
    assert stores.staff.sent_invitations(venue.venue_id, after="", limit=5) == [
        all_sent[0], all_sent[2],
    ]  # fmt: skip


def test_one_that_was_replaced_is_not_withdrawn_by_who_saw_the_former(stores: Stores) -> None:
    venue, chief = _venue(stores)
    former = invite(stores, venue.venue_id, chief)
    newer = former._replace(name=b"\x01another name", at=NOON + timedelta(hours=1))
    waiting = Invitation(venue.venue_id, Role.INSPECTOR, newer.name, chief)
    stores.staff.invite(former.phone_blind, waiting, newer)
    stores.staff.withdraw(venue.venue_id, former)
    assert stores.staff.sent_invitations(venue.venue_id, after="", limit=5) == [newer]
    assert stores.staff.invitations(former.phone_blind) == [waiting]


def test_what_is_claimed_is_listed_no_longer_and_known_by_the_member(stores: Stores) -> None:
    venue, chief = _venue(stores)
    sent = invite(stores, venue.venue_id, chief)
    (waiting,) = stores.staff.invitations(sent.phone_blind)
    guard = Member(
        makers.profile().person_id, Role.INSPECTOR, NOON, "", b"\x01name", sent.invitation_id
    )
    stores.staff.claim(sent.phone_blind, waiting, guard, given=0)
    assert stores.staff.sent_invitations(venue.venue_id, after="", limit=5) == []
    assert guard in stores.staff.members(venue.venue_id)


def test_a_right_that_was_counted_is_given_only_if_no_other_one_came(stores: Stores) -> None:
    venue, _ = _venue(stores)
    other, _ = _venue(stores)
    person_id = makers.profile().person_id
    member = Member(person_id, Role.INSPECTOR, NOON)
    assert stores.people.load(person_id).rights_given == 0
    stores.staff.bind(venue.venue_id, member, given=0)
    with pytest.raises(RightsChanged):
        stores.staff.bind(other.venue_id, member, given=0)
    assert stores.people.load(person_id).rights.keys() == {venue.venue_id}
    assert len(stores.staff.members(other.venue_id)) == 1
    sent = invite(stores, other.venue_id, other.applicant)
    (waiting,) = stores.staff.invitations(sent.phone_blind)
    with pytest.raises(RightsChanged):
        stores.staff.claim(sent.phone_blind, waiting, member, given=0)
    assert stores.staff.invitations(sent.phone_blind) == [waiting]
    stores.staff.claim(sent.phone_blind, waiting, member, given=1)
    known = stores.people.load(person_id)
    assert (len(known.rights), known.rights_given) == (2, 2)
    mine = makers.venue(applicant=person_id)
    with pytest.raises(RightsChanged):
        stores.venues.create(
            mine, unique=makers.random(), number_blind=makers.blind(), document_blind="", given=1
        )
    assert stores.venues.venue(mine.venue_id) is None


def test_a_right_that_is_suspended_is_known_as_lapsed(stores: Stores) -> None:
    venue, _ = _venue(stores)
    person_id = makers.profile().person_id
    stores.staff.bind(venue.venue_id, Member(person_id, Role.INSPECTOR, NOON, makers.blind()))
    known = stores.people.load(person_id)
    assert not known.rights
    assert known.lapsed == {venue.venue_id}
