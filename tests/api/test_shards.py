"""A venue that outgrows its partitions: more from the next day on; nothing is lost or doubled."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from rich.console import Console

from chalicelib.core import ids, keys
from chalicelib.identity.providers import Answer
from chalicelib.venues.venue import shard_of
from infra.ops import recount, shards
from tests.api.driver import TODAY, Person, World

QUIET = Console(quiet=True)
TOMORROW = TODAY + timedelta(days=1)


def raise_to(world: World, venue: Any, number: int) -> int:
    return shards.run(world.deployment(), venue_id=venue["venue_id"], shards=number, console=QUIET)


def used(world: World, venue: Any, day: date) -> set[str]:
    """The partitions of a day that hold scans."""
    found = [keys.Key(raw["pk"]["S"], raw["sk"]["S"]) for raw in world.items()]
    prefix = keys.scan_partition(venue["venue_id"], day, 0)[:-1]
    return {key.pk for key in found if keys.is_scan(key) and key.pk.startswith(prefix)}


def come_back(*people: Person) -> None:
    for person in people:
        person.keep(person.refresh().expect(200))


def test_scans_of_tomorrow_use_the_new_number_and_those_of_today_stay_found(world: World) -> None:
    chief, visitor = world.administrator(), world.visitor()
    before = [visitor.scan(chief.venue).expect(201)["scan_id"] for _ in range(3)]
    assert raise_to(world, chief.venue, 8) == 0
    assert raise_to(world, chief.venue, 8) == 0, "repeated, it does nothing"
    visitor.scan(chief.venue).expect(201)  # from the directory's cache, still today
    world.clock.at = world.clock.at.replace(hour=15, minute=58)
    come_back(chief, visitor)
    last = visitor.scan(chief.venue).expect(201)["scan_id"]
    assert used(world, chief.venue, TODAY) == {
        keys.scan_partition(chief.venue["venue_id"], TODAY, 0)
    }
    # A phone whose clock is a few minutes fast is at the next day already.
    visitor.scan(chief.venue, world.nonce(minutes=-4)).expect(201)
    world.clock.pass_(minutes=5)
    after = [visitor.scan(chief.venue).expect(201)["scan_id"] for _ in range(12)]
    assert len(used(world, chief.venue, TOMORROW)) > 1
    for scan_id in (*before, last, *after):
        visitor.screen(scan_id)
    world.work()
    for day, number in ((TODAY, 5), (TOMORROW, 13)):
        assert chief.figures(str(day))["checked"] == number
        assert chief.figures(str(day)) == world.recount(chief.venue, day)
    assert recount.run(
        world.deployment(), venue=None, day=TOMORROW, mend=False, console=QUIET
    ) == 0  # fmt: skip


def test_a_shard_with_more_of_a_page_than_the_others_is_listed_to_its_end(world: World) -> None:
    """All that are abnormal in one of 64 shards, by chance."""
    chief, red = world.administrator(), world.visitor(health_code=Answer("red"))
    assert raise_to(world, chief.venue, 64) == 0
    world.clock.pass_(days=1)
    come_back(chief, red)
    red.scan(chief.venue).expect(201)
    world.work()
    venue = world.container.venues.venue(chief.venue["venue_id"])
    assert venue is not None
    (scan,) = world.container.scans.of_day(venue, TOMORROW)
    shard = shard_of(scan.digest, 64)
    partition = keys.scan_partition(venue.venue_id, TOMORROW, shard)
    others = [ids.encode_number(64 * number + shard, 16) for number in range(1, 40)]
    for digest in others:
        world.container.pointers.add(partition, replace(scan, digest=digest))
    found = list(world.container.pointers.of_day(venue, TOMORROW, shard, "", wanted=51))
    assert sorted(one.partition("#")[2] for one in found) == sorted([scan.digest, *others])
    assert found == sorted(found)


def test_a_long_page_of_the_list_is_one_request_to_the_only_shard(world: World) -> None:
    chief, red = world.administrator(), world.visitor(health_code=Answer("red"))
    red.scan(chief.venue).expect(201)
    world.work()
    venue = world.container.venues.venue(chief.venue["venue_id"])
    assert venue is not None
    (scan,) = world.container.scans.of_day(venue, TODAY)
    partition = keys.scan_partition(venue.venue_id, TODAY, 0)
    for number in range(1, 100):
        other = replace(scan, digest=ids.encode_number(number, 16))
        world.container.pointers.add(partition, other)
    table = world.counted()
    before = table.requests
    assert len(list(world.container.pointers.of_day(venue, TODAY, 0, "", wanted=100))) == 100
    assert table.requests - before == 1


def test_in_the_last_hour_a_change_waits_a_day_longer(world: World) -> None:
    """Processes cache a venue for a minute, and clocks of phones are ten minutes off."""
    chief = world.administrator()
    world.clock.at = world.clock.at.replace(hour=15, minute=1)
    raise_to(world, chief.venue, 4)
    venue = world.container.venues.venue(chief.venue["venue_id"])
    assert venue is not None
    days = [venue.shards_on(TODAY + timedelta(days=n)) for n in range(3)]
    assert days == [1, 1, 4]


@pytest.mark.parametrize("number", [0, 1, 257])
def test_the_number_is_raised_within_limits(world: World, number: int) -> None:
    chief = world.administrator()
    with pytest.raises(SystemExit, match="Nothing was changed"):
        raise_to(world, chief.venue, number)


def test_a_planned_change_is_not_replaced(world: World) -> None:
    chief = world.administrator()
    raise_to(world, chief.venue, 4)
    with pytest.raises(SystemExit, match="4 shards are planned from 2026-11-23"):
        raise_to(world, chief.venue, 8)
    world.clock.pass_(days=1)
    assert raise_to(world, chief.venue, 8) == 0
    with pytest.raises(SystemExit, match="There is no venue"):
        raise_to(world, {"venue_id": "ven_0000000000000000"}, 2)
