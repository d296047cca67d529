"""The command ``redrive``: send dead-lettered messages back to their queue."""

import base64
import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.progress import Progress

from infra.ops.deployment import Deployment

QUEUES = ("lookups", "settles", "renders", "stream")


def dead_letters(deployment: Deployment, queue: str) -> int:
    """Return the number of messages in a queue's dead-letter queue, by SQS's estimate."""
    answer = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.outputs[f"{queue.title()}DeadLettersUrl"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def redrive(deployment: Deployment, queue: str, progress: Progress) -> int:
    """Move every dead-lettered message of `queue` back. Return how many were moved.

    A message is deleted only after it was sent. A crash in between duplicates it, which is
    harmless, and loses nothing. The loop ends when the dead-letter queue is empty.
    """
    sqs = deployment.client("sqs")
    source = deployment.outputs[f"{queue.title()}DeadLettersUrl"]
    waiting = dead_letters(deployment, queue)
    task = progress.add_task(f"Redriving {queue}", total=waiting)
    moved = 0
    while True:
        answer = sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        messages = answer.get("Messages", [])
        if not messages:
            return moved
        for message in messages:
            if queue == "stream":
                _replay(deployment, json.loads(message["Body"]), progress.console)
            else:
                target = deployment.outputs[f"{queue.title()}Url"]
                sqs.send_message(QueueUrl=target, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
            progress.advance(task)


def _replay(deployment: Deployment, message: dict[str, Any], console: Console) -> None:
    """Send a failed range of the stream to the stream function again.

    It may dispatch messages twice. Counters that moved past the range skip it; `recount --repair`
    corrects them once the day is over. The stream keeps records for 24 hours: a message about an
    older range is deleted.
    """
    batch = message["DDBStreamBatchInfo"]
    streams = deployment.client("dynamodbstreams")
    try:
        records = list(_records(streams, batch))
    except streams.exceptions.TrimmedDataAccessException:
        start = batch["startSequenceNumber"]
        console.print(f"The stream no longer holds the record {start}; recount its day.")
        return
    answer = deployment.client("lambda").invoke(
        FunctionName=deployment.outputs["StreamName"],
        Payload=json.dumps({"Records": records}, default=_plain),
    )
    result = json.loads(answer["Payload"].read() or b"{}")
    if answer.get("FunctionError") or result.get("batchItemFailures"):
        raise SystemExit(f"The stream function failed again at {batch['startSequenceNumber']}.")


def _records(streams: Any, batch: dict[str, Any]) -> Iterator[dict[str, Any]]:
    iterator = streams.get_shard_iterator(
        StreamArn=batch["streamArn"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=batch["startSequenceNumber"],
    )["ShardIterator"]
    left = int(batch["batchSize"])
    while iterator and left > 0:
        answer = streams.get_records(ShardIterator=iterator, Limit=min(left, 1000))
        if not answer["Records"]:
            return
        yield from answer["Records"]
        left -= len(answer["Records"])
        iterator = answer.get("NextShardIterator")


def _plain(value: Any) -> Any:
    """Return bytes and times in the format of Lambda's stream events."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()


def run(deployment: Deployment, *, queue: str, console: Console) -> int:
    """Redrive one queue, with a progress bar."""
    with Progress(console=console) as progress:
        moved = redrive(deployment, queue, progress)
    console.print(f"{moved} dead-lettered messages of {queue} redriven.")
    return 0


HELP = "send dead-lettered messages back to their queue"


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("queue", choices=QUEUES)


def command(found: Deployment, given: Namespace, console: Console) -> int:
    """Run the command with the `given` arguments; return its exit code."""
    return run(found, queue=given.queue, console=console)
