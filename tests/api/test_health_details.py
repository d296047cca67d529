"""A test's age, whom to report to, and the pass's background (JN-31, JN-32, YK-34, YK-35, SD-5)."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.providers import Absent, Answer, ProviderFault
from tests.api.driver import Person, World
from tests.fakes.parts import NOON

COMMUNITY = {
    "en": "your community",
    "zh-Hans": "您所在的社区（村）",
    "zh-Hant": "您所在的社區（村）",
}


def look(person: Person, what: str, **options: Any) -> Any:
    """Return a page of the person's, all answers having arrived."""
    person.get(f"/v1/me/{what}").expect(200)
    person.world.work()
    return person.get(f"/v1/me/{what}", **options).expect(200)


@pytest.mark.requirement("JN-31", "XC-7")
@pytest.mark.parametrize(
    ("hours", "shown"), [(0, 0), (0.01, 1), (12, 12), (47.5, 48), (48, 48), (48.01, 49), (336, 336)]
)
def test_a_result_has_its_age_in_hours_rounded_up(world: World, hours: float, shown: int) -> None:
    visitor = world.visitor(nucleic_acid=Answer("negative", world.hours_ago(hours)))
    result = look(visitor, "nucleic-acid")
    assert result["within_hours"] == shown
    assert result["within_48h"] is (shown <= 48)


@pytest.mark.parametrize(
    "said", [Absent(), ProviderFault("gone"), Answer("negative", NOON - timedelta(days=15))]
)
def test_without_a_result_there_is_no_age(world: World, said: Any) -> None:
    visitor = world.visitor(nucleic_acid=said)
    assert visitor.get("/v1/me/nucleic-acid").expect(200)["within_hours"] is None
    world.work()
    assert visitor.get("/v1/me/nucleic-acid").expect(200)["within_hours"] is None


@pytest.mark.requirement("JN-31", "JN-32")
def test_the_age_is_as_of_the_scan_on_its_screen_and_as_of_now_at_home(world: World) -> None:
    venue = world.administrator().venue
    visitor = world.visitor(nucleic_acid=Answer("negative", world.hours_ago(47)))
    guardian = world.guardian(visitor)
    scan = visitor.scan(venue).expect(201)
    world.work()
    world.clock.pass_(hours=1.5)
    assert visitor.screen(scan["scan_id"])["nucleic_acid"]["within_hours"] == 47
    assert look(visitor, "nucleic-acid")["within_hours"] == 49
    path = f"/v1/me/dependants/{visitor.person_id}/nucleic-acid"
    assert guardian.get(path).expect(200)["within_hours"] == 49


@pytest.mark.requirement("JN-25")
@pytest.mark.requirement("YK-34")
@pytest.mark.parametrize("colour", ["yellow", "red"])
def test_yellow_and_red_say_whom_to_report_to(world: World, colour: str) -> None:
    words = "东镇街道东门社区居委会"
    told = world.visitor(health_code=Answer(colour, NOON, report_to=words))
    untold = world.visitor(health_code=Answer(colour, NOON))
    for what in ("health", "pass"):
        assert look(told, what)["health_code"]["report_to"] == words
        for language, community in COMMUNITY.items():
            code = look(untold, what, language=language)["health_code"]
            assert code["report_to"] == community
    world.secrets.add(words)


@pytest.mark.parametrize("colour", ["green", "light_green"])
def test_other_colours_report_to_nobody(world: World, colour: str) -> None:
    visitor = world.visitor(health_code=Answer(colour, NOON, report_to="somebody"))
    assert look(visitor, "health")["health_code"]["report_to"] is None


@pytest.mark.requirement("YK-35", "SD-5")
@pytest.mark.parametrize(
    ("said", "state", "background"),
    [
        (Answer("green", NOON), "green", "green"),
        (Answer("yellow", NOON), "yellow", "yellow"),
        (Answer("red", NOON), "red", "red"),
        (Answer("light_green", NOON), "light_green", "light_green"),
        (Absent(), "absent", "grey"),
    ],
)
def test_a_pass_has_the_background_of_its_colour(
    world: World, said: Answer | Absent, state: str, background: str
) -> None:
    visitor = world.visitor(health_code=said)
    first = visitor.get("/v1/me/pass").expect(200)
    assert (first["health_code"]["state"], first["background"]) == ("pending", "grey")
    shown = look(visitor, "pass")
    assert (shown["health_code"]["state"], shown["background"]) == (state, background)


@pytest.mark.requirement("YK-35")
def test_a_green_that_cannot_be_confirmed_is_grey_and_a_red_stays_red(world: World) -> None:
    people = [world.visitor(health_code=Answer(colour, NOON)) for colour in ("green", "red")]
    for person in people:
        look(person, "pass")
        world.say(person, health_code=ProviderFault("gone"))
    world.clock.pass_(minutes=11)
    shown = [person.get("/v1/me/pass").expect(200) for person in people]
    assert [one["health_code"]["state"] for one in shown] == ["unconfirmed", "red"]
    assert [one["background"] for one in shown] == ["grey", "red"]
    never = world.visitor(health_code=ProviderFault("gone"))
    never.get("/v1/me/pass").expect(200)
    world.clock.pass_(seconds=20)
    unknown = never.get("/v1/me/pass").expect(200)
    assert (unknown["health_code"]["state"], unknown["background"]) == ("unknown", "grey")
