"""Staff who open a scan or the abnormal list are on the person's access log (GO-7)."""

from typing import Any

import pytest

from chalicelib.identity.providers import Answer
from tests.api.driver import Person, World


def accesses(person: Person) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = person.get("/v1/me/accesses").expect(200)["items"]
    return items


def red(world: World) -> Person:
    return world.visitor(health_code=Answer("red", world.hours_ago(1)))


def scanned(world: World, visitor: Person, chief: Person) -> str:
    """The id of a visitor's own scan that is decided."""
    scan_id = str(visitor.scan(chief.venue).expect(201)["scan_id"])
    world.work()
    return scan_id


@pytest.mark.requirement("GO-7")
def test_staff_who_open_a_scan_are_seen_by_its_visitor_once_a_day(
    world: World, chief: Person, guard: Person
) -> None:
    visitor = red(world)
    scan_id = scanned(world, visitor, chief)
    assert accesses(visitor) == []
    for _ in range(3):
        guard.screen(scan_id)
        world.clock.pass_(minutes=1)
    (shown,) = accesses(visitor)
    assert (shown["kind"], shown["venue_name"]) == ("staff", chief.venue["name"])
    assert shown["text"] == "Staff opened a record of your visit."
    assert guard.person_id not in str(shown)
    assert guard.name not in str(shown)
    chief.screen(scan_id)
    assert len(accesses(visitor)) == 2
    world.clock.pass_(days=1)
    visitor.log_in()
    guard.log_in()
    guard.screen(scan_id)
    assert len(accesses(visitor)) == 3


@pytest.mark.requirement("GO-7", "XC-12")
def test_staff_who_open_the_abnormal_list_are_seen_by_everybody_on_it(
    world: World, chief: Person, guard: Person
) -> None:
    visitors = [red(world), red(world)]
    other = world.visitor()
    for visitor in (*visitors, other):
        scanned(world, visitor, chief)
    path = f"/v1/venues/{chief.venue['venue_id']}/scans?outcome=abnormal"
    assert len(guard.get(path).expect(200)["items"]) == 2
    for visitor in visitors:
        assert [one["kind"] for one in accesses(visitor)] == ["staff"]
    assert accesses(other) == []


@pytest.mark.requirement("GO-7", "JN-8")
def test_the_scan_at_the_door_costs_nothing_more_and_is_no_access(
    world: World, guard: Person
) -> None:
    visitor = red(world)
    code = visitor.get("/v1/me/pass").expect(200)["code"]
    world.work()
    path = f"/v1/venues/{guard.venue['venue_id']}/scans"
    screen = guard.post(path, {"nonce": world.nonce(), "pass_code": code}).expect(201)
    world.work()
    guard.screen(screen["scan_id"])
    assert accesses(visitor) == []
    world.clock.pass_(minutes=16)
    guard.screen(screen["scan_id"])
    assert [one["kind"] for one in accesses(visitor)] == ["staff"]


def test_a_list_that_cannot_be_recorded_is_not_shown(
    world: World, chief: Person, guard: Person
) -> None:
    scanned(world, red(world), chief)
    path = f"/v1/venues/{chief.venue['venue_id']}/scans?outcome=abnormal"
    world.wire.fail("", 0)
    guard.get(path).expect(200)
    at = world.wire.calls.index("BatchWriteItem") + 1
    world.wire.fail("ThrottlingException", at)
    guard.get(path).expect(503, "unavailable")
    world.wire.heal()


def test_own_scans_are_no_access(world: World, guard: Person) -> None:
    world.say(guard, health_code=Answer("red", world.hours_ago(1)))
    scan_id = scanned(world, guard, guard)
    guard.screen(scan_id)
    guard.get(f"/v1/venues/{guard.venue['venue_id']}/scans?outcome=abnormal").expect(200)
    assert accesses(guard) == []
