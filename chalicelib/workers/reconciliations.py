"""Reconciliations: what EventBridge has compared every hour, counters with records."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.workers.scheduled import run_scheduled

functions = Blueprint(__name__)


@functions.lambda_function(name="reconciliations")
def reconciliations(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Compare the days that are over with their records. Raises RuntimeError if a venue failed."""
    return run_scheduled(
        event,
        context,
        _compare,
        name="reconciliations",
        failure="a venue's day could not be compared",
    )


def _compare(now: datetime, enough: Callable[[], bool]) -> dict[str, int]:
    return container().reconciling.run(now, enough)
