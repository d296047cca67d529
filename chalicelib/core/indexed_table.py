"""The table while its blind indexes are moved to another root.

Stores build keys from the blind index that they were given, in whatever form it is. `IndexedTable`
finds the item under the form that it has now. Outside a move that is a function of the index and
costs nothing. During a move (`crypto.Stage`) an item is under the present form or under the
upcoming one, never under both:

- what is read is looked for under the present form, then under the upcoming one. Items only move
  from the first to the second, so that one that is there is found;
- what is written is written where the item is. A new item, and while ``MOVING`` every item, is
  written in the form that the stage says. The transaction has the condition that nothing is under
  the other form: of two processes at different stages, only one can claim a phone.
"""

import copy
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from heapq import merge
from typing import Any, Literal

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.core.crypto import BlindIndex
from chalicelib.core.errors import Unavailable
from chalicelib.core.keys import Key
from chalicelib.core.table import (
    ABSENT,
    Check,
    ConditionFailed,
    Connection,
    Copy,
    Delete,
    Item,
    Put,
    Raw,
    Table,
    Write,
)

_INDEX = re.compile(
    r"((?:PHONE|ACCOUNT|IDENT|OTP|PROOF|VENNUM|INVITE|ACCESS|CONSENT|PAIRING)#)"
    r"([1-9][0-9]*:[\w-]{22})",
    re.ASCII,
)
_UNIQUE = re.compile(r"(VENKEY#)((?:[1-9][0-9]*:)?[\w-]+)", re.ASCII)
"""A hash of a blind index. Under the first root it has no key id."""
_TRIES = 4


def index_in(key: Key) -> str:
    """Return the blind index that a key holds; empty if it holds none."""
    found = _found(key.pk) or _found(key.sk)
    return found[2] if found else ""


def with_index(key: Key, index: str) -> Key:
    """Return `key` with another blind index in the place of its own."""
    return Key(_with(key.pk, index), _with(key.sk, index))


def _found(text: str) -> re.Match[str] | None:
    return _INDEX.fullmatch(text) or _UNIQUE.fullmatch(text)


def _with(text: str, index: str) -> str:
    found = _found(text)
    return f"{found[1]}{index}" if found else text


class Unchanged(Condition):
    """The condition that an item's attributes are as they were read."""

    def __init__(self, raw: Raw) -> None:
        super().__init__("AND")
        self._raw = raw

    def serialize(self, placeholder_names: dict[str, str], values: dict[str, Any]) -> str:
        """Return the expression; add to names and values, as PynamoDB does."""
        parts = []
        for name, stored in self._raw.items():
            alias = placeholder_names.setdefault(name, f"#{len(placeholder_names)}")
            place = f":{len(values)}"
            values[place] = stored
            parts.append(f"{alias} = {place}")
        return " AND ".join(parts)


