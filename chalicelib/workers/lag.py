"""The lag of the functions that read the table's stream, as a metric."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib.core.metrics import record

ON_TIME_S = 2
"""Below, a lag is noise: the stream's records hold whole seconds."""


def record_lag(function: str, records: Sequence[Any], now: datetime) -> None:
    """Record for how many seconds the batch's oldest record has waited until it was handled.

    One line a batch that is late, also for a repeated one; none for a batch on time, because most
    batches are small, and each line costs. Records that an operator replays may hold no time.
    Lambda's own IteratorAge, which is on the dashboard beside it, is taken before a batch is
    handled, and of its last record (Lambda Developer Guide, *Types of metrics for Lambda
    functions*).
    """
    written = [one["dynamodb"].get("ApproximateCreationDateTime") for one in records]
    known = [moment for moment in written if isinstance(moment, int | float)]
    lag = round(now.timestamp() - min(known)) if known else 0
    if lag >= ON_TIME_S:
        record({"StreamLag": lag}, function=function)
