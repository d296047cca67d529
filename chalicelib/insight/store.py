"""Items of counters."""

from datetime import date

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core import table as keys
from chalicelib.core.store import ConditionFailed, Item, Table
from chalicelib.core.table import Key
from chalicelib.insight.counters import Figures, total
from chalicelib.venues.venue import Venue


class CounterItem(Item):
    """COUNT. `sequence` is text, for it exceeds the 38 digits of a DynamoDB number."""

    checked = NumberAttribute(attr_name="c", default=0)
    passed = NumberAttribute(attr_name="p", default=0)
    abnormal = NumberAttribute(attr_name="a", default=0)
    pending = NumberAttribute(attr_name="w", default=0)
    own = NumberAttribute(attr_name="o", default=0)
    sequence = UnicodeAttribute(attr_name="sq", default="")


class CounterStore:
    """Counters in the table. See `counters.Counters`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def last(self, partition: str) -> str:
        """One consistent get."""
        raw = self._table.get(Key(partition, keys.COUNT))
        return "" if raw is None else CounterItem.read(raw).sequence

    def add(self, partition: str, delta: Figures, *, last: str, sequence: str) -> bool:
        """One conditional update."""
        actions = [
            CounterItem.checked.add(delta.checked),
            CounterItem.passed.add(delta.passed),
            CounterItem.abnormal.add(delta.abnormal),
            CounterItem.pending.add(delta.pending),
            CounterItem.own.add(delta.own),
            CounterItem.sequence.set(sequence),
        ]
        unchanged = CounterItem.sequence == last
        if not last:  # nothing was applied yet, though a repair may have made the counter
            unchanged |= CounterItem.sequence.does_not_exist()
        try:
            self._table.update(Key(partition, keys.COUNT), actions, unchanged)
        except ConditionFailed:
            return False
        return True

    def of_day(self, venue: Venue, day: date) -> Figures:
        """One batch of gets."""
        wanted = [keys.counter(venue.venue_id, day, shard) for shard in range(venue.shards)]
        items = map(CounterItem.read, self._table.batch_get(wanted))
        return total(
            Figures(
                int(item.checked),
                int(item.passed),
                int(item.abnormal),
                int(item.pending),
                int(item.own),
            )
            for item in items
        )
