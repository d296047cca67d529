"""Simulate how likely a station's day is throttled, by placing shards on physical partitions.

DynamoDB places a partition key by a hash of its own, so a venue's 64 shards keep their random
places for a day. A partition takes 1,000 writes a second. Splitting for heat, within minutes, is
left out.

Beside the put of every scan, a partition writes:

- the counter of each shard, at Lambda's polling rate of four times a second (AWS Lambda Developer
  Guide, "Polling and batching streams");
- the later change of a pending scan. At 2,000 scans a second most visitors have opened their pass
  before the door, which prefetches their answers.

The application's own rule decides which shards a venue's scans use.
"""

import random
from collections import Counter

from bench.figures import Figure
from chalicelib.core import ids
from chalicelib.venues.venue import shard_of

SHARDS = 64
SCANS = 2000
CHANGED = 0.1
COUNTS = 4  # a second and shard
LIMIT = 1000
PARTITIONS = (4, 8)
_SCANS_SEEN = 200_000
_DAYS = 100_000
_SEED = 20220424


def loads(draw: random.Random) -> list[float]:
    """Return the writes a second on each shard that the application's rule uses."""
    fallen = Counter(shard_of(ids.encode(draw.randbytes(10)), SHARDS) for _ in range(_SCANS_SEEN))
    return [
        SCANS * (1 + CHANGED) * count / _SCANS_SEEN + COUNTS for count in fallen.values()
    ]  # fmt: skip


def chance(shards: list[float], partitions: int, draw: random.Random) -> float:
    """Return the share of days on which a partition's load exceeds its limit."""
    over = 0
    for _ in range(_DAYS):
        sums = [0.0] * partitions
        for place, load in zip(draw.choices(range(partitions), k=len(shards)), shards, strict=True):
            sums[place] += load
        over += max(sums) > LIMIT
    return over / _DAYS


def figure() -> Figure:
    """Return the higher of both chances, in percent."""
    draw = random.Random(_SEED)  # noqa: S311 (the same days in every run)
    shards = loads(draw)
    found = {partitions: chance(shards, partitions, draw) for partitions in PARTITIONS}
    note = ", ".join(f"{value:.2%} on {partitions}" for partitions, value in found.items())
    return Figure(
        "hot_venue_throttle", 100 * max(found.values()), "%", 1,
        note=f"{note} partitions; {len(shards)} shards used",
    )  # fmt: skip
