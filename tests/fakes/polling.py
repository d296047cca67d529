"""A simulator of a table's stream, and of how Lambda polls it.

It does what AWS's documents permit, at its worst, in an order that `random` decides:

- A partition key's records are in one shard until it is split. A child shard is read after its
  parent (DynamoDB Developer Guide, "Change data capture for DynamoDB Streams"). Without a local
  secondary index, DynamoDB may split a partition key by its sort keys.
- With a parallelization factor of 1, batches of a shard are delivered one after the other. Above
  it, the records of a shard go to as many lanes as the factor says, by item, and lanes overtake
  each other (Lambda Developer Guide, "Polling and batching streams").
- A batch is of any size, a page may be empty, a batch may be delivered again although it was done.
- From the lowest sequence number that a function reports, the rest is delivered again, with other
  boundaries; after an exception the batch is halved; after too many retries it is given up
  ("Configuring partial batch response with DynamoDB and Lambda").
"""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

Record = Mapping[str, Any]
Handler = Callable[[dict[str, Any], Any], Mapping[str, Any]]


def _hash(*parts: str) -> int:
    return zlib.crc32("\0".join(parts).encode())


def key_of(record: Record) -> tuple[str, str]:
    """Return the key of a record's item."""
    stored = record["dynamodb"]["Keys"]
    return stored["pk"]["S"], stored["sk"]["S"]


def sequence_of(record: Record) -> int:
    """Return the sequence number of a record."""
    return int(record["dynamodb"]["SequenceNumber"])


@dataclass
class Shard:
    """A shard: its records, and what it was split into. `depth` counts the splits before."""

    depth: int
    records: list[Record] = field(default_factory=list)
    children: tuple["Shard", ...] = ()


@dataclass
class Stream:
    """A table's stream. With `by_item`, a split divides a partition key by its sort keys."""

    by_item: bool = False
    root: Shard = field(default_factory=lambda: Shard(0))
    count: int = 0

    def write(self, keys: tuple[str, str], images: Mapping[str, Any]) -> None:
        """Append the record of a write."""
        self.count += 1
        body = {
            "Keys": {"pk": {"S": keys[0]}, "sk": {"S": keys[1]}},
            # Longer than a number may be, and of a length that grows on the way.
            "SequenceNumber": str(10**39 - 40 + 7 * self.count),
            **images,
        }
        name = "MODIFY" if "OldImage" in images else "INSERT"
        self._shard_of(keys).records.append({"eventName": name, "dynamodb": body})

    def split(self, random: Random) -> None:
        """Split an open shard."""
        shard = random.choice([one for one in self.shards() if not one.children])
        shard.children = (Shard(shard.depth + 1), Shard(shard.depth + 1))

    def shards(self) -> Iterator[Shard]:
        """Yield all shards, parents first."""
        waiting = [self.root]
        while waiting:
            shard = waiting.pop(0)
            yield shard
            waiting += shard.children

    def _shard_of(self, keys: tuple[str, str]) -> Shard:
        number = _hash(*keys) if self.by_item else _hash(keys[0])
        shard = self.root
        while shard.children:
            shard = shard.children[number >> shard.depth & 1]
        return shard


@dataclass
class _Lane:
    """Where a mapping is in a lane of a shard. `limit` is the size of a halved batch."""

    position: int = 0
    limit: int = 0
    retries: int = 0


@dataclass
class Chances:
    """How often, of 100 times, something happens."""

    empty: int = 10
    again: int = 15
    twice: int = 15
    given_up_after: int = 1_000_000
    batch: int = 20


@dataclass
class SourceMapping:
    """An event source mapping; `dead` are the batches that it gave up."""

    stream: Stream
    handler: Handler
    factor: int
    random: Random
    chances: Chances
    dead: list[list[Record]] = field(default_factory=list)
    deliveries: int = 0
    _lanes: dict[tuple[int, int], _Lane] = field(default_factory=dict)

    def run(self) -> None:
        """Deliver everything."""
        while self.step():
            pass

    def step(self) -> bool:
        """Poll one lane; return whether anything is left to be delivered."""
        ready = [*self._ready()]
        if not ready:
            return False
        if self.random.randrange(100) < self.chances.empty:
            return True
        lane, records = self.random.choice(ready)
        size = self.random.randint(1, self.chances.batch)
        batch = records[lane.position : lane.position + (lane.limit or size)]
        shown = list(batch)
        if self.random.randrange(100) < self.chances.twice:
            one = self.random.randrange(len(shown))
            shown.insert(self.random.randint(one + 1, len(shown)), shown[one])
        self._deliver(lane, batch, shown)
        if self.random.randrange(100) < self.chances.again:
            lane.position = max(0, lane.position - self.random.randint(1, 5))
            lane.limit = 0
        return True

    def begin_again(self) -> None:
        """Read the stream from its beginning, as a mapping that is made anew (TRIM_HORIZON)."""
        self._lanes.clear()

    def invoke(self, records: Sequence[Record]) -> list[int] | None:
        """Invoke the function; return the numbers that it reports, or None for an exception."""
        self.deliveries += 1
        try:
            response = self.handler({"Records": [*records]}, None)
        except Exception:
            return None
        return [int(one["itemIdentifier"]) for one in response["batchItemFailures"]]

    def _deliver(self, lane: _Lane, batch: list[Record], shown: list[Record]) -> None:
        failed = self.invoke(shown)
        if failed == []:
            lane.position += len(batch)
            lane.limit = lane.retries = 0
            return
        done = 0
        if failed:
            done = next(n for n, one in enumerate(batch) if sequence_of(one) == min(failed))
        lane.position += done
        lane.retries += 1
        if lane.retries > self.chances.given_up_after:
            rest = batch[done:]
            self.dead.append(rest)
            lane.position += len(rest)
            lane.limit = lane.retries = 0
        elif failed is None and len(batch) > 1:
            lane.limit = len(batch) // 2

    def _ready(self) -> Iterator[tuple[_Lane, list[Record]]]:
        """Yield the lanes with records to deliver; a child's only when its parents are done."""
        waiting = [self.stream.root]
        while waiting:
            shard = waiting.pop(0)
            done = True
            for place in range(self.factor):
                lane = self._lanes.setdefault((id(shard), place), _Lane())
                records = [
                    record
                    for record in shard.records
                    if self.factor == 1 or _hash("lane", *key_of(record)) % self.factor == place
                ]
                if lane.position < len(records):
                    done = False
                    yield lane, records
            if done:
                waiting += shard.children
