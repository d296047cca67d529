"""`counters.Counters`: figures move with the stream, and never twice."""

from datetime import timedelta

import pytest

from chalicelib.admission.scan import Method
from chalicelib.core.keys import Key, scan_partition
from chalicelib.insight.counters import Counting, Figures, ScanChange
from chalicelib.venues.venue import Venue, day_of
from tests import support
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.fakes.parts import NOON

LONG = "4" * 40
"""A sequence number as AWS sends them: more digits than a number may have in DynamoDB."""


def counting(backend: Backend) -> Counting:
    return Counting(counters=backend.stores.counters)


def test_a_counter_begins_with_nothing(stores: Stores) -> None:
    venue = makers.venue(shards=3)
    day = day_of(venue, NOON)
    assert stores.counters.last(scan_partition(venue.venue_id, day, 0), []) == {"": ""}
    assert stores.counters.of_day(venue, day) == Figures()


def test_figures_add_up_and_may_shrink(stores: Stores) -> None:
    venue = makers.venue()
    day = day_of(venue, NOON)
    partition = scan_partition(venue.venue_id, day, 0)
    assert stores.counters.add(partition, "", Figures(2, 0, 0, 2, 2), last="", sequence="9")
    assert stores.counters.add(partition, "", Figures(0, 1, 1, -2, 0), last="9", sequence=LONG)
    assert stores.counters.of_day(venue, day) == Figures(2, 1, 1, 0, 2)
    assert stores.counters.last(partition, []) == {"": LONG}


def test_whoever_is_late_changes_nothing(stores: Stores) -> None:
    venue = makers.venue()
    day = day_of(venue, NOON)
    partition = scan_partition(venue.venue_id, day, 0)
    assert not stores.counters.add(partition, "", Figures(1), last="7", sequence="8")
    assert stores.counters.add(partition, "", Figures(1, 1), last="", sequence="8")
    for last in ("", "7", "9"):
        assert not stores.counters.add(partition, "", Figures(1, 1), last=last, sequence="10")
    assert stores.counters.of_day(venue, day) == Figures(1, 1)
    assert stores.counters.last(partition, []) == {"": "8"}


def test_a_day_is_the_sum_of_its_shards(stores: Stores) -> None:
    venue = makers.venue(shards=64)
    day = day_of(venue, NOON)
    for shard in (0, 7, 63):
        partition = scan_partition(venue.venue_id, day, shard)
        stores.counters.add(partition, "", Figures(1, 1, 0, 0, 1), last="", sequence="1")
    beyond = scan_partition(venue.venue_id, day, 64)
    stores.counters.add(beyond, "", Figures(100), last="", sequence="1")
    assert stores.counters.of_day(venue, day) == Figures(3, 3, 0, 0, 3)
    assert stores.counters.of_day(venue, day + timedelta(days=1)) == Figures()


def test_the_counter_is_not_among_the_days_scans(stores: Stores) -> None:
    venue = makers.venue()
    day = day_of(venue, NOON)
    scan = makers.scan(venue)
    stores.scans.put(scan, venue)
    partition = scan_partition(venue.venue_id, day, 0)
    stores.counters.add(partition, "", Figures(1), last="", sequence="1")
    assert list(stores.scans.of_day(venue, day)) == [scan]


@pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
def test_a_counter_without_a_number_goes_on_with_the_stream(backend: Backend) -> None:
    """After a restore, numbers are removed, because the new stream has others."""
    stores, venue = backend.stores, makers.venue()
    day = day_of(venue, NOON)
    partition = scan_partition(venue.venue_id, day, 0)
    item = {"pk": {"S": partition}, "sk": {"S": "COUNT"}, "c": {"N": "2"}, "p": {"N": "2"}}
    support.client("dynamodb").put_item(TableName=backend.resource, Item=item)
    assert stores.counters.last(partition, []) == {"": ""}
    assert stores.counters.add(partition, "", Figures(1, 1), last="", sequence="8")
    assert not stores.counters.add(partition, "", Figures(1, 1), last="", sequence="9")
    assert stores.counters.of_day(venue, day) == Figures(3, 3)


def test_what_staff_scanned_is_theirs_and_the_units(stores: Stores) -> None:
    venue = makers.venue(shards=2)
    day = day_of(venue, NOON)
    for shard in (0, 1):
        partition = scan_partition(venue.venue_id, day, shard)
        delta = {"": Figures(3, 2, 1), "per_A": Figures(2, 1, 1), "per_B": Figures(1, 1)}
        for who, figures in delta.items():
            assert stores.counters.add(partition, who, figures, last="", sequence="1")
    assert stores.counters.of_day(venue, day) == Figures(6, 4, 2)
    assert stores.counters.of_day(venue, day, "per_A") == Figures(4, 2, 2)
    assert stores.counters.of_day(venue, day, "per_B") == Figures(2, 2)
    assert stores.counters.of_day(venue, day, "per_C") == Figures()


