"""Invitations of somebody whose verification was interrupted."""

from dataclasses import replace
from datetime import datetime

from chalicelib.identity.people import Verification
from tests.contract import makers
from tests.unit.region import Region


class Claims:
    """Records for whom invitations were claimed."""

    def __init__(self) -> None:
        self.of: list[str] = []

    def accept_invitations(self, person_id: str, *, now: datetime) -> int:
        del now
        self.of.append(person_id)
        return 1


def test_a_crash_after_a_scans_verification_does_not_lose_the_right() -> None:
    """The registration's own message was given up; the message of a scan has brought the answer.

    It dies between the verification and the invitations, and is delivered again.
    """
    claims = Claims()
    region = Region(Verification.PENDING, claims)
    person_id = region.person.person_id
    region.person = replace(region.person, phone_blind=makers.blind())
    region.people.partition(person_id).profile = region.person
    region.scan()
    lookup = region.queue.sent[0][0]
    region.people.settle(region.person, Verification.VERIFIED, "")
    region.deliver(lookup)
    assert claims.of == [person_id]


def test_a_scan_of_somebody_who_is_verified_looks_for_no_invitations() -> None:
    claims = Claims()
    region = Region(Verification.VERIFIED, claims)
    region.person = replace(region.person, phone_blind=makers.blind())
    region.people.partition(region.person.person_id).profile = region.person
    region.scan()
    region.deliver(region.queue.sent[0][0])
    assert claims.of == []
