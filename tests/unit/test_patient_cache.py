"""A cache that outlasts an outage of its source."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.core.cache import PatientCache
from chalicelib.core.errors import Unavailable
from tests.fakes.parts import NOON


class Source:
    """A source that may be away, or refuse."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.asked = self.reported = 0
        self.cache = PatientCache(
            self.load, minutes(5), 4, stale=minutes(60), pause=minutes(1), report=self.report
        )

    def load(self, key: str) -> str:
        self.asked += 1
        if self.fault:
            raise self.fault
        return f"{key}{self.asked}"

    def report(self) -> None:
        self.reported += 1

    def get(self, after: float, key: str = "k") -> str | None:
        return self.cache.get(key, NOON + minutes(after))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_a_stale_value_is_better_than_none_and_is_reported() -> None:
    source = Source()
    assert source.get(0) == "k1"
    source.fault = Unavailable()
    assert source.get(5) == "k1"
    assert (source.asked, source.reported) == (2, 1)


def test_the_source_is_left_in_peace_for_a_while() -> None:
    source = Source()
    source.get(0)
    source.fault = Unavailable()
    for after in (5, 5.5, 5.9):
        assert source.get(after) == "k1"
    assert source.asked == 2
    source.fault = None
    assert source.get(6) == "k3"


def test_it_ends() -> None:
    source = Source()
    source.get(0)
    source.fault = Unavailable()
    assert source.get(59.9) == "k1"
    with pytest.raises(Unavailable):
        source.get(60)


def test_what_was_never_known_is_not_made_up() -> None:
    source = Source()
    source.fault = Unavailable()
    with pytest.raises(Unavailable):
        source.get(0)


@pytest.mark.parametrize("fault", [LookupError, PermissionError])
def test_an_answer_is_not_an_outage(fault: Callable[[], Exception]) -> None:
    source = Source()
    source.get(0)
    source.fault = fault()
    with pytest.raises(type(source.fault)):
        source.get(5)
