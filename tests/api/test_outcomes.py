"""What the providers say decides who enters, and the screen says why (JN-11)."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import keys
from chalicelib.core.messages import LANGUAGES
from chalicelib.identity.providers import Absent, Answer, ProviderFault
from tests.api.driver import Person, World, codes
from tests.fakes.parts import NOON, Reply

FAULT = ProviderFault("gone")
ENTER, DECLARE, TEST_ONESELF = "enter", "declare_health", "test_nucleic_acid"
STAFF, REPORT = "verify_with_staff", "report_to_community"


def result(hours: float, state: str = "negative") -> Answer:
    """A test's result of so many hours before the scan."""
    return Answer(state, NOON - timedelta(hours=hours))


Row = tuple[Reply, Reply, str, list[str], str, str]
ANSWERED: list[Row] = [
    # health code, nucleic acid: outcome, reasons, next step; the states that the screen shows
    (Answer("green"), result(1), "admit",
     ["health_code_green", "nucleic_acid_recent"], ENTER, "green negative"),
    (Answer("green"), result(48), "admit",
     ["health_code_green", "nucleic_acid_recent"], ENTER, "green negative"),
    (Answer("green"), result(48.01), "check",
     ["nucleic_acid_too_old"], TEST_ONESELF, "green negative"),
    (Answer("green"), result(14 * 24), "check",
     ["nucleic_acid_too_old"], TEST_ONESELF, "green negative"),
    (Answer("green"), result(14 * 24 + 1), "check",
     ["nucleic_acid_absent"], TEST_ONESELF, "green absent"),
    (Answer("green"), Absent(), "check",
     ["nucleic_acid_absent"], TEST_ONESELF, "green absent"),
    (Answer("green"), Answer("negative"), "check",
     ["nucleic_acid_unknown"], STAFF, "green negative"),
    (Answer("green"), result(1, "positive"), "refuse",
     ["nucleic_acid_positive"], REPORT, "green positive"),
    (Answer("light_green"), result(1), "check",
     ["health_code_light_green"], DECLARE, "light_green negative"),
    (Absent(), result(1), "check",
     ["health_code_absent"], STAFF, "absent negative"),
    (Answer("yellow"), result(1), "check",
     ["health_code_yellow"], STAFF, "yellow negative"),
    (Answer("yellow"), result(1, "positive"), "refuse",
     ["nucleic_acid_positive"], REPORT, "yellow positive"),
    (Answer("red"), result(1), "refuse",
     ["health_code_red"], REPORT, "red negative"),
    (Answer("red"), result(1, "positive"), "refuse",
     ["health_code_red"], REPORT, "red positive"),
]  # fmt: skip

UNANSWERED: list[Row] = [
    # The same, when the wait is over.
    (FAULT, FAULT, "check", ["health_code_unknown"], STAFF, "unknown unknown"),
    (FAULT, result(1), "check", ["health_code_unknown"], STAFF, "unknown negative"),
    (Answer("green"), FAULT, "check", ["nucleic_acid_unknown"], STAFF, "green unknown"),
    (Answer("light_green"), FAULT, "check",
     ["health_code_light_green"], DECLARE, "light_green unknown"),
    (Absent(), FAULT, "check", ["health_code_absent"], STAFF, "absent unknown"),
]  # fmt: skip

# What is bad enough decides alone, while the rest is still on its way.
AT_ONCE: list[Row] = [
    (Answer("red"), FAULT, "refuse", ["health_code_red"], REPORT, "red pending"),
    (Answer("yellow"), FAULT, "check", ["health_code_yellow"], STAFF, "yellow pending"),
    (FAULT, result(1, "positive"), "refuse",
     ["nucleic_acid_positive"], REPORT, "pending positive"),
    (FAULT, result(1), "pending", ["health_code_pending"], "wait", "pending negative"),
    (Answer("green"), FAULT, "pending", ["nucleic_acid_pending"], "wait", "green pending"),
]  # fmt: skip