def test_each_counter_has_a_number_of_its_own(stores: Stores) -> None:
    venue = makers.venue()
    partition = scan_partition(venue.venue_id, day_of(venue, NOON), 0)
    assert stores.counters.add(partition, "per_A", Figures(1), last="", sequence="8")
    assert stores.counters.add(partition, "", Figures(1), last="", sequence="9")
    staff = ["per_A", "per_B"]
    assert stores.counters.last(partition, staff) == {"": "9", "per_A": "8", "per_B": ""}
    assert not stores.counters.add(partition, "per_A", Figures(1), last="9", sequence="10")
    assert stores.counters.add(partition, "per_A", Figures(1), last="8", sequence="10")
    assert stores.counters.last(partition, ["per_A"]) == {"": "9", "per_A": "10"}


@pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
def test_a_counter_that_an_update_made_has_a_version(backend: Backend) -> None:
    partition = scan_partition(makers.venue().venue_id, NOON.date(), 0)
    assert backend.table is not None
    for who, key in (("", Key(partition, "COUNT")), ("per_A", Key(partition, "COUNT#per_A"))):
        assert backend.stores.counters.add(partition, who, Figures(1), last="", sequence="8")
        raw = backend.table.get(key)
        assert raw is not None
        assert raw["v"] == {"N": "1"}


@pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
class TestOlderOnes:
    """Up to 0.2.0 the staff's figures stood on the unit's counter."""

    @pytest.fixture
    def counted(self, backend: Backend) -> tuple[Venue, list[ScanChange]]:
        """A venue where 0.2.0 has counted two scans of a staff member, of three."""
        venue = makers.venue()
        scans = [
            makers.scan(venue, NOON + timedelta(seconds=n), staff_id="per_A", method=Method.STAFF)
            for n in range(3)
        ]
        partition = scan_partition(venue.venue_id, day_of(venue, NOON), 0)
        item = {
            "pk": {"S": partition}, "sk": {"S": "COUNT"}, "sq": {"S": "101"},
            "c": {"N": "2"}, "w": {"N": "2"}, "per_A-c": {"N": "2"}, "per_A-w": {"N": "2"},
        }  # fmt: skip
        assert backend.table is not None
        support.client("dynamodb").put_item(TableName=backend.resource, Item=item)
        return venue, [
            ScanChange(partition, f"{100 + n}", None, scan) for n, scan in enumerate(scans)
        ]

    def both(self, backend: Backend, venue: Venue) -> tuple[Figures, Figures]:
        """The unit's figures and the staff member's."""
        counters, day = backend.stores.counters, day_of(venue, NOON)
        return counters.of_day(venue, day), counters.of_day(venue, day, "per_A")

    def test_their_figures_are_read(
        self, backend: Backend, counted: tuple[Venue, list[ScanChange]]
    ) -> None:
        figures = Figures(checked=2, pending=2)
        assert self.both(backend, counted[0]) == (figures, figures)

    @pytest.mark.parametrize("start", [0, 1, 2])
    def test_they_go_on_with_whatever_is_delivered_again(
        self, backend: Backend, counted: tuple[Venue, list[ScanChange]], start: int
    ) -> None:
        venue, changes = counted
        for _ in range(2):
            counting(backend).apply(changes[start:])
            figures = Figures(checked=3, pending=3)
            assert self.both(backend, venue) == (figures, figures)

    def test_a_crash_between_two_counters_is_made_up_for(
        self, backend: Backend, counted: tuple[Venue, list[ScanChange]]
    ) -> None:
        venue, changes = counted
        one = Figures(checked=1, pending=1)
        partition = changes[0].partition
        # The staff's counter was written, the unit's was not.
        assert backend.stores.counters.add(partition, "per_A", one, last="", sequence="102")
        assert self.both(backend, venue) == (one + one, one + one + one)
        counting(backend).apply(changes)
        assert self.both(backend, venue) == (one + one + one, one + one + one)

    def test_the_unit_s_item_grows_no_longer(
        self, backend: Backend, counted: tuple[Venue, list[ScanChange]]
    ) -> None:
        _, changes = counted
        counting(backend).apply(changes)
        assert backend.table is not None
        key = Key(changes[0].partition, "COUNT")
        unit = backend.table.get(key)
        theirs = backend.table.get(Key(key.pk, "COUNT#per_A"))
        assert unit is not None
        assert theirs is not None
        assert unit["per_A-c"] == {"N": "2"}
        assert (theirs["c"], theirs["sq"]) == ({"N": "1"}, {"S": "102"})
