"""Items of counters."""

from collections.abc import Mapping
from datetime import date

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import size
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chalicelib.core import keys
from chalicelib.core.keys import Key
from chalicelib.core.table import ConditionFailed, Item, Raw, Table
from chalicelib.insight.counters import Figures, total
from chalicelib.venues.venue import Venue

_LETTERS = "cpawo"  # checked, passed, abnormal, pending (waiting), own


class CounterItem(Item):
    """COUNT: the last sequence number applied, and a number for each figure and whom it is of.

    A figure is named by its letter, and by the staff member's id in front where it is theirs:
    ``c`` is the unit's *checked*, ``per_…-c`` one inspector's. `sequence` is text, for it exceeds
    the 38 digits of a DynamoDB number.
    """

    sequence = UnicodeAttribute(attr_name="sq", default="")


def _names(staff_id: str) -> list[str]:
    return [f"{staff_id}-{letter}" if staff_id else letter for letter in _LETTERS]


def _figures(raw: Raw, staff_id: str) -> Figures:
    return Figures(*(int(raw[name]["N"]) if name in raw else 0 for name in _names(staff_id)))


class CounterStore:
    """Counters in the table. See `counters.Counters`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def last(self, partition: str) -> str:
        """One consistent get."""
        raw = self._table.get(Key(partition, keys.COUNT))
        return "" if raw is None or "sq" not in raw else raw["sq"]["S"]

    def add(
        self, partition: str, delta: Mapping[str, Figures], *, last: str, sequence: str
    ) -> bool:
        """One conditional update."""
        actions: list[Action] = [CounterItem.sequence.set(sequence)] if sequence else []
        for staff_id, figures in delta.items():
            for name, number in zip(_names(staff_id), figures.parts(), strict=True):
                if number:
                    actions.append(Path([name]).add(number))
        if last:
            unchanged = CounterItem.sequence == last
        else:  # nothing was applied yet; repairs of 0.1 wrote an empty text
            unchanged = CounterItem.sequence.does_not_exist() | (
                size(CounterItem.sequence) == 0  # type: ignore[no-untyped-call]
            )
        try:
            self._table.update(Key(partition, keys.COUNT), actions, unchanged)
        except ConditionFailed:
            return False
        return True

    def of_day(self, venue: Venue, day: date, staff_id: str = "") -> Figures:
        """One batch of gets."""
        wanted = [keys.counter(venue.venue_id, day, shard) for shard in range(venue.shards)]
        return total(_figures(raw, staff_id) for raw in self._table.batch_get(wanted))
