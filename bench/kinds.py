"""Scans by kind, until they are decided: what AWS charges for.

    python -m bench.kinds FILE [SCANS [WARM]]

plays `SCANS` of each kind, after `WARM` scans that fill caches and counters; with `SCANS`, only
while all providers are well. It is a process of its own, because moto replaces what botocore sends.
The real handlers run against the played cloud: each visitor scans, and asks again after
`poll_after_ms` until the outcome is final.
"""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from bench import providers, scene, template
from bench.cloud import Cloud, LogCounter
from bench.figures import Figure
from bench.providers import Providers
from bench.stub import ROOT
from chalicelib.bootstrap import Container, install
from chalicelib.core import aws
from chalicelib.core.logs import JsonFormatter, logger
from chalicelib.identity.providers import ProviderName

RESULTS = Path(__file__).with_name("kinds.json")
KINDS: Mapping[str, tuple[ProviderName, ...]] = {
    "fresh": (),
    "colour stale": (ProviderName.HEALTH_CODE,),
    "colour and test stale": (ProviderName.HEALTH_CODE, ProviderName.NUCLEIC_ACID),
    "all three stale": (
        ProviderName.HEALTH_CODE,
        ProviderName.NUCLEIC_ACID,
        ProviderName.VACCINATION,
    ),
}
"""The providers whose answers are too old, by kind of scan."""
FAULTS = {"": "none", "dead": "refuse", "hanging": "hang"}
"""What is the matter with the health code's provider, by the name of the state."""
DEAD = ProviderName.HEALTH_CODE
RATE = 10
"""Scans a second: enough for batching windows, too few for a batch to gather many."""
_SCANS = 20
"""Of each kind."""
_UNTIL_KNOWN = 5
"""Scans after which a provider that fails is known to be dead (`adapters/providers/breaker.py`)."""
_WARM_SCANS = 250
_PROVIDER_REQUEST = 700
"""Bytes of a request to a provider: signed headers, name and number."""
_MOST_POLLS = 100

Measured = dict[str, Any]
Step = Callable[[str], None]


def measure(step: Step) -> dict[str, dict[str, Measured]]:
    """Return what one scan takes on average, by state of the provider and kind of scan.

    Also writes it to `RESULTS`.
    """
    step("Scans by kind, until they are decided")
    play(RESULTS)
    return read()


def play(path: Path, *options: int) -> None:
    """Run this module in a process of its own."""
    command = [sys.executable, "-m", "bench.kinds", str(path), *map(str, options)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"bench.kinds: {ran.stderr[-2000:]}")


def read(path: Path = RESULTS) -> dict[str, dict[str, Measured]]:
    """Return the last measurement. Raises FileNotFoundError."""
    found: dict[str, dict[str, Measured]] = json.loads(path.read_text())
    return found


def figures(measured: Mapping[str, Mapping[str, Measured]]) -> Iterator[Figure]:
    """Return the write units of a scan until it is decided, for both ends of the mix."""
    for name, kind, goal in (("fresh", "fresh", 3), ("all_stale", "all three stale", 8)):
        one = measured[""][kind]
        by = ", ".join(f"{count:.3g} {who}" for who, count in one["write_units_by"].items())
        yield Figure(f"scan_total_write_units_{name}", one["write_units"], "WRU", goal, note=by)


def tables(measured: Mapping[str, Mapping[str, Measured]]) -> Iterator[Table]:
    """Yield a table for each state of the provider, with a column for each kind of scan."""
    for state, kinds in measured.items():
        title = f"One scan until it is decided; health code provider {state or 'well'}"
        rows = Table("", *kinds, title=title)
        counts: dict[str, Callable[[Measured], str]] = {
            "requests": lambda one: f"{one['api_requests']:.3g}",
            "calls": lambda one: f"{sum(one['calls'].values()):.3g}",
            "RRU": lambda one: f"{one['read_units']:.3g}",
            "WRU": lambda one: f"{one['write_units']:.3g}",
            "SQS": lambda one: f"{one['sqs_requests']:.3g}",
            "GB-s": lambda one: f"{sum(one['gb_s'].values()):.3f}",
            "log bytes": lambda one: f"{one['log_bytes']:.0f}",
            "stream reads": lambda one: f"{one['stream_reads']:.3g}",
            "s to outcome": lambda one: f"{one['seconds']:.1f}",
        }
        for name, cell in counts.items():
            rows.add_row(name, *map(cell, kinds.values()))
        for function in sorted({name for one in kinds.values() for name in one["invocations"]}):
            cells = (
                f"{one['invocations'][function]:.3g} × {one['ms'][function]:.0f} ms"
                if one["invocations"].get(function)
                else "–"
                for one in kinds.values()
            )
            rows.add_row(function, *cells)
        yield rows


def _main(path: Path, scans: int | None = None, warm: int = _WARM_SCANS) -> None:
    with providers.running() as stand_in:
        states = FAULTS if scans is None else {"": "none"}
        found = _measure(stand_in, states, scans or _SCANS, warm)
        path.write_text(json.dumps(found, indent=1) + "\n")


