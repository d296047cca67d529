"""HTTP requests to partners, and the signed JSON protocol of the SMS gateway and the providers.

A signed request carries ``X-Venuecode-Timestamp``, ``X-Venuecode-Signature`` (`core.signatures`)
and ``X-Correlation-Id``. A failed connection, a 429 and a 5xx are retried once, at once. A read
timeout (two seconds) is not retried here; the queue retries the message.

A request with its retry ends after three seconds, whatever arrives; after four, if the second try
is still connecting then. urllib3's read timeout is for
each read, so a partner that sends a byte a second would hold the request for as long as it likes.
Therefore each read waits no longer than what is left of the time.
"""

import functools
import json
import logging
import socket
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from typing import Any, Self
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Retry, Timeout

from chalicelib.core.crypto import SecretSource
from chalicelib.core.logs import correlation
from chalicelib.core.signatures import sign
from chalicelib.identity.providers import FaultKind

_READ_S = 2.0
_TIMEOUT = Timeout(connect=1.0, read=_READ_S)
_LONGEST_S = 3.0
_ends_at: ContextVar[float] = ContextVar("ends_at")
"""When the time of the request under way is over, by the monotonic clock."""


def _seconds_left() -> float:
    return _ends_at.get() - time.monotonic()


class _Reads(RawIOBase):
    """What is read from a connection, until the time of this thread's request is over."""

    def __init__(self, source: RawIOBase, connected: socket.socket) -> None:
        self._source = source
        self._socket = connected

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read into `buffer` what has come. Raises TimeoutError."""
        left = _seconds_left()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(min(left, _READ_S))
        return self._source.readinto(buffer)

    def close(self) -> None:
        """Close the connection's file."""
        self._source.close()
        super().close()


class _Response(HTTPResponse):
    """A response whose reads end with the time of the request."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = BufferedReader(_Reads(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _TlsConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Retry(Retry):
    """Retries immediate failures, but not timeouts."""

    def increment(self, *args: Any, **options: Any) -> Self:
        """Return the retries that remain. Raises a timeout, and the error of the last try."""
        error = options.get("error")
        if error is not None and (isinstance(error, ReadTimeoutError) or _seconds_left() <= 0):
            raise error
        return super().increment(*args, **options)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:  # noqa: ARG002 (urllib3's)
        """Pause before the second try, which begins at once. Raises a timeout if none may begin."""
        if _seconds_left() <= 0:
            raise Urllib3TimeoutError("no time is left for a second try")


_RETRY = _Retry(
    total=1,
    allowed_methods=None,
    status_forcelist=(429, 500, 502, 503, 504),
    respect_retry_after_header=False,
    raise_on_status=False,
)
_MAX_ANSWER = 64 * 1024


class PartnerFault(Exception):
    """The connection failed, the request timed out, or the response is not a JSON object."""

    def __init__(self, message: str, kind: FaultKind = FaultKind.GARBAGE) -> None:
        super().__init__(message)
        self.kind = kind


@functools.cache
def _pool() -> urllib3.PoolManager:
    # urllib3 logs the whole URL of a retry. WeChat's URLs contain the app's secret and codes.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    manager = urllib3.PoolManager(maxsize=10, timeout=_TIMEOUT, retries=_RETRY)
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return manager


def exchange(
    method: str, url: str, *, data: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Send one request to a partner, and return the response's status and body.

    Raises PartnerFault, which does not quote the URL, because it may contain a secret.
    """
    _ends_at.set(time.monotonic() + _LONGEST_S)
    try:
        response = _pool().request(
            method, url, body=data, headers=headers, preload_content=False, redirect=False
        )
        text = _read(response)
    except HTTPError as error:
        timed_out = isinstance(error, Urllib3TimeoutError) or _seconds_left() <= 0
        kind = FaultKind.TIMEOUT if timed_out else FaultKind.REFUSED
        raise PartnerFault(type(error).__name__, kind) from None
    if len(text) > _MAX_ANSWER:
        raise PartnerFault("answer too large")
    return response.status, text


def _read(response: BaseHTTPResponse) -> bytes:
    """Return the body, at most a byte more than `_MAX_ANSWER`. Then the connection is closed."""
    text = response.read(_MAX_ANSWER + 1)
    if len(text) > _MAX_ANSWER:
        response.close()
    else:
        response.release_conn()
    return text


def is_busy(status: int) -> bool:
    """Return whether the partner may answer the same request later."""
    return status == 429 or status >= 500


def probe(base_url: str) -> None:
    """Raise PartnerFault if a partner's host does not answer, or with a 5xx.

    The protocol has no request that asks nothing: any other answer will do, 404 as well.
    """
    status, _ = exchange("GET", base_url.rstrip("/") + "/healthz")
    if status >= 500:
        raise PartnerFault(f"status {status}")


def read_object(text: bytes) -> dict[str, Any]:
    """Return the JSON object in a response's body. Raises PartnerFault."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise PartnerFault("answer is not JSON") from None
    if not isinstance(answer, dict):
        raise PartnerFault("answer is not an object")
    return answer


class Partner:
    """The endpoint of a partner. `secret` is the partner's key in the partners' secret."""

    def __init__(
        self, base_url: str, secret: str, secrets: SecretSource, now: Callable[[], datetime]
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._secret = secret
        self._secrets = secrets
        self._now = now

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Post `body`, and return the response's status and JSON object. Raises PartnerFault."""
        url = self._base_url + path
        data = json.dumps(body, ensure_ascii=False).encode()
        timestamp = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Venuecode-Timestamp": timestamp,
            "X-Venuecode-Signature": self._sign(timestamp, "POST", urlsplit(url).path, data),
            "X-Correlation-Id": correlation.get(),
        }
        status, text = exchange("POST", url, data=data, headers=headers)
        try:
            return status, read_object(text or b"{}")
        except PartnerFault as fault:
            if not is_busy(status):
                raise
            raise PartnerFault(f"status {status}", FaultKind.STATUS) from fault

    def _sign(self, timestamp: str, method: str, path: str, data: bytes) -> str:
        known = self._secrets.read()
        secret = known.get(self._secret) or known["default"]
        return sign(secret, timestamp, method, path, data)
