"""Where metrics are recorded: scans, text messages, the stream's lag."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.admission.judge import Outcome
from chalicelib.core import metrics
from chalicelib.core.errors import BadInput, Unavailable
from chalicelib.core.logs import JsonFormatter, logger
from chalicelib.insight.scan_metrics import record_new_scans
from chalicelib.workers.lag import record_lag
from tests.support import ROOT

NOW = datetime(2022, 4, 24, 8, 0, 0, 400_000, tzinfo=UTC)


class Lines(io.StringIO):
    """What was logged."""

    def values(self) -> list[dict[str, Any]]:
        """Return the metrics and dimensions of every line."""
        shown = []
        for line in map(json.loads, self.getvalue().splitlines()):
            [directive] = line["_aws"]["CloudWatchMetrics"]
            [dimensions] = directive["Dimensions"]
            names = [metric["Name"] for metric in directive["Metrics"]]
            shown.append({name: line[name] for name in (*dimensions, *names)})
        return shown


@pytest.fixture
def lines() -> Iterator[Lines]:
    written = Lines()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logger().addHandler(handler)
    yield written
    logger().removeHandler(handler)


class Shown:
    """A scan, as far as its metric goes."""

    def __init__(self, outcome: Outcome) -> None:
        self.first_outcome = outcome


def test_a_batch_of_scans_has_a_line_for_each_outcome(lines: Lines) -> None:
    outcomes = [Outcome.ADMIT, Outcome.PENDING, Outcome.ADMIT, Outcome.ADMIT]
    record_new_scans(Shown(outcome) for outcome in outcomes)  # type: ignore[misc]  # a part of one
    assert lines.values() == [{"outcome": "admit", "Scans": 3}, {"outcome": "pending", "Scans": 1}]


def test_a_text_message_counts_when_its_gateway_has_taken_it(lines: Lines) -> None:
    with metrics.text_message("login"):
        assert not lines.values()
    assert lines.values() == [{"purpose": "login", "TextMessages": 1}]


@pytest.mark.parametrize(
    ("error", "recorded"),
    [
        (Unavailable(), [{"purpose": "login", "TextMessageFaults": 1}]),
        (BadInput.at("/phone", "phone"), []),  # the gateway works
    ],
)
def test_a_gateway_that_fails_is_a_fault(
    lines: Lines, error: Exception, recorded: list[dict[str, Any]]
) -> None:
    with pytest.raises(type(error)), metrics.text_message("login"):
        raise error
    assert lines.values() == recorded


def test_the_lag_is_that_of_the_oldest_record(lines: Lines) -> None:
    start = int(NOW.timestamp())
    written = [start - 3, start - 40, start + 2]
    records = [{"dynamodb": {"ApproximateCreationDateTime": moment}} for moment in written]
    record_lag("stream", [*records, {"dynamodb": {}}], NOW)
    assert lines.values() == [{"function": "stream", "StreamLag": 40}]


@pytest.mark.parametrize("times", [{}, {"ApproximateCreationDateTime": int(NOW.timestamp()) - 1}])
def test_a_batch_on_time_or_without_times_costs_no_line(
    lines: Lines, times: dict[str, int]
) -> None:
    record_lag("stream", [{"dynamodb": times}], NOW)
    assert lines.values() == []


def test_each_stage_has_a_namespace_of_its_own() -> None:
    program = "from chalicelib.core import metrics; print(metrics.namespace())"
    shown = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "VC_STAGE": "prod"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "Venuecode/prod\n"