def _measure(
    stand_in: Providers, states: Mapping[str, str], scans: int, warm: int
) -> dict[str, dict[str, Measured]]:
    for name in [name for name in os.environ if name.startswith(("AWS_", "VC_"))]:
        del os.environ[name]  # an endpoint of the bench's, or of its user's
    os.environ.update(_environment(stand_in.url))
    warnings.simplefilter("ignore")
    from moto import mock_aws

    with mock_aws():
        cloud, container = _deploy(os.environ["VC_TABLE"])
        numbers = count()

        def people(many: int, stale: Collection[ProviderName]) -> list[str]:
            """Write new visitors and play what follows from that."""
            tokens = [scene.visitor(container, next(numbers), stale) for _ in range(many)]
            cloud.run()
            return tokens

        # Every process is warm, and nearly every shard has its counter of the day, whose first
        # write is dearer.
        _scan_all(cloud, people(2, KINDS["all three stale"]))
        _scan_all(cloud, people(1, ()) * warm)
        found: dict[str, dict[str, Measured]] = {}
        for state, fault in states.items():
            if fault:
                # The first scans after a breakdown are in `bench.decisions`; here it lasts.
                first = people(_UNTIL_KNOWN, (DEAD,))
                stand_in.break_down(DEAD, fault)
                _scan_all(cloud, first)
            for kind, stale in KINDS.items():
                stand_in.break_down(DEAD, "none")
                tokens = people(scans, stale)
                stand_in.break_down(DEAD, fault)
                found.setdefault(state, {})[kind] = _one(cloud, tokens)
            stand_in.break_down(DEAD, "none")
        return found


def _deploy(table: str) -> tuple[Cloud, Container]:
    """Set up the application in the played cloud, with a venue."""
    from moto.core.botocore_stubber import BotocoreStubber
    from moto.core.models import botocore_stubber

    # botocore asks every listener: moto's own would make each request a second time.
    botocore_stubber.enabled = False
    moto = BotocoreStubber()
    moto.enabled = True
    cloud = Cloud(moto=moto, table=table)
    aws.session().get_component("event_emitter").register_first("before-send", cloud.answer)
    _create_table(table)
    lines = LogCounter(cloud)
    lines.setFormatter(JsonFormatter())
    logger().handlers[:] = [lines]
    container = scene.new_container(dict(os.environ))
    container.clock = cloud.clock
    provider = container.provider
    container.provider = lambda name: _Timed(provider(name), cloud)
    install(container)
    scene.seed(container)
    return cloud, container


class _Timed:
    """A collaborator whose calls are waits outside AWS."""

    def __init__(self, of: Any, cloud: Cloud) -> None:
        self._of, self._cloud = of, cloud

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._of, name)
        if not callable(found):
            return found

        def timed(*args: Any, **options: Any) -> Any:
            self._cloud.meter.counts["provider_requests"] += 1
            with self._cloud.waiting():
                return found(*args, **options)

        return timed


def _one(cloud: Cloud, tokens: list[str]) -> Measured:
    """Return what a scan of each of `tokens` takes, on average."""
    meter, scans = cloud.meter, len(tokens)
    meter.reset()
    before = cloud.stored_bytes()
    seconds = _scan_all(cloud, tokens)
    meter.counts["bytes_out"] += _PROVIDER_REQUEST * meter.counts["provider_requests"]
    each = {name: sum_ / scans for name, sum_ in meter.counts.items()}
    by = {
        name.partition(" ")[2]: count
        for name, count in each.items()
        if name.startswith("write_units ")
    }
    names = (
        "api_requests", "bytes_out", "read_units", "write_units", "sqs_requests", "log_bytes",
        "stream_reads", "provider_requests", "dead_letters",
    )  # fmt: skip
    return {
        **{name: each.get(name, 0) for name in names},
        "write_units_by": by,
        "calls": {name: calls / scans for name, calls in meter.operations.items()},
        "invocations": {name: len(uses) / scans for name, uses in meter.uses.items()},
        "ms": {name: median(use.ms for use in uses) for name, uses in meter.uses.items()},
        "gb_s": {name: sum(u.gb_s for u in uses) / scans for name, uses in meter.uses.items()},
        "seconds": max(seconds),
        "metric_series": len(meter.series),
        "stored_bytes": (cloud.stored_bytes() - before) / scans,
    }


def _scan_all(cloud: Cloud, tokens: list[str]) -> list[float]:
    """Have each person scan and ask until the outcome is final; return the seconds that it took."""
    seconds: list[float] = []

    def scan(token: str) -> None:
        began = cloud.clock.elapsed()
        seen(token, began, _MOST_POLLS, cloud.request(scene.scan(token, cloud.clock.now())))

    def look(token: str, began: float, left: int, scan_id: str) -> None:
        seen(token, began, left, cloud.request(scene.look(token, scan_id)))

    def seen(token: str, began: float, left: int, answer: Mapping[str, Any]) -> None:
        if answer["statusCode"] >= 300:
            raise RuntimeError(f"refused: {answer['body']}")
        screen = json.loads(answer["body"])
        wait = screen["poll_after_ms"]
        if wait is None:
            seconds.append(cloud.clock.elapsed() - began)
        elif left:
            cloud.after(wait / 1000, partial(look, token, began, left - 1, screen["scan_id"]))

    for number, token in enumerate(tokens):
        cloud.after(number / RATE, partial(scan, token))
    cloud.run()
    if len(seconds) != len(tokens):
        raise RuntimeError("a scan was never decided")
    return seconds


def _environment(providers_url: str) -> dict[str, str]:
    queues = {
        f"VC_{name.removesuffix('Queue').upper()}_URL": f"https://sqs.us-east-1.amazonaws.com/1/{name}"
        for name in template.resources("AWS::SQS::Queue")
        if name.endswith("Queue")
    }
    return {
        **scene.environment(None),
        **queues,
        "VC_PROVIDERS_URL": providers_url,
    }


def _create_table(name: str) -> None:
    (properties,) = template.resources("AWS::DynamoDB::Table").values()
    taken = ("AttributeDefinitions", "KeySchema", "BillingMode")
    indexes = {
        kind: [
            {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
            for index in properties[kind]
        ]
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        if properties.get(kind)
    }
    aws.session().create_client("dynamodb").create_table(
        TableName=name, **indexes, **{one: properties[one] for one in taken}
    )


if __name__ == "__main__":
    _main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
