"""The process that emulates AWS: ministack, changed to lose nothing and to behave as AWS does.

Ministack saves its state when it is stopped, and never its streams. Here every write to a table is
in a journal before it is acknowledged, so that a SIGKILL loses no item and no stream record. Queues
return to the last checkpoint, and later messages are sent again, because each comes from a stream
record or from another message. Both may be delivered twice, as on AWS. A power failure is not
covered: nothing is flushed to the disk.

    state/<service>.json   the last checkpoint, in ministack's own format
    state/streams.json     stream records not yet delivered at the checkpoint
    state/journal-<n>      what was written since, a request a line:
                           [[account, region, table, stream record], ...]

It also adds what ministack's stream mappings lack (partial batch responses, bisecting, a limit of
retries), guards its queues against lost updates between threads, runs functions in an interpreter
that sees only the deployment package, unpacked once, writes their logs to files, reads metrics from
them, and keeps alarms on metric math.

Run as ``python -m infra.local.emulator`` by :mod:`infra.local.cloud`, which sets the environment;
SIGUSR1 requests a checkpoint, SIGTERM stops.
"""

import asyncio
import contextlib
import functools
import hashlib
import json
import os
import signal
import sys
import threading
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack
from ministack.core import lambda_runtime, persistence
from ministack.services import cloudwatch, dynamodb, lambda_svc, sqs
from ministack.services.cloudformation import provisioners

from infra.local import conditions
from infra.local.rest_imports import complete_rest_imports
from infra.local.s3_integration import serve_from_buckets

CHECKPOINT_SECONDS = 60
_POISON = "RetryAttemptsExhausted"


class Journal:
    """The writes since the last checkpoint, and the checkpoints.

    All methods but `load` run on the event loop, as DynamoDB's requests do: between the parts of a
    checkpoint no item changes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._records: list[tuple[str, str, str, dict[str, Any]]] = []
        self._file = -1
        self._dirty = False

    def note(self, table: str, record: dict[str, Any]) -> None:
        """Add a stream record of the request that is being served."""
        self._records.append((dynamodb.get_account_id(), dynamodb.get_region(), table, record))

    def commit(self) -> None:
        """Write the noted records as one line, so that a transaction is whole or absent."""
        if self._records:
            line = json.dumps(self._records, separators=(",", ":")).encode() + b"\n"
            self._records.clear()
            os.write(self._file, line)
            self._dirty = True

    def checkpoint(self, *, functions: bool = True) -> None:
        """Save everything, then drop the journals that it covers; `functions` are large.

        The streams' positions are read before the queues are saved and written after them: a record
        counts as delivered only if the messages it caused are saved too.
        """
        covered = self._journals()
        self._begin(covered)
        undelivered = _undelivered()
        for service, state_of in ministack._build_persistence_save_dict().items():
            if service == "lambda" and not functions:
                continue
            state = _settled(state_of)
            if state is not None:
                _save(self._folder, service, state)
        _replace(self._folder / "streams.json", json.dumps(undelivered))
        for path in covered:
            path.unlink()

    def checkpoint_if_dirty(self) -> None:
        """Save all but the functions if a table was written since the last checkpoint."""
        if self._dirty:
            self.checkpoint(functions=False)

    def load(self) -> None:
        """Restore tables, streams and queues to where the last process left them.

        Images are absolute: a write that the checkpoint already holds may be applied again.
        """
        streams = self._folder / "streams.json"
        records = json.loads(streams.read_text()) if streams.exists() else []
        seen = {record["dynamodb"]["SequenceNumber"] for *_, record in records}
        journals = self._journals()
        for path in journals:
            for line in path.read_bytes().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break  # cut off by the kill: never acknowledged
                for entry in json.loads(line):
                    _apply(*entry)
                    if entry[3]["dynamodb"]["SequenceNumber"] not in seen:
                        records.append(entry)
        for account, region, table, record in records:
            scope = dynamodb._stream_records
            if scope.get_scoped(account, region, table) is None:
                scope.set_scoped(account, region, table, [])
            scope.get_scoped(account, region, table).append(record)
        for mapping in list(lambda_svc._esms._data):
            lambda_svc._dynamodb_stream_positions._data[mapping] = 0
        for queue in list(sqs._queues._data.values()):
            for message in queue["messages"]:
                if message["receive_count"]:
                    message["visible_at"] = 0.0  # the worker that held it is dead
        self._begin(journals)
        self._dirty = bool(journals)

    def _journals(self) -> list[Path]:
        return sorted(self._folder.glob("journal-*"), key=lambda path: int(path.name[8:]))

    def _begin(self, existing: list[Path]) -> None:
        number = int(existing[-1].name[8:]) + 1 if existing else 1
        if self._file >= 0:
            os.close(self._file)
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND
        self._file = os.open(self._folder / f"journal-{number}", flags, 0o600)
        self._dirty = False


def _settled(state_of: Callable[[], Any]) -> Any:
    """Return a service's state, read while other threads may be changing it."""
    for _ in range(9):
        with contextlib.suppress(RuntimeError):  # a dictionary changed while it was copied
            return state_of()
    return state_of()


