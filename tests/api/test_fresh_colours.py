"""Colours are stale for ten minutes, tests for sixty, good or bad (issue 10)."""

import pytest

from chalicelib.identity.providers import Absent, Answer
from tests.api.driver import Person, World, codes
from tests.api.test_door import live_pass, scan


def settled(world: World, person: Person, venue: Person) -> dict[str, object]:
    """Scan the venue's poster; return the screen when all is answered."""
    scan_id = person.scan(venue.venue).expect(201)["scan_id"]
    world.work()
    shown: dict[str, object] = person.screen(scan_id)
    assert shown["poll_after_ms"] is None
    return shown


@pytest.mark.requirement("SD-1")
@pytest.mark.parametrize("seconds", [60, 599])
def test_a_person_who_has_just_turned_red_is_not_admitted(world: World, seconds: int) -> None:
    venue, visitor = world.administrator(), world.visitor()
    assert settled(world, visitor, venue)["outcome"] == "admit"
    world.say(visitor, health_code=Answer("red", world.clock.at))
    world.clock.pass_(seconds=seconds)
    assert visitor.scan(venue.venue).expect(201)["outcome"] == "pending"
    assert settled(world, visitor, venue)["outcome"] == "refuse"


def test_a_person_whose_test_turned_positive_is_not_admitted(world: World) -> None:
    venue, visitor = world.administrator(), world.visitor()
    assert settled(world, visitor, venue)["outcome"] == "admit"
    world.say(visitor, nucleic_acid=Answer("positive", world.clock.at))
    world.clock.pass_(minutes=1)
    assert settled(world, visitor, venue)["outcome"] == "refuse"


def test_good_news_of_this_minute_admits_at_once(world: World) -> None:
    venue, visitor = world.administrator(), world.visitor()
    settled(world, visitor, venue)
    world.clock.pass_(seconds=59)
    shown = visitor.scan(venue.venue).expect(201)
    assert (shown["outcome"], shown["poll_after_ms"]) == ("admit", None)


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ({"health_code": "light_green"}, {"health_code": "green"}),
        ({"health_code": "red"}, {"health_code": "green"}),
        ({"health_code": "yellow"}, {"health_code": "green"}),
        ({"nucleic_acid": "positive"}, {"nucleic_acid": "negative"}),
    ],
)
def test_bad_news_is_asked_for_again_a_second_later(
    world: World, bad: dict[str, str], good: dict[str, str]
) -> None:
    """One who has just declared does not stay light green, one who recovered not red."""
    venue, visitor = world.administrator(), world.visitor()
    world.say(visitor, **{name: Answer(state, world.clock.at) for name, state in bad.items()})
    assert settled(world, visitor, venue)["outcome"] in ("check", "refuse")
    world.say(visitor, **{name: Answer(state, world.clock.at) for name, state in good.items()})
    world.clock.pass_(seconds=1)
    assert settled(world, visitor, venue)["outcome"] == "admit"


@pytest.mark.parametrize("kind", ["health_code", "nucleic_acid"])
def test_missing_news_is_asked_for_again_a_second_later(world: World, kind: str) -> None:
    venue, visitor = world.administrator(), world.visitor(**{kind: Absent()})
    assert settled(world, visitor, venue)["outcome"] == "check"
    state = "green" if kind == "health_code" else "negative"
    world.say(visitor, **{kind: Answer(state, world.clock.at)})
    world.clock.pass_(seconds=1)
    assert settled(world, visitor, venue)["outcome"] == "admit"


def test_a_test_that_is_too_old_is_asked_for_again(world: World) -> None:
    venue = world.administrator()
    visitor = world.visitor(nucleic_acid=Answer("negative", world.hours_ago(60)))
    assert codes(settled(world, visitor, venue)["reasons"]) == ["nucleic_acid_too_old"]  # type: ignore[arg-type]  # a list of objects
    world.say(visitor, nucleic_acid=Answer("negative", world.clock.at))
    world.clock.pass_(seconds=1)
    assert settled(world, visitor, venue)["outcome"] == "admit"


