"""Items of pointers to abnormal scans."""

from collections.abc import Iterator
from datetime import date

from chalicelib.admission.scan import Scan
from chalicelib.core import keys
from chalicelib.core.clock import epoch_ms
from chalicelib.core.keys import Key
from chalicelib.core.table import Item, Table
from chalicelib.venues.venue import Venue


class PointerItem(Item):
    """ABN#ms#hash beside its scan."""


class PointerStore:
    """Pointers in the table. See `abnormal.Pointers`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, partition: str, scan: Scan) -> None:
        """One put."""
        self._table.put(PointerItem.at(_pointer(partition, scan)))

    def remove(self, partition: str, scan: Scan) -> None:
        """One delete."""
        self._table.delete(_pointer(partition, scan))

    def of_day(self, venue: Venue, day: date, shard: int, after: str) -> Iterator[str]:
        """One query, read as far as it is consumed."""
        partition = keys.scan_partition(venue.venue_id, day, shard)
        span = (f"{keys.ABNORMAL}{after}~" if after else keys.ABNORMAL, f"{keys.ABNORMAL}~")
        for raw in self._table.query(partition, span, page=60):
            yield raw["sk"]["S"].removeprefix(keys.ABNORMAL)


def _pointer(partition: str, scan: Scan) -> Key:
    return keys.abnormal(partition, epoch_ms(scan.at), scan.digest)
