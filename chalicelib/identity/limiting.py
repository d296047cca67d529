"""Several rate limits for one action, given back when the action fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from chalicelib.core.errors import TooMany, Unavailable
from chalicelib.identity.people import Limits


class Limit(NamedTuple):
    """At most `most` attempts at `what` by `whom` in a window of `seconds`."""

    what: str
    whom: str
    most: int
    seconds: int


@contextmanager
def charged(limits: Limits, *wanted: Limit, by: str, now: datetime) -> Iterator[None]:
    """Charge all of `wanted`, and refund what was charged if a limit or what is within fails.

    `by` identifies the attempt, so that its retry is not charged twice. A failure is Unavailable or
    TooMany; other errors are the caller's own, and stay charged. Cost: one UpdateItem for each
    limit, and for each refund.
    """
    made = list[Limit]()
    try:
        for one in wanted:
            limits.charge(one.what, one.whom, limit=one.most, seconds=one.seconds, by=by, now=now)
            made.append(one)
        yield
    except (Unavailable, TooMany):
        for one in made:
            limits.refund(one.what, one.whom, seconds=one.seconds, by=by, now=now)
        raise
