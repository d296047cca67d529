"""The table's stream function: it dispatches what follows from a write.

The stream is the outbox of every put. Reactions are in `subscriptions`, one module each. The
messages of a batch are sent together at its end. Everything may run twice. After a failure, Lambda
delivers the batch again from the failed record on. Another function, `counts`, counts scans.
"""

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.core.logs import correlation, logger
from chalicelib.core.metrics import together
from chalicelib.workers.batches import Response, stream_response
from chalicelib.workers.lag import record_lag

if TYPE_CHECKING:
    from chalicelib.workers.records import Record

functions = Blueprint(__name__)


@functions.lambda_function(name="stream")
@together()
def stream(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Handle a batch of stream records in order, and report the first that failed."""
    from chalicelib.workers.records import Record

    records = event["Records"]
    outbox = container().outbox
    requested: list[tuple[str, int]] = []
    failed: list[str] = []
    for raw in records:
        sequence = raw["dynamodb"]["SequenceNumber"]
        token = correlation.set("-")
        try:
            record = Record.parse(raw)
            if record is not None:
                _dispatch(record)
        except Exception:
            logger().exception("record_failed", extra={"sequence": sequence})
            failed.append(sequence)
            break
        finally:
            requested.append((sequence, outbox.size()))
            correlation.reset(token)
    unsent = outbox.send()
    if unsent is not None:
        # What was requested before the first message that was not sent is not repeated.
        failed.append(next(sequence for sequence, messages in requested if messages > unsent))
    record_lag("stream", records, container().clock.now())
    return stream_response(records, failed)


def _dispatch(record: "Record") -> None:
    """Run every subscription that matches the record."""
    from chalicelib.workers.subscriptions import all_subscriptions

    for subscription in all_subscriptions():
        if not subscription.matches(record.key):
            continue
        change = record.read(subscription.read)
        if change is None:
            continue
        correlation.set(change.correlation)
        details = subscription.act(change)
        if details is not None:
            logger().info("dispatched", extra=dict(details))
