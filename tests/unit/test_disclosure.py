"""What may be seen of a scan: every viewer, every method, every outcome, before and after."""

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any, NamedTuple

import pytest

from chalicelib.admission import evidence as kinds
from chalicelib.admission.disclosure import (
    ANSWERED_AFTER,
    Masking,
    ScanView,
    Viewer,
    ViewerKind,
    counted,
    redact_for_staff,
    shown,
    view,
)
from chalicelib.admission.judge import UNKNOWN, Decision, Evidence, Outcome
from chalicelib.admission.scan import Direction, Method, PassKind, Scan
from chalicelib.identity.providers import ProviderName
from chalicelib.insight.abnormal import is_abnormal
from chalicelib.insight.counters import figures
from tests.contract import makers
from tests.fakes.parts import NOON
from tests.support import ROOT

VENUE = makers.venue()
VISITOR, STAFF, CHECKER = ViewerKind.VISITOR, ViewerKind.STAFF, ViewerKind.CHECKER
HEALTH, TEST = ProviderName.HEALTH_CODE, ProviderName.NUCLEIC_ACID
GREEN = Evidence("green", NOON - timedelta(hours=1), NOON)
RESULT = Evidence("negative", NOON - timedelta(hours=9), NOON)
MILLISECOND = timedelta(milliseconds=1)

DECISIONS = {
    Outcome.ADMIT: Decision(
        Outcome.ADMIT, ("health_code_green", "nucleic_acid_recent"), ("enter",)
    ),
    Outcome.CHECK: Decision(Outcome.CHECK, ("nucleic_acid_too_old",), ("test_nucleic_acid",)),
    Outcome.REFUSE: Decision(Outcome.REFUSE, ("nucleic_acid_positive",), ("report_to_community",)),
    Outcome.PENDING: Decision(Outcome.PENDING, ("health_code_pending",), ("wait",)),
}
UNMATCHED = {
    Outcome.CHECK: Decision(Outcome.CHECK, ("identity_unmatched",), ("verify_with_staff",)),
    Outcome.PENDING: Decision(Outcome.PENDING, ("identity_pending",), ("wait",)),
}
# What staff see of a manual check: outcome → reasons, next steps.
REDACTED = {
    (Outcome.ADMIT, True): (("health_code_green",), ("enter",)),
    (Outcome.CHECK, True): (("other_proof_needed",), ("verify_with_staff",)),
    (Outcome.REFUSE, True): (("other_proof_needed",), ("report_to_community",)),
    (Outcome.CHECK, False): (("identity_unmatched",), ("verify_with_staff",)),
}
EVIDENCE = {HEALTH: GREEN, TEST: RESULT}
WITHHELD = ScanView(
    scan_id="", means="visitor", scanned_at=NOON, received_at=NOON, checkpoint_id="",
    temperature="", answer_at=NOON, for_staff=False,
)  # fmt: skip
"""Beside what says which scan it is, nothing is seen by default."""


class Case(NamedTuple):
    """One scan, and a viewer who is all that their kind of viewer can be."""

    kind: ViewerKind
    method: Method
    outcome: Outcome
    matched: bool
    answered: bool

    @property
    def manual(self) -> bool:
        return self.method is Method.MANUAL

    @property
    def decision(self) -> Decision:
        return (DECISIONS if self.matched else UNMATCHED)[self.outcome]

    @property
    def scan(self) -> Scan:
        """The scan has evidence of everything, whether or not it should."""
        verdict = makers.verdict(
            decision=self.decision,
            evidence=EVIDENCE,
            needs=(HEALTH,) if self.outcome is Outcome.PENDING else (),
        )
        own = self.method in (Method.VISITOR, Method.FAST)
        return makers.scan(
            VENUE, NOON, person_id="per_V", method=self.method, verdict=verdict,
            staff_id="" if own else "per_S", received_at=NOON, temperature="fever",
            checkpoint_id="chk_A", device_id="dev_A", guardian_id="per_G",
            direction=Direction.EXIT,
        )  # fmt: skip

    @property
    def viewer(self) -> Viewer:
        now = NOON + ANSWERED_AFTER - (timedelta() if self.answered else MILLISECOND)
        return viewers(self.kind)._replace(now=now)


def viewers(kind: ViewerKind) -> Viewer:
    ids = {VISITOR: "per_V", ViewerKind.DEVICE: "dev_A", ViewerKind.OFFICER: "off_A"}
    at = frozenset() if kind is VISITOR else frozenset({VENUE.venue_id})
    acts_for = frozenset({"per_V"}) if kind is ViewerKind.GUARDIAN else frozenset[str]()
    return Viewer(kind, ids.get(kind, "per_S"), at, NOON, acts_for)