@pytest.fixture(scope="module")
def venue(lasting: World) -> dict[str, Any]:
    """One venue for all who come."""
    return lasting.administrator().venue


def told(screen: dict[str, Any]) -> tuple[str, list[str], str, str]:
    """What a screen says: outcome, reasons, next step, states."""
    step = codes(screen["next_steps"])[0]
    states = f"{screen['health_code']['state']} {screen['nucleic_acid']['state']}"
    return screen["outcome"], codes(screen["reasons"]), step, states


@pytest.fixture(scope="module")
def comer(lasting: World) -> Person:
    """One who comes again and again."""
    return lasting.visitor()


def come(comer: Person, venue: dict[str, Any], health: Reply, test: Reply) -> str:
    """Scan as if for the first time, with providers that say this; the scan's id."""
    world = comer.world
    world.table.delete(keys.answers(comer.person_id))
    world.table.delete(keys.awaiting(comer.person_id))
    world.lookups.purge()
    world.lookup_queue.later.clear()
    world.say(comer, health_code=health, nucleic_acid=test)
    scan = comer.scan(venue).expect(201)
    assert scan["outcome"] == "pending"
    world.work()
    return str(scan["scan_id"])


def name(row: Row) -> str:
    """A row's health code and test, for the test's name."""
    return "-".join(str(getattr(said, "state", type(said).__name__)) for said in row[:2])


@pytest.mark.requirement("JN-11")
@pytest.mark.parametrize("row", ANSWERED, ids=name)
def test_an_answer_has_its_outcome(comer: Person, venue: dict[str, Any], row: Row) -> None:
    screen = comer.screen(come(comer, venue, *row[:2]))
    assert told(screen) == row[2:]
    assert screen["poll_after_ms"] is None


@pytest.mark.requirement("JN-11")
@pytest.mark.parametrize("row", AT_ONCE, ids=name)
def test_what_is_missing_is_pending_unless_what_is_known_decides(
    comer: Person, venue: dict[str, Any], row: Row
) -> None:
    screen = comer.screen(come(comer, venue, *row[:2]))
    assert told(screen) == row[2:]
    assert screen["poll_after_ms"] == 1000


@pytest.mark.requirement("JN-11")
@pytest.mark.parametrize("row", UNANSWERED, ids=name)
def test_when_the_wait_is_over_what_has_not_come_is_unknown_and_never_green(
    comer: Person, venue: dict[str, Any], row: Row
) -> None:
    world = comer.world
    scan_id = come(comer, venue, *row[:2])
    world.clock.pass_(seconds=14)
    assert comer.screen(scan_id)["outcome"] == "pending"
    world.clock.pass_(seconds=1)
    world.work()
    screen = comer.screen(scan_id)
    assert told(screen) == row[2:]
    assert screen["poll_after_ms"] is None
    world.clock.at = NOON


@pytest.mark.requirement("JN-11")
@pytest.mark.requirement("GO-9")
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_screen_speaks_the_callers_language(
    comer: Person, venue: dict[str, Any], language: str
) -> None:
    scan_id = come(comer, venue, Answer("green"), result(50))
    screen = comer.get(f"/v1/scans/{scan_id}", language=language).expect(200)
    said = [
        screen["venue"]["type_name"],
        screen["outcome_text"],
        screen["reasons"][0]["text"],
        screen["next_steps"][0]["text"],
        screen["health_code"]["text"],
        screen["nucleic_acid"]["text"],
    ]
    assert said == SAID[language]


SAID = {
    "zh-Hans": [
        "医疗场所",
        "请找工作人员核验",
        "核酸检测已超过 48 小时。",
        "请进行核酸检测。",
        "绿码",
        "阴性",
    ],
    "zh-Hant": [
        "醫療場所",
        "請找工作人員核驗",
        "核酸檢測已超過 48 小時。",
        "請進行核酸檢測。",
        "綠碼",
        "陰性",
    ],
    "en": [
        "Medical",
        "Please see the staff",
        "The nucleic acid test is older than 48 hours.",
        "Please take a nucleic acid test.",
        "Green",
        "Negative",
    ],
}
