"""The same nonce at two venues, or with two passes, is one scan and a 409 (issue 10)."""

import pytest

from chalicelib.admission.recording import Recorder
from tests.api.driver import Person, World
from tests.api.test_door import live_pass, scan


def forget(world: World) -> None:
    """Have another process serve the next request."""
    container = world.container
    container.recorder = Recorder(scans=container.scans, policies=container.policies)
    container.__dict__.pop("scanning", None)


@pytest.mark.requirement("GO-1")
@pytest.mark.parametrize("process", ["the same process", "another one, four seconds later"])
def test_the_same_nonce_at_two_venues_is_a_conflict(world: World, process: str) -> None:
    here, there, visitor = world.administrator(), world.administrator(), world.visitor()
    nonce = world.nonce()
    visitor.scan(here.venue, nonce).expect(201)
    if process != "the same process":
        world.clock.pass_(seconds=4)
        forget(world)
    before = world.writes()
    visitor.scan(there.venue, nonce).expect(409, "nonce_reused")
    assert world.writes() == before
    visitor.scan(here.venue, nonce).expect(200)
    visitor.scan(there.venue, world.nonce()).expect(201)
    world.work()
    assert [one.figures()["checked"] for one in (here, there)] == [1, 1]


def test_the_same_nonce_with_two_passes_is_a_conflict(world: World, guard: Person) -> None:
    first, second = world.visitor(), world.visitor()
    nonce, presented = world.nonce(), live_pass(first)
    scan(guard, presented, nonce).expect(201)
    scan(guard, live_pass(second), nonce).expect(409, "nonce_reused")
    scan(guard, presented, nonce).expect(200)
    scan(guard, live_pass(second)).expect(201)
    world.work()
    assert guard.figures()["checked"] == 2


def test_the_same_nonce_of_two_people_makes_two_scans(world: World) -> None:
    venue, nonce = world.administrator(), world.nonce()
    for visitor in (world.visitor(), world.visitor()):
        visitor.scan(venue.venue, nonce).expect(201)


def test_the_same_visitor_twice_within_twenty_seconds_makes_two_scans(world: World) -> None:
    """`scan-twice` of field.json: two nonces are two scans."""
    venue, visitor = world.administrator(), world.visitor()
    visitor.scan(venue.venue).expect(201)
    world.clock.pass_(seconds=15)
    visitor.scan(venue.venue).expect(201)
    world.work()
    assert venue.figures()["checked"] == 2
