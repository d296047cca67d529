"""A late paper pass is judged by the time of the visit (GO-1, JN-28)."""

import pytest

from chalicelib.identity import passes
from tests.api import phones
from tests.api.driver import Person, World


@pytest.fixture
def phone(guard: Person) -> phones.Phone:
    return phones.pair(guard)


def issue(person: Person, replaces: str | None = None) -> str:
    """Issue a paper pass; return its serial as it is printed."""
    person.post("/v1/me/pass/paper", {"name": "masked", "replaces": replaces}).expect(202)
    serial: str = person.get("/v1/me/pass/paper").expect(200)["serial"]
    return serial


def text_of(person: Person, serial: str) -> str:
    """Return what the printed code of a pass contains."""
    ring = person.world.container.ring
    return passes.mint_paper(person.person_id, serial.replace("-", ""), ring=ring)


@pytest.mark.parametrize("how", ["revoked", "reissued", "reissued twice", "revoked and reissued"])
def test_a_paper_pass_that_ended_after_the_visit_is_recorded(
    world: World, guard: Person, phone: phones.Phone, how: str
) -> None:
    visitor = world.visitor()
    serial = issue(visitor)
    world.clock.pass_(minutes=1)
    visited = world.nonce()
    world.clock.pass_(minutes=1)
    if "revoked" in how:
        visitor.post("/v1/me/pass/paper/revoke", {"serial": serial}).expect(200)
    if "reissued" in how:
        second = issue(visitor, serial)
        world.clock.pass_(minutes=1)
        if "twice" in how:
            issue(visitor, second)
    world.clock.pass_(minutes=1)
    after = world.nonce()
    world.clock.pass_(minutes=20)
    guard.log_in()
    paper = text_of(visitor, serial)
    sent = phones.upload(guard, phone, paper, visited).expect(201)
    assert phones.upload(guard, phone, paper, visited).expect(200)["scan_id"] == sent["scan_id"]
    before = world.writes()
    phones.upload(guard, phone, paper, after).expect(422, "pass_revoked")
    assert world.writes() == before


def test_a_pass_that_was_issued_after_the_visit_is_refused(
    world: World, guard: Person, phone: phones.Phone
) -> None:
    """Also if it has ended since."""
    visitor, visited = world.visitor(), world.nonce()
    world.clock.pass_(minutes=1)
    serial = issue(visitor)
    world.clock.pass_(minutes=1)
    visitor.post("/v1/me/pass/paper/revoke", {"serial": serial}).expect(200)
    phones.upload(guard, phone, text_of(visitor, serial), visited).expect(422, "pass_revoked")
