"""CloudWatch metrics, as log lines in the embedded metric format (EMF).

CloudWatch Logs reads the metrics from the line (CloudWatch User Guide, *Specification: Embedded
metric format*), so that a metric costs no call. A metric is paid for by name and dimension values,
so dimensions have few values, and never a person, venue or id.
"""

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core.logs import logger

NAMESPACE = "Venuecode"


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
}
"""Every metric. `record` accepts no other."""


def record(values: Mapping[str, float], **dimensions: str) -> None:
    """Log one line with the metrics in `values`, by name, which share `dimensions`.

    Raises KeyError for an unknown metric, ValueError for other dimensions than its row has.
    """
    for name in values:
        if set(METRICS[name].by) != dimensions.keys():
            raise ValueError(f"{name} has the dimensions {METRICS[name].by}")
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[*dimensions]],
        "Metrics": [{"Name": name, "Unit": METRICS[name].unit} for name in values],
    }
    aws = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    logger().info("metrics", extra={"_aws": aws, **dimensions, **values})
