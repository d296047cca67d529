"""Live passes that their owner has revoked, or that a companion shows no longer (GO-4, YK-6)."""

import pytest

from tests.api.driver import Person, World
from tests.api.test_door import live_pass, scan


@pytest.mark.requirement("GO-4")
def test_a_photographed_pass_is_revoked_and_the_next_one_is_valid(
    world: World, guard: Person
) -> None:
    visitor = world.visitor()
    stolen = live_pass(visitor)
    visitor.post("/v1/me/pass/revoke").expect(200)
    scan(guard, stolen).expect(422, "pass_revoked")
    world.clock.pass_(milliseconds=1)
    scan(guard, live_pass(visitor)).expect(201)
    # An edit of the registration brings it back no more than time does.
    visitor.register(1, name=f"{visitor.name}改").expect(202)
    scan(guard, stolen).expect(422, "pass_revoked")


def test_a_retry_of_an_accepted_scan_is_not_refused_afterwards(world: World, guard: Person) -> None:
    visitor, nonce = world.visitor(), world.nonce()
    shown = live_pass(visitor)
    first = scan(guard, shown, nonce).expect(201)
    visitor.post("/v1/me/pass/revoke").expect(200)
    assert scan(guard, shown, nonce).expect(200)["scan_id"] == first["scan_id"]
    scan(guard, shown).expect(422, "pass_revoked")


@pytest.mark.requirement("YK-6")
def test_a_companions_pass_ends_with_the_link(world: World, guard: Person) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    path = f"/v1/me/dependants/{dependant.person_id}"
    shown = guardian.get(f"{path}/pass").expect(200)["code"]
    world.clock.pass_(minutes=1)
    other = guardian.get(f"{path}/pass").expect(200)["code"]
    scan(guard, shown).expect(201)
    assert world.container.family_links.unlink(guardian.person_id, dependant.person_id)
    scan(guard, other).expect(422, "pass_revoked")
    assert other != shown
    scan(guard, live_pass(dependant)).expect(201)


@pytest.mark.requirement("GO-4")
def test_a_guardian_revokes_the_passes_they_have_shown(world: World, guard: Person) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    path = f"/v1/me/dependants/{dependant.person_id}"
    shown = guardian.get(f"{path}/pass").expect(200)["code"]
    guardian.post(f"{path}/pass/revoke").expect(200)
    scan(guard, shown).expect(422, "pass_revoked")
