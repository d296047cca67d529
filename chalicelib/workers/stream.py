"""The table's stream: the put is the outbox, and the figures follow it.

A new scan sets its lookups in motion, and so does somebody who opens their pass; a new
registration its verification, a poster its drawing.
All of it may run twice. What fails is delivered again from the failed record on.
"""

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.bootstrap import Container, container
from chalicelib.core.logs import correlation, logger
from chalicelib.workers.batches import Response

if TYPE_CHECKING:
    from chalicelib.insight.changes import Change

functions = Blueprint(__name__)


@functions.lambda_function(name="stream")
def stream(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Handle a batch of stream records, in order; report the first that failed."""
    from chalicelib.insight import counters
    from chalicelib.insight.changes import read

    parts = container()
    records = event["Records"]
    scans: list[counters.ScanChange] = []
    failed: str | None = None
    for record in records:
        sequence = record["dynamodb"]["SequenceNumber"]
        token = correlation.set("-")
        try:
            change = read(record)
            if change is not None:
                correlation.set(change.correlation)
                _dispatch(change, parts)
            if isinstance(change, counters.ScanChange):
                scans.append(change)
        except Exception:
            logger().exception("record_failed", extra={"sequence": sequence})
            failed = sequence
            break
        finally:
            correlation.reset(token)
    try:
        counters.apply(scans, counters=parts.counters)
    except Exception:
        logger().exception("count_failed", extra={"scans": len(scans)})
        failed = records[0]["dynamodb"]["SequenceNumber"]
    logger().info("stream", extra={"records": len(records), "scans": len(scans)})
    return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}


def _dispatch(change: "Change", parts: Container) -> None:
    from chalicelib.admission import snapshots
    from chalicelib.identity.providers import ProviderName
    from chalicelib.insight import abnormal
    from chalicelib.insight.changes import PosterChange, RegistrationChange

    now = parts.clock.now()
    if isinstance(change, RegistrationChange):
        profile = change.profile
        parts.lookup_queue.send(
            snapshots.Lookup(
                ProviderName.IDENTITY,
                profile.person_id,
                now,
                change.correlation,
                profile.registration,
            )
        )
        logger().info("dispatched", extra={"what": "verification"})
    elif isinstance(change, PosterChange):
        poster = change.poster
        parts.render_queue.send(poster.venue_id, poster.poster_id, change.correlation)
        logger().info("dispatched", extra={"what": "poster"})
    elif isinstance(change, snapshots.Prefetch):
        snapshots.fetch(change, queue=parts.lookup_queue)
        logger().info("dispatched", extra={"what": "prefetch", "asked": change.wanted})
    else:
        abnormal.follow(change, pointers=parts.pointers)
        if change.old is not None:
            return
        snapshots.start(
            change.new,
            now=now,
            directory=parts.directory,
            policies=parts.policies,
            scans=parts.scans,
            queue=parts.lookup_queue,
        )
        logger().info("dispatched", extra={"what": "lookups", "asked": change.new.verdict.needs})
