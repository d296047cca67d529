"""The item and store of one-time codes."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import EpochSecondsAttribute, IntegerAttribute
from chalicelib.core.table import PRESENT, ConditionFailed, Item, Table

_MAX_ATTEMPTS = 5


_LEFTOVER = timedelta(days=1)


class CodeItem(Item):
    """OTP."""

    digest = UnicodeAttribute(attr_name="dg")
    attempts = IntegerAttribute(attr_name="at", default=0)
    expires = EpochSecondsAttribute(attr_name="ex")
    ttl = EpochSecondsAttribute()


class CodeStore:
    """One-time codes in the table. See `people.Codes`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, blind: str, digest: str, expires_at: datetime) -> None:
        """See `people.Codes.put`. The put has no condition."""
        ttl = expires_at + _LEFTOVER
        self._table.put(CodeItem.at(keys.otp(blind), digest=digest, expires=expires_at, ttl=ttl))

    def spend(self, blind: str, digest: str, now: datetime) -> bool:
        """See `people.Codes.spend`.

        Counts the attempt, compares the code, then deletes it with a condition. Of two concurrent
        requests, the second one fails the condition and returns False.
        """
        key = keys.otp(blind)
        guessable = (CodeItem.attempts < _MAX_ATTEMPTS) & (CodeItem.expires > now)
        try:
            raw = self._table.update(key, [CodeItem.attempts.add(1)], PRESENT & guessable)
            if CodeItem.read(raw).digest != digest:
                return False
            self._table.delete(key, PRESENT & (CodeItem.digest == digest))
        except ConditionFailed:
            return False
        return True
