"""A scan: who may, what is refused, and what a retry meets."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission.recording import CLOCK_TOLERANCE
from chalicelib.admission.scanning import Result
from chalicelib.core.errors import AppError
from chalicelib.identity import passes
from chalicelib.identity.people import Verification
from chalicelib.venues.codes import CodeState
from chalicelib.venues.venue import day_of
from tests.contract import makers
from tests.fakes.parts import NOON
from tests.support import nonce_at
from tests.unit.region import RING, Region


def scan(region: Region, *, code: str = "", nonce: str = "", fingerprint: str = "h") -> Result:
    return region.scanning.scan_venue(
        makers.actor(region.person, region.people.load(region.person.person_id)),
        code or region.venue.code,
        region.submission(nonce, fingerprint),
    )


def refusal(region: Region, *, code: str = "", nonce: str = "", fingerprint: str = "h") -> str:
    with pytest.raises(AppError) as refused:
        scan(region, code=code, nonce=nonce, fingerprint=fingerprint)
    return refused.value.code


def test_the_time_of_a_scan_is_its_nonces() -> None:
    region = Region()
    at = NOON - timedelta(minutes=3, milliseconds=7)
    found = scan(region, nonce=nonce_at(at)).scan
    assert (found.at, found.received_at) == (at, NOON)


@pytest.mark.parametrize("way", [1, -1])
def test_a_clock_may_be_ten_minutes_off(way: int) -> None:
    region = Region()
    edge = NOON + way * CLOCK_TOLERANCE
    assert scan(region, nonce=nonce_at(edge)).created
    beyond = edge + way * timedelta(milliseconds=1)
    assert refusal(region, nonce=nonce_at(beyond)) == "clock_skewed"


@pytest.mark.parametrize(
    "nonce", ["ffffffff-ffff-7fff-bfff-ffffffffffff", "00000000-0000-7000-8000-000000000000"]
)
def test_a_clock_beyond_the_calendar_is_skewed(nonce: str) -> None:
    assert refusal(Region(), nonce=nonce) == "clock_skewed"


def test_a_retry_meets_its_own_scan_and_another_body_is_refused() -> None:
    region, nonce = Region(), nonce_at(NOON)
    first = scan(region, nonce=nonce)
    region.clock.pass_(seconds=14)
    again = scan(region, nonce=nonce)
    assert (again.created, again.scan) == (False, first.scan)
    region.clock.pass_(seconds=16)
    late = scan(region, nonce=nonce)
    assert (late.created, late.scan.scan_id, late.scan.waits) == (False, first.scan.scan_id, False)
    assert refusal(region, nonce=nonce, fingerprint="other") == "nonce_reused"


requests = st.tuples(st.sampled_from(["own", "staff"]), st.integers(0, 1), st.integers(0, 40))


@given(st.lists(requests, max_size=20))
def test_retries_in_any_order_and_number_leave_one_scan_and_one_answer(
    sent: list[tuple[str, int, int]],
) -> None:
    """By any visitor, retried any number of times, with any answers in between."""
    region = Region()
    guard = makers.staff(region.venue)
    nonces = [nonce_at(NOON + timedelta(seconds=number)) for number in range(2)]
    minted = [NOON, NOON - timedelta(milliseconds=1)]  # one pass a minute
    shown = [passes.mint(region.person.person_id, now=at, ring=RING) for at in minted]
    answers: dict[tuple[str, int], list[Result]] = {}
    for how, number, later in sent:
        region.clock.pass_(seconds=later)
        expired = region.clock.now() - minted[number] > passes.ACCEPTED
        if how == "staff" and expired and (how, number) not in answers:
            continue
        if how == "own":
            result = scan(region, nonce=nonces[number])
        else:
            submission = region.submission(nonces[number])
            result = region.scanning.scan_pass(guard, region.venue, shown[number], "", submission)
        answers.setdefault((how, number), []).append(result)
        green = makers.snapshot(fetched_at=region.clock.now())
        region.people.save_answers(region.person.person_id, [green])
    for same in answers.values():
        assert [result.created for result in same] == [True] + [False] * (len(same) - 1)
        assert len({result.scan.scan_id for result in same}) == 1
        # A retry after the end of the wait finds it decided; nothing else changes.
        assert [result.scan.version for result in same] == sorted(
            int(not result.scan.waits) if same[0].scan.waits else 0 for result in same
        )
    kept = [*region.scans.of_day(region.venue, day_of(region.venue, NOON))]
    assert sorted(kept, key=repr) == sorted((one[-1].scan for one in answers.values()), key=repr)


def test_two_people_may_have_one_nonce() -> None:
    region, nonce = Region(), nonce_at(NOON)
    scan(region, nonce=nonce)
    region.person = replace(region.person, person_id=f"per_{makers.random()}")
    region.people.partition(region.person.person_id).profile = region.person
    assert scan(region, nonce=nonce).created


def test_an_unknown_and_a_withdrawn_code() -> None:
    region = Region()
    assert refusal(region, code=makers.random()) == "code_unknown"
    code = region.venues.codes[region.venue.code]
    region.venues.codes[code.value] = code._replace(state=CodeState.REVOKED)
    assert refusal(region) == "code_revoked"
    assert list(region.scans.kept) == []


@pytest.mark.parametrize(
    ("verification", "blocked", "code"),
    [
        (Verification.NONE, False, "registration_required"),
        (Verification.REJECTED, True, "registration_rejected"),
        (Verification.PENDING, True, "registration_rejected"),
    ],
)
def test_who_may_not_scan(verification: Verification, blocked: bool, code: str) -> None:
    region = Region(verification)
    region.person = replace(region.person, blocked=blocked)
    region.people.partition(region.person.person_id).profile = region.person
    assert refusal(region) == code


def test_a_scan_is_shown_to_its_owner_only() -> None:
    region = Region()
    found = scan(region).scan

    def show(person_id: str, scan_id: str) -> Result:
        actor = makers.actor(replace(region.person, person_id=person_id))
        return region.scanning.visible_scan(actor, scan_id, NOON, correlation="c-1")

    assert show(region.person.person_id, found.scan_id).scan == found
    strangers = [(f"per_{makers.random()}", found.scan_id)]
    missing = [
        (region.person.person_id, other)
        for other in (makers.scan(region.venue).scan_id, makers.scan(makers.venue()).scan_id, "x")
    ]
    for person_id, scan_id in strangers + missing:
        with pytest.raises(AppError, match="not_found"):
            show(person_id, scan_id)
