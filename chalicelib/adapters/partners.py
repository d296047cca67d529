"""HTTP requests to partners, and the signed JSON protocol of the SMS gateway and the providers.

A signed request carries ``X-Venuecode-Timestamp``, ``X-Venuecode-Signature`` (`core.signatures`)
and ``X-Correlation-Id``. A failed connection, a 429 and a 5xx are retried once, after a pause with
jitter. A read timeout (two seconds) is not retried here; the queue retries the message.
"""

import functools
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Retry, Timeout

from chalicelib.core.crypto import SecretSource
from chalicelib.core.logs import correlation
from chalicelib.core.signatures import sign

_TIMEOUT = Timeout(connect=1.0, read=2.0)


class _Retry(Retry):
    """Retries immediate failures, but not read timeouts."""

    def increment(self, *args: Any, **options: Any) -> Self:
        """Return the retries that remain. Raises a read timeout, and the error of the last try."""
        if isinstance(options.get("error"), ReadTimeoutError):
            raise options["error"]
        return super().increment(*args, **options)


_RETRY = _Retry(
    total=1,
    allowed_methods=None,
    status_forcelist=(429, 500, 502, 503, 504),
    backoff_factor=0.2,
    backoff_jitter=0.3,
    respect_retry_after_header=False,
    raise_on_status=False,
)
_MAX_ANSWER = 64 * 1024


class PartnerFault(Exception):
    """The connection failed, the request timed out, or the response is not a JSON object."""


@functools.cache
def _pool() -> urllib3.PoolManager:
    # urllib3 logs the whole URL of a retry. WeChat's URLs contain the app's secret and codes.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    return urllib3.PoolManager(maxsize=4, timeout=_TIMEOUT, retries=_RETRY)


def exchange(
    method: str, url: str, *, data: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Send one request to a partner, and return the response's status and body.

    Raises PartnerFault, which does not quote the URL, because it may contain a secret.
    """
    try:
        response = _pool().request(
            method, url, body=data, headers=headers, preload_content=False, redirect=False
        )
        text = response.read(_MAX_ANSWER + 1)
        response.release_conn()
    except HTTPError as error:
        raise PartnerFault(type(error).__name__) from None
    if len(text) > _MAX_ANSWER:
        raise PartnerFault("answer too large")
    return response.status, text


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
        return status, read_object(text or b"{}")

    def _sign(self, timestamp: str, method: str, path: str, data: bytes) -> str:
        known = self._secrets.read()
        secret = known.get(self._secret) or known["default"]
        return sign(secret, timestamp, method, path, data)
