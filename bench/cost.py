"""What a million scans cost: ``python -m bench.cost``, `make cost`.

Computed from what `bench.kinds` measured and ``bench/prices.toml``. The model:

- a line is a count per scan times a price; a million scans of the mix are the weighted sum;
- a scan that is not alone in a batch costs less; the bench sends ten a second, so most are alone;
- keys are read by the process and not by the scan, so they stand with what a month costs;
- cold starts are left out: one in a hundred, of 300 ms and 1 GB, is 0.05 dollars a million.
"""

import argparse
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import kinds, template
from bench.cloud import POLLERS
from bench.figures import Figure
from bench.kinds import Measured

PRICES = Path(__file__).with_name("prices.toml")
MIX: Mapping[str, float] = {
    "fresh": 0.25,
    "colour stale": 0.25,
    "colour and test stale": 0.35,
    "all three stale": 0.15,
}
"""The shares of the kinds of scan, from which the goals are."""
GOALS = {"": (15.0, 12.0), "dead": (20.0, 15.0)}
"""Goal and stretch, by state of the provider."""
_MILLION = 1e6
_LONG_POLL_S = 20
"""Amazon SQS Developer Guide, "Amazon SQS standard queue quotas": the longest wait."""
_MONTH_S = 30 * 86_400
_KEYS_CACHED_S = 300
"""`adapters/keys.py`."""
_GATEWAY_METRICS = 5
"""Of a method with detailed metrics: count, latency, integration latency, 4XX, 5XX."""


@dataclass(frozen=True)
class Prices:
    """Dollars by unit; where and when they hold."""

    region: str
    as_of: date
    per_use: Mapping[str, float]
    per_month: Mapping[str, float]


def prices(path: Path = PRICES) -> Prices:
    """Read a price file. Raises KeyError for a missing part."""
    read = tomllib.loads(path.read_text())
    return Prices(read["region"], read["date"], read["per_use"], read["per_month"])


def lines(one: Measured, price: Prices) -> dict[str, float]:
    """Return the dollars of a million scans of one kind, by line."""
    use = price.per_use
    found = {
        "API Gateway": one["api_requests"] * use["api_requests"],
        **{
            f"Lambda {name}": count * use["lambda_requests"]
            + one["gb_s"][name] * use["lambda_gb_s"]
            for name, count in one["invocations"].items()
        },
        "DynamoDB writes": one["write_units"] * use["write_units"],
        "DynamoDB reads": one["read_units"] * use["read_units"],
        "DynamoDB stream": one["stream_reads"] * use["stream_reads"],
        "SQS": one["sqs_requests"] * use["sqs_requests"],
        "Logs": one["log_bytes"] * use["log_bytes"],
        "Data transfer": one["bytes_out"] * use["bytes_out"],
    }
    return {name: _MILLION * dollars for name, dollars in found.items()}