def _save(folder: Path, service: str, state: Any) -> None:
    """Do what ``persistence.save_state`` does, but raise on failure."""
    content = {"__ministack_format__": persistence._state_format_version(service), "payload": state}
    text = json.dumps(content, default=persistence._json_default)
    _replace(folder / f"{service}.json", text)


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def _undelivered() -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return the stream records that some mapping has yet to deliver."""
    with lambda_svc._dynamodb_stream_positions_lock:
        positions = dict(lambda_svc._dynamodb_stream_positions._data)
    delivered: dict[tuple[str, str, str], int] = {}
    for (account, region, mapping), esm in list(lambda_svc._esms._data.items()):
        source = esm["EventSourceArn"]
        if ":dynamodb:" in source:
            key = (account, region, source.split("/")[1])
            position = positions.get((account, region, mapping), 0)
            delivered[key] = min(delivered.get(key, position), position)
    return [
        (account, region, table, record)
        for (account, region, table), done in delivered.items()
        for record in dynamodb.stream_records_since(
            table, done, sys.maxsize, account_id=account, region=region
        )
    ]


def _apply(account: str, region: str, table_name: str, record: dict[str, Any]) -> None:
    table = dynamodb._tables.get_scoped(account, region, table_name)
    if table is None:
        return
    keys = record["dynamodb"]["Keys"]
    partition = dynamodb._extract_key_val(keys[table["pk_name"]])
    sort = dynamodb._extract_key_val(keys[table["sk_name"]]) if table["sk_name"] else "__no_sort__"
    image = record["dynamodb"].get("NewImage")
    if image is None:
        dynamodb._remove_item(table, partition, sort)
    else:
        dynamodb._set_item(table, partition, sort, image)


def keep_a_journal(journal: Journal) -> None:
    """Journal every change of an item before its request is answered; load before any poll."""
    build, handle = dynamodb._build_change_record, dynamodb.handle_request
    load = ministack._load_persisted_state

    def build_and_note(table: Any, event: Any, old: Any, new: Any, view: Any) -> Any:
        record = build(table, event, old, new, view)
        journal.note(table["TableName"], record)
        return record

    async def handle_and_commit(*request: Any) -> Any:
        try:
            return await handle(*request)
        finally:
            journal.commit()

    def load_all() -> None:
        lambda_svc._poller_started = True  # not before the streams are back
        load()
        journal.load()
        lambda_svc._poller_started = False
        lambda_svc._ensure_poller()

    dynamodb._build_change_record = build_and_note
    dynamodb.handle_request = handle_and_commit
    ministack._load_persisted_state = load_all


def guard_queues() -> None:
    """Let one thread at a time change a queue: ministack replaces whole lists of messages."""
    lock = threading.RLock()
    sqs._queues_lock = lock

    def locked(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            with lock:
                return function(*args, **options)

        return call

    for name in ("_dlq_sweep", "_expire_retained", "_collect_msgs", "get_state"):
        setattr(sqs, name, locked(getattr(sqs, name)))
    for action, function in sqs._HANDLERS.items():
        if not asyncio.iscoroutinefunction(function):
            sqs._HANDLERS[action] = locked(function)


def complete_stream_mappings() -> None:
    """Add partial batch responses, bisecting and the limit of retries to stream mappings.

    As on AWS (Lambda Developer Guide, "Configuring partial batch response with DynamoDB and
    Lambda"): records before the lowest one that a function reports are done, and the rest is tried
    again. After an error the batch is halved. What fails too often goes to the on-failure
    destination, and counts as delivered. A stream may have several mappings, of which each has its
    own position.
    """
    execute = lambda_svc._execute_function
    failures: dict[tuple[str, str], int] = {}

    def deliver(function: Any, esm: Any, records: list[Any]) -> Any:
        result = execute(function, {"Records": records})
        reported = _reported(esm, result)
        if not result.get("error") and not reported:
            return result
        numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
        if reported and (done := min(map(numbers.index, reported))):
            return deliver(function, esm, records[done:])
        if result.get("error") and len(records) > 1 and esm.get("BisectBatchOnFunctionError"):
            middle = len(records) // 2
            first = deliver(function, esm, records[:middle])
            return first if first.get("error") else deliver(function, esm, records[middle:])
        place = (esm["UUID"], numbers[0])
        failures[place] = failures.get(place, 0) + 1
        limit = int(esm.get("MaximumRetryAttempts", -1))
        if limit < 0 or failures[place] <= limit:
            return {**result, "error": True}
        source = esm["EventSourceArn"]
        lambda_svc._send_ddb_stream_failure_record(esm, function, records, source, result, _POISON)
        return {"body": None, "log": ""}

    def execute_or_deliver(function: Any, event: Any) -> Any:
        records = event.get("Records") if isinstance(event, dict) else None
        # What an operator replays names no source: it is an invocation, not a delivery.
        if not records or ":dynamodb:" not in records[0].get("eventSourceARN", ""):
            return execute(function, event)
        name = (function.get("config") or function)["FunctionName"]
        return deliver(function, _mapping(records[0]["eventSourceARN"], name), records)

    lambda_svc._execute_function = execute_or_deliver


def _reported(esm: Any, result: Any) -> list[str]:
    """Return the sequence numbers that a function reports as failed."""
    body = result.get("body")
    partial = "ReportBatchItemFailures" in (esm.get("FunctionResponseTypes") or [])
    if result.get("error") or not partial or not isinstance(body, dict):
        return []
    return [failure["itemIdentifier"] for failure in body.get("batchItemFailures") or []]


def _mapping(source: str, function: str) -> Any:
    """Return the mapping of a stream to a function; a stream may have several."""
    return next(
        esm
        for esm in lambda_svc._esms._data.values()
        if esm["EventSourceArn"] == source
        and function in (esm["FunctionName"], esm.get("FunctionArn", "").split(":")[-1])
    )


def write_logs(folder: Path, stack: str) -> None:
    """Append a function's output to ``<folder>/<logical name>.log``, per invocation."""

    def emit(
        function: Any, request_id: str, text: str, error: bool, milliseconds: int, **_: Any
    ) -> None:
        name = (function.get("config") or function)["FunctionName"]
        name = name.removeprefix(f"{stack}-").rsplit("-", 1)[0]
        state = "failed" if error else "done"
        line = f"{text}\n{request_id} {state} in {milliseconds} ms\n".lstrip("\n")
        with (folder / f"{name}.log").open("a", encoding="utf-8") as log:
            log.write(line)
        for logged in text.splitlines():
            if '"_aws"' in logged:
                extract_metrics(logged)

    lambda_svc._emit_lambda_logs = emit


def extract_metrics(line: str) -> None:
    """Store the metrics of a log line in the embedded metric format; ministack does not.

    As CloudWatch Logs does (*Specification: Embedded metric format*), a line that is not in the
    format is a log line only.
    """
    try:
        entry = json.loads(line)
        for directive in entry["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = {name: entry[name] for name in names}
                for metric in directive["Metrics"]:
                    name, unit = metric["Name"], metric.get("Unit", "None")
                    found = entry[name]
                    for value in found if isinstance(found, list) else [found]:
                        cloudwatch.record_metric(
                            directive["Namespace"], name, value, unit, dimensions
                        )
    except (ValueError, LookupError, TypeError):
        return


def keep_alarms_on_expressions() -> None:
    """Take alarms on metric math from a template; ministack refuses them.

    They are kept and described, but never evaluated: their state stays INSUFFICIENT_DATA.
    """
    record = provisioners._cw_metric_alarm_record

    def record_any(name: str, properties: dict[str, Any]) -> Any:
        metrics = properties.get("Metrics")
        if not metrics:
            return record(name, properties)
        plain = {key: value for key, value in properties.items() if key != "Metrics"}
        alarm = record(name, plain | {"Namespace": "-", "MetricName": "-"})
        del alarm["Namespace"], alarm["MetricName"]
        return alarm | {"Metrics": metrics}

    provisioners._cw_metric_alarm_record = record_any


def run_functions_alone(folder: Path) -> None:
    """Run functions in an interpreter without installed packages: their zip must suffice."""
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys._base_executable}" -I -S "$@"\n')  # type: ignore[attr-defined]
    python.chmod(0o700)
    detect = lambda_runtime._detect_runtime_binary

    def detect_alone(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return str(python) if binary == sys.executable else binary, script

    lambda_runtime._detect_runtime_binary = detect_alone


def unpack_once(folder: Path) -> None:
    """Unpack each zip once and share it between workers: that is most of a cold start.

    A worker's own copy of the zip is deleted: with a dozen workers, 200 MB.
    """
    lock = threading.Lock()

    class SharedZip(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            if members or pwd or not self.filename:
                super().extractall(path, members, pwd)
                return
            shared = folder / hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
            with lock:
                if not shared.exists():
                    fresh = shared.with_suffix(".new")
                    super().extractall(fresh)
                    fresh.rename(shared)
            Path(path).rmdir()
            Path(path).symlink_to(shared)
            Path(self.filename).unlink()

    module = types.ModuleType("zipfile")
    vars(module).update(vars(zipfile), ZipFile=SharedZip)
    lambda_runtime.zipfile = module


async def run(journal: Journal, port: int) -> None:
    """Serve on the loopback interface until SIGTERM or SIGINT, with a checkpoint a minute."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    loop.add_signal_handler(signal.SIGUSR1, journal.checkpoint)

    def again() -> None:
        loop.call_later(CHECKPOINT_SECONDS, again)
        journal.checkpoint_if_dirty()

    loop.call_later(CHECKPOINT_SECONDS, again)
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    await serve(ministack.app, config, shutdown_trigger=stopped.wait)
    journal.checkpoint()


def main() -> None:
    """Run the emulator as the environment says."""
    state = Path(os.environ["STATE_DIR"])
    journal = Journal(state)
    keep_a_journal(journal)
    guard_queues()
    complete_stream_mappings()
    keep_alarms_on_expressions()
    complete_rest_imports()
    serve_from_buckets()
    # A function is ready at once: `chalice deploy` looks again only after five seconds.
    lambda_svc._LAMBDA_STATE_TRANSITION_DELAY = 0.0
    write_logs(Path(os.environ["VENUECODE_LOGS"]), os.environ["VENUECODE_STACK"])
    run_functions_alone(Path(os.environ["TMPDIR"]))
    unpack_once(Path(os.environ["TMPDIR"]))
    conditions.add_to_requests()
    conditions.name_batches_by_their_calls()
    asyncio.run(run(journal, int(os.environ["GATEWAY_PORT"])))
    lambda_runtime.reset()
    os._exit(0)  # ministack's threads never end


if __name__ == "__main__":
    main()
