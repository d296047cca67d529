"""What the providers say of oneself (JN-23 to JN-26, JN-31, XC-7, YK-34)."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.messages import LANGUAGES
from chalicelib.identity.providers import Absent, Answer, ProviderFault
from tests.api.driver import HEALTH, TEST, VACCINATION, Person, World, codes
from tests.fakes.parts import NOON

FAULT = ProviderFault("gone")
TEXTS: dict[str, Any] = {
    "reason": "与确诊病例同乘一车",
    "group": "密切接触者",
    "how_to_clear": "集中隔离期满后由隔离点解除",
}


def health(person: Person, **options: Any) -> Any:
    return person.get("/v1/me/health", **options).expect(200)


def nucleic_acid(person: Person, **options: Any) -> Any:
    return person.get("/v1/me/nucleic-acid", **options).expect(200)


def prefetch_requests(world: World) -> int:
    """How many prefetches stand in the table."""
    return sum(item["sk"]["S"] == "PREFETCH" for item in world.items())


@pytest.mark.requirement("JN-23", "JN-24", "JN-25", "JN-26")
@pytest.mark.parametrize(
    ("colour", "outcome", "steps"),
    [
        ("green", "admit", ["enter"]),
        ("yellow", "check", ["verify_with_staff", "declare_again"]),
        ("red", "refuse", ["report_to_community"]),
        ("light_green", "check", ["declare_health"]),
    ],
)
def test_each_colour_has_its_meaning_at_the_door_and_at_home(
    world: World, colour: str, outcome: str, steps: list[str]
) -> None:
    venue = world.administrator().venue
    visitor = world.visitor(health_code=Answer(colour, NOON))
    scan = visitor.scan(venue).expect(201)
    world.work()
    screen = visitor.screen(scan["scan_id"])
    assert (screen["outcome"], codes(screen["next_steps"])) == (outcome, steps)
    assert codes(screen["reasons"])[0] == f"health_code_{colour}"
    assert all(step["text"] for step in screen["next_steps"])
    assert screen["health_code"]["state"] == health(visitor)["health_code"]["state"] == colour


@pytest.mark.requirement("JN-25", "YK-34")
def test_red_says_its_group_its_reason_and_how_it_is_lifted(world: World) -> None:
    venue = world.administrator().venue
    visitor = world.visitor(health_code=Answer("red", NOON, **TEXTS))
    world.secrets |= set(TEXTS.values())
    scan = visitor.scan(venue).expect(201)
    world.work()
    mine = health(visitor)["health_code"]
    assert (mine["state"], mine["text"], mine["stale"]) == ("red", "Red", False)
    shown = {**mine, "how_to_clear": mine["lifting"]}
    assert {key: shown[key] for key in TEXTS} == TEXTS
    # They are the person's own: the screen that is held up at the door does not show them.
    screen = visitor.screen(scan["scan_id"])
    assert not {"group", "reason", "lifting"} & screen["health_code"].keys()
    assert TEXTS["group"] not in repr(screen)


def test_without_texts_there_are_none(world: World) -> None:
    visitor = world.visitor()
    health(visitor)
    world.work()
    mine = health(visitor)["health_code"]
    assert (mine["group"], mine["reason"], mine["lifting"]) == (None, None, None)


@pytest.mark.requirement("JN-11", "XC-7")
def test_opening_ones_health_fetches_what_is_missing(world: World) -> None:
    visitor = world.visitor()
    first = health(visitor)
    assert first["poll_after_ms"] == 1000
    assert (first["health_code"]["state"], first["vaccination"]["state"]) == ("pending", "pending")
    assert first["travel_card"]["state"] == "code_needed"
    assert nucleic_acid(visitor)["poll_after_ms"] == 1000
    assert prefetch_requests(world) == 1
    world.work()
    then = health(visitor)
    assert then["poll_after_ms"] is None
    assert (then["health_code"]["state"], then["health_code"]["fetched_at"]) == (
        "green",
        "2026-11-22T04:00:00.000Z",
    )
    assert (then["vaccination"]["doses"], then["vaccination"]["last_dose_on"]) == (3, "2026-10-23")
    assert nucleic_acid(visitor)["state"] == "negative"
    asked = [len(world.providers[name].asked) for name in (HEALTH, TEST, VACCINATION)]
    assert asked == [1, 1, 1]
    # And a scan finds it there.
    assert visitor.scan(world.administrator().venue).expect(201)["outcome"] == "admit"


def test_looking_again_and_again_asks_once_a_minute(world: World) -> None:
    visitor = world.visitor(health_code=FAULT)
    for _ in range(5):
        health(visitor)
        nucleic_acid(visitor)
    world.run_stream()
    assert len(world.lookups.receive()) == 1
    world.lookups.purge()
    world.clock.pass_(seconds=59)
    health(visitor)
    assert world.run_stream() == 0
    world.clock.pass_(seconds=1)
    health(visitor)
    assert world.run_stream() == 1


def test_a_provider_that_stays_dead_is_unknown_and_not_polled_for_ever(world: World) -> None:
    visitor = world.visitor(health_code=FAULT, nucleic_acid=FAULT)
    assert health(visitor)["poll_after_ms"] == 1000
    world.clock.pass_(seconds=14)
    assert health(visitor)["health_code"]["state"] == "pending"
    world.clock.pass_(seconds=1)
    mine = health(visitor)
    assert (mine["health_code"]["state"], mine["poll_after_ms"]) == ("unknown", None)
    assert nucleic_acid(visitor)["state"] == "unknown"


def test_what_is_out_of_date_is_shown_with_its_age_and_never_as_green(world: World) -> None:
    visitor = world.visitor()
    health(visitor)
    world.work()
    world.say(visitor, health_code=FAULT)
    world.clock.pass_(minutes=10)
    mine = health(visitor)
    assert (mine["health_code"]["state"], mine["health_code"]["stale"]) == ("unconfirmed", True)
    assert mine["health_code"]["fetched_at"] == "2026-11-22T04:00:00.000Z"
    assert mine["poll_after_ms"] == 1000
    world.say(visitor, health_code=Answer("yellow"))
    world.work()
    mine = health(visitor)
    assert (mine["health_code"]["state"], mine["poll_after_ms"]) == ("yellow", None)


@pytest.mark.requirement("XC-7", "JN-31")
@pytest.mark.parametrize(
    ("hours", "state", "recent"),
    [
        (0, "negative", True),
        (48, "negative", True),
        (48.01, "negative", False),
        (14 * 24, "negative", False),
        (14 * 24 + 0.01, "absent", False),
    ],
)
def test_the_latest_result_within_fourteen_days_and_whether_within_48_hours(
    world: World, hours: float, state: str, recent: bool
) -> None:
    visitor = world.visitor(nucleic_acid=Answer("negative", world.hours_ago(hours)))
    nucleic_acid(visitor)
    world.work()
    shown = nucleic_acid(visitor)
    assert (shown["state"], shown["within_48h"], shown["poll_after_ms"]) == (state, recent, None)
    assert ("within 48 hours" in shown["text"]) is recent
    assert (shown["observed_at"] is None) is (state == "absent")


@pytest.mark.requirement("XC-7")
def test_a_screen_shows_within_48_hours_as_of_the_scan(world: World) -> None:
    venue = world.administrator().venue
    visitor = world.visitor(nucleic_acid=Answer("negative", world.hours_ago(47)))
    scan = visitor.scan(venue).expect(201)
    world.work()
    world.clock.pass_(hours=1.5)
    shown = visitor.screen(scan["scan_id"])["nucleic_acid"]
    assert (shown["state"], shown["within_48h"]) == ("negative", True)
    assert nucleic_acid(visitor)["within_48h"] is False


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (Answer("complete", NOON - timedelta(days=1), doses=3), ("complete", 3, "2026-11-21")),
        (Answer("partial", NOON - timedelta(hours=13), doses=1), ("partial", 1, "2026-11-21")),
        (Answer("none", None, doses=0), ("none", 0, None)),
        (Absent(), ("absent", None, None)),
    ],
)
@pytest.mark.requirement("JN-11")
def test_the_vaccination_with_doses_and_last_date(
    world: World, said: Answer | Absent, shown: tuple[str, int | None, str | None]
) -> None:
    venue = world.administrator().venue
    visitor = world.visitor(vaccination=said)
    scan = visitor.scan(venue).expect(201)
    world.work()
    for place in (health(visitor), visitor.screen(scan["scan_id"])):
        found = place["vaccination"]
        assert (found["state"], found["doses"], found["last_dose_on"]) == shown
    assert visitor.screen(scan["scan_id"])["outcome"] == "admit", "shown, not required"


def test_whoever_is_not_registered_has_nothing_to_see(world: World) -> None:
    person = world.person()
    for path in ("/v1/me/health", "/v1/me/nucleic-acid"):
        person.get(path).expect(403, "registration_required")
    world.say(person, identity=Answer("mismatch"))
    person.register().expect(202)
    world.work()
    for path in ("/v1/me/health", "/v1/me/nucleic-acid"):
        person.get(path).expect(403, "registration_rejected")
    assert prefetch_requests(world) == 0


def test_whoever_edits_their_number_sees_nothing_of_the_former_one(world: World) -> None:
    visitor = world.visitor(health_code=Answer("red", NOON, **TEXTS))
    health(visitor)
    world.work()
    assert health(visitor)["health_code"]["group"] == TEXTS["group"]
    visitor.register(1, name=visitor.name + "儿").expect(202)
    mine = health(visitor)["health_code"]
    assert (mine["state"], mine["group"]) == ("identity_pending", None)
    assert world.run_stream() >= 1, "the edit"
    world.work()
    assert health(visitor)["health_code"]["state"] == "pending", "asked for at once"


def test_a_prefetch_of_which_the_answer_was_lost_is_none_the_worse(world: World) -> None:
    visitor = world.visitor()
    world.wire.fail("lost", at=3)
    visitor.get("/v1/me/health").expect(503, "unavailable")
    assert world.wire.calls == ["Query", "BatchGetItem", "PutItem"]
    world.wire.heal()
    health(visitor)
    world.work()
    assert health(visitor)["health_code"]["state"] == "green"


@pytest.mark.requirement("GO-9")
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_the_callers_language(world: World, language: str) -> None:
    visitor = world.visitor()
    health(visitor)
    world.work()
    mine = health(visitor, language=language)
    said = [mine[name]["text"] for name in ("health_code", "vaccination", "travel_card")]
    assert [*said, nucleic_acid(visitor, language=language)["text"]] == SAID[language]


SAID = {
    "zh-Hans": ["绿码", "已完成接种", "需要验证码", "阴性（48 小时内）"],
    "zh-Hant": ["綠碼", "已完成接種", "需要驗證碼", "陰性（48 小時內）"],
    "en": ["Green", "Complete", "Code needed", "Negative, within 48 hours"],
}
