"""Passes: one code per person and minute (issue 10)."""

import pytest

from tests.api.driver import Person, World
from tests.api.test_door import live_pass, scan


def test_five_requests_of_a_minute_are_one_entry(world: World, guard: Person) -> None:
    visitor = world.visitor()
    codes = []
    for _ in range(5):
        codes.append(live_pass(visitor))
        world.clock.pass_(seconds=10)
    assert len(set(codes)) == 1
    scan(guard, codes[0]).expect(201)
    for code in codes[1:]:
        scan(guard, code).expect(409, "pass_used")
    world.work()
    assert guard.figures()["checked"] == 1


@pytest.mark.requirement("JN-21")
def test_the_next_minute_has_another_pass_before_this_one_ends(world: World, guard: Person) -> None:
    visitor = world.visitor()
    world.clock.pass_(seconds=59)
    shown = visitor.get("/v1/me/pass").expect(200)
    assert shown["refresh_after_s"] <= 21
    world.clock.pass_(seconds=shown["refresh_after_s"])
    following = live_pass(visitor)
    assert following != shown["code"]
    scan(guard, shown["code"]).expect(201)
    scan(guard, following).expect(201)


def test_a_revoked_pass_is_followed_by_another_in_the_same_minute(
    world: World, guard: Person
) -> None:
    visitor = world.visitor()
    world.clock.pass_(seconds=20)
    stolen = live_pass(visitor)
    visitor.post("/v1/me/pass/revoke").expect(200)
    following = live_pass(visitor)
    assert following != stolen
    scan(guard, stolen).expect(422, "pass_revoked")
    scan(guard, following).expect(201)


def test_phones_do_not_all_ask_in_the_same_second(world: World) -> None:
    waits = {world.visitor().get("/v1/me/pass").expect(200)["refresh_after_s"] for _ in range(6)}
    assert len(waits) > 1
    assert all(60 <= wait <= 80 for wait in waits)


def test_on_a_guardians_phone_it_is_the_same_minute(world: World, guard: Person) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    path = f"/v1/me/dependants/{dependant.person_id}/pass"
    companion = guardian.get(path).expect(200)["code"]
    scan(guard, live_pass(dependant)).expect(201)
    scan(guard, companion).expect(409, "pass_used")
