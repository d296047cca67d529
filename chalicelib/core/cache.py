"""A small cache in the process, for data that changes rarely and is read at every scan."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Value = TypeVar("Value")


class TimedCache(Generic[Value]):
    """Caches the results of `load` for at most `life`. A missing value is not cached.

    Holds `size` entries and drops the oldest one first. A change, such as a suspension or a
    rotation, reaches every process within `life` (architecture, *One table*).
    """

    def __init__(self, load: Callable[[str], Value | None], life: timedelta, size: int) -> None:
        self._load = load
        self._life = life
        self._size = size
        self._entries: OrderedDict[str, tuple[datetime, Value]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, now: datetime) -> Value | None:
        """Return the value of `key`, at most `life` old at `now`; None if it does not exist."""
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
