"""Move blind indexes to another root: what is done with each item that a pass over the table meets.

`IndexedTable` serves people meanwhile; docs/decisions/0224 has the stages.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pynamodb.expressions.operand import Path

from chalicelib.core import keys
from chalicelib.core.attributes import EpochMsAttribute, IntegerAttribute, TextAttribute
from chalicelib.core.crypto import BlindIndex
from chalicelib.core.errors import Unavailable
from chalicelib.core.indexed_table import IndexedTable, Unchanged, index_in
from chalicelib.core.keys import Key
from chalicelib.core.table import (
    ABSENT,
    PRESENT,
    Change,
    Check,
    ConditionFailed,
    Copy,
    Delete,
    Item,
    Raw,
)
from chalicelib.venues.staffing import invitation_id
from chalicelib.venues.store.staff import SentInvitationItem, StaffItem

_INDEXES = re.compile(r"(^[ai]?|,)([1-9][0-9]*:(?:[\w-]{22}|[\w-]{8}))(?=,|$)", re.ASCII)
"""Indexes and their beginnings in an attribute: alone, after a role's letter, or in a list."""
_TEXTS = ("VENUE", "DEVICE")
"""Sort keys of items that hold what people typed, and no index."""
_TRIES = 4


Each = Callable[[Callable[[Raw], "Result"], Iterable[Raw]], Iterable["Result"]]


class Result(StrEnum):
    """What became of an item that a pass has met.

    ``KEPT``: it has nothing of a former root. ``MOVED``: it had. ``EXPIRES``: it has, and expires
    by itself. ``LEFT``: it could not be moved now; the next pass tries it again.
    """

    KEPT = "kept"
    MOVED = "moved"
    EXPIRES = "expires"
    LEFT = "left"


class Pass(NamedTuple):
    """A pass over the table: its stage, when it began, the key it has come to, what it did.

    `until` is when the last of what expires has expired, in epoch seconds.
    """

    stage: str
    began: datetime
    after: Key | None = None
    moved: int = 0
    left: int = 0
    expires: int = 0
    until: int = 0


class IndexMoveItem(Item):
    """INDEXMOVE: the pass that is under way."""

    stage = TextAttribute(attr_name="st")
    began = EpochMsAttribute(attr_name="be")
    last_pk = TextAttribute(attr_name="lp")
    last_sk = TextAttribute(attr_name="ls")
    moved = IntegerAttribute(attr_name="mv", default=0)
    left = IntegerAttribute(attr_name="lf", default=0)
    expires = IntegerAttribute(attr_name="ex", default=0)
    until = IntegerAttribute(attr_name="un", default=0)


