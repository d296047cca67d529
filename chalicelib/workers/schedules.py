"""Schedules: what EventBridge has carried out every 15 minutes."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.core.logs import correlation, logger

functions = Blueprint(__name__)
_REST_MS = 60_000
"""No erasure is begun in the last minute of an invocation."""


@functions.lambda_function(name="schedules")
def schedules(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Carry out the erasures that are due. Raises RuntimeError if one failed.

    Lambda then invokes the function again, twice at most, and an alarm is raised.
    """
    token = correlation.set(str(event.get("id", "-")))
    try:
        results = container().erasing.run(
            container().clock.now(), enough=lambda: _time_left(context) < _REST_MS
        )
        logger().info("erasures", extra={"results": results})
    finally:
        correlation.reset(token)
    if results.get("failed"):
        raise RuntimeError("an erasure failed")
    return results


def _time_left(context: Any) -> int:
    return int(context.get_remaining_time_in_millis())
