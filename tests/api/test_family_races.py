"""Families, with a second request between any two calls of the first."""

from functools import partial

import pytest

from tests.api.driver import HttpReply, Person, World
from tests.api.families import (
    Relative,
    add,
    added,
    by_consent,
    checked,
    code_of,
    dependants,
    guardians,
)
from tests.api.test_races import Send, races, said


@pytest.mark.requirement("JN-27")
def test_two_guardians_who_add_a_child_at_once_share_one_record(world: World) -> None:
    serials = iter(range(1, 99))

    def fresh() -> tuple[Send, Send]:
        child = Relative.born(world, serial=next(serials))
        parents = [world.visitor(), world.visitor()]
        world.households.homes += [frozenset({one.number, child.number}) for one in parents]
        bodies = [{**child.entry, "nonce": world.nonce()} for _ in parents]
        return (
            lambda: add(parents[0], "household", **bodies[0]),
            lambda: add(parents[1], "household", **bodies[1]),
        )

    for answers in races(world, fresh):
        assert said(answers) == [(202, ""), (202, "")]
        assert len({added(answer) for answer in answers}) == 1


def test_a_dependant_who_ends_it_while_the_guardian_acts(world: World) -> None:
    """The guardian's request goes through, or is refused as if it had come later."""
    venue = world.administrator().venue
    pairs: list[tuple[Person, Person]] = []

    def on_behalf(guardian: Person, elder: Person) -> HttpReply:
        scan = {"code": venue["code_url"], "on_behalf_of": elder.person_id}
        return guardian.post("/v1/scans", {"nonce": world.nonce(), **scan})

    def fresh() -> tuple[Send, Send]:
        elder = world.visitor()
        guardian = world.guardian(elder)
        pairs.append((guardian, elder))
        end = f"/v1/me/guardians/{guardian.person_id}/remove"
        return partial(on_behalf, guardian, elder), partial(elder.post, end)

    scans = set()
    for end, scan in races(world, fresh):
        end.expect(200)
        scans.add((scan.status, scan.code))
        guardian, elder = pairs[-1]
        assert (guardians(elder), dependants(guardian)) == ([], [])
        on_behalf(guardian, elder).expect(403, "not_your_dependant")
    assert scans == {(201, ""), (403, "not_your_dependant")}


def test_a_code_is_used_by_one_of_two_guardians(world: World) -> None:
    def fresh() -> tuple[Send, Send]:
        elder, one, two = world.visitor(), world.visitor(), world.visitor()
        code = code_of(elder)
        return lambda: by_consent(one, code), lambda: by_consent(two, code)

    for answers in races(world, fresh):
        assert said(answers) == [(201, ""), (422, "consent_code_invalid")]


def test_a_child_that_becomes_their_own_while_a_guardian_is_added(world: World) -> None:
    serials = iter(range(1, 99))

    def fresh() -> tuple[Send, Send]:
        child = Relative.born(world, serial=next(serials))
        mother, father, heir = world.visitor(), world.visitor(), world.person()
        homes = [frozenset({one.number, child.number}) for one in (mother, father)]
        world.households.homes += homes
        added(add(mother, "household", **child.entry))
        world.work()
        body = {"nonce": world.nonce(), "check_id": checked(heir, child), **child.entry}

        def take() -> HttpReply:
            answer = heir.post("/v1/me/registration/takeover", body)
            heir.keep(answer.expect(200))
            assert guardians(heir) == []
            return answer

        return lambda: add(father, "household", **child.entry), take

    for answers in races(world, fresh):
        added_or_not = [one for one in said(answers) if one != (200, "")]
        assert added_or_not in (
            [(201, "")],
            [(409, "version_conflict")],
            [(422, "dependant_no_match")],
        )
