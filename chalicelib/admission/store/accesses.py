"""Items of access records."""

from collections.abc import Iterator

from pynamodb.attributes import UnicodeAttribute

from chalicelib.admission.accesses import Access
from chalicelib.core import keys
from chalicelib.core.attributes import EpochMsAttribute, EpochSecondsAttribute
from chalicelib.core.clock import epoch_ms
from chalicelib.core.table import Item, Table


class AccessItem(Item):
    """ACCESS#blind: an access to a document number by a staff member; no name, no number."""

    check = UnicodeAttribute(attr_name="ch")
    staff = UnicodeAttribute(attr_name="sf")
    asked = EpochMsAttribute(attr_name="as")
    correlation = UnicodeAttribute(attr_name="ci")
    ttl = EpochSecondsAttribute()


class AccessStore:
    """Access records in the table. See `accesses.Accesses`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, blind: str, access: Access) -> None:
        """See `Accesses.record`."""
        reference = access.reference
        self._table.put(
            AccessItem.at(
                keys.access(blind, epoch_ms(reference.at), reference.digest),
                check=access.scan_id,
                staff=access.staff_id,
                asked=access.asked_at,
                correlation=access.correlation,
                ttl=access.until,
            )
        )

    def of(self, blind: str, after: str, page: int) -> Iterator[tuple[str, Access]]:
        """See `Accesses.of`."""
        span = (f"{after}~" if after else "0", "9~")
        for raw in self._table.query(keys.access_partition(blind), span, page=page):
            item = AccessItem.read(raw)
            yield (
                item.sk,
                Access(
                    item.check,
                    item.staff,
                    item.asked,
                    item.correlation,
                    item.ttl,
                ),
            )
