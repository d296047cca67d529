"""The signature that every request between Venuecode and a partner carries.

    X-Venuecode-Timestamp: <unix seconds>
    X-Venuecode-Signature: v1=<hex HMAC-SHA256(secret, timestamp \\n METHOD \\n path \\n body hash)>

The body hash is the hexadecimal SHA-256 of the body as sent. Written from the protocol, not from
the application's adapter, so that each shows the other's mistakes.
"""

import hashlib
import hmac
import re

TOLERANCE_S = 300


def sign(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Return the value of ``X-Venuecode-Signature``; `path` is without host and query."""
    text = f"{timestamp}\n{method}\n{path}\n{hashlib.sha256(body).hexdigest()}"
    return "v1=" + hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def fault(
    secret: str,
    *,
    timestamp: str,
    signature: str,
    method: str,
    path: str,
    body: bytes,
    now: float,
) -> str | None:
    """Return what is wrong with a request's signature, or None. `now` is in unix seconds.

    ``bad_signature``, or ``stale_timestamp`` for a clock that is more than 300 s off.
    """
    expected = sign(secret, timestamp, method, path, body)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        return "bad_signature"
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(now - int(timestamp)) > TOLERANCE_S:
        return "stale_timestamp"
    return None
