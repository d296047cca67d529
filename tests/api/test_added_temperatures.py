"""A temperature can be added within ten minutes by the staff who scanned (issue 10)."""

import pytest

from chalicelib.identity.providers import Answer
from tests.api.driver import HttpReply, Person, World, codes
from tests.api.test_door import live_pass, scan


def measure(guard: Person, scan_id: str, temperature: str = "fever") -> HttpReply:
    return guard.post(f"/v1/scans/{scan_id}/temperature", {"temperature": temperature})


@pytest.fixture
def scan_id(world: World, guard: Person) -> str:
    """A decided scan of a green visitor by the guard."""
    made: str = scan(guard, live_pass(world.visitor())).expect(201)["scan_id"]
    world.work()
    return made


@pytest.mark.requirement("YK-22")
def test_a_fever_that_was_measured_after_the_scan_is_judged(guard: Person, scan_id: str) -> None:
    assert guard.screen(scan_id)["outcome"] == "admit"
    shown = measure(guard, scan_id).expect(200)
    assert (shown["outcome"], shown["temperature"]) == ("check", "fever")
    assert codes(shown["reasons"]) == ["temperature_fever"]
    assert guard.screen(scan_id) == shown


def test_figures_and_lists_follow(world: World, guard: Person, scan_id: str) -> None:
    assert guard.figures() == {"checked": 1, "passed": 1, "abnormal": 0, "pending": 0}
    measure(guard, scan_id).expect(200)
    measure(guard, scan_id).expect(200)
    world.work()
    assert guard.figures() == {"checked": 1, "passed": 0, "abnormal": 1, "pending": 0}
    assert guard.figures() == world.recount(guard.venue)
    path = f"/v1/venues/{guard.venue['venue_id']}/scans?outcome=abnormal"
    (listed,) = guard.get(path).expect(200)["items"]
    assert (listed["scan_id"], listed["temperature"]) == (scan_id, "fever")


def test_a_second_measurement_corrects_the_first(world: World, guard: Person, scan_id: str) -> None:
    measure(guard, scan_id).expect(200)
    world.work()
    assert measure(guard, scan_id, "normal").expect(200)["outcome"] == "admit"
    world.work()
    assert guard.figures() == {"checked": 1, "passed": 1, "abnormal": 0, "pending": 0}


def test_a_scan_that_waits_takes_it_and_goes_on_waiting(world: World, guard: Person) -> None:
    visitor = world.visitor()
    shown = scan(guard, live_pass(visitor)).expect(201)
    assert shown["outcome"] == "pending"
    measured = measure(guard, shown["scan_id"], "normal").expect(200)
    assert (measured["outcome"], measured["temperature"]) == ("pending", "normal")
    world.work()
    decided = guard.screen(shown["scan_id"])
    assert (decided["outcome"], decided["temperature"]) == ("admit", "normal")
    assert guard.figures() == world.recount(guard.venue)


def test_a_yellow_code_keeps_its_reason(world: World, guard: Person) -> None:
    visitor = world.visitor(health_code=Answer("yellow", world.hours_ago(1)))
    made = scan(guard, live_pass(visitor)).expect(201)["scan_id"]
    world.work()
    shown = measure(guard, made).expect(200)
    assert codes(shown["reasons"]) == ["health_code_yellow", "temperature_fever"]


def test_it_is_refused_after_ten_minutes(world: World, guard: Person, scan_id: str) -> None:
    world.clock.pass_(minutes=10)
    measure(guard, scan_id, "normal").expect(200)
    world.clock.pass_(milliseconds=1)
    measure(guard, scan_id).expect(422, "temperature_late")
    assert guard.screen(scan_id)["temperature"] == "normal"


def test_nobody_else_may_add_it(world: World, guard: Person, scan_id: str) -> None:
    """Not a colleague, not the administrator, not the visitor, not who worked there once."""
    visitor = world.visitor()
    own = visitor.scan(guard.venue).expect(201)["scan_id"]
    for person, of in ((visitor, own), (guard, own), (world.visitor(), scan_id)):
        measure(person, of).expect(404, "not_found")
    measure(guard, "scn_x").expect(404, "not_found")
    world.take_right(guard)
    measure(guard, scan_id).expect(404, "not_found")


def test_the_visitor_sees_it_among_their_temperatures(world: World, guard: Person) -> None:
    visitor = world.visitor()
    made = scan(guard, live_pass(visitor)).expect(201)["scan_id"]
    world.work()
    measure(guard, made).expect(200)
    (shown,) = visitor.get("/v1/me/temperatures").expect(200)["items"]
    assert shown["temperature"] == "fever"


def test_at_a_scan_whose_wait_is_over_a_repeated_temperature_finds_it_decided(
    world: World, guard: Person
) -> None:
    """No worker has come by: who sends the temperature once more decides the scan."""
    made = scan(guard, live_pass(world.visitor())).expect(201)["scan_id"]
    shown = measure(guard, made, "normal").expect(200)
    assert shown["outcome"] == "pending"
    world.clock.pass_(seconds=60)
    repeated = measure(guard, made, "normal").expect(200)
    assert (repeated["outcome"], repeated["answer_by"]) == ("check", None)
    assert repeated["poll_after_ms"] is None
