"""Counting when a mapping is made anew, and when a record cannot be read."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.bootstrap import install
from chalicelib.core.logs import logger
from tests.fakes.polling import Chances, SourceMapping, sequence_of
from tests.unit.test_stream_polling import Door, Plan, deployed, plans


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """No log, of which injected faults would make much, and no container left behind."""
    logger().setLevel("CRITICAL")
    yield
    logger().setLevel("INFO")
    install(None)


def mapping(door: Door, batch: int) -> SourceMapping:
    return SourceMapping(door.stream, deployed(door), 1, door.random, Chances(batch=batch))


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(plans, st.lists(st.integers(1, 30), max_size=3))
def test_a_mapping_that_is_made_anew_delivers_a_day_again(plan: Plan, steps: list[int]) -> None:
    door = plan.door()
    reading = mapping(door, plan.batch)
    for count in steps:
        for _ in range(count):
            reading.step()
        reading.begin_again()
    reading.run()
    assert door.counted() == door.truth()
    reading.begin_again()
    reading.run()
    assert door.counted() == door.truth()


@pytest.mark.parametrize("seed", range(5))
def test_what_follows_a_record_that_cannot_be_read_waits_in_its_partition_only(seed: int) -> None:
    """Counted, it would hide the record that failed when that is delivered again."""
    door = Plan(seed, venues=2, writes=30).door()
    (shard,) = door.stream.shards()
    records: list[Any] = [*shard.records]
    partitions = [one["dynamodb"]["Keys"]["pk"]["S"] for one in records]
    place = next(n for n, one in enumerate(partitions) if one != partitions[0])
    unreadable = partitions[place]
    whole = records[place]
    images = {"NewImage": {"v": {"N": "99"}}}
    records[place] = {**whole, "dynamodb": {**whole["dynamodb"], **images}}
    reading = mapping(door, 1000)
    assert reading.invoke(records) == [sequence_of(whole)]
    counted, truth = door.counted(), door.truth()
    assert counted.pop(unreadable) == {}
    assert counted == {one: figures for one, figures in truth.items() if one != unreadable}
    # A release that can read it is deployed; the rest is delivered again.
    records[place] = whole
    start = Random(seed).randrange(place + 1)  # noqa: S311 (boundaries that can be repeated)
    assert reading.invoke(records[start:]) == []
    assert door.counted() == truth
