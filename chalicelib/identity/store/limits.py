"""The item and store of rate limits."""

import secrets
from contextlib import suppress
from datetime import datetime

from chalicelib.core import keys
from chalicelib.core.attributes import IntegerAttribute, TextAttribute
from chalicelib.core.errors import TooMany
from chalicelib.core.table import ABSENT, PRESENT, ConditionFailed, Item, Table


class LimitItem(Item):
    """RATE. `last` identifies the last attempt that was counted, or given back."""

    attempts = IntegerAttribute(attr_name="n", default=0)
    last = TextAttribute(attr_name="by")
    ttl = IntegerAttribute()


class LimitStore:
    """Rate limits in the table. See `people.Limits`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def charge(
        self, what: str, whom: str, *, limit: int, seconds: int, now: datetime, by: str = ""
    ) -> None:
        """See `people.Limits.charge`. The counter of the window is updated with a condition.

        The AWS client sends an update again whose answer was lost (botocore, *Retries*). The second
        one finds its own mark, so that a limit of one attempt does not refuse it.
        """
        by = by or secrets.token_hex(8)
        second = int(now.timestamp())
        start = second - second % seconds
        another = LimitItem.last.does_not_exist() | (LimitItem.last != by)
        actions = [
            LimitItem.v.set(LimitItem.v | LimitItem.FORMAT),  # the first attempt makes the item
            LimitItem.attempts.add(1),
            LimitItem.last.set(by),
            LimitItem.ttl.set(start + 2 * seconds),
        ]
        key = keys.rate(what, whom, f"{start:010d}")
        try:
            self._table.update(
                key,
                actions,
                ABSENT | ((LimitItem.attempts < limit) & another),
            )
        except ConditionFailed as failure:
            met = failure.met[0] or self._table.get(key)
            if not met or LimitItem.read(met).last != by:
                raise TooMany(start + seconds - second) from None

    def refund(self, what: str, whom: str, *, seconds: int, by: str, now: datetime) -> None:
        """See `people.Limits.refund`."""
        second = int(now.timestamp())
        refund = f"-{by}"
        with suppress(ConditionFailed):
            self._table.update(
                keys.rate(what, whom, f"{second - second % seconds:010d}"),
                [LimitItem.attempts.add(-1), LimitItem.last.set(refund)],
                PRESENT & (LimitItem.attempts > 0) & (LimitItem.last != refund),
            )
