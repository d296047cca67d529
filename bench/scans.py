"""Scans by visitors and staff: requests to DynamoDB, their charge, and CPU."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import certifi

from bench.figures import Figure
from bench.scene import Scene, environment, new_container, seed
from bench.stub import Stub, run_script
from chalicelib.bootstrap import Container, install

_WARM_EVENTS = 1100
_COLD_ROUNDS = 15

Step = Callable[[str], None]


def _prepare(stub: Stub, *, answered: bool = True) -> tuple[Container, Scene]:
    stub.forget()
    container = new_container(environment(stub))
    scene = seed(container, answered=answered)
    install(container)
    return container, scene


def counts(stub: Stub, step: Step) -> Iterator[Figure]:
    """Return calls and units of a scan with venue, code and policy in the process's cache."""
    from app import app

    step("Counting requests")
    container, scene = _prepare(stub)
    for prefix, events, calls, read in (
        ("", scene.scans(container.clock.now()), 2, 1),
        ("staff_", scene.pass_scans(container.clock.now()), 3, 1.5),
        ("guardian_", scene.scans_on_behalf(container.clock.now()), 3, 1.5),
    ):
        app(next(events), None)
        stub.sent()
        answer = app(next(events), None)
        sent = _dynamodb(stub.sent())
        screen = json.loads(answer["body"])
        _expect(answer["statusCode"] == 201)
        _expect(screen["outcome"] == "admit" and screen["poll_after_ms"] is None)
        yield Figure(f"{prefix}scan_calls", len(sent), "round trips", calls, note=_listed(sent))
        reads, writes = (sum(one[f"{kind}_units"] for one in sent) for kind in ("read", "write"))
        yield Figure(f"{prefix}scan_read_units", reads, "RRU", read)
        yield Figure(f"{prefix}scan_write_units", writes, "WRU", 2)
    yield Figure(
        "scan_change_write_units", _change(stub, step), "WRU", 1, note="a pending scan is decided"
    )


def _change(stub: Stub, step: Step) -> float:
    """Return the WRU of the later change of a scan whose provider did not answer in time."""
    from app import app
    from chalicelib.workers.settles import settles

    step("Counting requests of a later change")
    container, scene = _prepare(stub, answered=False)
    answer = app(next(scene.scans(container.clock.now())), None)
    screen = json.loads(answer["body"])
    _expect(screen["outcome"] == "pending")
    stub.sent()
    message = {"v": 1, "kind": "settle", "scan": screen["scan_id"], "correlation": "bench"}
    done = settles({"Records": [{"messageId": "1", "body": json.dumps(message)}]}, None)
    _expect(not done["batchItemFailures"])
    changes = [one for one in _dynamodb(stub.sent()) if one["operation"] == "PutItem"]
    return float(sum(one["write_units"] for one in changes))


def warm(stub: Stub, package: Path, step: Step) -> Iterator[Figure]:
    """Return the CPU of a warm scan relative to a bare client that makes the same two calls."""
    container, scene = _prepare(stub)
    from app import app

    events = scene.scans(container.clock.now())
    app(next(events), None)
    stub.sent()
    app(next(events), None)
    requests = [(one["operation"], one["body"]) for one in _dynamodb(stub.sent())]
    step("Warm scans and a bare client, in turn")
    with tempfile.TemporaryDirectory() as scratch:
        files = [Path(scratch) / "events.json", Path(scratch) / "requests.json"]
        files[0].write_text(json.dumps(list(islice(events, _WARM_EVENTS))))
        files[1].write_text(json.dumps(requests))
        output = run_script("warm.py", package, *files, variables=environment(stub))
    pairs = [tuple(map(float, line.split())) for line in output.splitlines()]
    yield Figure(
        "scan_cpu_ratio",
        median(scan / bare for scan, bare in pairs),
        "",
        1.15,
        0.9,
        f"{_ms(scan for scan, _ in pairs)} / {_ms(bare for _, bare in pairs)} ms for 25 scans",
    )


def cold(stub: Stub, package: Path, step: Step) -> Iterator[Figure]:
    """Return the CPU of a new interpreter with one scan relative to one with one BatchGet.

    Both are the least of many: a start does the same each time, and other work on the machine only
    adds to it. The reference has all roots of certifi, as botocore has where nothing is set.
    """
    container, scene = _prepare(stub)
    stock = next(path for path in sys.path if path.endswith("site-packages"))
    scans, references = [], []
    with tempfile.TemporaryDirectory() as scratch:
        event, full = Path(scratch) / "event.json", Path(scratch) / "full.pem"
        full.write_bytes(Path(certifi.where()).read_bytes() + stub.root.read_bytes())
        trusting = _trusting(package, stub, Path(scratch) / "package")
        # The package trusts what it has itself.
        packaged, plain = environment(stub), environment(stub) | {"AWS_CA_BUNDLE": str(full)}
        del packaged["AWS_CA_BUNDLE"]
        for number in range(_COLD_ROUNDS):
            step(f"Cold starts, in turn ({number} of {_COLD_ROUNDS})")
            event.write_text(json.dumps(next(scene.scans(container.clock.now()))))
            scans.append(float(run_script("cold_app.py", trusting, event, variables=packaged)))
            references.append(float(run_script("cold_reference.py", Path(stock), variables=plain)))
    yield Figure(
        "cold_start_ratio",
        min(scans) / min(references),
        "",
        1.2,
        1.0,
        f"{_range(scans)} / {_range(references)} ms",
    )


def _trusting(package: Path, stub: Stub, folder: Path) -> Path:
    """Return a copy of the package whose own bundles of roots have the stand-in's beside them."""
    shutil.copytree(package, folder)
    for bundle in folder.rglob("*.pem"):
        bundle.write_bytes(bundle.read_bytes() + stub.root.read_bytes())
    return folder


def _dynamodb(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in sent if one["service"].startswith("DynamoDB")]


def _listed(sent: list[dict[str, Any]]) -> str:
    return ", ".join(one["operation"] for one in sent)


def _ms(seconds: Iterator[float]) -> str:
    return f"{median(seconds) * 1000:.0f}"


def _range(seconds: list[float]) -> str:
    return f"{1000 * min(seconds):.0f} (median {1000 * median(seconds):.0f})"


def _expect(holds: bool) -> None:
    if not holds:
        raise RuntimeError("the scan took another way than the one that is to be measured")
