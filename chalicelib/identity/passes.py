"""The live pass: a person's code for the staff's scanner, renewed every minute (JN-21, GO-4).

    VP1.L.<key id>.<person, 16>.<minted at, ms, 9>.<MAC, 16>

It is in capitals, so that its QR stays in alphanumeric mode. It identifies the person and proves
that it is fresh. It does not contain the colour of the health code. A screenshot is valid for 90 s.
"""

import hmac
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core import ids
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.crypto import KeyRing
from chalicelib.core.errors import BadInput, Unprocessable

REFRESH = timedelta(seconds=60)
ACCEPTED = timedelta(seconds=90)
_AHEAD = timedelta(seconds=30)  # the largest difference between the clocks of two processes
_LIVE = "L"
MAX_LENGTH = 80


class Pass(NamedTuple):
    """A pass: its owner, and the time when it was minted (UTC, whole milliseconds)."""

    person_id: str
    minted_at: datetime

    def is_live(self, at: datetime) -> bool:
        """Return whether the pass is accepted at `at`: for 90 s after it was minted."""
        return -_AHEAD <= at - self.minted_at <= ACCEPTED


def mint(person_id: str, *, now: datetime, ring: KeyRing) -> str:
    """Return a new live pass of a person, signed with the active key."""
    key_id = ring.active()
    person = person_id.removeprefix("per_")
    minted = ids.encode_number(epoch_ms(now), 9)
    body = f"VP1.{_LIVE}.{key_id}.{person}.{minted}"
    return f"{body}.{_mac(ring, key_id, body)}"


def read(text: str, *, ring: KeyRing) -> Pass:
    """Return the pass in a scanned text, even if it is no longer live.

    Raises BadInput at ``/pass_code`` for a text that is no pass; Unprocessable ``pass_invalid`` for
    a pass that is altered, forged, or signed with a revoked key.
    """
    parts = text.strip().upper().split(".")
    if len(text) > MAX_LENGTH or len(parts) != 6 or parts[:2] != ["VP1", _LIVE]:
        raise BadInput.at("/pass_code", "pass")
    _, _, key_id, person, minted, mac = parts
    if not (ids.is_code(person) and ids.is_code(mac) and ids.is_number(minted, 9)):
        raise BadInput.at("/pass_code", "pass")
    if not hmac.compare_digest(mac, _mac(ring, key_id, ".".join(parts[:5]))):
        raise Unprocessable("pass_invalid")
    return Pass(f"per_{person}", from_epoch_ms(ids.decode(minted)))


def _mac(ring: KeyRing, key_id: str, body: str) -> str:
    key = ring.key("pass", key_id)
    if key is None:
        raise Unprocessable("pass_invalid")
    return ids.encode(hmac.digest(key, body.encode(), "sha256")[:10])
