"""Venue codes: the text that is printed, and how scanned text is read.

A code is ``HTTPS://<HOST>/V/<16 characters>``, in capitals, so that the QR stays in alphanumeric
mode (version 4 at level Q). It is platform-neutral (SD-4): any camera opens it, and each channel's
scanner hands it over wrapped in its own way.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, unquote

from chalicelib.core import ids
from chalicelib.core.errors import BadInput

MAX_PAYLOAD = 2048
_WRAPPERS = ("q", "qrcode", "scene", "query", "path", "page", "scheme")
_DEPTH = 6
_SITE = re.compile("https?:|//", re.IGNORECASE)
_CHANNEL = re.compile(
    r"https://(?:[a-z0-9-]+\.)*(?:alipay\.com|weixin\.qq\.com)[/?]", re.IGNORECASE
)


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
    """Return the text that the QR holds."""
    return f"HTTPS://{host}/V/{code}"


def parse(payload: str, host: str) -> str:
    """Return the code in what a scanner or a launch parameter handed over.

    Accepts the URL of our own `host` in any letter case, with a query or fragment that an app has
    hung on it, and a bare code or scene; and these within the launch parameters ``q`` (WeChat),
    ``qrCode`` (Alipay), ``scene``, ``query``, ``path``, ``page`` and ``scheme``, alone or behind a
    mini-program's path, its scheme or its platform's own address, nested and percent-encoded as
    often as channels do.

    Raises BadInput at ``/code``: ``payload`` for text that holds no code of ours. A URL of another
    site is refused whatever its parameters hold: a plain camera would open that site.
    """
    if len(payload) > MAX_PAYLOAD:
        raise BadInput.at("/code", "too_long")
    found = _read(payload.strip(), host, _DEPTH)
    if found is None:
        raise BadInput.at("/code", "payload")
    return found


def _read(text: str, host: str, depth: int) -> str | None:
    found = _direct(text, host)
    if found or not depth or (_SITE.match(text) and not _CHANNEL.match(text)):
        return found
    for inner in _unwrap(text):
        found = _read(inner.strip(), host, depth - 1)
        if found:
            return found
    return None


def _direct(text: str, host: str) -> str | None:
    site = rf"https?://{re.escape(host)}(?::443)?"
    pattern = rf"(?:(?:{site})?/V/|V/)?([0-9A-Za-z]{{16}})/?(?:[?#].*)?"
    match = re.fullmatch(pattern, text, re.IGNORECASE | re.ASCII | re.DOTALL)
    code = ids.fold(match[1]) if match else ""
    return code if ids.is_code(code) else None


def _unwrap(text: str) -> list[str]:
    """Return the texts that `text` may wrap."""
    # By hand: urlsplit refuses some of what strangers print on codes.
    _, mark, query = text.partition("?")
    query = query.partition("#")[0] if mark else text
    given = parse_qsl(query)
    inner = [value for name, value in given if name.lower() in _WRAPPERS]
    plain = unquote(text)
    return inner or ([plain] if plain != text else [])
