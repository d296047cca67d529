"""Alipay mini-programs: who logs in, and their phone.

``alipay.system.oauth.token`` goes to the gateway (opendocs.alipay.com): a form whose parameters,
sorted and joined, are signed with the app's key (RSA2: SHA256withRSA). The answer is one JSON
object with a node and, over the node's text as it was sent, Alipay's signature. The phone comes
from ``my.getPhoneNumber`` on the person's phone: AES-CBC, with the app's content key and no
initialisation vector, and Alipay's signature over the quoted text. It carries no time and no user:
it says that Alipay knows the phone of whoever pressed the button, as often as it is shown.

| code | sub_code | becomes |
|---|---|---|
| 20000 | | Unavailable: the gateway is busy |
| 40002 | ``isv.code-invalid`` | the code is refused: wrong, used or too old |
| 40003 | ``isv.invalid-auth-relations`` | the phone is refused: the person has not allowed it |
| 40005 | | TooMany |
| any other | | something of ours is wrong, such as a key: logged; Unavailable |

From the partners' secret, in base64 without PEM's frame, as Alipay's console and key tool give
them: ``alipay_app_id``, ``alipay_private_key`` (the app's), ``alipay_public_key`` (Alipay's, not
the app's), ``alipay_aes_key`` (接口内容加密方式).
"""

import base64
import functools
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from chalicelib.adapters.partners import PartnerFault, exchange, read_object
from chalicelib.core.clock import CHINA
from chalicelib.core.crypto import SecretSource
from chalicelib.core.errors import AppError, TooMany, Unauthenticated, Unavailable, Unprocessable
from chalicelib.core.logs import logger
from chalicelib.core.phones import e164
from chalicelib.identity.platforms import PhoneProof, PlatformAccount, PlatformName

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

_METHOD = "alipay.system.oauth.token"
_NODE = "alipay_system_oauth_token_response"
_KEYS = ("alipay_app_id", "alipay_private_key", "alipay_public_key", "alipay_aes_key")
_DONE = "10000"
_BUSY = "20000"
_TOO_OFTEN = "40005"
_CODE_REFUSED = ("isv.code-invalid", "isv.invalid-auth-relations")
_A_MINUTE = 60


class Alipay:
    """One mini-program of Alipay. See `platforms.Platform`."""

    def __init__(self, base_url: str, secrets: SecretSource, now: Callable[[], datetime]) -> None:
        self._url = f"{base_url.rstrip('/')}/gateway.do"
        self._secrets = secrets
        self._now = now

    def account(self, code: str) -> PlatformAccount:
        """``alipay.system.oauth.token``."""
        app = self._app()
        form = {
            "app_id": app["alipay_app_id"],
            "charset": "utf-8",
            "code": code,
            "format": "JSON",
            "grant_type": "authorization_code",
            "method": _METHOD,
            "sign_type": "RSA2",
            "timestamp": f"{self._now().astimezone(ZoneInfo(CHINA)):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
        }
        form["sign"] = _sign(app["alipay_private_key"], _to_sign(form))
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        try:
            status, text = exchange(
                "POST", self._url, data=urlencode(form).encode(), headers=headers
            )
            answer = read_object(text)
            node = _node(text.decode(), answer, app["alipay_public_key"])
        except (PartnerFault, UnicodeDecodeError) as error:
            raise _fault(str(error) if isinstance(error, PartnerFault) else "not UTF-8") from None
        if status != 200:
            raise _fault(f"status {status}")
        # Success has no code; apps that moved to open_id get no user_id any longer.
        _refuse_unless_done(node, "sub_code", Unauthenticated("platform_code_invalid"))
        user_id = node.get("user_id") or node.get("open_id")
        if not isinstance(user_id, str):
            raise _fault("no user")
        return PlatformAccount(PlatformName.ALIPAY, app["alipay_app_id"], user_id)

    def phone(self, proof: PhoneProof) -> str:
        """Check and open what ``my.getPhoneNumber`` answered; nobody is called."""
        app = self._app()
        refusal = Unprocessable("phone_proof_invalid")
        # Of a sealed answer the signature is over the JSON string, its quotes included.
        if not _verify(app["alipay_public_key"], f'"{proof.text}"'.encode(), proof.signature):
            raise refusal
        try:
            answer = json.loads(_open(app["alipay_aes_key"], proof.text))
        except (ValueError, RecursionError):  # genuine, but sealed for another key
            raise _fault("a phone that does not open") from None
        if not isinstance(answer, dict):
            raise _fault("no phone")
        _refuse_unless_done(answer, "subCode", refusal)
        try:
            return e164(str(answer.get("mobile")))
        except ValueError:
            raise refusal from None

    def _app(self) -> Mapping[str, str]:
        known = self._secrets.read()
        if not all(known.get(name) for name in _KEYS):
            raise Unprocessable("client_not_offered")
        return known


