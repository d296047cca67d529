"""Schedules: what EventBridge has carried out every 15 minutes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.workers.scheduled import run_scheduled

functions = Blueprint(__name__)


@functions.lambda_function(name="schedules")
def schedules(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Carry out the erasures that are due. Raises RuntimeError if one failed."""
    return run_scheduled(event, context, _erase, name="erasures", failure="an erasure failed")


def _erase(now: datetime, enough: Callable[[], bool]) -> dict[str, int]:
    return container().erasing.run(now, enough)
