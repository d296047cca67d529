"""`scan.Scans`: an accepted scan is there once, and changes by version."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.admission.judge import Decision, Evidence, Outcome
from chalicelib.admission.scan import Direction, EvidenceLevel, Scan, ScanReference
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.venue import Venue, shard_of
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = NOON.astimezone(SHANGHAI).date()


def reference(scan: Scan) -> ScanReference:
    parsed = ScanReference.parse(scan.scan_id)
    assert parsed is not None
    return parsed


@pytest.fixture(params=[1, 64])
def venue(request: pytest.FixtureRequest) -> Venue:
    """A small venue and a station."""
    return makers.venue(shards=request.param)


def test_a_scan_is_read_as_it_was_put(stores: Stores, venue: Venue) -> None:
    scan = makers.scan(venue)
    assert stores.scans.put(scan, venue) is None
    assert stores.scans.get(reference(scan), venue) == scan


def every_verdict() -> Iterator[Scan]:
    states = ("green", "yellow", "red", "light_green", "absent", "unknown", "pending")
    tests = ("negative", "positive", "absent", "unknown", "pending")
    times = (None, datetime(1970, 1, 1, 0, 0, 0, 1000, UTC), NOON)
    # The last one is of a scan from before these were asked for.
    rest: list[dict[ProviderName, Evidence]] = [
        {
            ProviderName.VACCINATION: Evidence(vaccination, at, at, bool(doses), doses),
            ProviderName.TRAVEL_CARD: Evidence(card, at, at),
        }
        for vaccination, doses, card, at in (
            ("complete", 3, "normal", NOON),
            ("none", 0, "abnormal", None),
            ("unknown", None, "code_needed", None),
        )
    ] + [{}]
    everything = product(states, tests, times, times, (False, True), (None, 48))
    for number, (health, test, observed, fetched, stale, hours) in enumerate(everything):
        if number % 37:  # a few dozen of them, in which every value is
            continue
        yield makers.scan(
            makers.venue(),
            verdict=makers.verdict(
                decision=Decision(Outcome.CHECK, ("health_code_absent",), ("enter", "wait")),
                evidence={
                    ProviderName.HEALTH_CODE: Evidence(health, observed, fetched, stale),
                    ProviderName.NUCLEIC_ACID: Evidence(test, fetched, observed, not stale),
                    **rest[number % len(rest)],
                },
                needs=(ProviderName.NUCLEIC_ACID,) if stale else (),
                hours=hours,
            ),
        )


@pytest.mark.parametrize(
    "known",
    [
        {"checkpoint_id": "chk_0123456789ABCDEF"},
        {"direction": Direction.EXIT},
        {"guardian_id": "per_0123456789ABCDEF"},
        *({"evidence_level": level} for level in EvidenceLevel),
        {"device_id": "dev_0123456789ABCDEF"},
        {"location_cell": "Q52B7"},
        {"annulled_at": NOON + timedelta(milliseconds=7)},
    ],
    ids=lambda known: "-".join(map(str, *known.items())),
)
def test_what_is_known_of_some_scans_survives(stores: Stores, known: dict[str, Any]) -> None:
    venue = makers.venue()
    scan = makers.scan(venue, **known)
    stores.scans.put(scan, venue)
    assert stores.scans.get(reference(scan), venue) == scan
    changed = replace(scan, verdict=makers.ADMITTED, version=1)
    assert stores.scans.change(changed, venue)
    assert stores.scans.get(reference(scan), venue) == changed


def test_every_verdict_survives(stores: Stores) -> None:
    venue = makers.venue()
    for scan in every_verdict():
        mine = replace(scan, venue_id=venue.venue_id)
        stores.scans.put(mine, venue)
        assert stores.scans.get(reference(mine), venue) == mine


def test_a_retry_meets_its_own_scan(stores: Stores, venue: Venue) -> None:
    scan = makers.scan(venue)
    stores.scans.put(scan, venue)
    later = scan.received_at + timedelta(seconds=9)
    retry = replace(scan, received_at=later, verdict=makers.ADMITTED, fingerprint="other")
    assert stores.scans.put(retry, venue) == scan
    assert stores.scans.get(reference(scan), venue) == scan


def test_a_scan_that_is_not_there(stores: Stores, venue: Venue) -> None:
    scan = makers.scan(venue)
    assert stores.scans.get(reference(scan), venue) is None
    assert not stores.scans.change(replace(scan, version=1), venue)
    assert stores.scans.get(reference(scan), venue) is None
    assert list(stores.scans.of_day(venue, DAY)) == []


def test_a_change_follows_the_version_before(stores: Stores, venue: Venue) -> None:
    scan = makers.scan(venue)
    stores.scans.put(scan, venue)
    changed = replace(scan, verdict=makers.ADMITTED, version=1)
    assert stores.scans.change(changed, venue)
    for late in (0, 1, 3):
        refused = replace(scan, version=late, correlation="late")
        assert not stores.scans.change(refused, venue)
    assert stores.scans.get(reference(scan), venue) == changed
    assert stores.scans.change(replace(changed, version=2), venue)


def test_a_retry_meets_the_changed_scan(stores: Stores, venue: Venue) -> None:
    scan = makers.scan(venue)
    stores.scans.put(scan, venue)
    changed = replace(scan, verdict=makers.ADMITTED, version=1)
    stores.scans.change(changed, venue)
    assert stores.scans.put(scan, venue) == changed


def test_a_day_is_the_venues_own(stores: Stores, venue: Venue) -> None:
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=SHANGHAI).astimezone(UTC)
    instant = timedelta(milliseconds=1)
    moments = [midnight - instant, midnight, midnight + timedelta(days=1) - instant]
    scans = [makers.scan(venue, moment) for moment in (*moments, midnight + timedelta(days=1))]
    for scan in reversed(scans):
        stores.scans.put(scan, venue)
    found = list(stores.scans.of_day(venue, DAY))
    assert sorted(found, key=lambda scan: scan.at) == scans[1:3]
    assert list(stores.scans.of_day(venue, DAY - timedelta(days=1))) == scans[:1]


def test_a_day_comes_shard_by_shard_in_order(stores: Stores, venue: Venue) -> None:
    scans = [makers.scan(venue, NOON + timedelta(seconds=n % 5, hours=n % 3)) for n in range(40)]
    for scan in scans:
        stores.scans.put(scan, venue)
    # The counter lies in the same partition and is no scan.
    expected = sorted(
        scans, key=lambda scan: (shard_of(scan.digest, venue.shards), scan.at, scan.digest)
    )
    assert list(stores.scans.of_day(venue, DAY)) == expected


def test_the_day_holds_no_other_venue(stores: Stores, venue: Venue) -> None:
    elsewhere = makers.venue()
    stores.scans.put(makers.scan(elsewhere), elsewhere)
    assert list(stores.scans.of_day(venue, DAY)) == []


def test_waiting_is_noted_once_and_ends(stores: Stores, venue: Venue) -> None:
    scan = makers.scan(venue)
    other = makers.scan(venue, person_id=scan.person_id)
    for _ in range(2):
        stores.scans.await_answers(scan, NOON)
        stores.scans.await_answers(other, NOON)
    both = {scan.scan_id, other.scan_id}
    assert set(stores.people.subject(scan.person_id).awaiting) == both
    assert len(stores.people.subject(scan.person_id).awaiting) == 2
    for _ in range(2):
        stores.scans.stop_waiting(scan.person_id, [scan.scan_id])
    assert stores.people.subject(scan.person_id).awaiting == (other.scan_id,)


def test_many_are_read_in_the_order_that_was_asked(stores: Stores) -> None:
    venue = makers.venue(shards=3)
    scans = [makers.scan(venue, NOON + timedelta(seconds=n)) for n in range(5)]
    for scan in scans[1:]:
        assert stores.scans.put(scan, venue) is None
    wanted = [ScanReference(one.venue_id, one.at, one.digest) for one in reversed(scans)]
    assert stores.scans.get_many(wanted, venue) == [*reversed(scans[1:])]
    assert stores.scans.get_many([], venue) == []
