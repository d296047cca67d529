"""Items of counters."""

from collections.abc import Collection
from datetime import date

from pynamodb.expressions.condition import size
from pynamodb.expressions.update import Action

from chalicelib.core import keys
from chalicelib.core.attributes import IntegerAttribute, TextAttribute
from chalicelib.core.keys import Key
from chalicelib.core.table import ConditionFailed, Item, Raw, Table
from chalicelib.insight.counters import Figures, total
from chalicelib.venues.venue import Venue


class CounterItem(Item):
    """COUNT of the unit and COUNT#per of a staff member: figures, and the last number applied.

    `sequence` is the last stream sequence number applied. It is text, because it exceeds the 38
    digits of a DynamoDB number. Releases up to 0.2.0 kept the staff's figures on COUNT: ``per_…-c``
    is a staff member's *checked*. They stay there, and a staff member's figures are the sum.
    """

    sequence = TextAttribute(attr_name="sq")
    checked = IntegerAttribute(attr_name="c", default=0)
    passed = IntegerAttribute(attr_name="p", default=0)
    abnormal = IntegerAttribute(attr_name="a", default=0)
    pending = IntegerAttribute(attr_name="w", default=0)
    own = IntegerAttribute(attr_name="o", default=0)


# In the order of Figures.parts().
_FIGURES = (
    CounterItem.checked,
    CounterItem.passed,
    CounterItem.abnormal,
    CounterItem.pending,
    CounterItem.own,
)


def _figures(raw: Raw, staff_id: str) -> Figures:
    """Return the figures in an item, of the unit or of a staff member."""
    item = CounterItem.read(raw)
    if staff_id and item.sk == keys.COUNT:
        names = [f"{staff_id}-{one.attr_name}" for one in _FIGURES]
        return Figures(*(int(raw[name]["N"]) if name in raw else 0 for name in names))
    return Figures(item.checked, item.passed, item.abnormal, item.pending, item.own)


def _key(partition: str, staff_id: str) -> Key:
    return keys.staff_counter(partition, staff_id) if staff_id else Key(partition, keys.COUNT)


class CounterStore:
    """Counters in the table. See `counters.Counters`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def last(self, partition: str, staff: Collection[str]) -> dict[str, str]:
        """See `Counters.last`."""
        wanted = {_key(partition, who): who for who in ("", *staff)}
        found = map(CounterItem.read, self._table.batch_get([*wanted]))
        return dict.fromkeys(wanted.values(), "") | {
            wanted[item.key]: item.sequence for item in found
        }

    def add(
        self, partition: str, staff_id: str, delta: Figures, *, last: str, sequence: str
    ) -> bool:
        """See `Counters.add`."""
        # The update may make the item; an older one keeps its version.
        actions: list[Action] = [CounterItem.v.set(CounterItem.v | CounterItem.FORMAT)]
        if sequence:
            actions.append(CounterItem.sequence.set(sequence))
        for attribute, number in zip(_FIGURES, delta.parts(), strict=True):
            if number:
                actions.append(attribute.add(number))
        if last:
            unchanged = CounterItem.sequence == last
        else:  # nothing was applied yet; repairs of 0.1 wrote an empty text
            unchanged = CounterItem.sequence.does_not_exist() | (
                size(CounterItem.sequence) == 0  # type: ignore[no-untyped-call]
            )
        try:
            self._table.update(_key(partition, staff_id), actions, unchanged)
        except ConditionFailed:
            return False
        return True

    def of_day(self, venue: Venue, day: date, staff_id: str = "") -> Figures:
        """See `Counters.of_day`."""
        partitions = [
            keys.scan_partition(venue.venue_id, day, shard) for shard in range(venue.shards)
        ]
        wanted = [_key(partition, who) for partition in partitions for who in {"", staff_id}]
        return total(_figures(raw, staff_id) for raw in self._table.batch_get(wanted))