def mixed(by_kind: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return the dollars of a million scans of the mix, by line."""
    names = dict.fromkeys(name for found in by_kind.values() for name in found)
    return {
        name: sum(share * by_kind[kind].get(name, 0.0) for kind, share in MIX.items())
        for name in names
    }


def of_state(measured: Mapping[str, Measured], price: Prices) -> dict[str, dict[str, float]]:
    """Return the lines of every kind of scan and of the mix, for one state of the provider."""
    by_kind = {kind: lines(one, price) for kind, one in measured.items()}
    return {**by_kind, "mix": mixed(by_kind)}


def figures(
    measured: Mapping[str, Mapping[str, Measured]], price: Prices | None = None
) -> Iterator[Figure]:
    """Return the price of a million scans of the mix, and that with a dead provider."""
    price = price or prices()
    for state, (goal, stretch) in GOALS.items():
        mix = of_state(measured[state], price)["mix"]
        dearest = sorted(mix.items(), key=lambda line: -line[1])[:4]
        note = ", ".join(f"{name} {dollars:.2f}" for name, dollars in dearest)
        name = f"cost_per_million{f'_{state}' if state else ''}"
        yield Figure(name, sum(mix.values()), "$", goal, stretch, note)


def fixed(price: Prices, series: int) -> dict[str, float]:
    """Return the dollars of a month without a scan; `series` metrics are written by the code."""
    month = price.per_month
    polls = POLLERS * _MONTH_S / _LONG_POLL_S * price.per_use["sqs_requests"]
    keys = month_of_keys(price)
    queues = [one for one in template.mappings() if not one.is_stream]
    return {
        f"empty receives of {len(queues)} queues": len(queues) * polls,
        "KMS key": len(template.resources("AWS::KMS::Key")) * month["kms_key"],
        "secrets": len(template.resources("AWS::SecretsManager::Secret")) * month["secret"],
        "keys and secrets, read by one process that is always busy": keys,
        "alarms": _alarm_metrics() * month["alarm_metric"],
        "dashboards": len(template.resources("AWS::CloudWatch::Dashboard")) * month["dashboard"],
        f"{series} metrics of the code": series * month["metric_series"],
        "metrics of the gateway's methods": _gateway_series() * month["metric_series"],
    }


def month_of_keys(price: Prices) -> float:
    """Return the dollars for reading three secrets and a data key as often as a process does."""
    reads = _MONTH_S / _KEYS_CACHED_S
    return reads * (3 * price.per_use["secretsmanager"] + price.per_use["kms"])


def stored(price: Prices, item_bytes: float, months: float) -> float:
    """Return the dollars for keeping a million scans of `item_bytes`, with their backups."""
    month = price.per_month
    return _MILLION * item_bytes / 1e9 * (month["stored_gb"] + month["backed_up_gb"]) * months


def _alarm_metrics() -> int:
    """Return the metrics that alarms watch; an alarm on an expression may have several."""
    alarms = template.resources("AWS::CloudWatch::Alarm").values()
    return sum(
        sum("MetricStat" in one for one in alarm["Metrics"]) if "Metrics" in alarm else 1
        for alarm in alarms
    )


def _gateway_series() -> int:
    """Return the metrics that detailed metrics of every method add."""
    from app import app

    api = template.template()["Resources"]["RestAPI"]["Properties"]
    detailed = any(one.get("MetricsEnabled") for one in api.get("MethodSettings", []))
    methods = sum(len(views) for views in app.routes.values())
    return methods * _GATEWAY_METRICS if detailed else 0


def table(state: str, by_kind: Mapping[str, Mapping[str, float]], price: Prices) -> Table:
    """Return a row for each line, a column for each kind of scan."""
    rows = Table(
        "line", *by_kind,
        title=f"Dollars for a million scans, {price.region}, {price.as_of}; "
        f"health code provider {state or 'well'}",
    )  # fmt: skip
    names = sorted(by_kind["mix"], key=lambda name: -by_kind["mix"][name])
    for name in names:
        rows.add_row(name, *(f"{found.get(name, 0):.2f}" for found in by_kind.values()))
    rows.add_section()
    rows.add_row("total", *(f"{sum(found.values()):.2f}" for found in by_kind.values()))
    return rows


def main() -> int:
    """Print the tables. The exit status says whether they could be computed."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost")
    parser.add_argument("--prices", type=Path, default=PRICES, help="another price file")
    price = prices(parser.parse_args().prices)
    console = Console()
    try:
        measured = kinds.read()
    except FileNotFoundError:
        with console.status("Measuring scans by kind, a few minutes; make bench keeps the result"):
            measured = kinds.measure(lambda _: None)
    for state, by_kind in measured.items():
        console.print(table(state, of_state(by_kind, price), price))
    series = max(one["metric_series"] for found in measured.values() for one in found.values())
    standing = Table("a month, without a scan", "$")
    for name, dollars in fixed(price, series).items():
        standing.add_row(name, f"{dollars:.2f}")
    console.print(standing)
    sizes = [one["stored_bytes"] for one in measured[""].values()]
    console.print(
        f"Kept for a month, with backups: {stored(price, max(sizes), 1):.2f} $ a million scans."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
