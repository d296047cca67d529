"""A manual check tells nothing by its time or by the figures (JN-12, JN-13, XC-9)."""

from typing import Any

import pytest

from chalicelib.identity.providers import Absent, Answer, Pending
from tests.api.driver import FIGURES, HEALTH, IDENTITY, Person, World
from tests.api.test_manual_checks import abnormal, begin, look, number, told
from tests.fakes.parts import Reply


def mine(guard: Person) -> dict[str, int]:
    """The guard's own figures."""
    shown = guard.statistics(guard.venue["venue_id"], by="me")
    return {name: shown[name] for name in FIGURES}


def registered(world: World, guard: Person, colour: str = "green") -> Person:
    """A person of whom everything is known already."""
    visitor = world.visitor(health_code=Answer(colour, world.hours_ago(1)))
    visitor.scan(guard.venue).expect(201)
    world.work()
    return visitor


@pytest.mark.parametrize("slow", [IDENTITY, HEALTH])
@pytest.mark.parametrize("reply", [Pending(60_000), Absent()])
def test_registered_and_others_are_answered_at_the_same_time_when_providers_are_slow(
    world: World, guard: Person, slow: Any, reply: Reply
) -> None:
    visitor, stranger = registered(world, guard), "李不在册"
    world.secrets.add(stranger)
    world.providers[slow].otherwise = reply
    for known in (visitor.number, number(1)):
        world.providers[slow].answers[known] = reply
    checks = [begin(guard, visitor.name, visitor.number), begin(guard, stranger, number(1))]
    for seconds in (0, 1, 1, 2, 5, 7, 1):
        world.clock.pass_(seconds=seconds)
        world.work()
        answers = [look(guard, check_id).expect(200) for check_id in checks]
        for answer in answers:
            if answer["person"]:
                answer["person"] = "masked"
        assert told(answers[0]) == told(answers[1])
    assert answers[0]["status"] == "answered"


@pytest.mark.requirement("JN-12", "XC-9", "YK-16")
@pytest.mark.parametrize(("colour", "figure"), [("green", "passed"), ("red", "abnormal")])
def test_figures_of_a_manual_check_count_when_they_may_be_told(
    world: World, guard: Person, colour: str, figure: str
) -> None:
    visitor = registered(world, guard, colour)
    before = mine(guard)
    check_id = begin(guard, visitor.name, visitor.number)
    for milliseconds in (0, 1000, 999):
        world.clock.pass_(milliseconds=milliseconds)
        world.work()
        now = mine(guard)
        assert now["pending"] == before["pending"] + 1
        assert now[figure] == before[figure]
        assert check_id not in [one["scan_id"] for one in abnormal(guard)]
    world.clock.pass_(milliseconds=1)
    assert look(guard, check_id).expect(200)["status"] == "answered"
    world.work()
    assert mine(guard)[figure] == before[figure] + 1
    assert guard.figures() == world.recount(guard.venue)


def test_a_check_that_nobody_reads_is_decided_too(world: World, guard: Person) -> None:
    begin(guard, "李不在册", number(1))
    world.work()
    assert mine(guard)["pending"] == 1
    world.clock.pass_(seconds=2)
    world.work()
    assert (mine(guard)["pending"], mine(guard)["passed"]) == (0, 1)


def test_the_visit_is_that_of_the_registered_person(world: World, guard: Person) -> None:
    visitor = registered(world, guard)
    check_id = begin(guard, visitor.name, visitor.number)
    world.work()
    world.clock.pass_(seconds=2)
    screen = visitor.screen(check_id)
    assert (screen["means"], screen["outcome"]) == ("manual", "admit")
    assert len(visitor.get("/v1/me/visits").expect(200)["items"]) == 2


def test_a_listed_check_does_not_tell_after_two_weeks_who_is_registered(
    world: World, guard: Person
) -> None:
    visitor = registered(world, guard, "yellow")
    world.providers[HEALTH].answers[number(1)] = Answer("yellow", world.hours_ago(1))
    for name, document in ((visitor.name, visitor.number), ("李不在册", number(1))):
        begin(guard, name, document)
    world.work()
    world.clock.pass_(seconds=2)
    world.work()
    day = world.clock.at.date().isoformat()
    path = f"/v1/venues/{guard.venue['venue_id']}/scans?outcome=abnormal&day={day}"

    def listed() -> list[str]:
        found = guard.get(path).expect(200)["items"]
        return [one["person"]["name"][1:] for one in found if one["means"] == "manual"]

    assert listed()[0] != ""
    world.clock.pass_(days=15)
    guard.log_in()
    assert set(listed()) == {""}
