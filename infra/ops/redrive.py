"""Send dead-lettered messages back to their queue, once the cause is mended."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.progress import Progress

from infra.ops.deployment import Deployment

QUEUES = ("lookups", "renders", "stream")


def dead_letters(deployment: Deployment, queue: str) -> int:
    """Return how many messages are in a queue's dead-letter queue, by SQS's estimate."""
    answer = deployment.client("sqs").get_queue_attributes(
        QueueUrl=deployment.outputs[f"{queue.title()}DeadLettersUrl"],
        AttributeNames=["ApproximateNumberOfMessages"],
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def redrive(deployment: Deployment, queue: str, progress: Progress) -> int:
    """Move every dead-lettered message of `queue` back; return how many were moved.

    A message is deleted only after it was sent, so that a crash in between doubles it, which is
    harmless, and loses nothing. Stops when the messages that were there at the start have been
    seen.
    """
    sqs = deployment.client("sqs")
    source = deployment.outputs[f"{queue.title()}DeadLettersUrl"]
    waiting = dead_letters(deployment, queue)
    task = progress.add_task(f"Redriving {queue}", total=waiting)
    moved = 0
    while True:
        answer = sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        letters = answer.get("Messages", [])
        if not letters:
            return moved
        for letter in letters:
            if queue == "stream":
                _replay(deployment, json.loads(letter["Body"]), progress.console)
            else:
                target = deployment.outputs[f"{queue.title()}Url"]
                sqs.send_message(QueueUrl=target, MessageBody=letter["Body"])
            sqs.delete_message(QueueUrl=source, ReceiptHandle=letter["ReceiptHandle"])
            moved += 1
            progress.advance(task)


def _replay(deployment: Deployment, letter: dict[str, Any], console: Console) -> None:
    """Pass a failed range of the stream to the stream function again.

    It may dispatch messages twice. Counters that moved past the range skip it; `recount --repair`
    corrects them once the day is over. The stream keeps 24 hours: a message about an older range is
    deleted.
    """
    batch = letter["DDBStreamBatchInfo"]
    streams = deployment.client("dynamodbstreams")
    try:
        records = list(_records(streams, batch))
    except streams.exceptions.TrimmedDataAccessException:
        start = batch["startSequenceNumber"]
        console.print(f"The stream no longer holds {start}; recount the day that it was of.")
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
    """Return bytes and times as Lambda's stream events write them."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()


def run(deployment: Deployment, *, queue: str, console: Console) -> int:
    """Redrive one queue with progress."""
    with Progress(console=console) as progress:
        moved = redrive(deployment, queue, progress)
    console.print(f"{moved} dead letters of {queue} sent round again.")
    return 0
