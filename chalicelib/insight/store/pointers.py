"""Items of pointers to abnormal scans."""

from collections.abc import Iterator
from datetime import date

from chalicelib.admission.scan import Scan
from chalicelib.core import keys
from chalicelib.core.attributes import EpochSecondsAttribute
from chalicelib.core.clock import epoch_ms
from chalicelib.core.keys import Key
from chalicelib.core.table import Item, Table
from chalicelib.venues.venue import Venue

_SPARE = 8
"""Chance seldom puts more than these beyond its share into a shard; then it is queried again."""


class PointerItem(Item):
    """ABN#ms#hash: a pointer, in the partition of its scan, which it does not outlive."""

    ttl = EpochSecondsAttribute(null=True)


class PointerStore:
    """Pointers in the table. See `abnormal.Pointers`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, partition: str, scan: Scan) -> None:
        """See `Pointers.add`."""
        self._table.put(PointerItem.at(_pointer(partition, scan), ttl=scan.expires_at))

    def remove(self, partition: str, scan: Scan) -> None:
        """See `Pointers.remove`."""
        self._table.delete(_pointer(partition, scan))

    def of_day(
        self, venue: Venue, day: date, shard: int, after: str, *, wanted: int
    ) -> Iterator[str]:
        """See `Pointers.of_day`."""
        partition = keys.scan_partition(venue.venue_id, day, shard)
        span = (f"{keys.ABNORMAL}{after}~" if after else keys.ABNORMAL, f"{keys.ABNORMAL}~")
        page = wanted // venue.shards_on(day) + _SPARE
        for raw in self._table.query(partition, span, page=page):
            yield raw["sk"]["S"].removeprefix(keys.ABNORMAL)


def _pointer(partition: str, scan: Scan) -> Key:
    return keys.abnormal(partition, epoch_ms(scan.at), scan.digest)
