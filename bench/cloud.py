"""AWS around the real handlers, in one process: gateway, table and stream, queues, and the bill.

The table is moto's. Queues, keys and secrets are played here, because their time is the agenda's:
it jumps from event to event, so that a wait of minutes costs nothing. A hook on botocore sees every
request and counts what AWS charges for it.
"""

import gzip
import heapq
import json
import logging
import math
import os
import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import count
from typing import Any, NamedTuple

from botocore.awsrequest import AWSResponse

from bench import template
from bench.account import DATA_KEY, Body, secret
from bench.template import API, EventSource, Function
from bench.units import Raw, index_units, item_size, read_units, write_units

POLLERS = 5
"""Of a queue: Lambda Developer Guide, "Configuring scaling behavior for SQS event source
mappings": five at first, and always five with a maximum concurrency."""
STREAM_POLL_S = 0.25
"""Lambda Developer Guide, "Polling and batching streams": a base rate of four times a second."""
STREAM_DELAY_S = 0.2
"""An assumption: from the write until the record can be read."""
QUEUE_DELAY_S = 0.02
"""An assumption: from the send until a poller that waits receives the message."""
CALL_MS = {"dynamodb": 4, "sqs": 8, "kms": 6, "secretsmanager": 10}
"""Assumptions: milliseconds of a call from a function in the region."""
FULL_CPU_MB = 1769
"""Lambda Developer Guide, "Configure Lambda function memory": here a function has one vCPU."""
_SQS_STEP = 64 * 1024
_MOTO_ACCOUNT, _REGION = "123456789012", "us-east-1"
_GATEWAY_HEADERS = 450
"""Bytes of a response's head that the gateway adds: status, date, ids, CORS."""
_COMPRESSED_FROM = 1024
_OVERHEAD = 100


class Use(NamedTuple):
    """What one invocation took: milliseconds as Lambda bills them, and GB-seconds."""

    ms: float
    gb_s: float


@dataclass
class Meter:
    """What AWS charges for; counts since the last `reset`."""

    counts: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    uses: dict[str, list[Use]] = field(default_factory=lambda: defaultdict(list))
    operations: Counter[str] = field(default_factory=Counter)
    series: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """Forget everything."""
        self.counts.clear()
        self.uses.clear()
        self.operations.clear()


@dataclass
class _Message:
    ident: str
    body: str
    visible_at: float
    received: int = 0
    receipt: str = ""


