"""Venue codes: the printed text, and the parsing of scanned texts.

The printed text is ``https://<HOST>/V/<16 characters>``. Capitals take less room in a QR code; the
scheme is in lower case because Android matches schemes so (0115). The text is platform-neutral
(SD-4): any camera opens it. Each app's scanner wraps it in its own way.
"""

import re
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from chalicelib.core import ids, normalisation
from chalicelib.core.errors import BadInput

MAX_PAYLOAD = 2048
_WRAPPERS = ("q", "qrcode", "scene", "query", "path", "page", "scheme")
_DEPTH = 6
_PRINTED = "[0-9A-Za-z](?:[ \u2010-\u2015\u2212-]*[0-9A-Za-z]){15}"
_JOIN = "J-([0-9A-Z]{9})"
_SITE = re.compile("https?:|//", re.IGNORECASE)
_CHANNEL = re.compile(
    r"https://(?:[a-z0-9-]+\.)*(?:alipay\.com|weixin\.qq\.com)[/?]", re.IGNORECASE
)


class CodeKind(StrEnum):
    """The kind of visit that a code stands for."""

    VENUE = "venue"
    FAST = "fast"


class CodeState(StrEnum):
    """Whether a code is valid."""

    ACTIVE = "active"
    REVOKED = "revoked"


class Code(NamedTuple):
    """A printed code and its venue."""

    value: str
    venue_id: str
    state: CodeState
    kind: CodeKind = CodeKind.VENUE


def url(code: str, host: str) -> str:
    """Return the text of the QR code."""
    return f"https://{host}/V/{code}"


def join_url(join_code: str, host: str) -> str:
    """Return the text of the QR code on a join poster; see :func:`join_code_in`."""
    return url(f"J-{join_code}", host)


def is_join(text: str) -> bool:
    """Return whether the last part of a path is that of a join poster's URL, in any case."""
    return re.fullmatch(_JOIN, text, re.IGNORECASE | re.ASCII) is not None


def join_code_in(text: str) -> str:
    """Return the join code in the scanned text of a join poster; any other text as it is.

    Accepts the URL of any host, also as the value of a launch parameter, percent-encoded
    repeatedly: anybody who has the code may join, so that its host protects nothing.
    """
    if len(text) > MAX_PAYLOAD:
        return text
    plain = text
    for _ in range(_DEPTH):
        plain = unquote(plain)
    found = re.search(rf"/V/{_JOIN}(?![0-9A-Z])", plain, re.IGNORECASE | re.ASCII)
    return found[1] if found else text


def parse(payload: str, host: str) -> str:
    """Return the code in a scanned text or a launch parameter.

    Accepts the URL of `host` in any letter case, with a query or fragment that an app has appended,
    and a bare code, as typed or read by a scanner that acts as a keyboard. Hyphens and blanks in a
    code are ignored (posters print four groups). Accepts these also as the value of a launch
    parameter: ``q`` (WeChat), ``qrCode`` (Alipay), ``scene``, ``query``, ``path``, ``page`` and
    ``scheme``. The parameter may stand alone, or follow a mini-program's path, its scheme or its
    platform's address. Values may be nested and percent-encoded repeatedly.

    Raises BadInput at ``/code``: ``too_long``; ``payload`` for a text without a venue code. A URL
    of another site is always refused, because a camera would open that site.
    """
    if len(payload) > MAX_PAYLOAD:
        raise BadInput.at("/code", "too_long")
    found = _read(normalisation.scanned(payload), host, _DEPTH)
    if found is None:
        raise BadInput.at("/code", "payload")
    return found


def typed(text: str) -> str | None:
    """Return the code in `text` as people type or write it, or None.

    Letter case, hyphens and blanks mean nothing; I and L are read as 1, O as 0.
    """
    if len(text) > normalisation.MAX_TEXT:
        return None
    code = ids.fold(normalisation.compact(text))
    return code if ids.is_code(code) else None


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
    pattern = rf"(?:(?:{site})?/V/|V/)?({_PRINTED})/?(?:[?#].*)?"
    match = re.fullmatch(pattern, text, re.IGNORECASE | re.ASCII | re.DOTALL)
    return typed(match[1]) if match else None


def _unwrap(text: str) -> list[str]:
    """Return the texts that `text` may wrap."""
    # Without urlsplit, which raises errors for some texts on other codes.
    _, mark, query = text.partition("?")
    query = query.partition("#")[0] if mark else text
    given = parse_qsl(query)
    inner = [value for name, value in given if name.lower() in _WRAPPERS]
    plain = unquote(text)
    return inner or ([plain] if plain != text else [])
