"""What the bench bills for whole scans: the model of prices, and AWS's side as it plays it.

Expected values are worked out by hand.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from bench import cost, kinds, template
from bench.cloud import Cloud, PlayedClock, _passes, _union
from bench.cost import MIX, Prices, fixed, lines, mixed, stored

PRICES = Prices(
    region="r",
    as_of=date(2026, 1, 1),
    per_use={
        "api_requests": 3e-6,
        "lambda_requests": 0.2e-6,
        "lambda_gb_s": 10e-6,
        "write_units": 0.5e-6,
        "read_units": 0.1e-6,
        "stream_reads": 0,
        "sqs_requests": 0.4e-6,
        "log_bytes": 0.5e-9,
        "bytes_out": 0.1e-9,
        "kms": 3e-6,
        "secretsmanager": 5e-6,
    },
    per_month={
        "kms_key": 1,
        "secret": 0.5,
        "alarm_metric": 0.1,
        "dashboard": 3,
        "metric_series": 0.3,
        "stored_gb": 0.25,
        "backed_up_gb": 0.2,
    },
)


def scan(**changed: Any) -> Mapping[str, Any]:
    """A made-up measurement: three requests, six write units, two functions."""
    return {
        "api_requests": 3,
        "write_units": 6,
        "read_units": 8,
        "sqs_requests": 5,
        "stream_reads": 4,
        "log_bytes": 2000,
        "bytes_out": 3000,
        "invocations": {"api_handler": 3, "lookups": 1},
        "gb_s": {"api_handler": 0.03, "lookups": 0.1},
        **changed,
    }


def test_a_line_is_a_count_times_a_price() -> None:
    assert lines(dict(scan()), PRICES) == pytest.approx(
        {
            "API Gateway": 9.0,  # 3 × 3
            "Lambda api_handler": 0.9,  # 3 × 0.2 + 0.03 × 10
            "Lambda lookups": 1.2,  # 1 × 0.2 + 0.1 × 10
            "DynamoDB writes": 3.0,  # 6 × 0.5
            "DynamoDB reads": 0.8,  # 8 × 0.1
            "DynamoDB stream": 0.0,
            "SQS": 2.0,  # 5 × 0.4
            "Logs": 1.0,  # 2 kB × 0.5
            "Data transfer": 0.3,  # 3 kB × 0.1
        }
    )


def test_the_mix_weighs_the_kinds_by_their_shares() -> None:
    assert sum(MIX.values()) == pytest.approx(1)
    assert MIX.keys() == kinds.KINDS.keys()
    requests = dict(zip(MIX, (1, 2, 2, 4), strict=True))
    by_kind = {kind: {"API Gateway": float(count)} for kind, count in requests.items()}
    by_kind["all three stale"]["SQS"] = 2.0  # a line that the others do not have
    assert mixed(by_kind) == pytest.approx(
        {
            "API Gateway": 2.05,  # 0.25 + 0.5 + 0.7 + 0.6
            "SQS": 0.3,  # 0.15 × 2
        }
    )


def test_the_figures_are_the_mix_with_its_goals() -> None:
    well = {kind: dict(scan()) for kind in MIX}
    dead = {kind: dict(scan(api_requests=10)) for kind in MIX}
    figures = list(cost.figures({"": well, "dead": dead, "hanging": dead}, PRICES))
    # 9 + 0.9 + 1.2 + 3 + 0.8 + 2 + 1 + 0.3, and seven more requests of 3.
    assert [(one.name, one.goal) for one in figures] == [
        ("cost_per_million", 15),
        ("cost_per_million_dead", 20),
    ]
    assert [one.value for one in figures] == pytest.approx([18.2, 39.2])
    assert figures[0].note.startswith("API Gateway 9.00, DynamoDB writes 3.00, SQS 2.00")


def test_what_stands_there_is_counted_from_the_template() -> None:
    month = fixed(PRICES, series=10)
    queues = sum(not one.is_stream for one in template.mappings())
    # Five pollers, every 20 seconds of 30 days: 648,000 requests a queue.
    assert month[f"empty receives of {queues} queues"] == pytest.approx(queues * 0.2592)
    assert month["10 metrics of the code"] == pytest.approx(3)
    assert month["KMS key"] == 1
    # 8,640 times three secrets and a key.
    busy = month["keys and secrets, read by one process that is always busy"]
    assert busy == pytest.approx(8640 * 18e-6)


def test_what_is_kept_is_billed_by_the_month() -> None:
    assert stored(PRICES, 1000, 2) == pytest.approx(0.9)  # 1 GB × (0.25 + 0.2) × 2


def test_the_price_file_has_every_price_and_a_date() -> None:
    price = cost.prices()
    assert price.per_use.keys() == PRICES.per_use.keys()
    assert price.per_month.keys() == PRICES.per_month.keys()
    assert price.as_of > date(2024, 11, 1)  # when DynamoDB's prices on demand were halved


def test_every_function_and_mapping_is_found() -> None:
    functions = template.functions()
    assert functions[template.API].memory >= 128
    assert all(callable(one.load()) for one in functions.values())
    for source in template.mappings():
        assert source.function in functions
    assert any(one.is_stream for one in template.mappings())
    # Decided for `prod`: the local cloud has other numbers.
    (table,) = template.resources("AWS::DynamoDB::Table").values()
    assert table["WarmThroughput"]["WriteUnitsPerSecond"] >= 1000


RECORD = {"eventName": "INSERT", "dynamodb": {"Keys": {"sk": {"S": "HOT#PROFILE"}}}}


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        ("HOT#PROFILE", True),
        ("HOT#", False),
        ({"prefix": "HOT#"}, True),
        ({"suffix": "HOT#"}, False),
        ({"equals-ignore-case": "hot#profile"}, True),
        ({"anything-but": ["HOT#PROFILE"]}, False),
        ({"anything-but": {"prefix": "SCAN#"}}, True),
        ({"exists": False}, False),
    ],
)
def test_a_filter_of_a_mapping(rule: Any, passes: bool) -> None:
    pattern = {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": {"sk": {"S": [rule]}}}}
    assert _passes(RECORD, [pattern]) is passes
    assert _passes(RECORD, [pattern, {"eventName": ["INSERT"]}])  # one of them suffices
    assert not _passes(RECORD, [{**pattern, "eventName": ["REMOVE"]}])
    assert _passes(RECORD, [])


def test_waits_that_overlap_are_billed_once() -> None:
    assert _union([]) == 0
    assert _union([(3, 4), (1, 2.5), (2, 3)]) == pytest.approx(3)


def test_the_clock_jumps_to_each_event() -> None:
    cloud = Cloud(moto=None, table="t")  # type: ignore[arg-type]  # nothing is sent
    began = cloud.clock.now()
    seen: list[tuple[str, timedelta]] = []

    def note(what: str) -> None:
        seen.append((what, cloud.clock.now() - began))

    def again() -> None:
        note("a")
        cloud.after(5, lambda: note("c"))

    cloud.after(10, lambda: note("b"))
    cloud.after(8, again)
    cloud.run()
    assert seen == [
        ("a", timedelta(seconds=8)), ("b", timedelta(seconds=10)), ("c", timedelta(seconds=13)),
    ]  # fmt: skip


def test_the_clock_runs_while_a_handler_does() -> None:
    clock = PlayedClock()
    clock.seconds = 100
    with clock.running():
        assert clock.elapsed() >= 100
    assert 100 <= clock.seconds < 200


class _Queue:
    """A played queue whose function fails for some messages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failing: set[str]) -> None:
        self.cloud = Cloud(moto=None, table="t")  # type: ignore[arg-type]  # no table
        self.source = next(one for one in template.mappings() if not one.is_stream)
        self.batches: list[tuple[float, list[str]]] = []

        def invoke(_: str, event: Any) -> Any:
            bodies = [record["body"] for record in event["Records"]]
            self.batches.append((self.cloud.clock.elapsed(), bodies))
            ids = [one["messageId"] for one in event["Records"] if one["body"] in failing]
            return {"batchItemFailures": [{"itemIdentifier": one} for one in ids]}

        monkeypatch.setattr(self.cloud, "_invoke", invoke)

    def send(self, *bodies: str, delay: int = 0) -> None:
        entries = [
            {"Id": str(number), "MessageBody": body, "DelaySeconds": delay}
            for number, body in enumerate(bodies)
        ]
        url = f"https://sqs/1/{self.source.source}"
        self.cloud._sqs("SendMessageBatch", {"QueueUrl": url, "Entries": entries})