class IndexMove:
    """Moves what a pass meets, and keeps how far the pass is. May be repeated, or run twice.

    `each` is `map`, or that of an executor, by which items are moved side by side.
    """

    def __init__(self, table: IndexedTable, index: BlindIndex, each: Each = map) -> None:
        self._table = table
        self._index = index
        self._each = each

    def under_way(self) -> Pass | None:
        """Return the pass that was interrupted, or None. Cost: one GetItem."""
        raw = self._table.get(keys.index_move())
        if raw is None:
            return None
        item = IndexMoveItem.read(raw)
        after = Key(item.last_pk, item.last_sk) if item.last_pk else None
        return Pass(item.stage, item.began, after, item.moved, item.left, item.expires, item.until)

    def keep(self, one: Pass) -> None:
        """Keep how far the pass is. Cost: one PutItem."""
        pk, sk = one.after or ("", "")
        self._table.put(
            IndexMoveItem.at(
                keys.index_move(),
                stage=one.stage,
                began=one.began,
                last_pk=pk,
                last_sk=sk,
                moved=one.moved,
                left=one.left,
                expires=one.expires,
                until=one.until,
            )
        )

    def end(self) -> None:
        """Forget the pass."""
        self._table.delete(keys.index_move())

    def step(self, one: Pass) -> tuple[Pass, float]:
        """Move what the next page of the table holds; return the pass and the units of the read.

        The pass is over if its `after` is None then. Cost: one Scan, and the moves.
        """
        start = one.after
        page = self._table.scan({"pk": {"S": start.pk}, "sk": {"S": start.sk}} if start else None)
        for raw, result in zip(page.items, self._each(self._try, page.items), strict=True):
            one = one._replace(
                moved=one.moved + (result is Result.MOVED),
                left=one.left + (result is Result.LEFT),
                expires=one.expires + (result is Result.EXPIRES),
            )
            if result is Result.EXPIRES:
                one = one._replace(until=max(one.until, int(raw["ttl"]["N"])))
        last = page.last
        return one._replace(
            after=Key(last["pk"]["S"], last["sk"]["S"]) if last else None
        ), page.units

    def _try(self, raw: Raw) -> Result:
        try:
            return self.move(raw)
        except (ConditionFailed, Unavailable):
            return Result.LEFT

    def move(self, raw: Raw) -> Result:
        """Move an item, and with a person's profile all that must agree with it.

        Raises ConditionFailed, Unavailable if it changes too often.
        """
        key = _key(raw)
        if index_in(key):
            return Result.MOVED if self._table.settle(key) else Result.KEPT
        forms = self._forms(raw)
        if not forms or key.sk in _TEXTS:
            return Result.KEPT
        if key.sk.startswith(keys.HOT):
            return self._person(keys.person_of(key.pk))
        if key.sk.startswith(keys.staff("", "").sk):
            return self._person(key.sk.removeprefix(keys.staff("", "").sk), key)
        if key.sk.startswith(keys.sent_invitation("", "").sk):
            return self._sent_invitation(raw)
        if "ttl" in raw:
            return Result.EXPIRES
        self._table.transact(_change(raw, forms))
        return Result.MOVED

    def _forms(self, raw: Raw) -> dict[str, str]:
        """Return the attributes with an index of a former root, as they should be."""
        found = {}
        for name, stored in raw.items():
            text = stored.get("S", "")
            if ":" not in text or name in ("pk", "sk"):
                continue
            moved = _INDEXES.sub(lambda one: f"{one[1]}{self._index.moved(one[2])}", text)
            if moved != text:
                found[name] = moved
        return found

    def _person(self, person_id: str, *listed: Key) -> Result:
        """Move all indexes of a person's document and phone in one transaction.

        A right, a link and a pass are in force while their beginning is that of the profile. At
        most 70 writes: 20 venues in two formats, their lists, and six items more. `listed` are
        items of lists of staff that the person may not have a right for any more.
        """
        span = (keys.HOT, keys.SUBJECT_TO)
        for _ in range(_TRIES):
            own = list(self._table.query(keys.person(person_id), span, consistent=True))
            wanted = {keys.staff(venue, person_id) for venue in _venues_of(own)} | {*listed}
            staff = self._table.batch_get(sorted(wanted))
            phone = next((one["pb"]["S"] for one in own if "pb" in one), "")
            writes = [
                _change(raw, {**forms, **self._invitation(raw, phone)})
                for raw in (*own, *staff)
                if (forms := self._forms(raw))
            ]
            if not writes:
                return Result.KEPT
            if self._table.try_transact(*writes):
                return Result.MOVED
        raise Unavailable

    def _invitation(self, raw: Raw, phone: str) -> Mapping[str, str]:
        """Return the new id of the invitation that bound a staff member.

        The id follows from the index of a phone. It is removed if that is not the present phone.
        """
        name = StaffItem.invitation.attr_name
        if name not in raw:
            return {}
        venue_id = keys.venue_of(raw["pk"]["S"])
        known = phone and raw[name]["S"] == invitation_id(venue_id, phone)
        return {name: invitation_id(venue_id, self._index.moved(phone)) if known else ""}

    def _sent_invitation(self, raw: Raw) -> Result:
        """Move an invitation in a venue's list, whose id follows from the index of the phone.

        One that does not wait any longer, or that has been sent again, is deleted.
        """
        key, venue_id = _key(raw), keys.venue_of(raw["pk"]["S"])
        name = SentInvitationItem.phone_blind.attr_name
        phone = self._index.moved(raw[name]["S"])
        waiting = keys.invitation(phone, venue_id)
        aim = keys.sent_invitation(venue_id, invitation_id(venue_id, phone))
        gone = Delete(key, Unchanged({name: raw[name]}))
        copy = Copy(aim, {**raw, name: {"S": phone}}, ABSENT)
        for writes in (
            (copy, gone, Check(waiting, PRESENT)),
            (gone, Check(aim, PRESENT)),
            (gone, Check(waiting, ABSENT)),
        ):
            if self._table.try_transact(*writes):
                return Result.MOVED
        raise Unavailable


def _key(raw: Raw) -> Key:
    return Key(raw["pk"]["S"], raw["sk"]["S"])


def _venues_of(own: Collection[Raw]) -> set[str]:
    one_each = keys.right("", "").sk
    named = {name for raw in own for name in raw if name.startswith("ven_")}
    alone = {raw["sk"]["S"] for raw in own if raw["sk"]["S"].startswith(one_each)}
    return named | {sort_key.removeprefix(one_each) for sort_key in alone}


def _change(raw: Raw, texts: Mapping[str, str]) -> Change:
    """Return the write of attributes of an item; an empty one is removed."""
    actions = [
        Path([name]).set(text) if text else Path([name]).remove() for name, text in texts.items()
    ]
    return Change(_key(raw), actions, Unchanged({name: raw[name] for name in texts}))
