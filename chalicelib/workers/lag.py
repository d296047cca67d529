"""The lag of the functions that read the table's stream, as a metric."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib.core.metrics import record


def record_lag(function: str, records: Sequence[Any], now: datetime) -> None:
    """Record for how many seconds the batch's oldest record has waited until it was handled.

    One line a batch, also for a repeated one. The stream's records hold whole seconds; those that
    an operator replays may hold none. Lambda's own IteratorAge is taken before a batch is handled,
    and of its last record only (Lambda Developer Guide, *Types of metrics for Lambda functions*).
    """
    written = [one["dynamodb"].get("ApproximateCreationDateTime") for one in records]
    known = [moment for moment in written if isinstance(moment, int | float)]
    if known:
        record({"StreamLag": max(0, round(now.timestamp() - min(known)))}, function=function)
