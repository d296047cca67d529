"""CloudWatch metrics, as log lines in the embedded metric format (EMF).

CloudWatch Logs reads the metrics from the line (CloudWatch User Guide, *Specification: Embedded
metric format*), so that a metric costs no call. A metric is paid for by name and dimension values,
so dimensions have few values, and never a person, venue or id. Lambda passes lines on standard
error on as they are, whatever its log format (Lambda Developer Guide, *Log and monitor Python
Lambda functions*).
"""

import functools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
    "TextMessages": Metric(Unit.COUNT, ("purpose",)),
    "TextMessageFaults": Metric(Unit.COUNT, ("purpose",)),
}
"""Every metric. `record` accepts no other."""


@functools.cache
def namespace() -> str:
    """Return the namespace of this deployment's metrics."""
    return f"{NAMESPACE}/{Settings.from_environment().stage or 'local'}"


def record(values: Mapping[str, float], **dimensions: str) -> None:
    """Log one line with the metrics in `values`, by name, which share `dimensions`.

    Raises KeyError for an unknown metric, ValueError for other dimensions than its row has.
    """
    for name in values:
        if set(METRICS[name].by) != dimensions.keys():
            raise ValueError(f"{name} has the dimensions {METRICS[name].by}")
    directive = {
        "Namespace": namespace(),
        "Dimensions": [[*dimensions]],
        "Metrics": [{"Name": name, "Unit": METRICS[name].unit} for name in values],
    }
    aws = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    logger().info("metrics", extra={"_aws": aws, **dimensions, **values})


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
