"""`counters.Counters`: figures move with the stream, and never twice."""

from datetime import timedelta

from chalicelib.core.keys import scan_partition
from chalicelib.insight.counters import Figures
from chalicelib.venues.venue import day_of
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON

LONG = "4" * 40
"""A sequence number as AWS sends them: more digits than a number may have in DynamoDB."""


def test_a_counter_begins_with_nothing(stores: Stores) -> None:
    venue = makers.venue(shards=3)
    day = day_of(venue, NOON)
    assert stores.counters.last(scan_partition(venue.venue_id, day, 0)) == ""
    assert stores.counters.of_day(venue, day) == Figures()


def test_figures_add_up_and_may_shrink(stores: Stores) -> None:
    venue = makers.venue()
    day = day_of(venue, NOON)
    partition = scan_partition(venue.venue_id, day, 0)
    assert stores.counters.add(partition, {"": Figures(2, 0, 0, 2, 2)}, last="", sequence="9")
    assert stores.counters.add(partition, {"": Figures(0, 1, 1, -2, 0)}, last="9", sequence=LONG)
    assert stores.counters.of_day(venue, day) == Figures(2, 1, 1, 0, 2)
    assert stores.counters.last(partition) == LONG


def test_whoever_is_late_changes_nothing(stores: Stores) -> None:
    venue = makers.venue()
    day = day_of(venue, NOON)
    partition = scan_partition(venue.venue_id, day, 0)
    assert not stores.counters.add(partition, {"": Figures(1)}, last="7", sequence="8")
    assert stores.counters.add(partition, {"": Figures(1, 1)}, last="", sequence="8")
    for last in ("", "7", "9"):
        assert not stores.counters.add(partition, {"": Figures(1, 1)}, last=last, sequence="10")
    assert stores.counters.of_day(venue, day) == Figures(1, 1)
    assert stores.counters.last(partition) == "8"


def test_a_day_is_the_sum_of_its_shards(stores: Stores) -> None:
    venue = makers.venue(shards=64)
    day = day_of(venue, NOON)
    for shard in (0, 7, 63):
        partition = scan_partition(venue.venue_id, day, shard)
        stores.counters.add(partition, {"": Figures(1, 1, 0, 0, 1)}, last="", sequence="1")
    beyond = scan_partition(venue.venue_id, day, 64)
    stores.counters.add(beyond, {"": Figures(100)}, last="", sequence="1")
    assert stores.counters.of_day(venue, day) == Figures(3, 3, 0, 0, 3)
    assert stores.counters.of_day(venue, day + timedelta(days=1)) == Figures()


def test_the_counter_is_not_among_the_days_scans(stores: Stores) -> None:
    venue = makers.venue()
    day = day_of(venue, NOON)
    scan = makers.scan(venue)
    stores.scans.put(scan, venue)
    partition = scan_partition(venue.venue_id, day, 0)
    stores.counters.add(partition, {"": Figures(1)}, last="", sequence="1")
    assert list(stores.scans.of_day(venue, day)) == [scan]


def test_a_counter_that_a_repair_made_goes_on_with_the_stream(stores: Stores) -> None:
    venue = makers.venue()
    day = day_of(venue, NOON)
    partition = scan_partition(venue.venue_id, day, 0)
    assert stores.counters.add(partition, {"": Figures(2, 2)}, last="", sequence="")
    assert stores.counters.last(partition) == ""
    assert stores.counters.add(partition, {"": Figures(1, 1)}, last="", sequence="8")
    assert not stores.counters.add(partition, {"": Figures(1, 1)}, last="", sequence="9")
    assert stores.counters.of_day(venue, day) == Figures(3, 3)


def test_what_staff_scanned_is_theirs_and_the_units(stores: Stores) -> None:
    venue = makers.venue(shards=2)
    day = day_of(venue, NOON)
    for shard in (0, 1):
        partition = scan_partition(venue.venue_id, day, shard)
        delta = {"": Figures(3, 2, 1), "per_A": Figures(2, 1, 1), "per_B": Figures(1, 1)}
        assert stores.counters.add(partition, delta, last="", sequence="1")
    assert stores.counters.of_day(venue, day) == Figures(6, 4, 2)
    assert stores.counters.of_day(venue, day, "per_A") == Figures(4, 2, 2)
    assert stores.counters.of_day(venue, day, "per_B") == Figures(2, 2)
    assert stores.counters.of_day(venue, day, "per_C") == Figures()
