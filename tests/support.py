"""Shared helpers: the table and queues on moto, Lambda's events, numbers and nonces."""

import base64
import functools
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config
from stdnum.cn import ric, uscc

from chalicelib.core.clock import epoch_ms

ROOT = Path(__file__).parent.parent
ACCOUNT, REGION = "123456789012", "us-east-1"
# Skip botocore's work that no test needs: a third of a call to moto.
_LEAN = Config(parameter_validation=False, user_agent="tests", account_id_endpoint_mode="disabled")
_BATCH = 25
"""The limit of items in a BatchWriteItem."""
_PAGE = 1000
"""The limit of records in a response of GetRecords."""


@functools.cache
def client(service: str) -> Any:
    """Return a client of an AWS service; cached, because making one outlasts most tests."""
    return boto3.client(service, config=_LEAN)


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short tags; a condition reads as its second branch."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        values = loader.construct_sequence(node, deep=True)
        return values[2] if suffix == "If" else {suffix: values}
    if isinstance(node, yaml.MappingNode):
        return {suffix: loader.construct_mapping(node, deep=True)}
    return None


_Loader.add_multi_constructor("!", _tag)


@functools.cache
def template() -> dict[str, Any]:
    """Return the template that is merged into Chalice's, its conditions for no particular stage."""
    loaded: dict[str, Any] = yaml.load(  # a SafeLoader with tags
        (ROOT / "infra" / "resources.yaml").read_text(), _Loader
    )
    return loaded


def create_table(name: str, items: Sequence[Mapping[str, Any]] = ()) -> str:
    """Create the table of the template with `items`, which its stream leaves out.

    Returns the ARN of its stream.
    """
    properties = template()["Resources"]["Table"]["Properties"]
    taken = ("AttributeDefinitions", "KeySchema", "BillingMode")
    indexes = {
        kind: [
            {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
            for index in properties[kind]
        ]
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    }
    client("dynamodb").create_table(
        TableName=name,
        **indexes,
        **{key: properties[key] for key in taken},
    )
    for start in range(0, len(items), _BATCH):
        puts = [{"PutRequest": {"Item": item}} for item in items[start : start + _BATCH]]
        client("dynamodb").batch_write_item(RequestItems={name: puts})
    made = client("dynamodb").update_table(
        TableName=name,
        StreamSpecification={"StreamEnabled": True, **properties["StreamSpecification"]},
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def items_of(name: str) -> list[dict[str, Any]]:
    """Return all items of a table, unordered."""
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def create_queue(name: str) -> tuple[str, str]:
    """Create a queue and its dead-letter queue, redriven as in the template; return both URLs."""
    sqs = client("sqs")
    letters = sqs.create_queue(QueueName=f"{name}-dead-letters")["QueueUrl"]
    kind = name.rpartition("-")[2].capitalize()
    redrive = template()["Resources"][f"{kind}Queue"]["Properties"]["RedrivePolicy"]
    policy = {
        "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-dead-letters",
        "maxReceiveCount": redrive["maxReceiveCount"],
    }
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(policy)})
    return url["QueueUrl"], letters


class TableStream:
    """A table's stream from its beginning, read through the API of DynamoDB Streams."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        described = client("dynamodbstreams").describe_stream(StreamArn=arn)
        (shard,) = described["StreamDescription"]["Shards"]
        self._shard = {"StreamArn": arn, "ShardId": shard["ShardId"]}
        self._read: list[dict[str, Any]] = []

    def records(self, after: str = "") -> list[dict[str, Any]]:
        """Return the records after a sequence number, or all, in the shape of Lambda's events."""
        start = int(after or 0)
        return [
            _stream_record(record, self.arn)
            for record in self._fetch()
            if int(record["dynamodb"]["SequenceNumber"]) > start and _is_real(record["dynamodb"])
        ]

    def writes(self) -> int:
        """Return the number of writes, including those that changed nothing."""
        return len(self._fetch())

    def last(self) -> str:
        """Return the sequence number of the last write, even if it changed nothing."""
        return str(self._fetch()[-1]["dynamodb"]["SequenceNumber"])

    def _fetch(self) -> list[dict[str, Any]]:
        while True:
            # moto's iterators are wrong after a transaction is rolled back, so each is used once.
            begin = {"ShardIteratorType": "TRIM_HORIZON"}
            if self._read:
                last = self._read[-1]["dynamodb"]["SequenceNumber"]
                begin = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
            streams = client("dynamodbstreams")
            iterator = streams.get_shard_iterator(**self._shard, **begin)["ShardIterator"]
            records = streams.get_records(ShardIterator=iterator)["Records"]
            self._read += records
            if len(records) < _PAGE:
                return self._read


def _is_real(body: Mapping[str, Any]) -> bool:
    """Return whether DynamoDB too would have this record.

    DynamoDB has no record of a write that changes nothing. For an update that creates an item it
    has one record; moto adds another before it, with the keys alone.
    """
    new, old = body.get("NewImage"), body.get("OldImage")
    return bool(new != old and new != body["Keys"])


def _stream_record(record: Mapping[str, Any], stream: str) -> dict[str, Any]:
    body = dict(record["dynamodb"])
    for image in ("NewImage", "OldImage"):
        if image in body:
            body[image] = {name: _text(value) for name, value in body[image].items()}
    body["ApproximateCreationDateTime"] = int(body["ApproximateCreationDateTime"].timestamp())
    return {**record, "eventVersion": "1.1", "dynamodb": body, "eventSourceARN": stream}


def _text(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"B": base64.b64encode(value["B"]).decode()} if "B" in value else dict(value)


def sqs_record(message: Mapping[str, Any], queue: str) -> dict[str, Any]:
    """Return a message of the SQS API in the shape of Lambda's events."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message["Attributes"]),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
        "awsRegion": REGION,
    }


def event(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the event of a batch; passed through JSON, so that it holds only JSON values."""
    decoded: dict[str, Any] = json.loads(json.dumps({"Records": [*records]}))
    return decoded


def raw_event(name: str, replaced: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return an event of ``tests/events`` as AWS sends it, with its ids replaced by the test's."""
    text = (ROOT / "tests" / "events" / name).read_text()
    for old, new in (replaced or {}).items():
        text = text.replace(old, new)
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def nonce_at(moment: datetime) -> str:
    """Return a new UUIDv7 of `moment`."""
    value = epoch_ms(moment) << 80 | uuid.uuid4().int & ((1 << 80) - 1)  # noqa: TID251
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def resident_id(serial: int, born: str = "19900101") -> str:
    """Return the `serial`-th of 999 invented resident ID numbers of a birth date in 信宜."""
    body = f"440983{born}{serial:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def social_credit_code(serial: int) -> str:
    """Return the `serial`-th invented, valid unified social credit code of 信宜."""
    body = f"91440983MA{serial:07d}"
    return body + str(uscc.calc_check_digit(body))
