"""The counting function of the table's stream: it counts scans into the day's figures.

Its mapping delivers scans and fences only, in the order of the shard (decision 0140). Everything
may be delivered twice, and after a failure again, from the failed record on.
"""

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.core.logs import logger
from chalicelib.core.metrics import together
from chalicelib.workers.batches import Response, stream_response
from chalicelib.workers.lag import record_lag

if TYPE_CHECKING:
    from chalicelib.insight.counters import FencePassed, ScanChange
    from chalicelib.workers.records import Record

functions = Blueprint(__name__)


@functions.lambda_function(name="counts")
@together()
def counts(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Count a batch of stream records, and report the first record of each partition that failed.

    What follows a record that cannot be read waits in its own partition only.
    """
    from chalicelib.workers.records import Record

    changes: list[ScanChange | FencePassed] = []
    failed: list[str] = []
    held_up: set[str] = set()
    for raw in event["Records"]:
        partition = raw["dynamodb"]["Keys"]["pk"]["S"]
        if partition in held_up:
            continue
        try:
            record = Record.parse(raw)
            if record is not None and (change := _change(record)):
                changes.append(change)
        except Exception:
            sequence = raw["dynamodb"]["SequenceNumber"]
            logger().exception("record_failed", extra={"sequence": sequence})
            failed.append(sequence)
            held_up.add(partition)
    if changes:
        failed += container().counting.apply(changes)
    record_lag("counts", event["Records"], container().clock.now())
    return stream_response(event["Records"], failed)


def _change(record: "Record") -> "ScanChange | FencePassed | None":
    """Return the content of a record that counts."""
    from chalicelib.workers.scan_changes import fence_passed, scan_change

    if keys.is_scan(record.key):
        return scan_change(record)
    return fence_passed(record) if keys.is_fence(record.key) else None