class IndexedTable(Table):
    """The one table, by keys that may hold a blind index of any form. See the module."""

    def __init__(self, name: str, index: BlindIndex, connection: Connection | None = None) -> None:
        super().__init__(name, connection)
        self._index = index

    def same_index(self, one: str, other: str) -> bool:
        """See `Table.same_index`. The forms may differ."""
        return self._index.same(one, other)

    def places(self, key: Key) -> tuple[Key, Key | None]:
        """Return the key in the present form, and in the one that it is moved to, if it is."""
        index = index_in(key)
        if not index:
            return key, None
        present = self._index.moved(index)
        upcoming = self._index.upcoming(present)
        here = with_index(key, present)
        return here, None if upcoming is None else with_index(key, upcoming)

    def settle(self, key: Key) -> bool:
        """Move the item under `key` to the form that it should have, if it is there.

        That is the upcoming form of its index during a move, else the present one. Returns whether
        there was one. If both places have an item, which items that expire may have, the one in
        the new form stays, which is the newer one. Raises Unavailable, also if both have an item
        that does not expire. Cost: one GetItem, and one TransactWriteItems for one that is there.
        """
        here, there = self.places(key)
        aim = there or here
        if aim == key:
            return False
        for attempt in range(_TRIES):
            raw = super().get(key)
            if raw is None:
                return attempt > 0
            same = Unchanged(raw)
            try:
                super().transact(Copy(aim, raw, ABSENT), Delete(key, same))
            except ConditionFailed as failure:
                if failure.met[0] is not None and "ttl" in raw:
                    with suppress(ConditionFailed):
                        super().delete(key, same)
            else:
                return True
        raise Unavailable

    def get(self, key: Key, *, consistent: bool = True) -> Raw | None:
        """See `Table.get`. During a move, a missing item costs a second GetItem."""
        here, there = self.places(key)
        if there is None:
            return super().get(here, consistent=consistent)
        return super().get(here) or super().get(there)

    def batch_get(
        self, keys: Sequence[Key], *, consistent: bool = True, attributes: Sequence[str] = ()
    ) -> list[Raw]:
        """See `Table.batch_get`. During a move, both places of a key are read."""
        both = [place for key in keys for place in self.places(key) if place]
        return super().batch_get(both, consistent=consistent, attributes=attributes)

    def query(
        self,
        pk: str,
        between: tuple[str, str],
        *,
        consistent: bool = False,
        index: str | None = None,
        page: int | None = None,
        newest_first: bool = False,
        after: Raw | None = None,
    ) -> Iterator[Raw]:
        """See `Table.query`. During a move, both partitions are read, the present one at once."""
        here, there = self.places(Key(pk, ""))
        rows = partial(
            super().query,
            between=between,
            consistent=consistent or there is not None,
            index=index,
            page=page,
            newest_first=newest_first,
            after=after,
        )
        if there is None:
            return rows(here.pk)
        first = list(rows(here.pk))
        return merge(first, rows(there.pk), key=_sort_key, reverse=newest_first)

    def put(self, item: Item, condition: Condition | None = None) -> None:
        """See `Table.put`. During a move, it costs a transaction and what `transact` does."""
        here, there = self.places(item.key)
        if there is None:
            super().put(_at(item, here), condition)
        else:
            self.transact(Put(item, condition))

    def batch_put(self, items: Sequence[Item]) -> None:
        """See `Table.batch_put`. It has no conditions, and is for items that expire."""
        moving = self._index.is_moving
        placed = []
        for item in items:
            here, there = self.places(item.key)
            placed.append(_at(item, there if there and moving else here))
        super().batch_put(placed)

    def update(
        self,
        key: Key,
        actions: Sequence[Action],
        condition: Condition | None = None,
        *,
        returned: Literal["ALL_NEW", "NONE"] = "NONE",
    ) -> Raw:
        """See `Table.update`. During a move, the item is updated where it is."""
        place, _ = self._place(key)
        return super().update(place, actions, condition, returned=returned)

    def delete(self, key: Key, condition: Condition | None = None) -> None:
        """See `Table.delete`. During a move, the item is deleted where it is."""
        place, _ = self._place(key)
        super().delete(place, condition)

    def transact(self, *writes: Write) -> None:
        """See `Table.transact`. During a move, one or two GetItem more for each blind index.

        The condition that the other places are empty is not in `ConditionFailed.met`: if it does
        not hold, the items are looked for again.
        """
        for _ in range(_TRIES):
            placed, empty = [], []
            for write in writes:
                place, other = self._place(_key_of(write))
                placed.append(_moved(write, place))
                if other is not None:
                    empty.append(Check(other, ABSENT))
            try:
                super().transact(*placed, *empty)
            except ConditionFailed as failure:
                if any(one is not None for one in failure.met[len(writes) :]):
                    continue
                raise ConditionFailed(failure.met[: len(writes)]) from failure
            return
        raise Unavailable

    def _place(self, key: Key) -> tuple[Key, Key | None]:
        """Return where to write the item under `key`, and what other place must be empty."""
        here, there = self.places(key)
        if there is None:
            return here, None
        if super().get(there) is not None:
            return there, here
        if not self._index.is_moving:
            return here, there
        self.settle(here)
        return there, here


def _sort_key(raw: Raw) -> str:
    text: str = raw["sk"]["S"]
    return text


def _key_of(write: Write) -> Key:
    return write.item.key if isinstance(write, Put) else write.key


def _moved(write: Write, place: Key) -> Write:
    if isinstance(write, Put):
        return write._replace(item=_at(write.item, place))
    return write._replace(key=place)


def _at(item: Item, place: Key) -> Item:
    """Return `item` under another key."""
    if item.key == place:
        return item
    moved = copy.copy(item)
    moved.attribute_values = {**item.attribute_values, "pk": place.pk, "sk": place.sk}
    return moved
