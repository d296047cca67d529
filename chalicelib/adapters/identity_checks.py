"""The service for identity checks, over signed HTTP.

``POST /v1/identity_checks`` starts a check, ``POST /v1/identity_checks/results`` returns its
present result. The service's callback is `api.identity_checks`.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from chalicelib.adapters.partners import Partner, PartnerFault
from chalicelib.core.errors import TooMany, Unavailable
from chalicelib.core.logs import logger
from chalicelib.identity.checks import IdentityCheck, Order, Result, Started, State

_RETRY_S = 60
_REFERENCE = re.compile(r"[!-~]{1,128}")
_URL = re.compile(r"[!-~]{1,1000}")
_SDK_ENTRIES = 10
_SDK_TEXT = 300


class HttpCheckService:
    """The service over the signed protocol. See `checks.CheckService`."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner

    def start(self, order: Order) -> Started:
        """See `checks.CheckService`."""
        answer = self._post(
            "",
            201,
            {
                "check_id": order.check_id,
                "binding": order.binding,
                "method": order.method.value,
                "client": order.client,
                **asdict(order.subject),
            },
        )
        try:
            return _started(answer)
        except (TypeError, ValueError, OverflowError) as error:
            raise _garbage() from error

    def result(self, check: IdentityCheck) -> Result:
        """See `checks.CheckService`."""
        asked = {"check_id": check.check_id, "reference": check.started.reference}
        answer = self._post("/results", 200, asked)
        try:
            state = State(str(answer.get("status")))
        except ValueError as error:
            raise _garbage() from error
        return Result(
            check_id=str(answer.get("check_id")),
            reference=str(answer.get("reference")),
            binding=str(answer.get("binding")),
            state=state,
        )

    def _post(self, path: str, expected: int, body: dict[str, Any]) -> Mapping[str, Any]:
        try:
            status, answer = self._partner.post(f"/v1/identity_checks{path}", body)
        except PartnerFault as fault:
            raise Unavailable from fault
        if status == 429:
            raise TooMany(_RETRY_S)
        if status != expected:
            logger().warning("identity_checks_refused", extra={"status": status})
            raise Unavailable
        return answer


def _garbage() -> Exception:
    logger().warning("identity_checks_garbage")
    return Unavailable()


def _started(answer: Mapping[str, Any]) -> Started:
    """Return the answer to a start. Raises TypeError, ValueError, OverflowError."""
    reference, url, sdk = (answer.get(key) for key in ("reference", "redirect_url", "sdk"))
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise ValueError("reference")
    expires = datetime.fromisoformat(answer.get("expires_at", ""))
    if expires.tzinfo is None:
        raise ValueError("expires_at: no UTC offset")
    return Started(reference, _url(url), _sdk(sdk, url), expires.astimezone(UTC))


def _url(url: object) -> str:
    """Return the page's URL, or an empty text if there is none. The person's browser opens it."""
    if url is None:
        return ""
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise ValueError("redirect_url")
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname == "127.0.0.1"  # the sandbox's page
    if not local and not (parts.scheme == "https" and parts.hostname):
        raise ValueError("redirect_url: not https")
    return url


def _sdk(sdk: object, url: object) -> dict[str, str]:
    """Return the SDK's parameters, or none if there is a page."""
    if url is not None:
        return {}
    if not isinstance(sdk, dict) or not 1 <= len(sdk) <= _SDK_ENTRIES:
        raise ValueError("sdk")
    if any(
        not isinstance(value, str) or len(key) > _SDK_TEXT or len(value) > _SDK_TEXT
        for key, value in sdk.items()
    ):
        raise ValueError("sdk: an entry")
    return {key: value.encode().decode() for key, value in sdk.items()}