class PlayedClock:
    """The agenda's time. While a handler runs, it advances by the time that the handler takes.

    moto's time is left out.
    """

    def __init__(self) -> None:
        self._origin = datetime.now(UTC)  # noqa: TID251 (the start of the agenda)
        self.seconds = 0.0
        self._began: float | None = None
        self.skipped = 0.0

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return self._origin + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        if self._began is None:
            return self.seconds
        return self.seconds + time.perf_counter() - self._began - self.skipped

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let the time pass for the length of a block."""
        self._began, self.skipped = time.perf_counter(), 0.0
        try:
            yield
        finally:
            self.seconds, self._began = self.elapsed(), None


class Cloud:
    """One deployment. `meter` has the bill; `run` plays until nothing is left to do."""

    def __init__(self, *, moto: Callable[..., Any], table: str) -> None:
        self.clock = PlayedClock()
        self.meter = Meter()
        self._moto = moto
        self._table = table
        self._agenda: list[tuple[float, int, Callable[[], object]]] = []
        self._order = count()
        self._queues: dict[str, list[_Message]] = defaultdict(list)
        self._waiting: dict[int, list[Any]] = defaultdict(list)
        self._scheduled: set[object] = set()
        self._running: Function | None = None
        self._calls: dict[int, float] = {}
        self._moto_cpu = 0.0
        self._waits: list[tuple[float, float]] = []
        self._lock = threading.RLock()
        self._handlers: dict[str, Callable[..., Any]] = {}
        self._sequence = count(10**20)
        self._draw = random.Random(1)  # noqa: S311 (the same delays in every run)
        self._indexes = _indexes()
        self._shards = _shards()

    # --- The agenda ------------------------------------------------------------------------------

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Have `act` called in `seconds`."""
        at = self.clock.elapsed() + seconds
        heapq.heappush(self._agenda, (at, next(self._order), act))

    def run(self) -> None:
        """Play every event in order until none is left."""
        while self._agenda:
            at, _, act = heapq.heappop(self._agenda)
            self.clock.seconds = at
            act()

    # --- Functions -------------------------------------------------------------------------------

    def request(self, event: dict[str, Any]) -> dict[str, Any]:
        """Send a request through the gateway to the API function, and return the answer."""
        answer: dict[str, Any] = self._invoke(API, event)
        body = str(answer.get("body", "")).encode()
        sent = body
        if len(body) >= _COMPRESSED_FROM and "gzip" in event["headers"].get("Accept-Encoding", ""):
            sent = gzip.compress(body, 6)
        headers = {**answer.get("headers", {}), **answer.get("multiValueHeaders", {})}
        head = _GATEWAY_HEADERS + sum(
            len(f"{name}: {value}\r\n") for name, value in headers.items()
        )
        self.meter.counts["api_requests"] += 1
        self.meter.counts["bytes_out"] += len(sent) + head
        self.meter.counts["log_bytes"] += template.access_log_bytes()
        return answer

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Surround what a handler waits for outside AWS."""
        began = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._waits.append((began, time.perf_counter()))

    def log(self, line: str) -> None:
        """Count a line that a handler logged."""
        self.meter.counts["log_bytes"] += len(line.encode())
        if '"_aws"' in line:
            entry = json.loads(line)
            for directive in entry["_aws"]["CloudWatchMetrics"]:
                for metric in directive["Metrics"]:
                    values = [entry[name] for names in directive["Dimensions"] for name in names]
                    self.meter.series.add(f"{metric['Name']} {values}")

    def stored_bytes(self) -> int:
        """Return the bytes of all items, as AWS bills their storage.

        Each costs 100 bytes more, and so does its entry in an index ("Amazon DynamoDB pricing",
        data storage).
        """
        from moto.dynamodb.models import dynamodb_backends

        items = dynamodb_backends[_MOTO_ACCOUNT][_REGION].get_table(self._table).all_items()
        total = 0
        for item in items:
            raw = _plain(item)
            total += item_size(raw) + _OVERHEAD
            for keys, projected in self._indexes:
                if all(key in raw for key in keys):
                    entry = {name: raw[name] for name in {*keys, *projected} if name in raw}
                    total += item_size(entry) + _OVERHEAD
        return total

    def _invoke(self, name: str, event: Any) -> Any:
        function = template.functions()[name]
        handler = self._handlers.setdefault(name, function.load())
        self._running, self._calls, self._moto_cpu, self._waits = function, {}, 0.0, []
        cpu = time.process_time()
        with self.clock.running():
            answer = handler(event, _Context(function))
        used = 1000 * (time.process_time() - cpu - self._moto_cpu)
        self._running = None
        share = min(1.0, function.memory / FULL_CPU_MB)
        ms = used / share + self._called_ms() + 1000 * _union(self._waits)
        self.meter.uses[name].append(Use(ms, math.ceil(ms) / 1000 * function.memory / 1024))
        self.meter.counts["log_bytes"] += function.system_log_bytes
        return answer

    def _called_ms(self) -> float:
        """Return the milliseconds of the calls to AWS; threads of the handler make them at once."""
        main = self._calls.pop(threading.get_ident(), 0.0)
        return main + max(self._calls.values(), default=0.0)

    # --- AWS's side of a call --------------------------------------------------------------------

    def answer(self, event_name: str, request: Any, **_: Any) -> Any:
        """Answer a request of botocore. See its event ``before-send``."""
        with self._lock:
            began, cpu = time.perf_counter(), time.process_time()
            service, operation = event_name.replace("-", "").split(".")[1:]
            body: Body = json.loads(request.body or b"{}")
            self.meter.operations[f"{self._name} {service} {operation}"] += 1
            thread = threading.get_ident()
            self._calls[thread] = self._calls.get(thread, 0.0) + CALL_MS[service]
            match service:
                case "dynamodb":
                    response = self._dynamodb(event_name, request, operation, body)
                case "sqs":
                    response = _response(request, self._sqs(operation, body))
                case _:
                    self.meter.counts[service] += 1
                    response = _response(request, _of_keys(operation, body))
            self._moto_cpu += time.process_time() - cpu
            self.clock.skipped += time.perf_counter() - began
            return response

    @property
    def _name(self) -> str:
        return self._running.name if self._running else "setup"

    # --- The table and its stream ----------------------------------------------------------------

    def _dynamodb(self, event_name: str, request: Any, operation: str, body: Any) -> Any:
        written = [*_keys_written(operation, body)]
        before = [self._find(key) for key in written]
        response = self._moto(event_name=event_name, request=request)
        after = [self._find(key) for key in written]
        if operation in ("GetItem", "BatchGetItem", "Query"):
            reads = _reads(operation, body, json.loads(response.content))
            self.meter.counts["read_units"] += reads
        units = 0
        for key, old, new in zip(written, before, after, strict=True):
            units += write_units(old, new) + sum(
                index_units(old, new, keys=keys, projected=projected)
                for keys, projected in self._indexes
            )
            if old != new:
                self._emit(key, old, new)
        # Each write of a transaction is charged twice: to prepare and to commit.
        units *= 2 if operation == "TransactWriteItems" else 1
        self.meter.counts["write_units"] += units
        self.meter.counts[f"write_units {self._name}"] += units
        return response

    def _find(self, key: Raw) -> Raw | None:
        from moto.dynamodb.models import dynamodb_backends

        found = dynamodb_backends[_MOTO_ACCOUNT][_REGION].get_item(self._table, key)
        return None if found is None else _plain(found)

    def _emit(self, key: Raw, old: Raw | None, new: Raw | None) -> None:
        sequence = str(next(self._sequence))
        images = {"NewImage": new, "OldImage": old}
        record = {
            "eventID": uuid.uuid5(uuid.NAMESPACE_OID, sequence).hex,
            "eventName": "REMOVE" if new is None else "MODIFY" if old else "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": _REGION,
            "eventSourceARN": f"arn:aws:dynamodb:{_REGION}:{_MOTO_ACCOUNT}:table/t/stream/1",
            "dynamodb": {
                "ApproximateCreationDateTime": int(self.clock.now().timestamp()),
                "Keys": key,
                **{name: image for name, image in images.items() if image is not None},
                "SequenceNumber": sequence,
                "SizeBytes": sum(item_size(image) for image in (old, new) if image),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        }
        pk, sk = key["pk"]["S"], key["sk"]["S"]
        shard = _hash(pk) % self._shards
        for number, source in enumerate(template.mappings()):
            if not source.is_stream or not _passes(record, source.filters):
                continue
            # Concurrent batches of a shard keep the order of an item: partition and sort key.
            lane = (number, shard, _hash(f"{pk} {sk}") % source.lanes)
            self._waiting[lane].append(record)  # type: ignore[index]
            self._poll(lane, source)

    def _poll(self, lane: Any, source: EventSource) -> None:
        if lane in self._scheduled:
            return
        self._scheduled.add(lane)
        delay = STREAM_DELAY_S + self._draw.uniform(0, STREAM_POLL_S) + source.window
        self.after(delay, partial(self._deliver, lane, source))

    def _deliver(self, lane: Any, source: EventSource) -> None:
        self._scheduled.discard(lane)
        records = self._waiting[lane][: source.batch_size]
        self._waiting[lane] = self._waiting[lane][source.batch_size :]
        self.meter.counts["stream_reads"] += 1
        answer = self._invoke(source.function, {"Records": records}) or {}
        failed = [one["itemIdentifier"] for one in answer.get("batchItemFailures", [])]
        if failed:
            sequences = [record["dynamodb"]["SequenceNumber"] for record in records]
            first = min(sequences.index(one) for one in failed)
            self._waiting[lane] = records[first:] + self._waiting[lane]
        if self._waiting[lane]:
            self._poll(lane, source)

    # --- Queues ----------------------------------------------------------------------------------

    def _sqs(self, operation: str, body: Any) -> Any:
        queue = body["QueueUrl"].rpartition("/")[2]
        size = sum(len(text) for text in _bodies(body))
        self.meter.counts["sqs_requests"] += max(1, math.ceil(size / _SQS_STEP))
        entries = body.get("Entries", [body])
        match operation:
            case "SendMessage" | "SendMessageBatch":
                for entry in entries:
                    self._send(queue, entry["MessageBody"], entry.get("DelaySeconds", 0))
            case "ChangeMessageVisibility" | "ChangeMessageVisibilityBatch":
                for entry in entries:
                    self._hide(queue, entry["ReceiptHandle"], entry["VisibilityTimeout"])
            case _:
                raise LookupError(operation)
        if "Entries" in body:
            done = [{"Id": one["Id"], "MessageId": "m", "MD5OfMessageBody": ""} for one in entries]
            return {"Successful": done, "Failed": []}
        return {"MessageId": "m"}

    def _send(self, queue: str, text: str, delay: float) -> None:
        visible_at = self.clock.elapsed() + delay + QUEUE_DELAY_S
        self._queues[queue].append(_Message(f"message-{next(self._order)}", text, visible_at))
        self._receive_at(queue, visible_at)

    def _hide(self, queue: str, receipt: str, seconds: float) -> None:
        for message in self._queues[queue]:
            if message.receipt == receipt:
                message.visible_at = self.clock.elapsed() + seconds + QUEUE_DELAY_S
                self._receive_at(queue, message.visible_at)

    def _receive_at(self, queue: str, visible_at: float) -> None:
        source = next(one for one in template.mappings() if one.source == queue)
        delay = visible_at - self.clock.elapsed() + source.window
        self.after(delay, partial(self._receive, queue, source))

    def _receive(self, queue: str, source: EventSource) -> None:
        """Receive what is visible, and invoke the function with it.

        Messages of one moment are shared by the pollers that wait, unless the mapping gathers them.
        """
        now = self.clock.elapsed() + 1e-9
        visible = [message for message in self._queues[queue] if message.visible_at <= now]
        if not visible:
            return
        most = source.batch_size if source.window else math.ceil(len(visible) / POLLERS)
        batch = visible[: min(source.batch_size, most)]
        properties = template.template()["Resources"][queue]["Properties"]
        records = []
        for message in batch:
            message.received += 1
            message.receipt = f"{message.ident}/{message.received}"
            message.visible_at = now + properties.get("VisibilityTimeout", 30)
            self._receive_at(queue, message.visible_at)
            records.append(_sqs_record(message, queue))
        self.meter.counts["sqs_requests"] += math.ceil(len(batch) / 10)
        answer = self._invoke(source.function, {"Records": records}) or {}
        failed = {one["itemIdentifier"] for one in answer.get("batchItemFailures", [])}
        done = {message.ident for message in batch} - failed
        self.meter.counts["sqs_requests"] += math.ceil(len(done) / 10)
        most_received = properties.get("RedrivePolicy", {}).get("maxReceiveCount", math.inf)
        dead = {one.ident for one in batch if one.ident in failed and one.received >= most_received}
        self.meter.counts["dead_letters"] += len(dead)
        self._queues[queue] = [
            message for message in self._queues[queue] if message.ident not in done | dead
        ]
        if len(visible) > len(batch):
            self.after(0, partial(self._receive, queue, source))


class _Context:
    """What Lambda passes to a handler beside the event."""

    def __init__(self, function: Function) -> None:
        self.function_name = function.name
        self.memory_limit_in_mb = function.memory
        self.aws_request_id = "00000000-0000-0000-0000-000000000000"
        self._ends = time.monotonic() + function.timeout

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int(1000 * (self._ends - time.monotonic())))


class LogCounter(logging.StreamHandler[Any]):
    """Counts the lines of the application's logger instead of writing them."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(open(os.devnull, "w"))  # noqa: SIM115 (as long as the process)
        self._cloud = cloud

    def emit(self, record: logging.LogRecord) -> None:
        """Count the line of `record`."""
        self._cloud.log(self.format(record))


