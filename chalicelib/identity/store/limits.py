"""The item and store of rate limits."""

from datetime import datetime

from chalicelib.core import keys
from chalicelib.core.attributes import IntegerAttribute
from chalicelib.core.errors import TooMany
from chalicelib.core.table import ABSENT, ConditionFailed, Item, Table


class LimitItem(Item):
    """RATE."""

    attempts = IntegerAttribute(attr_name="n", default=0)
    ttl = IntegerAttribute()


class LimitStore:
    """Rate limits in the table. See `people.Limits`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def charge(self, what: str, whom: str, *, limit: int, seconds: int, now: datetime) -> None:
        """See `people.Limits.charge`. The counter of the window is updated with a condition."""
        second = int(now.timestamp())
        start = second - second % seconds
        key = keys.rate(what, whom, f"{start:010d}")
        actions = [
            LimitItem.v.set(LimitItem.v | LimitItem.FORMAT),  # the first attempt makes the item
            LimitItem.attempts.add(1),
            LimitItem.ttl.set(start + 2 * seconds),
        ]
        try:
            self._table.update(key, actions, ABSENT | (LimitItem.attempts < limit))
        except ConditionFailed:
            raise TooMany(start + seconds - second) from None
