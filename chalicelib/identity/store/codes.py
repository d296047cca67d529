"""The item and store of one-time codes."""

from contextlib import suppress
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
    TextAttribute,
)
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.table import ABSENT, PRESENT, ConditionFailed, Item, Table
from chalicelib.identity.people import GUESSES, GUESSES_OF_ALL, REPLAY, Guess, GuessState, SentCode

_LEFTOVER = timedelta(days=1)


class CodeItem(Item):
    """OTP: the code sent last, and earlier ones while they are valid.

    `network` asked for the last one. `former` is the one before, which is valid for everybody.
    `earlier` are further ones, each ``network,digest,expires ms``, separated by semicolons;
    they are valid for their networks. `attempts` counts wrong guesses; those of each network stand
    in an attribute of its own. `used` is the digest of the code that was used, `used_by` what for.
    """

    digest = UnicodeAttribute(attr_name="dg")
    attempts = IntegerAttribute(attr_name="at", default=0)
    expires = EpochSecondsAttribute(attr_name="ex")
    nonce = TextAttribute(attr_name="no")
    former = TextAttribute(attr_name="fd")
    former_expires = EpochSecondsAttribute(attr_name="fx", null=True)
    network = TextAttribute(attr_name="nw")
    former_network = TextAttribute(attr_name="fn")
    earlier = TextAttribute(attr_name="ea")
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
        return SentCode(
            item.digest, item.expires, item.nonce, bool(item.used), item.network, _earlier(item)
        )

    def put(self, blind: str, code: SentCode, last: SentCode | None = None) -> bool:
        """See `people.Codes.put`."""
        former, *further = code.earlier or (None,)
        item = CodeItem.at(
            keys.otp(blind),
            digest=code.digest,
            expires=code.expires_at,
            nonce=code.nonce,
            network=code.network,
            former=former.digest if former else "",
            former_expires=former.expires_at if former else None,
            former_network=former.network if former else "",
            earlier=";".join(
                f"{one.network},{one.digest},{epoch_ms(one.expires_at)}" for one in further if one
            ),
            ttl=code.expires_at + _LEFTOVER,
        )
        condition = ABSENT
        if last is not None:
            used = CodeItem.used.exists() if last.used else CodeItem.used.does_not_exist()
            condition = PRESENT & (CodeItem.digest == last.digest) & used
        try:
            self._table.put(item, condition)
        except ConditionFailed:
            return False
        return True

    def check(self, blind: str, digest: str, *, network: str, now: datetime) -> GuessState:
        """See `people.Codes.check`. Counts the attempt, and takes it back if it is correct."""
        item, state = self._guess(blind, digest, network=network, now=now)
        if item is None:
            return state
        if item.used and _replayed(item, digest, now).state is GuessState.WRONG:
            return GuessState.WRONG
        back = [CodeItem.attempts.add(-1), _attempts_of(network).add(-1)]
        with suppress(ConditionFailed):  # a new code came, which has no attempts
            self._table.update(keys.otp(blind), back, PRESENT & (CodeItem.digest == item.digest))
        return GuessState.RIGHT

    def spend(self, blind: str, digest: str, *, network: str, by: str, now: datetime) -> Guess:
        """See `people.Codes.spend`.

        Counts the attempt, compares the code, then marks it as used with a condition, and takes the
        attempt back. Of two concurrent requests, the second one finds the mark of the first.
        """
        item, state = self._guess(blind, digest, network=network, now=now)
        if item is None:
            return Guess(state)
        key, mine = keys.otp(blind), _attempts_of(network)
        use = [
            CodeItem.used.set(digest),
            CodeItem.used_by.set(by),
            CodeItem.used_at.set(now),
            CodeItem.attempts.add(-1),
            mine.add(-1),
        ]
        stands = (
            (CodeItem.digest == digest)
            | (CodeItem.former == digest)
            | CodeItem.earlier.contains(digest)
        )
        try:
            self._table.update(key, use, PRESENT & stands & CodeItem.used.does_not_exist())
        except ConditionFailed as failure:
            raw = failure.met[0] or self._table.get(key)
            return _replayed(CodeItem.read(raw) if raw else None, digest, now)
        return Guess(GuessState.RIGHT, by)

    def _guess(
        self, blind: str, digest: str, *, network: str, now: datetime
    ) -> tuple[CodeItem | None, GuessState]:
        """Count an attempt, and compare the code; return the item if it is correct."""
        key, mine = keys.otp(blind), _attempts_of(network)
        guessable = (
            (CodeItem.expires > now)
            & (CodeItem.attempts < GUESSES_OF_ALL)
            & (mine.does_not_exist() | (mine < GUESSES))
        )
        try:
            raw = self._table.update(
                key,
                [CodeItem.attempts.add(1), mine.add(1)],
                PRESENT & guessable,
                returned="ALL_NEW",
            )
        except ConditionFailed as failure:
            met = failure.met[0] or self._table.get(key)
            alive = met and CodeItem.read(met).expires > now
            return None, GuessState.USED_UP if alive else GuessState.WRONG
        item = CodeItem.read(raw)
        if digest in (item.digest, *_valid(_earlier(item), network, now)):
            return item, GuessState.RIGHT
        guesses = int(raw[mine.attr_name]["N"])
        over = guesses >= GUESSES or item.attempts >= GUESSES_OF_ALL
        return None, GuessState.USED_UP if over else GuessState.WRONG


def _earlier(item: CodeItem) -> tuple[SentCode, ...]:
    """Return the earlier codes in an item, the former one first."""
    if not item.former or item.former_expires is None:
        return ()
    former = SentCode(item.former, item.former_expires, network=item.former_network)
    entries = (entry.split(",") for entry in item.earlier.split(";") if entry)
    return (
        former,
        *(
            SentCode(digest, from_epoch_ms(int(expires)), network=network)
            for network, digest, expires in entries
        ),
    )


def _valid(earlier: tuple[SentCode, ...], network: str, now: datetime) -> list[str]:
    """Return the digests of the earlier codes that are valid for `network`."""
    return [
        one.digest
        for place, one in enumerate(earlier)
        if one.expires_at > now and (place == 0 or one.network == network)
    ]


def _replayed(item: CodeItem | None, digest: str, now: datetime) -> Guess:
    """Return the use on record, if it is of the same code and a short time ago."""
    if item is None or item.used_at is None or item.used != digest:
        return Guess(GuessState.WRONG)
    if abs(now - item.used_at) > REPLAY:
        return Guess(GuessState.WRONG)
    return Guess(GuessState.RIGHT, item.used_by)