def _response(request: Any, body: Mapping[str, Any]) -> Any:
    class Content(BytesIO):
        def stream(self, **_: Any) -> Iterator[bytes]:
            yield self.read()

    content: Any = Content(json.dumps(body).encode())
    return AWSResponse(request.url, 200, {"Content-Type": "application/x-amz-json-1.1"}, content)


def _plain(item: Any) -> Raw:
    """Return an item of moto's; bytes are base64, as in requests."""
    from moto.dynamodb.models.utilities import dynamo_json_dump

    image: Raw = json.loads(dynamo_json_dump(item.attrs))
    return image


def _of_keys(operation: str, body: Body) -> dict[str, Any]:
    match operation:
        case "GetSecretValue":
            return secret(body)
        case "GenerateDataKey":
            return {"CiphertextBlob": DATA_KEY, "Plaintext": DATA_KEY, "KeyId": "key"}
        case "Decrypt":
            return {"Plaintext": DATA_KEY, "KeyId": "key"}
    raise LookupError(operation)


def _keys_written(operation: str, body: Mapping[str, Any]) -> Iterator[Raw]:
    match operation:
        case "PutItem":
            yield _key_of(body["Item"])
        case "UpdateItem" | "DeleteItem":
            yield body["Key"]
        case "TransactWriteItems":
            for write in body["TransactItems"]:
                for one in write.values():
                    yield one["Key"] if "Key" in one else _key_of(one["Item"])
        case "BatchWriteItem":
            for requests in body["RequestItems"].values():
                for write in requests:
                    for one in write.values():
                        yield one["Key"] if "Key" in one else _key_of(one["Item"])


