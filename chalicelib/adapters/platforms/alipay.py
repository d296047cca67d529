"""Alipay mini-programs: the user's account and phone.

Account: ``alipay.system.oauth.token`` at the gateway (opendocs.alipay.com). The request is a form.
Its sorted and joined parameters are signed with the app's key (RSA2: SHA256withRSA). The response
is a JSON object with a node, and Alipay's signature over the node's text as sent.

Phone: the result of ``my.getPhoneNumber`` on the user's phone. It is encrypted with AES-CBC, the
app's content key and a zero initialisation vector, and Alipay signs the quoted text. It carries
neither a time nor a user: it proves the phone of the user who pressed the button, and can be
replayed.

| code | sub_code | result |
|---|---|---|
| 20000 | | the gateway is busy: Unavailable |
| 40002 | ``isv.code-invalid`` | the code is wrong, used or expired: the code is refused |
| 40003 | ``isv.invalid-auth-relations`` | the user has not allowed it: the phone is refused |
| 40005 | | the rate limit is exceeded: TooMany |
| any other | | a fault of the deployment, such as a wrong key: logged; Unavailable |

Keys in the partners' secret: ``alipay_app_id``, ``alipay_private_key`` (the app's),
``alipay_public_key`` (Alipay's, not the app's), ``alipay_aes_key`` (接口内容加密方式). The values
are in base64 without PEM headers, as in Alipay's console and key tool.
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
    """A mini-program of Alipay. See `platforms.Platform`."""

    def __init__(self, base_url: str, secrets: SecretSource, now: Callable[[], datetime]) -> None:
        self._url = f"{base_url.rstrip('/')}/gateway.do"
        self._secrets = secrets
        self._now = now

    def account(self, code: str) -> PlatformAccount:
        """Call ``alipay.system.oauth.token``."""
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
        # A success has no code. Apps that have moved to open_id do not receive user_id.
        _refuse_unless_done(node, "sub_code", Unauthenticated("platform_code_invalid"))
        user_id = node.get("user_id") or node.get("open_id")
        if not isinstance(user_id, str):
            raise _fault("no user")
        return PlatformAccount(PlatformName.ALIPAY, app["alipay_app_id"], user_id)

    def phone(self, proof: PhoneProof) -> str:
        """Verify and decrypt the result of ``my.getPhoneNumber``. Cost: no call."""
        app = self._app()
        refusal = Unprocessable("phone_proof_invalid")
        # The signature of an encrypted result covers the JSON string with its quotes.
        if not _verify(app["alipay_public_key"], f'"{proof.text}"'.encode(), proof.signature):
            raise refusal
        try:
            answer = json.loads(_open(app["alipay_aes_key"], proof.text))
        except (ValueError, RecursionError):  # genuine, but encrypted with another key
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
    """Return the text to sign: the sorted parameters without the signature and empty ones."""
    return "&".join(
        f"{name}={form[name]}" for name in sorted(form) if name != "sign" and form[name]
    ).encode()


def _node(text: str, answer: Mapping[str, Any], public_key: str) -> dict[str, Any]:
    """Return the node of a response. A success must be signed; an error need not be.

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
    """Decrypt AES-CBC with a zero vector and PKCS#7 padding. Raises ValueError."""
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CBC
    from cryptography.hazmat.primitives.padding import PKCS7

    decryptor = Cipher(AES(base64.b64decode(key)), CBC(bytes(16))).decryptor()
    padded = decryptor.update(base64.b64decode(sealed)) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    plain: bytes = unpadder.update(padded) + unpadder.finalize()
    return plain
