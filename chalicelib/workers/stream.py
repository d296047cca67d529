"""The table's stream function: it dispatches what follows from a write, and counts scans.

The stream is the outbox of every put. Reactions are in `subscriptions`, one module each. Everything
may run twice. After a failure, Lambda delivers the batch again from the failed record on.
"""

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.core.logs import correlation, logger
from chalicelib.workers.batches import Response
from chalicelib.workers.lag import record_lag

if TYPE_CHECKING:
    from chalicelib.insight.counters import ScanChange
    from chalicelib.workers.records import Record

functions = Blueprint(__name__)


@functions.lambda_function(name="stream")
def stream(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Handle a batch of stream records in order, and report the first that failed."""
    from chalicelib.workers.records import Record
    from chalicelib.workers.scan_changes import scan_change

    records = event["Records"]
    scans: list[ScanChange] = []
    failed: str | None = None
    for raw in records:
        sequence = raw["dynamodb"]["SequenceNumber"]
        token = correlation.set("-")
        try:
            record = Record.parse(raw)
            if record is not None:
                _dispatch(record)
                if keys.is_scan(record.key) and (change := record.read(scan_change)):
                    scans.append(change)
        except Exception:
            logger().exception("record_failed", extra={"sequence": sequence})
            failed = sequence
            break
        finally:
            correlation.reset(token)
    try:
        if scans:
            container().counting.apply(scans)
    except Exception:
        logger().exception("count_failed", extra={"scans": len(scans)})
        failed = records[0]["dynamodb"]["SequenceNumber"]
    record_lag("stream", records, container().clock.now())
    return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}


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
