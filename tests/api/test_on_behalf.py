"""A guardian does for a dependant what they do for themselves, and nothing more."""

from datetime import timedelta

import pytest

from chalicelib.identity.providers import Answer
from tests.api.driver import HttpReply, Person, World, codes


@pytest.fixture
def family(world: World) -> tuple[Person, Person]:
    """Return a guardian and their dependant."""
    dependant = world.visitor()
    return world.guardian(dependant), dependant


def scan_for(guardian: Person, dependant: Person, code: str, nonce: str) -> HttpReply:
    body = {"nonce": nonce, "code": code, "on_behalf_of": dependant.person_id}
    return guardian.post("/v1/scans", body)


def path(dependant: Person, rest: str) -> str:
    return f"/v1/me/dependants/{dependant.person_id}/{rest}"


@pytest.mark.requirement("JN-30", "JN-32", "YK-33")
def test_a_guardian_sees_the_dependants_pass_health_and_test(
    world: World, family: tuple[Person, Person]
) -> None:
    guardian, dependant = family
    world.say(dependant, health_code=Answer("yellow", world.hours_ago(1)))
    for what in ("pass", "health", "nucleic-acid"):
        guardian.get(path(dependant, what)).expect(200)
    world.work()
    shown = guardian.get(path(dependant, "pass")).expect(200)
    assert shown["health_code"]["state"] == "yellow"
    assert shown["name"] == f"{dependant.name[0]}**"
    assert guardian.get("/v1/me/pass").expect(200)["health_code"]["state"] == "pending"
    assert guardian.get(path(dependant, "health")).expect(200)["health_code"]["state"] == "yellow"
    result = guardian.get(path(dependant, "nucleic-acid")).expect(200)
    assert (result["state"], result["within_48h"]) == ("negative", True)


@pytest.mark.requirement("JN-30", "YK-6")
def test_a_scan_on_behalf_is_the_dependants_visit(
    world: World, family: tuple[Person, Person]
) -> None:
    guardian, dependant = family
    administrator = world.administrator()
    screen = scan_for(guardian, dependant, administrator.venue["code_url"], world.nonce())
    shown = screen.expect(201)
    assert shown["person"]["name"] == f"{dependant.name[0]}**"
    world.work()
    for viewer in (guardian, dependant, administrator):
        seen = viewer.screen(shown["scan_id"])
        assert (seen["outcome"], seen["means"]) == ("admit", "visitor")
        assert seen["person"]["name"] == f"{dependant.name[0]}**"
    assert seen["outcome_text"] != guardian.screen(shown["scan_id"])["outcome_text"]
    figures = administrator.statistics(administrator.venue["venue_id"])
    assert (figures["checked"], figures["own_scans"]) == (1, 1)
    scan = world.container.scan_finder.find(shown["scan_id"], world.clock.at)
    assert scan is not None
    assert (scan.scan.person_id, scan.scan.guardian_id) == (
        dependant.person_id,
        guardian.person_id,
    )


def test_a_retry_of_a_scan_on_behalf_meets_its_own(
    world: World, family: tuple[Person, Person]
) -> None:
    guardian, dependant = family
    code, nonce = world.administrator().venue["code_url"], world.nonce()
    first = scan_for(guardian, dependant, code, nonce).expect(201)
    assert scan_for(guardian, dependant, code, nonce).expect(200) == first
    # The same nonce is no scan of one's own, nor one for somebody else.
    guardian.post("/v1/scans", {"nonce": nonce, "code": code}).expect(409, "nonce_reused")
    other = world.visitor()
    world.link(guardian, other)
    scan_for(guardian, other, code, nonce).expect(409, "nonce_reused")
    # The dependant's own scan is another one.
    own = dependant.post("/v1/scans", {"nonce": nonce, "code": code}).expect(201)
    assert own["scan_id"] != first["scan_id"]


def test_nobody_else_acts_for_a_dependant(world: World, family: tuple[Person, Person]) -> None:
    guardian, dependant = family
    venue, stranger = world.administrator().venue, world.visitor()
    before = world.writes()
    for actor, whom in ((stranger, dependant), (dependant, guardian), (guardian, stranger)):
        refused = scan_for(actor, whom, venue["code_url"], world.nonce())
        refused.expect(403, "not_your_dependant")
        actor.get(path(whom, "pass")).expect(403, "not_your_dependant")
    for odd in ("per_", "x" * 40, "per_0000000000000000"):
        body = {"nonce": world.nonce(), "code": venue["code_url"], "on_behalf_of": odd}
        guardian.post("/v1/scans", body).expect(403, "not_your_dependant")
    assert world.writes() == before


def test_a_link_that_has_ended_gives_nothing_more(world: World) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant, until=world.clock.at + timedelta(minutes=1))
    venue = world.administrator().venue
    seen = scan_for(guardian, dependant, venue["code_url"], world.nonce()).expect(201)
    world.clock.pass_(seconds=60)
    scan_for(guardian, dependant, venue["code_url"], world.nonce()).expect(
        403, "not_your_dependant"
    )
    guardian.get(path(dependant, "health")).expect(403, "not_your_dependant")
    guardian.get(f"/v1/scans/{seen['scan_id']}").expect(404, "not_found")
    dependant.screen(seen["scan_id"])


def test_removal_counts_at_the_next_request(world: World, family: tuple[Person, Person]) -> None:
    guardian, dependant = family
    guardian.get(path(dependant, "pass")).expect(200)
    assert world.container.family_links.unlink(guardian.person_id, dependant.person_id)
    guardian.get(path(dependant, "pass")).expect(403, "not_your_dependant")


def test_a_rejected_dependant_is_not_scanned_for(
    world: World, family: tuple[Person, Person]
) -> None:
    guardian, dependant = family
    code = world.administrator().venue["code_url"]
    world.say(dependant, identity=Answer("mismatch"))
    dependant.register(1, name="李改名").expect(202)
    scan_for(guardian, dependant, code, world.nonce()).expect(201)  # pending, not blocked
    world.work()
    assert dependant.registration()["verification"] == "rejected"
    refused = scan_for(guardian, dependant, code, world.nonce())
    refused.expect(403, "not_your_dependant")


@pytest.mark.requirement("JN-27")
def test_a_scan_for_a_dependant_costs_three_calls(
    world: World, family: tuple[Person, Person]
) -> None:
    """Goals of performance.md: a guardian's scan is two queries and a put."""
    guardian, dependant = family
    code = world.administrator().venue["code_url"]
    scan_for(guardian, dependant, code, world.nonce()).expect(201)
    world.wire.calls.clear()
    shown = scan_for(guardian, dependant, code, world.nonce()).expect(201)
    assert world.wire.calls == ["Query", "Query", "PutItem"]
    assert codes(shown["reasons"])
