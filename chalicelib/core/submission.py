"""A client's write that may be sent again."""

from datetime import datetime
from typing import NamedTuple


class Submission(NamedTuple):
    """What identifies one write of a client, and when it arrived.

    `nonce` is the client's UUIDv7, the same for every try. `fingerprint` tells whether a try says
    the same as the first. `correlation` is the request's correlation id, `now` our time (UTC).
    """

    nonce: str
    fingerprint: str
    correlation: str
    now: datetime
