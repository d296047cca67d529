"""`visits.Visits`: a person's scans, newest first, in pages that miss none."""

from datetime import timedelta

from chalicelib.admission.scan import Scan
from chalicelib.core import keys
from chalicelib.core.clock import epoch_ms
from chalicelib.venues.venue import day_of
from tests.contract import makers
from tests.contract.backends import Backend, Stores
from tests.fakes.parts import NOON


def visited(stores: Stores, person_id: str, count: int) -> list[Scan]:
    """Record scans at two venues, of which some are of the same millisecond; newest first."""
    places = [makers.venue(), makers.venue(shards=4)]
    scans = []
    for number in range(count):
        place = places[number % 2]
        at = NOON + timedelta(minutes=number // 3)
        scan = makers.scan(place, at, person_id=person_id, digest=makers.random())
        stores.scans.put(scan, place)
        scans.append(scan)
    return scans


def pages(stores: Stores, person_id: str, limit: int) -> list[Scan | None]:
    found: list[Scan | None] = []
    after: str | None = ""
    while after is not None:
        page = stores.visits.page(person_id, limit=limit, after=after)
        assert len(page.scans) <= limit
        found += [scan for _, scan in page.scans]
        after = page.last
    return found


def test_the_newest_comes_first(stores: Stores) -> None:
    person_id = f"per_{makers.random()}"
    scans = visited(stores, person_id, 7)
    visited(stores, f"per_{makers.random()}", 1)
    page = stores.visits.page(person_id, limit=50, after="")
    assert page.last is None
    found = [scan for _, scan in page.scans if scan]
    assert [scan.at for scan in found] == sorted((scan.at for scan in scans), reverse=True)
    assert {scan.scan_id for scan in found} == {scan.scan_id for scan in scans}


def test_pages_miss_none_and_repeat_none(stores: Stores) -> None:
    """Even where two visits are of the same person, venue and millisecond."""
    person_id = f"per_{makers.random()}"
    scans = visited(stores, person_id, 9)
    for limit in (1, 2, 4):
        found = [scan.scan_id for scan in pages(stores, person_id, limit) if scan]
        assert sorted(found) == sorted(scan.scan_id for scan in scans)


def test_a_person_without_visits(stores: Stores) -> None:
    page = stores.visits.page(f"per_{makers.random()}", limit=3, after="")
    assert (list(page.scans), page.last) == ([], None)


def test_a_scan_that_goes_between_two_pages_breaks_nothing(backend: Backend) -> None:
    """The cursor holds the keys of the last visit, which need not exist any more."""
    stores, person_id = backend.stores, f"per_{makers.random()}"
    place = makers.venue()
    scans = [
        makers.scan(place, NOON + timedelta(minutes=minute), person_id=person_id)
        for minute in range(4)
    ]
    for scan in scans:
        stores.scans.put(scan, place)
    first = stores.visits.page(person_id, limit=2, after="")
    assert [scan for _, scan in first.scans] == [scans[3], scans[2]]
    assert first.last is not None
    if backend.table is not None:
        gone = scans[2]
        day = day_of(place, gone.at)
        key = keys.scan(place.venue_id, day, 0, epoch_ms(gone.at), gone.digest)
        backend.table.delete(key)
    rest = stores.visits.page(person_id, limit=2, after=first.last)
    assert [scan for _, scan in rest.scans] == [scans[1], scans[0]]
    assert rest.last is None
