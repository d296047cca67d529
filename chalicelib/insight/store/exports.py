"""The item of an export, and the reading of a whole partition."""

from collections.abc import Iterator
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
)
from chalicelib.core.errors import Unavailable
from chalicelib.core.table import ABSENT, PRESENT, ConditionFailed, Item, Raw, Table
from chalicelib.insight.exports import (
    ASKED_AGAIN_AFTER,
    ONE_IN,
    Export,
    ExportState,
    StoredItem,
)

_TECHNICAL = frozenset({"pk", "sk", "v", "ttl"})
_IN_OTHER_SECTIONS = tuple(
    key.sk
    for key in (
        keys.profile(""),
        keys.session("", ""),
        keys.answers(""),
        keys.snapshot("", ""),
        keys.rights(""),
        keys.right("", ""),
        keys.dependants(""),
        keys.guardians(""),
    )
)
"""The beginnings of the sort keys of items that an export has in sections of their own."""
_WAITING = keys.awaiting("").sk
"""The item of the scans that wait, which are among the visits."""


class ExportItem(Item):
    """OWN#EXPORT: the export that was asked for last."""

    export = UnicodeAttribute(attr_name="ex")
    state = EnumAttribute(ExportState, attr_name="st")
    requested = EpochMsAttribute(attr_name="rq")
    correlation = UnicodeAttribute(attr_name="ci")
    expires = EpochMsAttribute(attr_name="un", null=True)
    ttl = EpochSecondsAttribute()


def read_export(raw: Raw) -> tuple[Export, str]:
    """Return the export in a raw item, and the correlation id of its request."""
    item = ExportItem.read(raw)
    return Export(item.export, item.state, item.requested, item.expires), item.correlation


class ExportStore:
    """Exports in the table. See `exports.Exports`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, person_id: str) -> Export | None:
        """See `Exports.of`."""
        raw = self._table.get(keys.export(person_id))
        return None if raw is None else read_export(raw)[0]

    def request(self, person_id: str, export: Export, correlation: str) -> Export:
        """See `Exports.request`. A failed condition without the old item costs one GetItem more."""
        now = export.requested_at
        item = ExportItem.at(
            keys.export(person_id),
            export=export.export_id,
            state=export.state,
            requested=now,
            correlation=correlation,
            ttl=now + 2 * ONE_IN,
        )
        stuck = (ExportItem.state == ExportState.PENDING) & (
            ExportItem.requested <= now - ASKED_AGAIN_AFTER
        )
        next_one = (ExportItem.requested <= now - ONE_IN) & (ExportItem.export != export.export_id)
        try:
            self._table.put(item, ABSENT | next_one | stuck)
        except ConditionFailed as failure:
            if failure.met[0]:
                return read_export(failure.met[0])[0]
            standing = self.of(person_id)
            if standing is None:
                raise Unavailable from None
            return standing
        return export

    def finish(self, person_id: str, export_id: str, expires_at: datetime) -> bool:
        """See `Exports.finish`."""
        actions = [ExportItem.state.set(ExportState.READY), ExportItem.expires.set(expires_at)]
        try:
            self._table.update(
                keys.export(person_id), actions, PRESENT & (ExportItem.export == export_id)
            )
        except ConditionFailed:
            return False
        return True

    def items(self, person_id: str) -> Iterator[StoredItem]:
        """See `Exports.items`."""
        span = (keys.ANY, keys.ANY_TO)
        for raw in self._table.query(keys.person(person_id), span, consistent=True):
            if raw["sk"]["S"].startswith((*_IN_OTHER_SECTIONS, _WAITING)):
                continue
            yield StoredItem(
                raw["sk"]["S"],
                {name: _value(stored) for name, stored in raw.items() if name not in _TECHNICAL},
                until=int(raw["ttl"]["N"]) if "ttl" in raw else None,
            )


def _value(stored: dict[str, object]) -> str | int | bool | bytes:
    ((kind, value),) = stored.items()
    match kind, value:
        case "B", _:
            return bytes(value)  # type: ignore[call-overload, no-any-return]  # DynamoDB's bytes
        case "N", str():
            return int(value)
        case _, bool():
            return value
    return str(value)
