"""How likely a station's day is throttled: its shards thrown onto physical partitions.

DynamoDB places a partition key by a hash of its own, so the 64 shards of a venue's day fall where
they fall, for the whole day. A partition takes 1,000 writes a second and bursts no higher; that
DynamoDB splits it when it is hot, within minutes, is left out.

Besides the put of every scan, a partition writes what follows from it:

- the counter of each shard, as often as Lambda polls the stream: four times a second ("Polling and
  batching streams", developer guide of Lambda);
- the later change of a scan that was pending: at 2,000 scans a second, most visitors have opened
  their pass before the door, which fetches their answers ahead.

Which shards a venue's scans fall on is asked of the application's own rule.
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
    """Writes a second on each shard that the application's rule lets scans fall on."""
    fallen = Counter(shard_of(ids.encode(draw.randbytes(10)), SHARDS) for _ in range(_SCANS_SEEN))
    return [
        SCANS * (1 + CHANGED) * count / _SCANS_SEEN + COUNTS for count in fallen.values()
    ]  # fmt: skip


def chance(shards: list[float], partitions: int, draw: random.Random) -> float:
    """The share of days on which a partition's load is beyond its limit."""
    over = 0
    for _ in range(_DAYS):
        sums = [0.0] * partitions
        for place, load in zip(draw.choices(range(partitions), k=len(shards)), shards, strict=True):
            sums[place] += load
        over += max(sums) > LIMIT
    return over / _DAYS


def figure() -> Figure:
    """The worse of both chances, in percent."""
    draw = random.Random(_SEED)  # noqa: S311 (the same days in every run)
    shards = loads(draw)
    found = {partitions: chance(shards, partitions, draw) for partitions in PARTITIONS}
    note = ", ".join(f"{value:.2%} on {partitions}" for partitions, value in found.items())
    return Figure(
        "hot_venue_throttle", 100 * max(found.values()), "%", 1,
        note=f"{note} partitions; {len(shards)} shards used",
    )  # fmt: skip
