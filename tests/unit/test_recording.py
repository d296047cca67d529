"""One maker of scans: a row a method, one rule of retries."""

import ast
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta
from itertools import product
from typing import Any, get_args, get_type_hints

import pytest

from chalicelib.admission.judge import Outcome
from chalicelib.admission.recording import (
    CLOCK_TOLERANCE,
    METHODS,
    OFFLINE,
    Attempt,
    Circumstances,
    MethodRules,
    Recorder,
    attempt,
)
from chalicelib.admission.scan import Direction, EvidenceLevel, Method, Scan
from chalicelib.admission.schemas import AbnormalScan
from chalicelib.admission.schemas_scan import Screen
from chalicelib.core.errors import AppError
from chalicelib.core.submission import Submission
from chalicelib.identity.passes import Pass
from tests.contract import makers
from tests.fakes.parts import NOON
from tests.fakes.stores import FakePeople, FakePolicies, FakeScans
from tests.support import ROOT, nonce_at

VENUE = makers.venue()
NONCE = nonce_at(NOON)
MILLISECOND = timedelta(milliseconds=1)


def tried(method: Method, actor: str = "per_A", **changes: Any) -> Attempt:
    submission = Submission(NONCE, "h", "c0ffee00", NOON)._replace(**changes)
    presented = Pass("per_V", NOON - timedelta(minutes=1)) if METHODS[method].by_pass else None
    return attempt(method, VENUE, actor, submission, presented)


def recorder() -> Recorder:
    return Recorder(scans=FakeScans(FakePeople()), policies=FakePolicies())


def called(source: str) -> Iterator[str]:
    """The names that a module calls, under the names that they were imported by."""
    tree = ast.parse(source)
    known_as = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield known_as.get(node.func.id, node.func.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def test_nothing_else_makes_a_scan() -> None:
    """The store reads back what was made."""
    root = ROOT / "chalicelib"
    makers_of_scans = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "Scan" in called(path.read_text())
    }
    assert makers_of_scans == {"admission/recording.py", "admission/store/scans.py"}


@pytest.mark.parametrize(
    "source",
    ["Scan(1)", "scan.Scan(1)", "from chalicelib.admission.scan import Scan as Visit\nVisit(1)"],
)
def test_the_search_finds_makers(source: str) -> None:
    assert "Scan" in called(source)


def test_every_method_has_a_row() -> None:
    assert list(METHODS) == list(Method)
    letters = [rules.letter for rules in METHODS.values()]
    assert len(set(letters)) == len(letters)
    means = {rules.means for rules in METHODS.values()}
    for shown in (
        get_type_hints(Screen),
        get_type_hints(AbnormalScan),
        get_type_hints(MethodRules),
    ):
        assert set(get_args(shown["means"])) == means


@pytest.mark.parametrize("method", Method)
def test_a_scan_says_how_it_came_on_record(method: Method) -> None:
    made = tried(method)
    person = "per_A" if METHODS[method].own else "per_V"
    scan, created = recorder().record(made, person, makers.verdict())
    assert created
    assert (scan.method, scan.person_id, scan.nonce) == (method, person, NONCE)
    assert scan.staff_id == ("" if METHODS[method].own else "per_A")
    assert (scan.received_at, scan.first_outcome) == (NOON, Outcome.PENDING)
    assert scan.at == (NOON - timedelta(minutes=1) if method is Method.STAFF else NOON)
    assert scan.scan_id == made.reference.scan_id
    assert scan == replace(scan, **Circumstances()._asdict())


@pytest.mark.parametrize("method", Method)
def test_what_else_is_known_goes_with_it(method: Method) -> None:
    known = Circumstances("fever", "chk_A", Direction.EXIT, "per_G", EvidenceLevel.GATE, "dev_A")
    scan, _ = recorder().record(tried(method), "per_A", makers.verdict(), known)
    assert {name: getattr(scan, name) for name in known._fields} == known._asdict()


@pytest.mark.parametrize("method", Method)
def test_how_late_it_may_arrive(method: Method) -> None:
    late = OFFLINE if method in (Method.STAFF, Method.PAPER) else CLOCK_TOLERANCE
    for now in (NOON + late, NOON - CLOCK_TOLERANCE):
        assert tried(method, now=now).made_at == NOON
    for now in (NOON + late + MILLISECOND, NOON - CLOCK_TOLERANCE - MILLISECOND):
        with pytest.raises(AppError, match="clock_skewed"):
            tried(method, now=now)


TRIES = {
    "the same": {},
    "it says something else": {"fingerprint": "other"},
    "another nonce": {"nonce": nonce_at(NOON + MILLISECOND)},
    "another actor": {"actor": "per_B"},
}
NEW, AGAIN = "recorded", "the first one"
OUTCOMES = {
    Method.VISITOR: [AGAIN, "nonce_reused", NEW, NEW],
    Method.FAST: [AGAIN, "nonce_reused", NEW, NEW],
    Method.STAFF: [AGAIN, "nonce_reused", "pass_used", "pass_used"],
    Method.MANUAL: [AGAIN, "nonce_reused", NEW, NEW],
    Method.PAPER: [AGAIN, "nonce_reused", NEW, NEW],
}


@pytest.mark.parametrize(
    ("method", "changes", "expected"),
    [
        pytest.param(method, changes, outcome, id=f"{method}: {name}")
        for method, outcomes in OUTCOMES.items()
        for (name, changes), outcome in zip(TRIES.items(), outcomes, strict=True)
    ],
)
def test_what_a_second_try_meets(method: Method, changes: dict[str, Any], expected: str) -> None:
    made, records = tried(method), recorder()
    first = records.record(made, "per_A", makers.verdict()).scan
    assert records.standing(made) == first
    again = tried(method, **changes)
    if expected not in (NEW, AGAIN):
        with pytest.raises(AppError, match=expected):
            records.record(again, "per_A", makers.ADMITTED)
        return
    scan, created = records.record(again, "per_A", makers.ADMITTED)
    assert (NEW if created else AGAIN) == expected
    assert (scan == first) is not created


def test_no_two_methods_meet_but_a_visitors_own() -> None:
    """A nonce is one scan of a visitor's, with whichever of a venue's codes."""
    digests = {method: tried(method).digest for method in Method}
    for one, other in product(Method, Method):
        same = METHODS[one].salt == METHODS[other].salt
        assert (digests[one] == digests[other]) is same
    assert digests[Method.VISITOR] == digests[Method.FAST]


def test_a_pass_is_needed_where_one_is_scanned() -> None:
    with pytest.raises(ValueError, match="pass"):
        attempt(Method.STAFF, VENUE, "per_A", Submission(NONCE, "h", "c0ffee00", NOON))


STAYS = {
    "venue_id", "at", "digest", "received_at", "verdict", "first_outcome", "method", "staff_id",
    "checkpoint_id", "direction", "device_id", "annulled_at", "expires_at", "version",
}  # fmt: skip
"""What an erased visitor's scan keeps. Whoever adds a field decides whether it leads to them."""


def test_an_erased_visitors_scan_keeps_nothing_that_leads_to_them() -> None:
    full = replace(
        makers.scan(makers.venue(), NOON),
        temperature="normal", guardian_id="per_G", evidence_level=EvidenceLevel.LOCATION,
        location_cell="FDNVT", correlation="c",
    )  # fmt: skip
    left = full.anonymous()
    for field in fields(Scan):
        if field.name not in STAYS:
            assert not getattr(left, field.name), field.name
    assert (left.verdict.evidence, left.verdict.needs) == ({}, ())
    assert left.verdict.decision == full.verdict.decision
