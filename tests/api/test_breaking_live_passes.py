"""Attacks on live passes: a revocation that is lost, a link that is new or ends on a birthday."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.people import People, PersonRecord
from tests.api import phones
from tests.api.driver import Person, World
from tests.api.test_door import live_pass, scan


@pytest.mark.requirement("GO-4")
def test_an_edit_at_the_same_time_does_not_undo_a_revocation(world: World, guard: Person) -> None:
    visitor = world.visitor()
    answers = set()
    for at in range(1, 4):
        stolen = live_pass(visitor)
        version = visitor.registration()["version"]
        world.wire.interrupt(at, lambda: visitor.post("/v1/me/pass/revoke").expect(200))
        reply = visitor.register(version, name=f"{visitor.name}改{'甲乙丙'[at - 1]}")
        world.wire.heal()
        answers.add((reply.status, reply.code))
        scan(guard, stolen).expect(422, "pass_revoked")
        world.clock.pass_(minutes=1)
        world.work()
    assert answers == {(202, ""), (409, "version_conflict")}


@pytest.mark.requirement("YK-6")
def test_a_companions_pass_shown_offline_before_the_birthday_counts(
    world: World, guard: Person
) -> None:
    child, guardian, phone = world.visitor(), world.visitor(), phones.pair(guard)
    world.link(guardian, child, until=world.clock.at + timedelta(seconds=30))
    shown = guardian.get(f"/v1/me/dependants/{child.person_id}/pass").expect(200)["code"]
    nonce = world.nonce()
    world.clock.pass_(seconds=60)
    scan(guard, shown).expect(422, "pass_revoked")
    phones.upload(guard, phone, shown, nonce).expect(201)


class Lagging:
    """The store of people, whose eventually consistent reads do not have the newest links yet."""

    def __init__(self, people: People) -> None:
        self._people = people

    def __getattr__(self, name: str) -> Any:
        return getattr(self._people, name)

    def load(self, person_id: str, *, consistent: bool = True) -> PersonRecord:
        record = self._people.load(person_id, consistent=consistent)
        return record if consistent else replace(record, guardians={})


@pytest.mark.requirement("YK-6")
def test_a_companions_pass_counts_a_moment_after_the_link(world: World, guard: Person) -> None:
    """DynamoDB's eventually consistent reads may lack what was written a second ago."""
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    shown = guardian.get(f"/v1/me/dependants/{dependant.person_id}/pass").expect(200)["code"]
    world.replace(people=Lagging(world.container.people))
    scan(guard, shown).expect(201)
