"""Identification of a client's write, for idempotent retries."""

from datetime import datetime
from typing import NamedTuple


class Submission(NamedTuple):
    """One write of a client, and the time of its arrival.

    `nonce` is the client's UUIDv7, the same for every retry. `fingerprint` is a digest of the
    contents: a retry with another one is a conflict. `correlation` is the request's correlation id,
    `now` the server's time (UTC).
    """

    nonce: str
    fingerprint: str
    correlation: str
    now: datetime