def every_case() -> Iterator[Case]:
    for kind, method, matched, answered in product(
        ViewerKind, Method, (True, False), (True, False)
    ):
        if not matched and method is not Method.MANUAL:
            continue  # nobody else's name is typed
        for outcome in DECISIONS if matched else UNMATCHED:
            yield Case(kind, method, outcome, matched, answered)


def expected(case: Case) -> dict[str, Any] | None:
    """The fields that are seen beside which scan it is; None when nothing is."""
    everything = {
        "name": Masking.MASKED, "phone": Masking.MASKED, "outcome": case.outcome,
        "reasons": case.decision.reasons, "next_steps": case.decision.next_steps,
        "evidence": {provider: EVIDENCE.get(provider, UNKNOWN) for provider in kinds.shown()},
        "hours": 48, "complete": True, "waits": case.outcome is Outcome.PENDING,
        "temperature": "fever", "checkpoint_id": "chk_A", "direction": Direction.EXIT,
    }  # fmt: skip
    details = {"temperature": "fever", "checkpoint_id": "chk_A", "direction": Direction.EXIT}
    told = everything | {"guardian": "per_G"}
    decided = case.answered and case.outcome is not Outcome.PENDING
    match case.kind, case.manual:
        case (ViewerKind.STAFF, False) if case.method is Method.PAPER:
            return everything | {"next_steps": ("compare_id", *case.decision.next_steps)}
        case (ViewerKind.STAFF, False):
            return everything
        case (ViewerKind.VISITOR | ViewerKind.GUARDIAN, manual):
            return told if case.answered or not manual else None
        case (ViewerKind.DEVICE, False):
            pending = case.outcome is Outcome.PENDING
            return {"name": Masking.MASKED, "outcome": case.outcome, "waits": pending}
        case (ViewerKind.CHECKER, True) if not decided:
            return details
        case (ViewerKind.STAFF | ViewerKind.CHECKER, True) if decided:
            reasons, steps = REDACTED[case.outcome, case.matched]
            seen = details | {
                "outcome": case.outcome, "reasons": reasons, "next_steps": steps, "hours": 48,
                "waits": False, "name": Masking.MASKED,
            }  # fmt: skip
            if case.kind is ViewerKind.STAFF:
                return seen
            colour = replace(GREEN, fetched_at=None) if case.matched else UNKNOWN
            name = Masking.MASKED if case.matched else Masking.WITHHELD
            return seen | {"name": name, "evidence": {HEALTH: colour}}
    return None


KINDS: dict[Method, PassKind] = {Method.STAFF: "companion", Method.PAPER: "paper"}


@pytest.mark.parametrize("case", list(every_case()), ids=lambda case: "-".join(map(str, case)))
def test_this_is_seen_and_nothing_else(case: Case) -> None:
    scan, seen = case.scan, expected(case)
    if seen is None:
        assert view(scan, case.viewer) is None
        return
    assert view(scan, case.viewer) == WITHHELD._replace(
        scan_id=scan.scan_id,
        means=case.method.value,
        scanned_at=scan.at,
        received_at=scan.received_at,
        answer_at=scan.received_at + ANSWERED_AFTER,
        for_staff=case.kind not in (VISITOR, ViewerKind.GUARDIAN),
        pass_kind=KINDS.get(case.method),
        **seen,
    )


@pytest.mark.parametrize("kind", [VISITOR, ViewerKind.GUARDIAN, STAFF])
def test_a_paper_pass_is_compared_with_the_id_first_by_staff(kind: ViewerKind) -> None:
    case = Case(kind, Method.PAPER, Outcome.ADMIT, matched=True, answered=True)
    seen = view(case.scan, case.viewer)
    assert seen is not None
    assert (seen.next_steps[0] == "compare_id") is (kind is STAFF)


def test_a_live_pass_on_its_owners_phone_is_live() -> None:
    case = Case(STAFF, Method.STAFF, Outcome.ADMIT, matched=True, answered=True)
    seen = view(replace(case.scan, guardian_id=""), case.viewer)
    assert seen is not None
    assert seen.pass_kind == "live"


def test_the_walk_is_over_everything() -> None:
    cases = list(every_case())
    assert {case.kind for case in cases} == set(ViewerKind)
    assert {(case.method, case.outcome) for case in cases} == set(product(Method, Outcome))
    assert len(cases) == len(ViewerKind) * 2 * (len(Method) * len(Outcome) + len(UNMATCHED))


