"""The item and store of one-time codes."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
    TextAttribute,
)
from chalicelib.core.table import PRESENT, ConditionFailed, Item, Raw, Table
from chalicelib.identity.people import GUESSES, GUESSES_OF_ALL, REPLAY, Guess, GuessState, SentCode

_LEFTOVER = timedelta(days=1)


class CodeItem(Item):
    """OTP: the code sent last, and the one before while it is valid.

    `attempts` counts wrong guesses; those of each network stand in an attribute of its own. `used`
    is the digest of the code that was used, `used_by` what for.
    """

    digest = UnicodeAttribute(attr_name="dg")
    attempts = IntegerAttribute(attr_name="at", default=0)
    expires = EpochSecondsAttribute(attr_name="ex")
    nonce = TextAttribute(attr_name="no")
    former = TextAttribute(attr_name="fd")
    former_expires = EpochSecondsAttribute(attr_name="fx", null=True)
    used = TextAttribute(attr_name="ud")
    used_by = TextAttribute(attr_name="ub")
    used_at = EpochMsAttribute(attr_name="ua", null=True)
    ttl = EpochSecondsAttribute()


def _attempts_of(network: str) -> IntegerAttribute:
    return IntegerAttribute(attr_name=f"n_{network}")


class CodeStore:
    """One-time codes in the table. See `people.Codes`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, blind: str) -> SentCode | None:
        """See `people.Codes.get`."""
        raw = self._table.get(keys.otp(blind))
        if raw is None:
            return None
        item = CodeItem.read(raw)
        return SentCode(item.digest, item.expires, item.nonce, used=bool(item.used))

    def put(self, blind: str, code: SentCode, former: SentCode | None = None) -> None:
        """See `people.Codes.put`. The put has no condition."""
        self._table.put(
            CodeItem.at(
                keys.otp(blind),
                digest=code.digest,
                expires=code.expires_at,
                nonce=code.nonce,
                former=former.digest if former else "",
                former_expires=former.expires_at if former else None,
                ttl=code.expires_at + _LEFTOVER,
            )
        )

    def spend(self, blind: str, digest: str, *, network: str, by: str, now: datetime) -> Guess:
        """See `people.Codes.spend`.

        Counts the attempt, compares the code, then marks it as used with a condition, and takes the
        attempt back. Of two concurrent requests, the second one finds the mark of the first.
        """
        key, mine = keys.otp(blind), _attempts_of(network)
        guessable = (
            (CodeItem.expires > now)
            & (CodeItem.attempts < GUESSES_OF_ALL)
            & (mine.does_not_exist() | (mine < GUESSES))
        )
        try:
            raw = self._table.update(
                key, [CodeItem.attempts.add(1), mine.add(1)], PRESENT & guessable
            )
        except ConditionFailed as failure:
            met = failure.met[0] or self._table.get(key)
            alive = met and CodeItem.read(met).expires > now
            return Guess(GuessState.USED_UP if alive else GuessState.WRONG)
        item = CodeItem.read(raw)
        previous = item.former_expires is not None and item.former_expires > now and item.former
        if digest not in (item.digest, previous):
            guesses = int(raw[mine.attr_name]["N"])
            over = guesses >= GUESSES or item.attempts >= GUESSES_OF_ALL
            return Guess(GuessState.USED_UP if over else GuessState.WRONG)
        use = [
            CodeItem.used.set(digest),
            CodeItem.used_by.set(by),
            CodeItem.used_at.set(now),
            CodeItem.attempts.add(-1),
            mine.add(-1),
        ]
        stands = (CodeItem.digest == digest) | (CodeItem.former == digest)
        try:
            self._table.update(key, use, PRESENT & stands & CodeItem.used.does_not_exist())
        except ConditionFailed as failure:
            return _replayed(failure.met[0] or self._table.get(key), digest, now)
        return Guess(GuessState.RIGHT, by)


def _replayed(raw: Raw | None, digest: str, now: datetime) -> Guess:
    """Return the use on record, if it is of the same code and a short time ago."""
    item = CodeItem.read(raw) if raw else None
    if item is None or item.used_at is None or item.used != digest:
        return Guess(GuessState.WRONG)
    if abs(now - item.used_at) > REPLAY:
        return Guess(GuessState.WRONG)
    return Guess(GuessState.RIGHT, item.used_by)
