"""An invitation by phone ends after 30 days (issue 10)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api.driver import HttpReply, Person, World
from tests.api.test_staff import _identity

PHONE, NAME = "+8613800138009", "赵小兰"


def invite(chief: Person, role: str = "inspector") -> HttpReply:
    path = f"/v1/venues/{chief.venue['venue_id']}/staff"
    return chief.post(path, {"by": "phone", "name": NAME, "phone": PHONE, "role": role})


def waiting(chief: Person) -> list[dict[str, Any]]:
    path = f"/v1/venues/{chief.venue['venue_id']}/invitations"
    found: list[dict[str, Any]] = chief.get(path).expect(200)["items"]
    return found


def newcomer(world: World) -> Person:
    """Return the phone's owner, who registers under the name now."""
    world.secrets |= {PHONE, PHONE[3:], NAME}
    person = Person(world, PHONE, NAME, 500)
    person.log_in()
    person.register()
    world.work()
    return person


@pytest.mark.requirement("XC-21")
@pytest.mark.parametrize(("days", "bound"), [(29, True), (30, False)])
def test_an_invitation_is_good_for_thirty_days_and_says_so(
    world: World, chief: Person, days: int, bound: bool
) -> None:
    invited_at = world.clock.at
    sent = invite(chief).expect(202)
    assert sent["expires_at"][:19] == (invited_at + timedelta(days=30)).isoformat()[:19]
    (listed,) = waiting(chief)
    assert listed["expires_at"] == sent["expires_at"]
    world.clock.pass_(days=days)
    chief.log_in()
    assert bool(waiting(chief)) is bound
    bindings = newcomer(world).get("/v1/bindings").expect(200)["items"]
    assert bool(bindings) is bound


def test_given_again_the_time_begins_anew(world: World, chief: Person) -> None:
    invite(chief).expect(202)
    world.clock.pass_(days=20)
    chief.log_in()
    again = invite(chief).expect(202)
    world.clock.pass_(days=20)
    chief.log_in()
    (listed,) = waiting(chief)
    assert listed["expires_at"] == again["expires_at"]
    assert newcomer(world).get("/v1/bindings").expect(200)["items"]


def test_an_administrators_invitation_that_has_expired_hinders_nobody(
    world: World, chief: Person
) -> None:
    invite(chief, "administrator").expect(202)
    second = world.visitor()
    path = f"/v1/venues/{chief.venue['venue_id']}/staff"
    chief.post(path, _identity(second, role="administrator")).expect(201)
    second.venue = chief.venue
    invite(second).expect(403, "initial_administrator_only")
    world.clock.pass_(days=30)
    second.log_in()
    invite(second).expect(202)
