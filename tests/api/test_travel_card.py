"""The travel card: a code once a local day, and no city (XC-1, XC-13, XC-18)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.errors import TooMany, Unavailable
from chalicelib.identity.providers import Answer
from tests.api.driver import Person, World, codes
from tests.fakes.parts import NOON

THROTTLED, LOST = "ThrottlingException", "lost"
MIDNIGHT = datetime(2026, 11, 22, 16, tzinfo=UTC)
"""The end of the tests' day in Shanghai."""


def card_of(person: Person) -> Any:
    return person.get("/v1/me/health").expect(200)["travel_card"]


@pytest.mark.requirement("XC-13", "XC-18")
def test_at_home_a_code_is_worth_the_card_of_the_day(world: World, visitor: Person) -> None:
    before = card_of(visitor)
    assert (before["state"], before["valid_until"]) == ("code_needed", None)
    asked = visitor.ask_for_card().json
    assert (asked["status"], asked["resend_after_s"]) == ("sent", 60)
    assert codes(asked["next_steps"]) == ["enter_travel_card_code", "no_code_see_staff"]
    assert world.cards.sent == [visitor.phone]

    card = visitor.enter_card().expect(200)
    assert card == {
        "state": "normal",
        "text": "Normal",
        "observed_at": "2026-11-22T04:00:00.000Z",
        "fetched_at": "2026-11-22T04:00:00.000Z",
        "stale": False,
        "valid_until": "2026-11-22T16:00:00.000Z",
        "official_url": "https://xc.caict.ac.cn/",
    }
    assert card_of(visitor) == card
    visits = [item for item in world.items() if "g1pk" in item]
    assert not visits, "done at home it registers no visit"


@pytest.mark.requirement("XC-13")
def test_a_second_time_that_day_no_code_is_needed(world: World, visitor: Person) -> None:
    visitor.ask_for_card()
    visitor.enter_card().expect(200)
    world.clock.at = MIDNIGHT - timedelta(seconds=1)
    visitor.keep(visitor.refresh().expect(200))
    known = visitor.post("/v1/me/travel-card/code").expect(200)
    assert (known["status"], known["travel_card"]["state"]) == ("known", "normal")
    assert known["next_steps"] == []
    assert visitor.enter_card(code="864209").expect(200)["state"] == "normal"
    assert (len(world.cards.sent), len(world.cards.asked)) == (1, 1)
    # After midnight in China it is another day.
    world.clock.at = MIDNIGHT
    assert card_of(visitor)["state"] == "code_needed"
    visitor.ask_for_card()
    assert len(world.cards.sent) == 2


@pytest.mark.requirement("XC-1", "JN-11")
def test_one_screen_of_four_things_completed_by_the_code(world: World, visitor: Person) -> None:
    administrator = world.administrator()
    scan = visitor.scan(administrator.venue).expect(201)
    world.work()
    screen = visitor.screen(scan["scan_id"])
    assert states(screen) == ["green", "negative", "complete", "code_needed"]
    assert (screen["outcome"], screen["poll_after_ms"]) == ("admit", None)
    visitor.ask_for_card()
    visitor.enter_card(scan["scan_id"]).expect(200)
    completed = visitor.screen(scan["scan_id"])
    assert states(completed) == ["green", "negative", "complete", "normal"]
    assert completed["outcome"] == "admit"
    assert completed["travel_card"]["valid_until"] == "2026-11-22T16:00:00.000Z"
    # The next scan of the day has it from the start.
    assert states(visitor.scan(administrator.venue).expect(201))[3] == "normal"
    world.work()
    assert administrator.figures() == {"checked": 2, "passed": 2, "abnormal": 0, "pending": 0}


@pytest.mark.requirement("XC-1", "JN-11")
def test_entered_while_the_providers_are_asked_it_joins_too(world: World, visitor: Person) -> None:
    scan = visitor.scan(world.administrator().venue).expect(201)
    visitor.ask_for_card()
    visitor.enter_card(scan["scan_id"]).expect(200)
    assert states(visitor.screen(scan["scan_id"])) == ["pending", "pending", "pending", "normal"]
    world.work()
    screen = visitor.screen(scan["scan_id"])
    assert states(screen) == ["green", "negative", "complete", "normal"]
    assert (screen["outcome"], screen["poll_after_ms"]) == ("admit", None)


