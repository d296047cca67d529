"""Reconciliations: what EventBridge has compared every hour, counters with records."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.core.logs import correlation, logger

functions = Blueprint(__name__)
_REST_MS = 60_000
"""No venue is begun in the last minute of an invocation."""


@functions.lambda_function(name="reconciliations")
def reconciliations(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Compare the days that are over with their records. Raises RuntimeError if a venue failed.

    Lambda then invokes the function again, twice at most, and an alarm is raised.
    """
    token = correlation.set(str(event.get("id", "-")))
    try:
        results = container().reconciling.run(
            container().clock.now(), enough=lambda: _time_left(context) < _REST_MS
        )
        logger().info("reconciliations", extra={"results": results})
    finally:
        correlation.reset(token)
    if results.get("failed"):
        raise RuntimeError("a venue's day could not be compared")
    return results


def _time_left(context: Any) -> int:
    return int(context.get_remaining_time_in_millis())
