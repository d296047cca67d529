"""WeChat mini-programs: the user's account and phone.

The calls are those of WeChat's server API (developers.weixin.qq.com/miniprogram, *code2Session*,
*getStableAccessToken*, *getPhoneNumber*). Every response has status 200 and an ``errcode``:

| errcode | meaning | result |
|---|---|---|
| -1 | the system is busy | Unavailable |
| 40029, 40163 | the code is wrong, expired or used | the code is refused |
| 40226 | WeChat blocks the user as high risk | ``platform_account_blocked`` |
| 45011 | the rate limit (100 a minute for one user) is exceeded | TooMany |
| 40001, 40014, 42001 | the access token is invalid or expired | one retry with a new one |
| any other | a fault of the deployment, such as a wrong app secret | logged; Unavailable |

Keys in the partners' secret: ``wechat_app_id``, ``wechat_app_secret``.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from chalicelib.adapters.partners import PartnerFault, exchange, read_object
from chalicelib.core.crypto import SecretSource
from chalicelib.core.errors import (
    AppError,
    Forbidden,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unprocessable,
)
from chalicelib.core.logs import logger
from chalicelib.core.phones import e164
from chalicelib.identity.platforms import PhoneProof, PlatformAccount, PlatformName

_BUSY = -1
_CODE_REFUSED = (40029, 40163)
_HIGH_RISK = 40226
_TOO_OFTEN = 45011
_TOKEN_OVER = (40001, 40014, 42001)
_A_MINUTE = 60
# WeChat issues a new token five minutes before the old one expires; both are valid meanwhile.
_MARGIN = timedelta(minutes=5)


class WeChat:
    """A mini-program of WeChat. See `platforms.Platform`."""

    def __init__(self, base_url: str, secrets: SecretSource, now: Callable[[], datetime]) -> None:
        self._base_url = base_url.rstrip("/")
        self._secrets = secrets
        self._now = now
        self._token: tuple[str, datetime] | None = None

    def account(self, code: str) -> PlatformAccount:
        """Call ``GET /sns/jscode2session``."""
        app_id, secret = self._app()
        answer = self._ask(
            "GET",
            "/sns/jscode2session",
            {
                "appid": app_id,
                "secret": secret,
                "js_code": code,
                "grant_type": "authorization_code",
            },
        )
        _refuse_unless_done(answer, Unauthenticated("platform_code_invalid"))
        openid = answer.get("openid")
        if not isinstance(openid, str) or not openid:
            raise _fault("no openid")
        return PlatformAccount(PlatformName.WECHAT, app_id, openid)

    def phone(self, proof: PhoneProof) -> str:
        """Call ``POST /wxa/business/getuserphonenumber``, and retry once if the token expired."""
        app_id, _ = self._app()
        answer = self._ask_phone(proof)
        if answer.get("errcode") in _TOKEN_OVER:
            self._token = None
            answer = self._ask_phone(proof)
        _refuse_unless_done(answer, Unprocessable("phone_proof_invalid"))
        info = answer.get("phone_info")
        if not isinstance(info, dict) or _watermark(info) != app_id:
            raise _fault("no phone for this app")
        digits = f"{info.get('countryCode')}{info.get('purePhoneNumber')}"
        if not digits.isdecimal():
            raise _fault("no phone")
        try:
            return e164(f"+{digits}")
        except ValueError:  # not a valid phone number
            raise Unprocessable("phone_proof_invalid") from None

    def _ask_phone(self, proof: PhoneProof) -> dict[str, Any]:
        query = {"access_token": self._access_token()}
        path = "/wxa/business/getuserphonenumber"
        return self._ask("POST", path, query, {"code": proof.text})

    def _access_token(self) -> str:
        """Return the app's access token, fetched again before it expires.

        Each process fetches its own with ``stable_token``, because ``token`` would invalidate the
        tokens of all other processes.
        """
        now = self._now()
        if self._token is None or now >= self._token[1]:
            app_id, secret = self._app()
            asked = {"grant_type": "client_credential", "appid": app_id, "secret": secret}
            answer = self._ask("POST", "/cgi-bin/stable_token", {}, asked)
            _refuse_unless_done(answer, Unavailable())
            token, life = answer.get("access_token"), answer.get("expires_in")
            if not isinstance(token, str) or not isinstance(life, int) or not 0 < life <= 86_400:
                raise _fault("no access token")
            self._token = token, now + max(timedelta(), timedelta(seconds=life) - _MARGIN)
        return self._token[0]

    def _app(self) -> tuple[str, str]:
        known = self._secrets.read()
        app_id, secret = known.get("wechat_app_id"), known.get("wechat_app_secret")
        if not app_id or not secret:
            raise Unprocessable("client_not_offered")
        return app_id, secret

    def _ask(
        self, method: str, path: str, query: dict[str, str], body: dict[str, str] | None = None
    ) -> dict[str, Any]:
        url = f"{self._base_url}{path}?{urlencode(query)}".rstrip("?")
        data = None if body is None else json.dumps(body).encode()
        try:
            status, text = exchange(
                method, url, data=data, headers={"Content-Type": "application/json"}
            )
            answer = read_object(text)  # whatever the content type; some calls use text/plain
        except PartnerFault as error:
            raise _fault(str(error)) from None
        if status != 200:
            raise _fault(f"status {status}")
        return answer


def _refuse_unless_done(answer: dict[str, Any], code_refused: AppError) -> None:
    """Raise the error of an ``errcode``; `code_refused` if the code was refused."""
    number = answer.get("errcode", 0)
    if number == 0 and isinstance(number, int):
        return
    if number in _CODE_REFUSED:
        raise code_refused
    if number == _HIGH_RISK:
        raise Forbidden("platform_account_blocked")
    if number == _TOO_OFTEN:
        raise TooMany(_A_MINUTE)
    if number == _BUSY:
        raise Unavailable
    raise _fault(f"errcode {number}" if isinstance(number, int) else "no errcode")


def _fault(what: str) -> Unavailable:
    """Log a fault of WeChat or of the deployment's settings, and return the error to raise."""
    logger().warning("platform_refused", extra={"platform": "wechat", "what": what})
    return Unavailable()


def _watermark(info: dict[str, Any]) -> object:
    mark = info.get("watermark")
    return mark.get("appid") if isinstance(mark, dict) else None
