"""The common part of the functions that EventBridge invokes by a schedule."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.bootstrap import container
from chalicelib.core.logs import correlation, logger

_REST_MS = 60_000
"""Nothing is begun in the last minute of an invocation."""


def run_scheduled(
    event: Mapping[str, Any],
    context: Any,
    run: Callable[[datetime, Callable[[], bool]], dict[str, int]],
    *,
    name: str,
    failure: str,
) -> dict[str, int]:
    """Call `run` with the time and whether to stop; return how many had which result.

    The results are logged as `name`. Raises RuntimeError, with the text `failure`, if one failed:
    Lambda then invokes the function again, twice at most, and an alarm is raised.
    """
    token = correlation.set(str(event.get("id", "-")))
    try:
        results = run(
            container().clock.now(),
            lambda: int(context.get_remaining_time_in_millis()) < _REST_MS,
        )
        logger().info(name, extra={"results": results})
    finally:
        correlation.reset(token)
    if results.get("failed"):
        raise RuntimeError(failure)
    return results
