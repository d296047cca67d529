"""Items of fences, and of the progress of reconciliation."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
    TextAttribute,
)
from chalicelib.core.table import Item, Raw, Table
from chalicelib.insight.reconciliation import FENCE_KEPT_FOR, Fence, Progress


class FenceItem(Item):
    """FENCE in a scan partition. Its stream record says that all before it was delivered."""

    nonce = TextAttribute(attr_name="no")
    fingerprint = TextAttribute(attr_name="fp")
    put_at = EpochMsAttribute(attr_name="at")
    ttl = EpochSecondsAttribute()


class LookItem(Item):
    """LOOKS#day · look#bucket: how far a look at a bucket of a day's venues is."""

    after = TextAttribute(attr_name="af")
    done = IntegerAttribute(attr_name="dn", default=0)
    waiting = TextAttribute(attr_name="wa")
    ttl = EpochSecondsAttribute()


def read_fence(raw: Raw) -> Fence:
    """Return the fence in a raw item, from a read or from the stream."""
    item = FenceItem.read(raw)
    return Fence(item.nonce, item.fingerprint, item.put_at)


class ReconciliationStore:
    """Fences and progress in the table. See `reconciliation.Reconciliations`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def venues(self, day: date, bucket: int, after: str) -> Iterator[str]:
        """See `Reconciliations.venues`."""
        # A shard's sort key is venue#shard, and "$" follows "#".
        span = (f"{after}$", "~")
        raws = self._table.query(keys.counted_day(day, bucket), span, index=keys.VISITS_INDEX)
        return (venue_id for venue_id, _ in groupby(keys.venue_of(raw["pk"]["S"]) for raw in raws))

    def fence(self, partition: str) -> Fence | None:
        """See `Reconciliations.fence`."""
        raw = self._table.get(keys.fence(partition))
        return None if raw is None else read_fence(raw)

    def put_fence(self, partition: str, fence: Fence) -> None:
        """See `Reconciliations.put_fence`."""
        item = FenceItem.at(
            keys.fence(partition),
            nonce=fence.nonce,
            fingerprint=fence.fingerprint,
            put_at=fence.put_at,
            ttl=fence.put_at + FENCE_KEPT_FOR,
        )
        self._table.put(item)

    def progress(self, day: date) -> dict[tuple[int, int], Progress]:
        """See `Reconciliations.progress`."""
        raws = self._table.query(keys.looks(day), (keys.ANY, keys.ANY_TO), consistent=True)
        return {
            keys.look_of(item.sk): Progress(
                item.after, bool(item.done), tuple(item.waiting.split())
            )
            for item in map(LookItem.read, raws)
        }

    def save(
        self, day: date, look: int, bucket: int, progress: Progress, expires_at: datetime
    ) -> None:
        """See `Reconciliations.save`."""
        item = LookItem.at(
            keys.look(day, look, bucket),
            after=progress.after,
            done=int(progress.done),
            waiting=" ".join(progress.waiting),
            ttl=expires_at,
        )
        self._table.put(item)