@pytest.mark.parametrize(("kind", "method"), list(product(ViewerKind, Method)))
def test_others_see_nothing(kind: ViewerKind, method: Method) -> None:
    scan = Case(kind, method, Outcome.ADMIT, matched=True, answered=True).scan
    later = NOON + timedelta(hours=1)
    elsewhere = frozenset({makers.venue().venue_id})
    mine = viewers(kind)
    stranger = Viewer(kind, "somebody", mine.venues if kind is not STAFF else elsewhere, later)
    assert view(scan, stranger) is None
    assert view(scan, Viewer(kind, "", frozenset(), later)) is None
    if kind is CHECKER:  # who made it, and works there no longer
        assert view(scan, Viewer(kind, "per_S", elsewhere, later)) is None
    if kind is ViewerKind.DEVICE:  # what no device recorded is no device's
        nobodys = replace(scan, device_id="")
        assert view(nobodys, Viewer(kind, "", mine.venues, later)) is None


def test_a_visitors_view_is_the_visitors() -> None:
    """Who scanned for a visitor sees the scan as their guardian only, while they are that."""
    scan = Case(VISITOR, Method.VISITOR, Outcome.ADMIT, matched=True, answered=True).scan
    for kind in (VISITOR, ViewerKind.GUARDIAN):
        assert view(scan, Viewer(kind, "per_G", frozenset(), NOON)) is None
    assert view(scan, Viewer(VISITOR, "per_S", frozenset({VENUE.venue_id}), NOON)) is None


@pytest.mark.parametrize("kind", [VISITOR, STAFF])
def test_a_green_that_could_not_be_renewed_is_never_shown_as_green(kind: ViewerKind) -> None:
    case = Case(kind, Method.VISITOR, Outcome.CHECK, matched=True, answered=True)
    stale = replace(GREEN, stale=True)
    verdict = replace(case.scan.verdict, evidence={HEALTH: stale, TEST: RESULT})
    seen = view(replace(case.scan, verdict=verdict), case.viewer)
    assert seen is not None
    assert seen.evidence[HEALTH] == replace(stale, state="unconfirmed")


def test_a_result_that_is_too_old_shows_no_time() -> None:
    old = Evidence("absent", NOON - timedelta(days=20), NOON)
    assert shown(old) == replace(old, observed_at=None)
    assert shown(RESULT) == RESULT


@pytest.mark.parametrize("outcome", Outcome)
def test_redaction_leaves_the_outcome(outcome: Outcome) -> None:
    assert redact_for_staff(DECISIONS[outcome]).outcome is outcome


@pytest.mark.parametrize("outcome", Outcome)
def test_a_scan_counts_as_what_it_is(outcome: Outcome) -> None:
    for method in Method:
        case = Case(STAFF, method, outcome, matched=True, answered=True)
        assert counted(case.scan) is outcome
        assert is_abnormal(case.scan) == (outcome in (Outcome.CHECK, Outcome.REFUSE))
        seen = figures(case.scan)
        assert (seen.passed, seen.pending) == (
            outcome is Outcome.ADMIT,
            outcome is Outcome.PENDING,
        )


def reads(source: str) -> Iterator[tuple[int, str]]:
    """Where a module reads what is for `view` and `counted` to show."""
    for node in ast.walk(ast.parse(source)):
        of = getattr(node, "value", None)
        holder = isinstance(of, ast.Name) and of.id == "holder"  # has a guardian, and is no scan
        if isinstance(node, ast.Attribute) and node.attr in HIDDEN and not holder:
            yield node.lineno, node.attr
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
            yield node.lineno, "getattr"


HIDDEN = {
    "verdict",
    "decision",
    "first_outcome",
    "evidence_level",
    "guardian_id",
    "annulled_at",
    "location_cell",
}


@pytest.mark.parametrize("area", ["api", "insight"])
def test_screens_lists_and_figures_read_no_verdict(area: str) -> None:
    """They are made of views and of what counts; no rule about a scan stands in them."""
    for path in sorted((ROOT / "chalicelib" / area).rglob("*.py")):
        assert list(reads(path.read_text())) == [], path


def test_the_api_reads_no_scan() -> None:
    for path in sorted((ROOT / "chalicelib" / "api").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                names = {alias.name for alias in node.names}
                assert node.module != "chalicelib.admission.scan", path
                assert (node.module, "scan" in names) != ("chalicelib.admission", True), path
            if isinstance(node, ast.Import):
                assert all(alias.name != "chalicelib.admission.scan" for alias in node.names), path
            if isinstance(node, ast.Attribute):
                assert node.attr != "scan", (path, node.lineno)


@pytest.mark.parametrize(
    "source", ["x.verdict.needs", "result.scan.decision", 'getattr(scan, "verdict")']
)
def test_the_search_finds_what_is_read(source: str) -> None:
    assert list(reads(source))
