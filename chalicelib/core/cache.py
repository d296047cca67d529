"""A small cache in the process, for data that changes rarely and is read at every scan."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from chalicelib.core.errors import Unavailable

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

    def holds(self, key: str) -> bool:
        """Return whether a value of `key` is cached, whatever its age."""
        return key in self._entries

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


class PatientCache(TimedCache[Value]):
    """A cache that outlasts an outage of its source.

    While `load` raises Unavailable, values are returned until they are `stale` old. The source is
    asked again after `pause`, so that a request waits for it once in a while only. `report` is
    called for each failure that was passed over. Other errors mean that the source has answered,
    and are raised: who withdraws a key is not put off.

    The refresh is part of a request, because Lambda stops a process between requests.
    """

    def __init__(
        self,
        load: Callable[[str], Value | None],
        life: timedelta,
        size: int,
        *,
        stale: timedelta,
        pause: timedelta,
        report: Callable[[], None],
    ) -> None:
        super().__init__(load, life, size)
        self._stale = stale
        self._pause = pause
        self._report = report
        self._ask_from: datetime | None = None

    def get(self, key: str, now: datetime) -> Value | None:
        """Return the value of `key`, at most `life` old at `now`, or `stale` in an outage."""
        entry = self._entries.get(key)
        if entry is None or now - entry[0] >= self._stale:
            return super().get(key, now)
        if self._ask_from is not None and now < self._ask_from:
            return entry[1]
        try:
            return super().get(key, now)
        except Unavailable:
            self._ask_from = now + self._pause
            self._report()
            return entry[1]