def test_a_message_is_sent_received_and_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = _Queue(monkeypatch, set())
    queue.send("a", "b", delay=7)
    queue.cloud.run()
    # One request to send both; a poller each, which receives and deletes.
    assert [bodies for _, bodies in queue.batches] == [["a"], ["b"]]
    assert all(at >= 7 for at, _ in queue.batches)
    assert queue.cloud.meter.counts["sqs_requests"] == 1 + 2 * 2


def test_a_failed_message_returns_and_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = _Queue(monkeypatch, {"a"})
    queue.send("a")
    queue.cloud.run()
    properties = template.resources("AWS::SQS::Queue")[queue.source.source]
    most = properties["RedrivePolicy"]["maxReceiveCount"]
    times = [at for at, _ in queue.batches]
    assert len(times) == most
    hidden = properties["VisibilityTimeout"]
    assert [b - a for a, b in pairwise(times)] == pytest.approx([hidden] * (most - 1), abs=1)
    assert queue.cloud.meter.counts["dead_letters"] == 1
    assert queue.cloud.meter.counts["sqs_requests"] == 1 + most  # never deleted


def test_the_last_measurement_is_readable(tmp_path: Any) -> None:
    measured = {"": {kind: dict(scan()) for kind in MIX}}
    path = tmp_path / "kinds.json"
    path.write_text(json.dumps(measured))
    assert kinds.read(path) == measured
