"""What reconciliation stands on: counters and their repair, fences, progress, a day's venues."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from chalicelib.admission.scan import Method, ScanReference
from chalicelib.core import keys
from chalicelib.core.keys import Key, scan_partition
from chalicelib.insight.counters import Counting, FencePassed, Figures, ScanChange, Standing
from chalicelib.insight.reconciliation import FENCE_KEPT_FOR, Fence, Progress
from chalicelib.venues.venue import ShardChange, Venue, day_of
from tests import support
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.fakes.parts import NOON

DAY = day_of(makers.venue(), NOON)
ONE = Figures(1, 0, 0, 1, 0)


def partition_of(venue: Venue, shard: int = 0, day: date = DAY) -> str:
    return scan_partition(venue.venue_id, day, shard)


def test_counters_of_a_partition_stand_as_they_were_moved(stores: Stores) -> None:
    partition = partition_of(makers.venue())
    assert stores.counters.standing(partition) == {}
    assert stores.counters.add(partition, "per_A", ONE, last="", sequence="8")
    assert stores.counters.add(partition, "", ONE, last="", sequence="9", fence="N")
    assert stores.counters.standing(partition) == {
        "per_A": Standing(ONE, "8"),
        "": Standing(ONE, "9", "N"),
    }
    assert stores.counters.add(partition, "", Figures(), last="9", sequence="10")
    assert stores.counters.standing(partition)[""] == Standing(ONE, "10", "N")


def test_a_counter_is_repaired_once_for_each_fence(stores: Stores) -> None:
    venue = makers.venue()
    partition = partition_of(venue)
    assert stores.counters.add(partition, "", ONE, last="", sequence="9", fence="N")
    repair = stores.counters.repair
    assert not repair(partition, "", ONE, last="8", sequence="9", fence="N")
    assert repair(partition, "", ONE, last="9", sequence="9", fence="N")
    assert not repair(partition, "", ONE, last="9", sequence="9", fence="N")
    assert repair(partition, "", ONE, last="9", sequence="9", fence="M")
    assert stores.counters.of_day(venue, DAY) == ONE + ONE + ONE
    assert stores.counters.last(partition, []) == {"": "9"}
    assert stores.counters.add(partition, "", ONE, last="9", sequence="10")


def test_a_counter_that_is_not_there_is_repaired_and_goes_on(stores: Stores) -> None:
    venue = makers.venue()
    partition = partition_of(venue)
    assert stores.counters.add(partition, "", ONE, last="", sequence="9")
    assert stores.counters.repair(partition, "per_A", ONE, last="", sequence="9", fence="N")
    assert stores.counters.of_day(venue, DAY, "per_A") == ONE
    assert not stores.counters.add(partition, "per_A", ONE, last="", sequence="9"), "too late"
    assert stores.counters.add(partition, "per_A", ONE, last="9", sequence="10")


def test_a_fence_that_the_stream_delivers_is_noted(stores: Stores) -> None:
    venue = makers.venue()
    partition = partition_of(venue)
    scan = makers.scan(venue, staff_id="per_A", method=Method.STAFF)
    changes: list[ScanChange | FencePassed] = [
        ScanChange(partition, "100", None, scan),
        FencePassed(partition, "101", "N"),
        ScanChange(partition, "102", scan, replace(scan, version=1)),
    ]
    counting = Counting(counters=stores.counters)
    assert counting.apply(changes) == []
    assert stores.counters.standing(partition) == {
        "": Standing(ONE, "102", "N"),
        "per_A": Standing(ONE, "102"),
    }
    assert counting.apply([FencePassed(partition, "103", "M")]) == []
    assert stores.counters.standing(partition)[""] == Standing(ONE, "103", "M")


def test_a_fence_replaces_the_one_before(stores: Stores) -> None:
    partition = partition_of(makers.venue())
    assert stores.reconciliations.fence(partition) is None
    for nonce in "NM":
        fence = Fence(nonce, "f" * 32, NOON)
        stores.reconciliations.put_fence(partition, fence)
        assert stores.reconciliations.fence(partition) == fence


def test_a_fence_is_neither_a_scan_nor_a_counter(stores: Stores) -> None:
    venue = makers.venue()
    scan = makers.scan(venue)
    stores.scans.put(scan, venue)
    stores.reconciliations.put_fence(partition_of(venue), Fence("N", "f", NOON))
    assert [*stores.scans.of_day(venue, DAY)] == [*stores.scans.in_partition(partition_of(venue))]
    assert [*stores.scans.of_day(venue, DAY)] == [scan]
    assert stores.counters.standing(partition_of(venue)) == {}


def test_a_partition_has_its_own_scans_by_time(stores: Stores) -> None:
    venue = makers.venue(shards=3)
    scans = [makers.scan(venue, NOON + timedelta(seconds=n)) for n in range(12)]
    for scan in reversed(scans):
        stores.scans.put(scan, venue)
    parts = [[*stores.scans.in_partition(partition_of(venue, shard))] for shard in range(3)]
    assert sorted((one for part in parts for one in part), key=lambda scan: scan.at) == scans
    assert all(part == sorted(part, key=lambda scan: scan.at) for part in parts)
    assert [one for part in parts for one in part] == [*stores.scans.of_day(venue, DAY)]


def test_a_days_venues_are_listed_by_bucket_and_after_another(stores: Stores) -> None:
    day = date(2031, 1, 1)  # of no other test
    venues = [makers.venue(shards=2) for _ in range(12)]
    for venue in venues:
        for shard in (0, 1):
            partition = partition_of(venue, shard, day)
            assert stores.counters.add(partition, "", ONE, last="", sequence="1")
            assert stores.counters.add(partition, "", ONE, last="1", sequence="2")
            assert stores.counters.add(partition, "per_A", ONE, last="", sequence="1")
    buckets = [
        [*stores.reconciliations.venues(day, bucket, "")] for bucket in range(keys.DAY_BUCKETS)
    ]
    found = [venue_id for bucket in buckets for venue_id in bucket]
    assert sorted(found) == sorted(venue.venue_id for venue in venues)
    for bucket, listed in enumerate(buckets):
        assert listed == sorted(listed)
        for place, venue_id in enumerate(listed):
            rest = [*stores.reconciliations.venues(day, bucket, venue_id)]
            assert rest == listed[place + 1 :]
    assert [*stores.reconciliations.venues(day + timedelta(days=1), 0, "")] == []


def test_progress_is_kept_by_look_and_bucket(stores: Stores) -> None:
    day = date(2031, 1, 2)
    assert stores.reconciliations.progress(day) == {}
    until = NOON + timedelta(days=30)
    half = Progress("ven_A", False, ("VEN#ven_A#2031-01-02#0", "VEN#ven_B#2031-01-02#3"))
    stores.reconciliations.save(day, 1, 15, half, until)
    stores.reconciliations.save(day, 2, 15, Progress("", True), until)
    assert stores.reconciliations.progress(day) == {(1, 15): half, (2, 15): Progress("", True)}
    stores.reconciliations.save(day, 1, 15, Progress("ven_B", True), until)
    assert stores.reconciliations.progress(day)[1, 15] == Progress("ven_B", True)


def test_shards_change_by_day_once(stores: Stores) -> None:
    venue = makers.venue(shards=2)
    stores.venues.create(venue, unique=venue.venue_id, number_blind="b", document_blind="d")
    first = (ShardChange(DAY, 4),)
    assert stores.venues.change_shards(venue, first)
    assert not stores.venues.change_shards(venue, (ShardChange(DAY, 8),)), "from what it was"
    changed = stores.venues.venue(venue.venue_id)
    assert changed is not None
    assert changed.shard_changes == first
    second = (*first, ShardChange(DAY + timedelta(days=2), 16))
    assert stores.venues.change_shards(changed, second)
    changed = stores.venues.venue(venue.venue_id)
    assert changed is not None
    days = [changed.shards_on(DAY + timedelta(days=n)) for n in (-1, 0, 1, 2, 3)]
    assert days == [2, 4, 4, 16, 16]
    assert not stores.venues.change_shards(makers.venue(), first)


def test_a_day_is_read_with_the_shards_of_that_day(stores: Stores) -> None:
    venue = makers.venue(shard_changes=(ShardChange(DAY + timedelta(days=1), 5),))
    for n in range(20):
        scan = makers.scan(venue, NOON + timedelta(days=n % 2, seconds=n))
        stores.scans.put(scan, venue)
        reference = ScanReference(scan.venue_id, scan.at, scan.digest)
        assert stores.scans.get(reference, venue) == scan
    for days in (0, 1):
        day = DAY + timedelta(days=days)
        used = {
            shard
            for shard in range(5)
            if [*stores.scans.in_partition(partition_of(venue, shard, day))]
        }
        assert (used == {0}) is (days == 0)
        assert len([*stores.scans.of_day(venue, day)]) == 10


@pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
def test_fences_and_progress_vanish_and_a_counters_index_key_stays(backend: Backend) -> None:
    assert backend.table is not None
    partition = partition_of(makers.venue())
    backend.stores.reconciliations.put_fence(partition, Fence("N", "f", NOON))
    raw = backend.table.get(keys.fence(partition))
    assert raw is not None
    assert raw["ttl"] == {"N": str(int((NOON + FENCE_KEPT_FOR).timestamp()))}
    counters = backend.stores.counters
    assert counters.add(partition, "", ONE, last="", sequence="1")
    before = backend.table.get(Key(partition, keys.COUNT))
    assert counters.add(partition, "", ONE, last="1", sequence="2")
    after = backend.table.get(Key(partition, keys.COUNT))
    assert before is not None
    assert after is not None
    assert before["g1pk"] == after["g1pk"]
    assert before["g1pk"]["S"].startswith(f"DAY#{DAY}#")


@pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
def test_figures_that_0_2_0_kept_on_the_unit_s_counter_are_compared(backend: Backend) -> None:
    partition = partition_of(makers.venue())
    item = {
        "pk": {"S": partition}, "sk": {"S": "COUNT"}, "sq": {"S": "9"},
        "c": {"N": "2"}, "w": {"N": "2"}, "per_A-c": {"N": "1"}, "per_A-w": {"N": "1"},
    }  # fmt: skip
    support.client("dynamodb").put_item(TableName=backend.resource, Item=item)
    counters = backend.stores.counters
    assert counters.standing(partition) == {
        "": Standing(Figures(2, 0, 0, 2, 0), "9"),
        "per_A": Standing(ONE),
    }
    assert counters.add(partition, "per_A", ONE, last="", sequence="10")
    assert counters.standing(partition)["per_A"] == Standing(ONE + ONE, "10")
