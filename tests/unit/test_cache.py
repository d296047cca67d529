"""The process's cache: no older than its life, no larger than its size."""

from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chalicelib.core.cache import TimedCache
from chalicelib.core.errors import Unavailable
from chalicelib.venues.codes import CodeState
from chalicelib.venues.store.venues import CachedDirectory
from tests.contract import makers
from tests.fakes.parts import NOON
from tests.fakes.stores import FakePeople, FakeVenues

LIFE = timedelta(seconds=60)
SIZE = 3
keys = st.sampled_from("abcde")


class Caching(RuleBasedStateMachine):
    """Against a source that changes: every answer was true at some time within the life."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.source: dict[str, list[tuple[datetime, int | None]]] = {}
        self.loads = 0
        self.cache: TimedCache[int] = TimedCache(self._load, LIFE, SIZE)

    def _load(self, key: str) -> int | None:
        self.loads += 1
        return self._truth(key)

    def _truth(self, key: str) -> int | None:
        return self.source[key][-1][1] if key in self.source else None

    @rule(key=keys, value=st.none() | st.integers())
    def change(self, key: str, value: int | None) -> None:
        self.source.setdefault(key, []).append((self.now, value))

    @rule(seconds=st.sampled_from([0, 1, 29, 59, 60, 61]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(key=keys)
    def read(self, key: str) -> None:
        found = self.cache.get(key, self.now)
        history = [(NOON - LIFE, None), *self.source.get(key, [])]
        ends = [moment for moment, _ in history[1:]] + [self.now + LIFE]
        recent = {
            value for (_, value), end in zip(history, ends, strict=True) if end > self.now - LIFE
        }
        assert found in recent
        before = self.loads
        if found is not None:
            assert self.cache.get(key, self.now) == found
            assert self.loads == before
        elif self._truth(key) is None:
            assert self.cache.get(key, self.now) is None
            assert self.loads == before + 1  # what was not found is not remembered

    @invariant()
    def it_stays_small(self) -> None:
        assert len(self.cache) <= SIZE


TestCaching = Caching.TestCase


def test_the_first_one_loaded_is_dropped() -> None:
    loaded: list[str] = []

    def load(key: str) -> str:
        loaded.append(key)
        return key

    cache = TimedCache(load, LIFE, 2)
    for key in "abca":
        cache.get(key, NOON)
    cache.get("c", NOON)
    assert loaded == ["a", "b", "c", "a"]


def test_a_source_that_fails_is_asked_again() -> None:
    failures = [Unavailable()]

    def load(_: str) -> int:
        if failures:
            raise failures.pop()
        return 7

    cache = TimedCache(load, LIFE, 2)
    with pytest.raises(Unavailable):
        cache.get("a", NOON)
    assert cache.get("a", NOON) == 7


def test_a_suspension_is_seen_within_a_minute() -> None:
    venues, venue = FakeVenues(FakePeople()), makers.venue()
    venues.create(venue, unique="u", number_blind="n", document_blind="")
    directory = CachedDirectory(venues)

    def state(seconds: float) -> CodeState | None:
        code = directory.code(venue.code, NOON + timedelta(seconds=seconds))
        return code.state if code else None

    assert state(0) is CodeState.ACTIVE
    code = venues.codes[venue.code]
    venues.codes[venue.code] = type(code)(code.value, code.venue_id, CodeState.REVOKED)
    assert state(59.9) is CodeState.ACTIVE
    assert state(60) is CodeState.REVOKED