def _key_of(item: Raw) -> Raw:
    return {name: item[name] for name in ("pk", "sk")}


def _reads(operation: str, body: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    if operation == "BatchGetItem":
        units = 0.0
        for table, wanted in body["RequestItems"].items():
            sizes = [item_size(item) for item in answer["Responses"].get(table, [])]
            sizes += [0] * (len(wanted["Keys"]) - len(sizes))
            consistent = bool(wanted.get("ConsistentRead"))
            units += sum(read_units([size], consistent=consistent) for size in sizes)
        return units
    found = answer.get("Items", [answer.get("Item", {})])
    return read_units(map(item_size, found), consistent=bool(body.get("ConsistentRead")))


def _bodies(body: Mapping[str, Any]) -> Iterator[str]:
    for entry in body.get("Entries", [body]):
        yield entry.get("MessageBody", "")


def _sqs_record(message: _Message, queue: str) -> dict[str, Any]:
    return {
        "messageId": message.ident,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.received)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{_REGION}:{_MOTO_ACCOUNT}:{queue}",
        "awsRegion": _REGION,
    }


def _passes(record: Mapping[str, Any], patterns: Sequence[Any]) -> bool:
    """Return whether a record passes a mapping's filters, of which one suffices.

    Lambda Developer Guide, "Filter rule syntax".
    """
    return not patterns or any(_matches(record, pattern) for pattern in patterns)