def test_the_staffs_screen_asks_again_too(world: World) -> None:
    guard = world.inspector(world.administrator())
    visitor = world.visitor(health_code=Answer("red", world.clock.at))
    first = scan(guard, live_pass(visitor)).expect(201)["scan_id"]
    world.work()
    assert guard.screen(first)["outcome"] == "refuse"
    world.say(visitor, health_code=Answer("green", world.clock.at))
    world.clock.pass_(minutes=1)
    shown = scan(guard, live_pass(visitor)).expect(201)
    assert shown["outcome"] == "refuse", "bad news counts until there is better"
    assert shown["health_code"]["stale"]
    world.work()
    assert guard.screen(shown["scan_id"])["outcome"] == "admit"


def test_a_region_may_keep_good_news_for_longer_but_not_bad_news(world: World) -> None:
    venue, good, bad = world.administrator(), world.visitor(), world.visitor()
    world.say(bad, health_code=Answer("light_green", world.clock.at))
    rules: dict[str, object] = {"fresh_minutes": {"health_code": 10, "nucleic_acid": 60}}
    world.set_policy("4409", rules)
    for person in (good, bad):
        settled(world, person, venue)
    world.say(bad, health_code=Answer("green", world.clock.at))
    world.clock.pass_(minutes=9)
    shown = good.scan(venue.venue).expect(201)
    assert (shown["outcome"], shown["poll_after_ms"]) == ("admit", None)
    assert settled(world, bad, venue)["outcome"] == "admit"


def test_a_scan_that_joins_after_the_bad_answer_has_it_asked_for_once_more(world: World) -> None:
    """Two scans a moment apart: the question of the first has its answer before the second."""
    venue, other, visitor = world.administrator(), world.visitor(), world.visitor()
    at = _answers_are_kept_at(world, other, venue) + 1
    world.say(visitor, health_code=Answer("light_green", world.clock.at))
    first = visitor.scan(venue.venue).expect(201)["scan_id"]
    later: list[str] = []

    def meanwhile() -> None:
        """Declare and scan again, when the answer to the first scan is on record."""
        world.say(visitor, health_code=Answer("green", world.clock.at))
        world.clock.pass_(seconds=1)
        later.append(visitor.scan(venue.venue).expect(201)["scan_id"])
        world.run_stream()

    world.run_stream()
    world.wire.interrupt(at, meanwhile)
    world.lookups.run()
    world.wire.heal()
    assert visitor.screen(first)["outcome"] == "check"
    assert visitor.screen(later[0])["outcome"] == "pending"
    world.work()
    assert visitor.screen(later[0])["outcome"] == "admit"
    assert world.notes() == []


def _answers_are_kept_at(world: World, visitor: Person, venue: Person) -> int:
    """Return the number of the worker's call that writes the answers about a visitor."""
    visitor.scan(venue.venue).expect(201)
    world.run_stream()
    world.wire.calls.clear()
    world.lookups.run()
    return world.wire.calls.index("UpdateItem") + 1


def test_a_dead_provider_does_not_make_light_green_wait_for_the_staff(world: World) -> None:
    """When the wait ends, bad news of this minute counts as it is, with what is to be done."""
    venue, visitor = world.administrator(), world.visitor()
    world.say(visitor, health_code=Answer("light_green", world.clock.at))
    settled(world, visitor, venue)
    world.clock.pass_(seconds=10)
    scan_id = visitor.scan(venue.venue).expect(201)["scan_id"]
    world.run_stream()
    world.clock.pass_(seconds=16)
    shown = visitor.screen(scan_id)
    assert codes(shown["reasons"]) == ["health_code_light_green"]
    assert codes(shown["next_steps"]) == ["declare_health"]


def test_the_pages_of_the_person_poll_once_and_end(world: World) -> None:
    """The answer to a request of this minute is fresh, good or bad."""
    visitor = world.visitor(health_code=Answer("red", world.clock.at))
    visitor.get("/v1/me/health").expect(200)
    world.work()
    world.clock.pass_(seconds=5)
    shown = visitor.get("/v1/me/health").expect(200)
    assert (shown["health_code"]["state"], shown["poll_after_ms"]) == ("red", None)
    world.say(visitor, health_code=Answer("green", world.clock.at))
    world.clock.pass_(minutes=1)
    assert visitor.get("/v1/me/health").expect(200)["poll_after_ms"]
    world.work()
    assert visitor.get("/v1/me/health").expect(200)["health_code"]["state"] == "green"
