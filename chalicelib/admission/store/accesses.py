"""Items of access records."""

from collections.abc import Iterator, Sequence

from pynamodb.attributes import UnicodeAttribute

from chalicelib.admission.accesses import Access, AccessKind
from chalicelib.admission.scan import ScanReference
from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    SealedAttribute,
    TextAttribute,
)
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.table import Item, Table

_KINDS = {
    AccessKind.MANUAL_CHECK: "",
    AccessKind.STAFF: "s",
    AccessKind.GUARDIAN: "g",
    AccessKind.KIOSK: "k",
    AccessKind.OFFICER: "o",
}


class AccessItem(Item):
    """ACCESS#blind: an access to a person's data; no name and no number of that person.

    `check` is the id of a manual check, the only kind up to release 0.2.0. Of other accesses by
    staff it has the same form, for the venue. The other kinds have no `check`, and their key is
    their place in the list.
    """

    check = TextAttribute(attr_name="ch")
    staff = TextAttribute(attr_name="sf")
    asked = EpochMsAttribute(attr_name="as")
    correlation = UnicodeAttribute(attr_name="ci")
    kind = EnumAttribute(
        AccessKind, codes=_KINDS, attr_name="ki", null=True, default=AccessKind.MANUAL_CHECK
    )
    place = TextAttribute(attr_name="pl")
    guardian = SealedAttribute(attr_name="gu", null=True)
    ttl = EpochSecondsAttribute()


def _access(item: AccessItem) -> Access:
    at_ms, digest = keys.access_place(item.sk)
    check = ScanReference.parse(item.check) if item.check else None
    return Access(
        kind=item.kind,
        at=from_epoch_ms(at_ms),
        digest=digest,
        asked_at=item.asked,
        correlation=item.correlation,
        until=item.ttl,
        by=item.staff,
        venue_id=check.venue_id if check else "",
        place=item.place,
        guardian=item.guardian,
    )


def _item(blind: str, access: Access) -> AccessItem:
    check = ""
    if access.venue_id:
        check = ScanReference(access.venue_id, access.at, access.digest).scan_id
    return AccessItem.at(
        keys.access(blind, epoch_ms(access.at), access.digest),
        check=check,
        staff=access.by,
        asked=access.asked_at,
        correlation=access.correlation,
        kind=access.kind,
        place=access.place,
        guardian=access.guardian,
        ttl=access.until,
    )


class AccessStore:
    """Access records in the table. See `accesses.Accesses`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, blind: str, access: Access) -> None:
        """See `Accesses.record`."""
        self._table.put(_item(blind, access))

    def record_all(self, accesses: Sequence[tuple[str, Access]]) -> None:
        """See `Accesses.record_all`."""
        self._table.batch_put([_item(blind, access) for blind, access in accesses])

    def of(self, blind: str, after: str, page: int) -> Iterator[tuple[str, Access]]:
        """See `Accesses.of`."""
        span = (f"{after}~" if after else "0", "9~")
        for raw in self._table.query(keys.access_partition(blind), span, page=page):
            item = AccessItem.read(raw)
            yield item.sk, _access(item)
