"""The command ``redrive``: send dead-lettered messages back to their queue."""

import base64
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from itertools import islice
from typing import Any

from rich.console import Console
from rich.progress import Progress

from chalicelib.core import keys
from chalicelib.core.keys import Key
from chalicelib.workers.subscriptions import all_subscriptions
from infra.ops.deployment import Deployment

QUEUES = ("lookups", "settles", "renders", "stream")
_HIDDEN_SECONDS = 900
"""How long a message is hidden while it is redriven."""
_AT_ONCE = 100
"""Records in an invocation, whose payload may have 6 MB."""


class NotReplayed(Exception):
    """A range of the stream was not replayed; the message says why."""


def dead_letters(deployment: Deployment, queue: str) -> int:
    """Return the number of messages in a queue's dead-letter queue, by SQS's estimate."""
    answer = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.outputs[f"{queue.title()}DeadLettersUrl"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def redrive(deployment: Deployment, queue: str, progress: Progress) -> tuple[int, int]:
    """Move every dead-lettered message of `queue` back. Return how many were moved, and were left.

    A message is deleted only after it was sent, or its range of the stream was replayed to the end.
    A crash in between duplicates it, which is harmless, and loses nothing. What could not be
    replayed is left, with the reason on the console.
    """
    sqs = deployment.client("sqs")
    source = deployment.outputs[f"{queue.title()}DeadLettersUrl"]
    waiting = dead_letters(deployment, queue)
    task = progress.add_task(f"Redriving {queue}", total=waiting)
    moved = 0
    left: dict[str, str] = {}  # handles by message
    while True:
        answer = sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            VisibilityTimeout=_HIDDEN_SECONDS,
        )
        messages = answer.get("Messages", [])
        if not messages or left.keys() & {message["MessageId"] for message in messages}:
            break  # in a long run, what was left is visible again
        for message in messages:
            handle = message["ReceiptHandle"]
            try:
                _send_back(deployment, queue, message["Body"])
            except NotReplayed as reason:
                progress.console.print(f"Left: {reason}")
                left[message["MessageId"]] = handle
            else:
                sqs.delete_message(QueueUrl=source, ReceiptHandle=handle)
                moved += 1
            progress.advance(task)
    for handle in left.values():
        try:
            sqs.change_message_visibility(
                QueueUrl=source, ReceiptHandle=handle, VisibilityTimeout=0
            )
        except sqs.exceptions.MessageNotInflight:
            continue  # it is visible already
    return moved, len(left)


def _send_back(deployment: Deployment, queue: str, body: str) -> None:
    if queue == "stream":
        _replay(deployment, json.loads(body))
    else:
        target = deployment.outputs[f"{queue.title()}Url"]
        deployment.client("sqs").send_message(QueueUrl=target, MessageBody=body)


def _replay(deployment: Deployment, message: dict[str, Any]) -> None:
    """Send a failed range of the stream to the function that failed again.

    The dispatching function may send messages twice. Counters that moved past the range skip it,
    and reconciliation corrects them. Raises NotReplayed, for one if the stream, which keeps
    records for 24 hours, does not hold all of the range any more.
    """
    batch = message["DDBStreamBatchInfo"]
    start = batch["startSequenceNumber"]
    # arn:…:function:name, perhaps with :version behind it.
    function = message["requestContext"]["functionArn"].split(":")[6]
    records = _records(deployment.client("dynamodbstreams"), batch)
    while chunk := [*islice(records, _AT_ONCE)]:
        answer = deployment.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps({"Records": chunk}, default=_plain)
        )
        result = json.loads(answer["Payload"].read() or b"{}")
        if answer.get("FunctionError") or (result or {}).get("batchItemFailures"):
            raise NotReplayed(f"{function} failed again in the range from {start}.")


def _records(streams: Any, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the records of a failed range that concern a function, to its last sequence number.

    A filter may have left out records in between, so that their number says nothing. Of other
    items, a hundred may be larger than an invocation. A page may be empty before the end
    (DynamoDB API Reference, "GetRecords"). Raises NotReplayed if a record is missing.
    """
    start, end = batch["startSequenceNumber"], int(batch["endSequenceNumber"])
    missing = f"the stream no longer holds all records from {start}; recount their days."
    try:
        iterator = streams.get_shard_iterator(
            StreamArn=batch["streamArn"],
            ShardId=batch["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=start,
        )["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator, Limit=1000)
            for record in answer["Records"]:
                number = int(record["dynamodb"]["SequenceNumber"])
                if number <= end and _concerns_a_function(record):
                    yield record
                if number >= end:
                    return
            iterator = answer.get("NextShardIterator")
    except (
        streams.exceptions.TrimmedDataAccessException,
        streams.exceptions.ResourceNotFoundException,
    ):
        raise NotReplayed(missing) from None
    raise NotReplayed(missing)


def _concerns_a_function(record: dict[str, Any]) -> bool:
    """Return whether a function of the stream does something with a record."""
    stored = record["dynamodb"]["Keys"]
    key = Key(stored["pk"]["S"], stored["sk"]["S"])
    subscribed = any(subscription.matches(key) for subscription in all_subscriptions())
    return "NewImage" in record["dynamodb"] and (subscribed or keys.is_fence(key))


def _plain(value: Any) -> Any:
    """Return bytes and times in the format of Lambda's stream events."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()


def run(deployment: Deployment, *, queue: str, console: Console) -> int:
    """Redrive one queue, with a progress bar. Return 1 if a message was left."""
    with Progress(console=console) as progress:
        moved, left = redrive(deployment, queue, progress)
    console.print(f"{moved} dead-lettered messages of {queue} redriven.")
    if left:
        console.print(f"{left} could not be redriven, and were left.")
    return 1 if left else 0


HELP = "send dead-lettered messages back to their queue"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("queue", choices=QUEUES)


def destroys(_: Namespace) -> str:
    """Return what the command destroys; empty if nothing."""
    return ""


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, queue=given.queue, console=console)
