"""Venue codes: what is printed, and what scanners make of it.

A code is ``HTTPS://<HOST>/V/<16 characters>``, in capitals, so that the QR stays in alphanumeric
mode (version 4 at level Q). It is platform-neutral (SD-4): any camera opens it, and each channel's
scanner hands it over wrapped in its own way.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, unquote

from chalicelib.core import ids
from chalicelib.core.errors import BadInput

MAX_PAYLOAD = 2048
_WRAPPERS = ("q", "qrCode", "scene")


class CodeKind(StrEnum):
    """What scanning a code means."""

    VENUE = "venue"
    FAST = "fast"


class CodeState(StrEnum):
    """Whether a code still opens its venue."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Code:
    """What a printed code stands for."""

    value: str
    venue_id: str
    state: CodeState
    kind: CodeKind = CodeKind.VENUE


def url(code: str, host: str) -> str:
    """The text that the QR holds."""
    return f"HTTPS://{host}/V/{code}"


def parse(payload: str, host: str) -> str:
    """The code in whatever a scanner or a launch parameter handed over.

    Accepts the URL of our own `host` in any letter case, a bare code or scene, and either of them
    wrapped as ``q=``, ``qrCode=`` or ``scene=``, percent-encoded or not, with or without a path in
    front. Raises BadInput at ``/code``: ``payload`` for what is none of ours.
    """
    text = payload.strip()
    if len(text) > MAX_PAYLOAD:
        raise BadInput.at("/code", "too_long")
    for _ in range(3):
        found = _direct(text, host)
        if found:
            return found
        inner = _unwrap(text)
        if inner == text:
            break
        text = inner
    raise BadInput.at("/code", "payload")


def _direct(text: str, host: str) -> str | None:
    pattern = rf"(?:https?://{re.escape(host)}/V/)?([0-9A-Za-z]{{16}})"
    match = re.fullmatch(pattern, text, re.IGNORECASE | re.ASCII)
    code = ids.fold(match[1]) if match else ""
    return code if ids.is_code(code) else None


def _unwrap(text: str) -> str:
    # By hand: urlsplit refuses some of what strangers print on codes.
    _, mark, query = text.partition("?")
    query = query.partition("#")[0] if mark else text
    values = parse_qs(query)
    for name in _WRAPPERS:
        if name in values:
            return values[name][0]
    return unquote(text)
