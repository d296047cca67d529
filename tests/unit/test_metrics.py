"""Metrics in the embedded metric format."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from chalicelib.core import metrics
from chalicelib.core.logs import JsonFormatter, logger


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logger().addHandler(handler)
    yield written
    logger().removeHandler(handler)


def test_a_line_has_what_the_format_requires(lines: io.StringIO) -> None:
    metrics.record({"ProviderTime": 153.0}, provider="health_code")
    line = json.loads(lines.getvalue())
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert isinstance(line["_aws"]["Timestamp"], int)
    assert directive == {
        "Namespace": "Venuecode/local",
        "Dimensions": [["provider"]],
        "Metrics": [{"Name": "ProviderTime", "Unit": "Milliseconds"}],
    }
    # Dimensions are texts and metrics are numbers, at the top of the object.
    assert (line["provider"], line["ProviderTime"]) == ("health_code", 153.0)


def test_unknown_metrics_and_dimensions_are_refused() -> None:
    with pytest.raises(KeyError):
        metrics.record({"People": 1})
    with pytest.raises(ValueError, match="ProviderTime"):
        metrics.record({"ProviderTime": 1.0}, person="per_1")