@pytest.mark.requirement("XC-18")
def test_an_abnormal_card_is_checked_and_no_city_is_kept(world: World, visitor: Person) -> None:
    administrator = world.administrator()
    world.cards.answers[visitor.phone] = Answer("abnormal", NOON, "演示市", "演示市")
    scan = visitor.scan(administrator.venue).expect(201)
    world.work()
    visitor.ask_for_card()
    assert visitor.enter_card(scan["scan_id"]).expect(200)["state"] == "abnormal"
    screen = visitor.screen(scan["scan_id"])
    assert (screen["outcome"], codes(screen["reasons"])) == ("check", ["travel_card_abnormal"])
    assert codes(screen["next_steps"]) == ["verify_travel_card"]
    assert screen["travel_card"]["official_url"].startswith("https://")
    world.work()
    assert administrator.figures() == {"checked": 1, "passed": 0, "abnormal": 1, "pending": 0}
    kept = json.dumps(world.items(), default=str, ensure_ascii=False)
    assert "演示市" not in kept
    assert "演示市" not in json.dumps(screen, ensure_ascii=False)


@pytest.mark.requirement("XC-13", "XC-14")
def test_where_the_card_is_asked_for_the_scan_stays_and_staff_may_help(
    world: World, visitor: Person
) -> None:
    world.set_policy("4409", {"travel_card_required": True})
    administrator = world.administrator()
    scan = visitor.scan(administrator.venue).expect(201)
    world.work()
    screen = visitor.screen(scan["scan_id"])
    assert (screen["outcome"], codes(screen["reasons"])) == ("check", ["travel_card_code_needed"])
    assert codes(screen["next_steps"]) == ["enter_travel_card_code", "no_code_see_staff"]
    assert administrator.figures()["abnormal"] == 1, "it is on record"
    visitor.ask_for_card()
    visitor.enter_card(scan["scan_id"]).expect(200)
    world.work()
    screen = visitor.screen(scan["scan_id"])
    assert (screen["outcome"], codes(screen["reasons"])) == (
        "admit",
        ["health_code_green", "nucleic_acid_recent", "travel_card_normal"],
    )
    assert administrator.figures() == {"checked": 1, "passed": 1, "abnormal": 0, "pending": 0}


def test_a_wrong_code_says_where_to_turn(visitor: Person) -> None:
    visitor.ask_for_card()
    refused = visitor.enter_card(code="864209")
    refused.expect(422, "travel_card_code_wrong")
    assert "staff" in refused.json["detail"]
    assert card_of(visitor)["state"] == "code_needed"
    assert visitor.enter_card().expect(200)["state"] == "normal"


def test_an_answer_that_got_lost_is_got_by_sending_the_same_again(
    world: World, visitor: Person
) -> None:
    """The code has been spent; the carrier knows the request again."""
    scan = visitor.scan(world.administrator().venue).expect(201)
    world.work()
    visitor.ask_for_card()
    code = world.cards.codes[visitor.phone]
    for how, at in ((THROTTLED, 3), (LOST, 3), (LOST, 4)):
        world.wire.fail(how, at=at)
        visitor.enter_card(scan["scan_id"], code).expect(503, "unavailable")
        world.wire.heal()
    assert visitor.enter_card(scan["scan_id"], code).expect(200)["state"] == "normal"
    assert visitor.screen(scan["scan_id"])["travel_card"]["state"] == "normal"
    assert len(set(world.cards.asked)) == 1