def _to_sign(form: Mapping[str, str]) -> bytes:
    """What is signed of a request: its parameters by name, but for the signature."""
    return "&".join(
        f"{name}={form[name]}" for name in sorted(form) if name != "sign" and form[name]
    ).encode()


def _node(text: str, answer: Mapping[str, Any], public_key: str) -> dict[str, Any]:
    """The node of an answer. A success must be signed; an error can only refuse, and need not be.

    Raises PartnerFault.
    """
    refused = answer.get("error_response")
    if isinstance(refused, dict):
        return refused
    mark = text.find(f'"{_NODE}"')
    start = text.find("{", mark)
    try:
        node, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        raise PartnerFault("no node") from None
    signature = answer.get("sign")
    if mark < 0 or node != answer.get(_NODE) or not isinstance(node, dict):
        raise PartnerFault("no node")
    if "code" in node and node["code"] != _DONE:
        return node
    if not isinstance(signature, str) or not _verify(
        public_key, text[start:end].encode(), signature
    ):
        raise PartnerFault("bad signature")
    return node


def _refuse_unless_done(answer: Mapping[str, Any], sub: str, code_refused: AppError) -> None:
    code = answer.get("code", _DONE)
    if code == _DONE:
        return
    if answer.get(sub) in _CODE_REFUSED:
        raise code_refused
    if code == _BUSY:
        raise Unavailable
    if code == _TOO_OFTEN:
        raise TooMany(_A_MINUTE)
    raise _fault(f"code {str(code)[:20]} {str(answer.get(sub))[:60]}")


def _fault(what: str) -> Unavailable:
    logger().warning("platform_refused", extra={"platform": "alipay", "what": what})
    return Unavailable()


@functools.lru_cache(maxsize=2)
def _private(key: str) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        loaded = load_der_private_key(base64.b64decode(key), None)
    except (ValueError, TypeError) as error:
        raise _fault("alipay_private_key cannot be read") from error
    if not isinstance(loaded, RSAPrivateKey):
        raise _fault("alipay_private_key is not RSA")
    return loaded


@functools.lru_cache(maxsize=2)
def _public(key: str) -> "RSAPublicKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        loaded = load_der_public_key(base64.b64decode(key))
    except ValueError as error:
        raise _fault("alipay_public_key cannot be read") from error
    if not isinstance(loaded, RSAPublicKey):
        raise _fault("alipay_public_key is not RSA")
    return loaded


def _sign(key: str, text: bytes) -> str:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return base64.b64encode(_private(key).sign(text, PKCS1v15(), SHA256())).decode()


def _verify(key: str, text: bytes, signature: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    loaded = _public(key)
    try:
        loaded.verify(base64.b64decode(signature), text, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _open(key: str, sealed: str) -> bytes:
    """AES-CBC with a vector of zeros, PKCS#7 padding. Raises ValueError."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC
    from cryptography.hazmat.primitives.padding import PKCS7

    decryptor = Cipher(AES(base64.b64decode(key)), CBC(bytes(16))).decryptor()
    padded = decryptor.update(base64.b64decode(sealed)) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    plain: bytes = unpadder.update(padded) + unpadder.finalize()
    return plain