def _matches(value: Any, pattern: Any) -> bool:
    if isinstance(pattern, dict):
        if "$or" in pattern:
            rest = {name: one for name, one in pattern.items() if name != "$or"}
            return _matches(value, rest) and any(_matches(value, one) for one in pattern["$or"])
        inside = value if isinstance(value, dict) else {}
        return all(_matches(inside.get(name), one) for name, one in pattern.items())
    return any(_equals(value, rule) for rule in pattern)


def _equals(value: Any, rule: Any) -> bool:
    if not isinstance(rule, dict):
        return bool(value == rule)
    ((name, operand),) = rule.items()
    text = value if isinstance(value, str) else None
    match name:
        case "exists":
            return (value is not None) == bool(operand)
        case "prefix":
            return text is not None and text.startswith(operand)
        case "suffix":
            return text is not None and text.endswith(operand)
        case "equals-ignore-case":
            return text is not None and text.lower() == operand.lower()
        case "anything-but":
            if isinstance(operand, dict):
                return value is not None and not _equals(value, operand)
            return value is not None and value not in operand
    raise LookupError(f"no rule of Lambda's filters: {name}")


def _indexes() -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return keys and projected attributes of every index of the table."""
    (table,) = template.resources("AWS::DynamoDB::Table").values()
    primary = ("pk", "sk")
    found = []
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        for index in table.get(kind, []):
            keys = tuple(part["AttributeName"] for part in index["KeySchema"])
            if index["Projection"]["ProjectionType"] == "ALL":
                raise LookupError("an index that holds everything is not counted here")
            more = index["Projection"].get("NonKeyAttributes", ())
            found.append((keys, tuple(dict.fromkeys((*primary, *more)))))
    return found


def _shards() -> int:
    """Return the shards of the stream: one for each partition that the table begins with."""
    (table,) = template.resources("AWS::DynamoDB::Table").values()
    warm: int = table.get("WarmThroughput", {}).get("WriteUnitsPerSecond", 0)
    return max(4, math.ceil(warm / 1000))


def _hash(text: str) -> int:
    return uuid.uuid5(uuid.NAMESPACE_OID, text).int


def _union(intervals: Sequence[tuple[float, float]]) -> float:
    total, reached = 0.0, 0.0
    for began, ended in sorted(intervals):
        total += max(0.0, ended - max(began, reached))
        reached = max(reached, ended)
    return total
