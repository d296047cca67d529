"""The signature of messages between a deployment and its partners, in both directions.

``v1=`` and the hexadecimal HMAC-SHA256 over the Unix seconds, the method, the path and the body's
SHA-256, one a line. The path is part of it, so that no message passes as one to another place.
"""

import hashlib
import hmac
from datetime import datetime
from typing import NamedTuple

TOLERANCE_S = 300


class SignedMessage(NamedTuple):
    """A received message: the values of its two headers, and its body as sent."""

    timestamp: str
    signature: str
    body: bytes


def sign(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Return the signature of a message. `path` is without host and query."""
    text = "\n".join((timestamp, method, path, hashlib.sha256(body).hexdigest()))
    return "v1=" + hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()


def fault(secret: str, message: SignedMessage, path: str, now: datetime) -> str | None:
    """Return what is wrong with the signature of a message posted to `path`, or None.

    ``bad_signature``, or ``stale_timestamp`` more than five minutes from `now`.
    """
    expected = sign(secret, message.timestamp, "POST", path, message.body)
    if not hmac.compare_digest(expected.encode(), message.signature.encode()):
        return "bad_signature"
    # Signed by the partner, but maybe long ago, or not a number.
    sent = message.timestamp
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 12):
        return "stale_timestamp"
    return "stale_timestamp" if abs(now.timestamp() - int(sent)) > TOLERANCE_S else None
