"""Attacks on the door: many passes by revocation, a temperature for somebody who is erased."""

import pytest

from tests.api.driver import Person, World
from tests.api.test_added_temperatures import measure
from tests.api.test_door import live_pass, scan


@pytest.mark.requirement("GO-4")
def test_revocations_of_a_minute_are_no_further_entries(world: World, guard: Person) -> None:
    """Each makes another pass, by which a friend could enter as well."""
    visitor = world.visitor()
    scan(guard, live_pass(visitor)).expect(201)
    for _ in range(3):
        world.clock.pass_(seconds=10)
        visitor.post("/v1/me/pass/revoke").expect(200)
        scan(guard, live_pass(visitor)).expect(409, "pass_used")
    world.clock.pass_(minutes=1)
    scan(guard, live_pass(visitor)).expect(201)
    world.work()
    assert guard.figures()["checked"] == 2


@pytest.mark.parametrize("at", range(1, 8))
def test_a_scan_that_becomes_anonymous_takes_no_temperature(
    world: World, guard: Person, at: int
) -> None:
    """The erasure may come between any two calls of the request."""
    scan_id = scan(guard, live_pass(world.visitor())).expect(201)["scan_id"]
    world.work()
    finder, scans = world.container.scan_finder, world.container.scans

    def erase() -> None:
        found = finder.find(scan_id, world.clock.at)
        assert found is not None
        assert scans.change(found.scan.anonymous(), found.venue)

    world.wire.interrupt(at, erase)
    reply = measure(guard, scan_id)
    world.wire.heal()
    found = finder.find(scan_id, world.clock.at)
    assert found is not None
    assert reply.status in (200, 404)
    if not found.scan.person_id:
        assert found.scan.temperature == ""
