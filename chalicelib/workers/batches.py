"""What workers answer to SQS and to a stream: a failed message or record fails alone (style, 11).

A Blueprint's event handler is deployed as ``module.function``. Lambda imports that module alone and
runs no app middleware, so the common part of the workers is here.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import copy_context
from typing import Any, Protocol, TypeVar

from chalicelib.bootstrap import container
from chalicelib.core.logs import correlation, logger
from chalicelib.core.metrics import together

Response = dict[str, list[dict[str, str]]]


class Correlated(Protocol):
    """A message, which bears the id of the request that it follows from."""

    @property
    def correlation(self) -> str:
        """The correlation id."""


Read = TypeVar("Read", bound=Correlated)


def each_message(
    event: dict[str, Any],
    handle: Callable[[Read], str],
    *,
    read: Callable[[str], Read],
    side_by_side: bool = False,
) -> Response:
    """Run `handle` on every SQS message, and report the messages that failed.

    `read` returns the message in a body; `handle` returns the result label that is logged. A
    message that cannot be read fails alone and ends in the dead-letter queue. Messages that are
    handled `side_by_side`, in threads, do not wait for a slow one among them.
    """

    def done(record: Mapping[str, Any]) -> bool:
        return _is_done(record, handle, read)

    records: Sequence[Mapping[str, Any]] = event["Records"]
    with together():
        if not side_by_side or len(records) == 1:
            results = [done(record) for record in records]
        else:
            pool = container().message_pool
            running = [pool.submit(copy_context().run, done, record) for record in records]
            results = [one.result() for one in running]
    failed = [record for record, good in zip(records, results, strict=True) if not good]
    return {"batchItemFailures": [{"itemIdentifier": one["messageId"]} for one in failed]}


def _is_done(
    record: Mapping[str, Any], handle: Callable[[Read], str], read: Callable[[str], Read]
) -> bool:
    """Handle one message, and return whether it is done; a failure is logged."""
    token = correlation.set("-")
    try:
        message = read(record["body"])
        correlation.set(message.correlation)
        result = handle(message)
        logger().info("message", extra={"result": result})
    except Exception:
        attempt = (record.get("attributes") or {}).get("ApproximateReceiveCount", "")
        logger().exception(
            "message_failed", extra={"message_id": record["messageId"], "attempt": attempt}
        )
        return False
    finally:
        correlation.reset(token)
    return True


class BatchFailed(Exception):
    """Nothing before the first failed record of a stream's batch can be checkpointed."""


def stream_response(records: Sequence[Mapping[str, Any]], failed: Collection[str]) -> Response:
    """Return the sequence numbers of failed records, from the lowest of which Lambda tries again.

    Raises BatchFailed if that is the first record of several: the batch would come back as it is,
    and in the end be given up as a whole. After an exception Lambda halves it, so that a record
    that always fails is given up alone (AWS Lambda Developer Guide, "Configuring partial batch
    response with DynamoDB and Lambda").
    """
    if len(records) > 1 and records[0]["dynamodb"]["SequenceNumber"] in failed:
        raise BatchFailed
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in failed]}
