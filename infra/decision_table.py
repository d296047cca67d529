"""Print the decision table of admission into ``docs/admission.md``, from the rules themselves.

    python -m infra.decision_table

Replaces the text between the document's two marks; `make verify` fails if it was out of date.
Reasons are not copied from the rules but collected by judging every case of `cases`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

from chalicelib.admission.judge import RULES, Case, Decision, Evidence, case_of, rule_for
from chalicelib.admission.policy import OnUnknown, Policy
from chalicelib.identity.providers import ProviderName

TARGET = Path(__file__).parent.parent / "docs" / "admission.md"
BEGIN, END = "<!-- decision table: begin -->", "<!-- decision table: end -->"
NOON = datetime(2022, 4, 24, 4, 0, tzinfo=UTC)
_HEALTH, _TEST, _VACCINATION, _CARD = (
    ProviderName.HEALTH_CODE,
    ProviderName.NUCLEIC_ACID,
    ProviderName.VACCINATION,
    ProviderName.TRAVEL_CARD,
)


def _green(hours: float) -> Evidence:
    return Evidence("green", None, NOON - timedelta(hours=hours), stale=True)


def _negative(hours: float, *, stale: bool = False) -> Evidence:
    return Evidence("negative", NOON - timedelta(hours=hours), NOON, stale)


HEALTHS: dict[str, Evidence] = {
    "red": Evidence("red", None, NOON),
    "yellow": Evidence("yellow", None, NOON),
    "light green": Evidence("light_green", None, NOON),
    "green": Evidence("green", None, NOON),
    "green 1 h ago, out of date": _green(1),
    "green 30 h ago, out of date": _green(30),
    "light green, out of date": Evidence("light_green", None, NOON, stale=True),
    "red, out of date": Evidence("red", None, NOON, stale=True),
    "none on record": Evidence("absent", None, NOON),
    "being asked": Evidence("pending"),
    "unknown": Evidence("unknown"),
}
TESTS: dict[str, Evidence] = {
    "negative, 12 h": _negative(12),
    "negative, 12 h, out of date": _negative(12, stale=True),
    "negative, 60 h": _negative(60),
    "negative, no time": Evidence("negative", None, NOON),
    "positive": Evidence("positive", NOON, NOON),
    "none": Evidence("absent", None, NOON),
    "being asked": Evidence("pending"),
    "unknown": Evidence("unknown"),
}
VACCINATIONS: dict[str, Evidence] = {
    "complete": Evidence("complete", NOON, NOON, doses=3),
    "partial": Evidence("partial", NOON, NOON, doses=1),
    "none": Evidence("none", None, NOON, doses=0),
    "no record": Evidence("absent", None, NOON),
    "being asked": Evidence("pending"),
    "unknown": Evidence("unknown"),
}
CARDS: dict[str, Evidence] = {
    "normal": Evidence("normal", NOON, NOON),
    "abnormal": Evidence("abnormal", NOON, NOON),
    "code not entered": Evidence("code_needed"),
}
POLICIES: tuple[Policy, ...] = tuple(
    Policy(
        nucleic_acid_hours=hours,
        on_unknown=on_unknown,
        vaccination_required=vaccination,
        travel_card_required=card,
    )
    for hours, on_unknown, vaccination, card in product(
        (48, None), OnUnknown, (False, True), (False, True)
    )
)
TEMPERATURES = ("", "normal", "fever")
# The printed matrix; red, yellow and positive decide by themselves.
_PRINTED_HEALTHS = (
    "green",
    "green 1 h ago, out of date",
    "light green",
    "none on record",
    "being asked",
    "unknown",
)
_PRINTED_TESTS = (
    "negative, 12 h",
    "negative, 12 h, out of date",
    "negative, 60 h",
    "none",
    "being asked",
    "unknown",
)


@dataclass(frozen=True)
class Judged:
    """A case, the number of the rule that decided it (from 1), and the decision."""

    case: Case
    final: bool
    rule: int
    decision: Decision


def cases() -> Iterator[Judged]:
    """Yield every combination of states under every policy, while waiting and after it."""
    everything = product(
        HEALTHS.values(), TESTS.values(), VACCINATIONS.values(), CARDS.values(),
        POLICIES, TEMPERATURES, (False, True),
    )  # fmt: skip
    for health, test, vaccination, card, policy, temperature, final in everything:
        found = (health, test, vaccination, card)
        if final and any(evidence.state == "pending" for evidence in found):
            continue  # nothing is being asked any more
        if not final and any(evidence.state == "unknown" for evidence in found):
            continue  # what has not answered yet is being asked
        yield judged(found, policy, temperature=temperature, final=final)


def judged(
    found: tuple[Evidence, Evidence, Evidence, Evidence],
    policy: Policy,
    *,
    temperature: str = "",
    final: bool,
) -> Judged:
    """Judge one case; `found` is health code, nucleic acid, vaccination, travel card."""
    evidence = dict(zip((_HEALTH, _TEST, _VACCINATION, _CARD), found, strict=True))
    case = case_of(evidence, policy, at=NOON, final=final, temperature=temperature)
    rule = rule_for(case)
    decision = Decision(rule.outcome, rule.reasons(case), rule.steps)
    return Judged(case, final, RULES.index(rule) + 1, decision)


def render() -> str:
    """Return the text between the marks."""
    return "\n\n".join((_rules(), _default())) + "\n"


def _rules() -> str:
    seen: dict[int, dict[str, None]] = {number: {} for number in range(1, len(RULES) + 1)}
    for one in cases():
        seen[one.rule].update(dict.fromkeys(one.decision.reasons))
    rows = [
        [
            str(number),
            rule.when,
            f"**{rule.outcome}**",
            ", ".join(f"`{reason}`" for reason in sorted(seen[number])),
            ", ".join(f"`{step}`" for step in rule.steps),
        ]
        for number, rule in enumerate(RULES, start=1)
    ]
    head = ["#", "When", "Outcome", "Reasons", "Next steps"]
    return "### Rules: the first that holds decides\n\n" + table(head, rows)


def _default() -> str:
    policy = Policy()
    complete, normal = VACCINATIONS["complete"], CARDS["normal"]
    rows = []
    for name in _PRINTED_HEALTHS:
        row = [name]
        for test_name in _PRINTED_TESTS:
            health, test = HEALTHS[name], TESTS[test_name]
            final = "unknown" in (health.state, test.state)
            if final and "pending" in (health.state, test.state):
                row.append("·")
                continue
            row.append(_cell(judged((health, test, complete, normal), policy, final=final)))
        rows.append(row)
    return (
        "### Health code and nucleic acid, by default\n\n"
        "Outcome and rule. Red, yellow and positive decide by rules 1, 2 and 4. Out of date: being "
        "asked again. Unknown: not answered in time.\n\n"
        + table(["Health code ＼ nucleic acid", *_PRINTED_TESTS], rows)
    )


def _cell(one: Judged) -> str:
    return f"{one.decision.outcome} ({one.rule})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def printed(document: str) -> str:
    """Return `document` with a new table. Raises ValueError if it lacks the marks."""
    return between(document, BEGIN, END, render())


def between(document: str, begin: str, end: str, text: str) -> str:
    """Return `document` with `text` between two marks. Raises ValueError if it lacks them."""
    before, begun, rest = document.partition(begin)
    _, ended, after = rest.partition(end)
    if not (begun and ended):
        raise ValueError(f"the document lacks its marks {begin} and {end}")
    return f"{before}{begin}\n{text}{end}{after}"


if __name__ == "__main__":
    TARGET.write_text(printed(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
