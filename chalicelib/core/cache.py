"""A small cache in the process for what changes rarely and is read at every scan."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Value = TypeVar("Value")


class TimedCache(Generic[Value]):
    """Remembers what `load` found for at most `life`; what was not found is not remembered.

    Holds `size` entries and drops the one that was loaded first. A suspension or a rotation takes
    up to `life` to be seen by every process (architecture, *One table*).
    """

    def __init__(self, load: Callable[[str], Value | None], life: timedelta, size: int) -> None:
        self._load = load
        self._life = life
        self._size = size
        self._entries: OrderedDict[str, tuple[datetime, Value]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, now: datetime) -> Value | None:
        """The value of `key` as it was at most `life` before `now`; None when there is none."""
        entry = self._entries.get(key)
        if entry and now - entry[0] < self._life:
            return entry[1]
        value = self._load(key)
        self._entries.pop(key, None)
        if value is not None:
            self._entries[key] = (now, value)
            if len(self._entries) > self._size:
                self._entries.popitem(last=False)
        return value
