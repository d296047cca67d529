"""Where metrics are recorded: scans, text messages, the stream's lag."""

import contextlib
import io
import itertools
import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextvars import copy_context
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission.judge import Decision, Outcome
from chalicelib.core import metrics
from chalicelib.core.errors import BadInput, Unavailable
from chalicelib.core.logs import JsonFormatter, logger
from chalicelib.insight.scan_metrics import record_new_scans
from chalicelib.workers.lag import record_lag
from tests.contract import makers
from tests.support import ROOT

NOW = datetime(2022, 4, 24, 8, 0, 0, 400_000, tzinfo=UTC)


class Lines(io.StringIO):
    """What was logged."""

    def values(self) -> list[dict[str, Any]]:
        """Return the metrics and dimensions of every directive of every line."""
        return [shown for line in self.lines() for shown in line]

    def lines(self) -> list[list[dict[str, Any]]]:
        """Return for each line its directives, as CloudWatch Logs reads them."""
        found = []
        for line in map(json.loads, self.getvalue().splitlines()):
            shown = []
            for directive in line["_aws"]["CloudWatchMetrics"]:
                [dimensions] = directive["Dimensions"]
                names = [metric["Name"] for metric in directive["Metrics"]]
                shown.append({name: line[name] for name in (*dimensions, *names)})
            found.append(shown)
        return found


@pytest.fixture
def lines() -> Iterator[Lines]:
    written = Lines()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logger().addHandler(handler)
    yield written
    logger().removeHandler(handler)


def test_a_batch_of_scans_has_a_line_for_each_outcome(lines: Lines) -> None:
    outcomes = [Outcome.ADMIT, Outcome.PENDING, Outcome.ADMIT, Outcome.ADMIT]
    record_new_scans(
        makers.scan(makers.venue(), verdict=makers.verdict(decision=Decision(outcome, (), ())))
        for outcome in outcomes
    )
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


def test_a_batch_of_lookups_has_a_line_for_each_provider(lines: Lines) -> None:
    with metrics.together():
        for ms in (12.0, 7.0):
            metrics.record({"ProviderTime": ms}, provider="health_code")
            metrics.record({"ProviderTime": ms + 1}, provider="vaccination")
            metrics.record({"SecondsToDecision": ms / 10, "UnknownDecisions": 1})
            metrics.record({"Decisions": 1}, outcome="admit")
        assert not lines.values()
    first, second = lines.lines()
    assert first == [
        {"provider": "health_code", "ProviderTime": [12.0, 7.0]},
        {"SecondsToDecision": [1.2, 0.7], "UnknownDecisions": 2},
        {"outcome": "admit", "Decisions": 2},
    ]
    assert second == [{"provider": "vaccination", "ProviderTime": [13.0, 8.0]}]


def test_an_array_holds_a_hundred_values(lines: Lines) -> None:
    with metrics.together():
        for ms in range(250):
            metrics.record({"ProviderTime": ms}, provider="health_code")
    arrays = [shown["ProviderTime"] for shown in lines.values()]
    assert list(map(len, arrays)) == [100, 100, 50]
    assert [*itertools.chain(*arrays)] == [*range(250)]


def test_what_comes_from_a_thread_too_late_has_a_line_of_its_own(lines: Lines) -> None:
    with metrics.together():
        context = copy_context()
    context.run(metrics.record, {"ProviderTime": 9.0}, provider="identity")
    assert lines.values() == [{"provider": "identity", "ProviderTime": 9.0}]


def test_what_is_recorded_before_an_error_is_logged(lines: Lines) -> None:
    with contextlib.suppress(KeyError), metrics.together():
        metrics.record({"LookupsJoined": 1})
        raise KeyError
    assert lines.values() == [{"LookupsJoined": 1}]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["health_code", "identity"]),
            st.sampled_from(["timeout", "open"]),
            st.integers(0, 9),
        ),
        max_size=12,
    )
)
def test_nothing_is_lost_or_said_of_another(recorded: list[tuple[str, str, int]]) -> None:
    written = Lines()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logger().addHandler(handler)
    with metrics.together():
        for provider, fault, ms in recorded:
            metrics.record({"ProviderTime": ms}, provider=provider)
            metrics.record({"ProviderFaults": 1}, provider=provider, fault=fault)
    logger().removeHandler(handler)
    times: dict[str, list[int]] = {}
    faults: dict[tuple[str, str], int] = {}
    for shown in written.values():
        if "ProviderTime" in shown:
            found = shown["ProviderTime"]
            times[shown["provider"]] = found if isinstance(found, list) else [found]
        else:
            faults[shown["provider"], shown["fault"]] = shown["ProviderFaults"]
    expected: dict[str, list[int]] = {}
    for provider, _, ms in recorded:
        expected.setdefault(provider, []).append(ms)
    assert times == expected
    assert faults == Counter((provider, fault) for provider, fault, _ in recorded)


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
