"""Items of counters."""

from collections.abc import Collection, Sequence
from datetime import date

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from chalicelib.core import keys
from chalicelib.core.attributes import IntegerAttribute, TextAttribute
from chalicelib.core.keys import Key
from chalicelib.core.table import ConditionFailed, Item, Raw, Table
from chalicelib.insight.counters import Figures, Standing, partitions_of, total
from chalicelib.venues.venue import Venue


class CounterItem(Item):
    """COUNT of the unit and COUNT#per of a staff member: figures, and the last number applied.

    `sequence` is the last stream sequence number applied. It is text, because it exceeds the 38
    digits of a DynamoDB number. `fence` is the last fence that COUNT has passed, `repaired` the one
    behind which the counter was repaired. COUNT is in the index ``visits`` under its day, so that a
    day's venues are found; its keys never change, so that this costs one write for each counter.
    Releases up to 0.2.0 kept the staff's figures on COUNT: ``per_…-c``
    is a staff member's *checked*. They stay there, and a staff member's figures are the sum.
    """

    sequence = TextAttribute(attr_name="sq")
    checked = IntegerAttribute(attr_name="c", default=0)
    passed = IntegerAttribute(attr_name="p", default=0)
    abnormal = IntegerAttribute(attr_name="a", default=0)
    pending = IntegerAttribute(attr_name="w", default=0)
    own = IntegerAttribute(attr_name="o", default=0)
    fence = TextAttribute(attr_name="fe")
    repaired = TextAttribute(attr_name="rp")
    g1pk = TextAttribute()
    g1sk = TextAttribute()


# In the order of Figures.parts().
_FIGURES = (
    CounterItem.checked,
    CounterItem.passed,
    CounterItem.abnormal,
    CounterItem.pending,
    CounterItem.own,
)


_POSITION = ("pk", "sk", "v", CounterItem.sequence.attr_name)
"""What counting reads of a counter. Its role may read no more (``.chalice/policy-counts.json``)."""


def _own_figures(item: CounterItem) -> Figures:
    return Figures(item.checked, item.passed, item.abnormal, item.pending, item.own)


def _before(raw: Raw) -> dict[str, Figures]:
    """Return the staff's figures that 0.2.0 kept on the unit's counter, by staff id."""
    staff = {name.partition("-")[0] for name in raw if name.startswith("per_")}
    return {
        who: Figures(*(int(raw.get(f"{who}-{one.attr_name}", {"N": "0"})["N"]) for one in _FIGURES))
        for who in staff
    }


def _figures(raw: Raw, staff_id: str) -> Figures:
    """Return the figures in an item, of the unit or of a staff member."""
    item = CounterItem.read(raw)
    if staff_id and item.sk == keys.COUNT:
        return _before(raw).get(staff_id, Figures())
    return _own_figures(item)


def _adding(delta: Figures) -> list[Action]:
    """Return the update that adds `delta`. It may make the item; an older one keeps its version."""
    return [
        CounterItem.v.set(CounterItem.v | CounterItem.FORMAT),
        *(
            attribute.add(number)
            for attribute, number in zip(_FIGURES, delta.parts(), strict=True)
            if number
        ),
    ]


def _unchanged(last: str) -> Condition:
    """Return the condition that a counter is at `last`."""
    unchanged: Condition = CounterItem.sequence == last
    if not last:  # nothing was applied yet; repairs of 0.1 wrote an empty text
        unchanged = CounterItem.sequence.does_not_exist() | (
            size(CounterItem.sequence) == 0  # type: ignore[no-untyped-call]
        )
    return unchanged


def _key(partition: str, staff_id: str) -> Key:
    return keys.staff_counter(partition, staff_id) if staff_id else keys.counter(partition)


class CounterStore:
    """Counters in the table. See `counters.Counters`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def last(self, partition: str, staff: Collection[str]) -> dict[str, str]:
        """See `Counters.last`."""
        wanted = {_key(partition, who): who for who in ("", *staff)}
        raws = self._table.batch_get([*wanted], attributes=_POSITION)
        found = map(CounterItem.read, raws)
        return dict.fromkeys(wanted.values(), "") | {
            wanted[item.key]: item.sequence for item in found
        }

    def add(
        self,
        partition: str,
        staff_id: str,
        delta: Figures,
        *,
        last: str,
        sequence: str,
        fence: str = "",
    ) -> bool:
        """See `Counters.add`."""
        actions = [*_adding(delta), CounterItem.sequence.set(sequence)]
        if fence:
            actions.append(CounterItem.fence.set(fence))
        if not last and not staff_id:
            index = keys.counted(partition)
            actions += [CounterItem.g1pk.set(index.pk), CounterItem.g1sk.set(index.sk)]
        return self._update(_key(partition, staff_id), actions, _unchanged(last))

    def standing(self, partition: str) -> dict[str, Standing]:
        """See `Counters.standing`."""
        span = (keys.COUNT, f"{keys.COUNT}#~")
        raws = [*self._table.query(partition, span, consistent=True)]
        items = {keys.staff_of(item.sk): item for item in map(CounterItem.read, raws)}
        found = {
            who: Standing(_own_figures(item), item.sequence, item.fence)
            for who, item in items.items()
        }
        for raw in raws:
            for who, before in _before(raw).items():
                counter = found.get(who, Standing())
                found[who] = counter._replace(figures=counter.figures + before)
        return found

    def repair(
        self,
        partition: str,
        staff_id: str,
        delta: Figures,
        *,
        last: str,
        sequence: str,
        fence: str,
    ) -> bool:
        """See `Counters.repair`."""
        actions = [
            *_adding(delta),
            CounterItem.sequence.set(sequence),
            CounterItem.repaired.set(fence),
        ]
        once = CounterItem.repaired.does_not_exist() | (CounterItem.repaired != fence)
        return self._update(_key(partition, staff_id), actions, _unchanged(last) & once)

    def _update(self, key: Key, actions: Sequence[Action], condition: Condition) -> bool:
        try:
            self._table.update(key, actions, condition)
        except ConditionFailed:
            return False
        return True

    def of_day(self, venue: Venue, day: date, staff_id: str = "") -> Figures:
        """See `Counters.of_day`."""
        partitions = partitions_of(venue, day)
        wanted = [_key(partition, who) for partition in partitions for who in {"", staff_id}]
        return total(_figures(raw, staff_id) for raw in self._table.batch_get(wanted))
