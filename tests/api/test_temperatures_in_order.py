"""A delayed retry of a temperature does not undo a correction (issue 10)."""

import pytest

from tests.api.driver import HttpReply, Person, World
from tests.api.test_door import live_pass, scan


def measure(guard: Person, scan_id: str, temperature: str, nonce: str | None) -> HttpReply:
    """Add a temperature as a phone does that has measured it at the time in `nonce`."""
    body = {"temperature": temperature, "nonce": nonce}
    return guard.post(f"/v1/scans/{scan_id}/temperature", body)


@pytest.fixture
def scan_id(world: World, guard: Person) -> str:
    """A decided scan of a green visitor by the guard."""
    made: str = scan(guard, live_pass(world.visitor())).expect(201)["scan_id"]
    world.work()
    world.clock.pass_(minutes=1)
    return made


@pytest.mark.requirement("YK-22")
def test_a_retry_that_comes_late_does_not_undo_a_correction(
    world: World, guard: Person, scan_id: str
) -> None:
    first = world.nonce()
    measure(guard, scan_id, "fever", first).expect(200)
    world.clock.pass_(minutes=2)
    second = world.nonce()
    corrected = measure(guard, scan_id, "normal", second).expect(200)
    assert corrected["outcome"] == "admit"
    before = world.writes()
    assert measure(guard, scan_id, "fever", first).expect(200) == corrected
    assert measure(guard, scan_id, "normal", second).expect(200) == corrected
    assert world.writes() == before
    world.work()
    assert guard.figures() == {"checked": 1, "passed": 1, "abnormal": 0, "pending": 0}


def test_a_value_that_is_measured_twice_is_as_new_as_the_second(
    world: World, guard: Person, scan_id: str
) -> None:
    """What was measured between the two, and arrives after them, does not count."""
    first, between, last = (world.nonce(seconds=ago) for ago in (60, 40, 20))
    for temperature, nonce in (("fever", first), ("fever", last), ("normal", between)):
        shown = measure(guard, scan_id, temperature, nonce).expect(200)
    assert shown["temperature"] == "fever"


def test_a_client_that_sends_no_nonce_is_served_in_the_order_of_arrival(
    world: World, guard: Person, scan_id: str
) -> None:
    early = world.nonce()
    for temperature in ("fever", "normal", "fever"):
        shown = measure(guard, scan_id, temperature, None).expect(200)
        assert shown["temperature"] == temperature
        world.clock.pass_(seconds=1)
    assert measure(guard, scan_id, "normal", early).expect(200)["temperature"] == "fever"
    assert measure(guard, scan_id, "normal", world.nonce()).expect(200)["temperature"] == "normal"


def test_the_time_of_a_nonce_is_checked(world: World, guard: Person, scan_id: str) -> None:
    before = world.writes()
    ahead = world.nonce(minutes=-11)
    measure(guard, scan_id, "fever", ahead).expect(422, "clock_skewed")
    assert world.writes() == before