def test_codes_and_tries_are_limited(world: World, visitor: Person) -> None:
    visitor.ask_for_card()
    again = visitor.post("/v1/me/travel-card/code")
    again.expect(429, "too_many_requests")
    for _ in range(10):
        visitor.enter_card(code="864209").expect(422, "travel_card_code_wrong")
    visitor.enter_card(code="864209").expect(429, "too_many_requests")
    assert len(world.cards.asked) == 10
    for _ in range(4):
        world.clock.pass_(minutes=1)
        visitor.ask_for_card()
    world.clock.pass_(minutes=1)
    visitor.post("/v1/me/travel-card/code").expect(429, "too_many_requests")


@pytest.mark.parametrize(("fault", "status"), [(Unavailable(), 503), (TooMany(60), 429)])
def test_a_carrier_that_fails_is_said_to(
    world: World, visitor: Person, fault: Exception, status: int
) -> None:
    world.cards.fault = fault
    assert visitor.post("/v1/me/travel-card/code").status == status
    assert visitor.enter_card(code="123456").status == status
    assert card_of(visitor)["state"] == "code_needed"


def test_a_card_from_the_future_is_none(world: World, visitor: Person) -> None:
    world.cards.answers[visitor.phone] = Answer("normal", NOON + timedelta(minutes=6))
    visitor.ask_for_card()
    visitor.enter_card().expect(503, "unavailable")
    assert card_of(visitor)["state"] == "code_needed"


def test_a_phone_of_no_carrier_goes_to_the_staff(world: World) -> None:
    abroad = world.person("+85261234567")
    abroad.register().expect(202)
    world.work()
    refused = abroad.post("/v1/me/travel-card/code")
    refused.expect(422, "travel_card_no_phone")
    assert "staff" in refused.json["detail"]


def test_whoever_is_not_registered_is_sent_to_register(world: World) -> None:
    person = world.person()
    person.post("/v1/me/travel-card/code").expect(403, "registration_required")
    person.enter_card(code="123456").expect(403, "registration_required")
    assert world.cards.sent == world.cards.asked == []


def test_it_joins_ones_own_recent_scan_only(world: World, visitor: Person) -> None:
    venue = world.administrator().venue
    other = world.visitor()
    theirs = other.scan(venue).expect(201)["scan_id"]
    early = visitor.scan(venue).expect(201)["scan_id"]
    world.work()
    world.clock.pass_(minutes=16)
    visitor.ask_for_card()
    visitor.enter_card(theirs).expect(404, "not_found")
    visitor.enter_card("scn_none").expect(404, "not_found")
    assert world.cards.asked == [], "no code is spent on what cannot be"
    visitor.enter_card(early).expect(200)
    assert visitor.screen(early)["travel_card"]["state"] == "code_needed"
    assert other.screen(theirs)["travel_card"]["state"] == "code_needed"


def test_a_provider_that_answers_after_the_end_is_not_let_in_by_the_card(
    world: World, visitor: Person
) -> None:
    """The card joins a decided scan, and nothing else does."""
    scan = visitor.scan(world.administrator().venue).expect(201)
    world.run_stream()
    late = world.lookups.receive()
    world.clock.pass_(seconds=15)
    world.work()
    assert codes(visitor.screen(scan["scan_id"])["reasons"]) == ["health_code_unknown"]
    for record in late:
        world.lookups.send(record["body"])
    world.work()
    visitor.ask_for_card()
    visitor.enter_card(scan["scan_id"]).expect(200)
    screen = visitor.screen(scan["scan_id"])
    assert codes(screen["reasons"]) == ["health_code_unknown"]
    assert states(screen) == ["unknown", "unknown", "unknown", "normal"]


def test_the_code_is_in_no_message_and_no_log(world: World, visitor: Person) -> None:
    visitor.ask_for_card()
    code = world.cards.codes[visitor.phone]
    visitor.enter_card().expect(200)
    world.work()
    assert code not in world.log.getvalue()
    assert not any(code in body for body in world.lookups.bodies)
    assert code not in json.dumps(world.items(), default=str)


def states(screen: dict[str, Any]) -> list[str]:
    """Of the four things on a screen."""
    return [
        screen[name]["state"]
        for name in ("health_code", "nucleic_acid", "vaccination", "travel_card")
    ]
