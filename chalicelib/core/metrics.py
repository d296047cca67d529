"""CloudWatch metrics, as log lines in the embedded metric format (EMF).

CloudWatch Logs reads the metrics from the line (CloudWatch User Guide, *Specification: Embedded
metric format*), so that a metric costs no call. A metric is paid for by name and dimension values,
so dimensions have few values, and never a person, venue or id. Lambda passes lines on standard
error on as they are, whatever its log format (Lambda Developer Guide, *Log and monitor Python
Lambda functions*).
"""

import functools
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core.errors import Unavailable
from chalicelib.core.logs import logger
from chalicelib.core.settings import Settings

NAMESPACE = "Venuecode"
"""The beginning of the namespace. The stage follows, because an account may have several."""


class Unit(StrEnum):
    """Units of CloudWatch."""

    COUNT = "Count"
    SECONDS = "Seconds"
    MILLISECONDS = "Milliseconds"


class Metric(NamedTuple):
    """A row of `METRICS`: the unit, and the names of the dimensions, none for the deployment's."""

    unit: Unit
    by: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    "Scans": Metric(Unit.COUNT, ("outcome",)),
    "Decisions": Metric(Unit.COUNT, ("outcome",)),
    "SecondsToDecision": Metric(Unit.SECONDS),
    "UnknownDecisions": Metric(Unit.COUNT),
    "ProviderTime": Metric(Unit.MILLISECONDS, ("provider",)),
    "ProviderFaults": Metric(Unit.COUNT, ("provider", "fault")),
    "LookupsJoined": Metric(Unit.COUNT),
    "StreamLag": Metric(Unit.SECONDS, ("function",)),
    "Drift": Metric(Unit.COUNT),
    "StaleKeys": Metric(Unit.COUNT),
    "TextMessages": Metric(Unit.COUNT, ("purpose",)),
    "TextMessageFaults": Metric(Unit.COUNT, ("purpose",)),
}
"""Every metric. `record` accepts no other."""


@functools.cache
def namespace() -> str:
    """Return the namespace of this deployment's metrics."""
    return f"{NAMESPACE}/{Settings.from_environment().stage or 'local'}"


class _Collected:
    """What is recorded within one `together`, by any of its threads, until it ends."""

    __slots__ = ("_ended", "_lock", "_sets")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended = False
        self._sets: dict[tuple[tuple[str, str], ...], dict[str, list[float]]] = {}

    def add(self, values: Mapping[str, float], dimensions: Mapping[str, str]) -> bool:
        """Keep the values; return False if it is too late."""
        with self._lock:
            if not self._ended:
                kept = self._sets.setdefault(tuple(dimensions.items()), {})
                for name, value in values.items():
                    kept.setdefault(name, []).append(value)
            return not self._ended

    def end(self) -> None:
        """Log the lines."""
        with self._lock:
            self._ended = True
        lines: list[_Line] = []
        for dimensions, kept in self._sets.items():
            for values in _portions(kept):
                if not any(line.take(dict(dimensions), values) for line in lines):
                    lines.append(_Line())
                    lines[-1].take(dict(dimensions), values)
        for line in lines:
            line.write()


_MOST = 100  # numbers in an array of the format


def _portions(found: Mapping[str, list[float]]) -> Iterator[dict[str, float | list[float]]]:
    """Yield what goes into a line each: the sum of a count, up to a hundred of other values."""
    counts = {name: sum(found[name]) for name in found if METRICS[name].unit is Unit.COUNT}
    others = {name: found[name] for name in found if name not in counts}
    for start in range(0, max(map(len, others.values()), default=1), _MOST):
        arrays = {name: values[start : start + _MOST] for name, values in others.items()}
        plain = {name: one[0] if len(one) == 1 else one for name, one in arrays.items() if one}
        yield {**plain, **counts} if start == 0 else plain


class _Line:
    """A log line, with a directive for each set of dimensions."""

    __slots__ = ("_directives", "_members")

    def __init__(self) -> None:
        self._directives: list[dict[str, object]] = []
        self._members: dict[str, object] = {}

    def take(
        self, dimensions: Mapping[str, str], values: Mapping[str, float | list[float]]
    ) -> bool:
        """Add metrics, unless the line has another value under a name of theirs."""
        if self._members.keys() & values.keys():
            return False
        if any(self._members.get(name, value) != value for name, value in dimensions.items()):
            return False
        self._members |= {**dimensions, **values}
        self._directives.append(
            {
                "Namespace": namespace(),
                "Dimensions": [[*dimensions]],
                "Metrics": [{"Name": name, "Unit": METRICS[name].unit} for name in values],
            }
        )
        return True

    def write(self) -> None:
        """Log the line."""
        now_ms = time.time_ns() // 1_000_000
        aws = {"Timestamp": now_ms, "CloudWatchMetrics": self._directives}
        logger().info("metrics", extra={"_aws": aws, **self._members})


_collecting: ContextVar[_Collected | None] = ContextVar("collecting", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Log what is recorded within, also in threads with this context, in as few lines as possible.

    Counts are summed up, and other values are in arrays. A line costs more than a value.
    """
    collected = _Collected()
    token = _collecting.set(collected)
    try:
        yield
    finally:
        _collecting.reset(token)
        collected.end()


def record(values: Mapping[str, float], **dimensions: str) -> None:
    """Record the metrics in `values`, by name, which share `dimensions`: one line, or `together`.

    Raises KeyError for an unknown metric, ValueError for other dimensions than its row has.
    """
    for name in values:
        if set(METRICS[name].by) != dimensions.keys():
            raise ValueError(f"{name} has the dimensions {METRICS[name].by}")
    collected = _collecting.get()
    if collected is None or not collected.add(values, dimensions):
        line = _Line()
        line.take(dimensions, values)
        line.write()


@contextmanager
def text_message(purpose: str) -> Iterator[None]:
    """Record the text message that is sent within, or a fault if its gateway is unavailable.

    A number that the gateway refuses is neither.
    """
    try:
        yield
    except Unavailable:
        record({"TextMessageFaults": 1}, purpose=purpose)
        raise
    record({"TextMessages": 1}, purpose=purpose)
