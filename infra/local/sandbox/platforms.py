"""WeChat and Alipay as their documents describe them: codes that work once, keys, limits.

Written from the platforms' documents, not from the application's adapters, so that each shows the
other's mistakes. A code works once and for five minutes; one user may log in 100 times a minute.
`mint` does what a phone would (``wx.login``, the phone-number button).
"""

import base64
import hashlib
import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

CODE_LIFE_S = 300
LOGINS_A_MINUTE = 100
_TOKEN_LIFE_S = 7200
_RENEWED_S = 300
_CLOCK_OFF_S = 900
_REMEMBERED = 10_000


@dataclass(frozen=True)
class Credentials:
    """The values that a mini-program and its platform share, on both sides."""

    wechat_app_id: str
    wechat_app_secret: str
    alipay_app_id: str
    alipay_private_key: str
    alipay_aes_key: str
    platform_private_key: str
    """Alipay's own, which in life nobody but Alipay has."""

    @classmethod
    def make(cls) -> "Credentials":
        """Make new ones."""
        return cls(
            wechat_app_id="wx" + secrets.token_hex(8),
            wechat_app_secret=secrets.token_hex(16),
            alipay_app_id="2021" + "".join(secrets.choice("0123456789") for _ in range(12)),
            alipay_private_key=_new_key(),
            alipay_aes_key=base64.b64encode(secrets.token_bytes(16)).decode(),
            platform_private_key=_new_key(),
        )

    @classmethod
    def kept_in(cls, path: Path) -> "Credentials":
        """Read those in the file at `path`, made on first use and readable by its owner only."""
        if path.exists():
            return cls(**json.loads(path.read_text()))
        made = cls.make()
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(made)))
        return made

    def for_the_application(self) -> dict[str, str]:
        """Return the entries for the partners' secret."""
        known = asdict(self)
        platform = _loaded(known.pop("platform_private_key"))
        public = platform.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {**known, "alipay_public_key": base64.b64encode(public).decode()}


@dataclass
class _Minted:
    """A code given to a phone. `user` is the platform's id of the person."""

    user: str
    phone: str
    expires: float
    blocked: bool = False
    used: bool = False


@dataclass
class _Codes:
    """Codes, and each user's logins of this minute."""

    now: Callable[[], float]
    _codes: dict[str, _Minted] = field(default_factory=dict)
    _logins: Counter[tuple[str, int]] = field(default_factory=Counter)

    def mint(self, user: str, phone: str, *, blocked: bool = False) -> str:
        code = "0" + secrets.token_urlsafe(24).replace("-", "a").replace("_", "b")
        self._codes[code] = _Minted(user, phone, self.now() + CODE_LIFE_S, blocked)
        if len(self._codes) > _REMEMBERED:
            del self._codes[next(iter(self._codes))]
        return code

    def find(self, code: str) -> _Minted | None:
        """Return a code that is not too old; it may be used up."""
        minted = self._codes.get(code)
        return minted if minted and self.now() < minted.expires else None

    def too_often(self, user: str) -> bool:
        """Count a login; return whether the user exceeded the limit."""
        slot = (user, int(self.now()) // 60)
        self._logins[slot] += 1
        return self._logins[slot] > LOGINS_A_MINUTE


class WeChat:
    """The login calls of ``api.weixin.qq.com``."""

    BUSY: Mapping[str, object] = {"errcode": -1, "errmsg": "system error"}

    def __init__(self, credentials: Credentials, now: Callable[[], float]) -> None:
        self._app = credentials
        self._now = now
        self._logins = _Codes(now)
        self._phones = _Codes(now)
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()

    def mint(self, phone: str, user: str, *, blocked: bool) -> dict[str, object]:
        """Return what a mini-program gets from its login and its phone-number button."""
        openid = "o" + _digest("wechat", self._app.wechat_app_id, user)[:27]
        with self._lock:
            return {
                "code": self._logins.mint(openid, phone, blocked=blocked),
                "phone_code": self._phones.mint(openid, phone),
            }

    def session(self, query: Mapping[str, str]) -> Mapping[str, object]:
        """``GET /sns/jscode2session``."""
        if refusal := self._stranger(query.get("appid"), query.get("secret")):
            return refusal
        if query.get("grant_type") != "authorization_code":
            return _wrong(40002, "invalid grant_type")
        if not query.get("js_code"):
            return _wrong(41008, "missing code")
        with self._lock:
            minted = self._logins.find(query["js_code"])
            if minted is None:
                return _wrong(40029, "invalid code")
            if self._logins.too_often(minted.user):
                return _wrong(45011, "api minute-quota reach limit")
            if minted.used:
                return _wrong(40163, "code been used")
            if minted.blocked:
                return _wrong(40226, "code blocked")
            minted.used = True
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        return {"session_key": key, "openid": minted.user}

    def token(self, asked: Mapping[str, object]) -> Mapping[str, object]:
        """``POST /cgi-bin/stable_token``."""
        if refusal := self._stranger(asked.get("appid"), asked.get("secret")):
            return refusal
        if asked.get("grant_type") != "client_credential":
            return _wrong(40002, "invalid grant_type")
        now = self._now()
        with self._lock:
            if asked.get("force_refresh") is True:
                self._tokens.clear()
            for token, end in self._tokens.items():
                if end - now > _RENEWED_S:
                    return {"access_token": token, "expires_in": int(end - now)}
            token = secrets.token_urlsafe(96)
            self._tokens[token] = now + _TOKEN_LIFE_S
        return {"access_token": token, "expires_in": _TOKEN_LIFE_S}

    def phone(self, query: Mapping[str, str], asked: Mapping[str, object]) -> Mapping[str, object]:
        """``POST /wxa/business/getuserphonenumber``."""
        with self._lock:
            end = self._tokens.get(query.get("access_token", ""))
            if end is None:
                return _wrong(40001, "invalid credential, access_token is invalid or not latest")
            if self._now() >= end:
                return _wrong(42001, "access_token expired")
            minted = self._phones.find(str(asked.get("code")))
            if minted is None or minted.used:
                return _wrong(40029, "invalid code")
            if self._phones.too_often(minted.user):
                return _wrong(45011, "api minute-quota reach limit")
            minted.used = True
        country, pure = _split(minted.phone)
        return {
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": pure if country == "86" else minted.phone,
                "purePhoneNumber": pure,
                "countryCode": country,
                "watermark": {
                    "timestamp": int(self._now()),
                    "appid": self._app.wechat_app_id,
                },
            },
        }

    def _stranger(self, app_id: object, secret: object) -> Mapping[str, object] | None:
        if app_id != self._app.wechat_app_id:
            return _wrong(40013, "invalid appid")
        if secret != self._app.wechat_app_secret:
            return _wrong(40125, "invalid appsecret")
        return None


class Alipay:
    """The login calls of ``openapi.alipay.com/gateway.do``."""

    BUSY: Mapping[str, object] = {
        "error_response": {
            "code": "20000",
            "msg": "Service Currently Unavailable",
            "sub_code": "isp.unknow-error",
            "sub_msg": "系统繁忙",
        }
    }

    def __init__(self, credentials: Credentials, now: Callable[[], float]) -> None:
        self._app = credentials
        self._now = now
        self._app_key = _loaded(credentials.alipay_private_key).public_key()
        self._own_key = _loaded(credentials.platform_private_key)
        self._codes = _Codes(now)
        self._lock = threading.Lock()

    def mint(self, phone: str, user: str, *, denied: bool) -> dict[str, object]:
        """Return what a mini-program gets from ``my.getAuthCode`` and ``my.getPhoneNumber``."""
        number = int(_digest("alipay", user), 16) % 10**12
        with self._lock:
            code = self._codes.mint(f"2088{number:012d}", phone)
        if denied:
            answer = {
                "code": "40003",
                "msg": "Insufficient Conditions",
                "subCode": "isv.invalid-auth-relations",
                "subMsg": "无效的授权关系",
            }
        else:
            country, pure = _split(phone)
            mobile = pure if country == "86" else phone
            answer = {"code": "10000", "msg": "Success", "mobile": mobile}
        return {"code": code, "phone": self._sealed(answer)}

    def gateway(self, form: Mapping[str, str]) -> bytes:
        """``POST /gateway.do``."""
        checks = (
            ("isv.invalid-app-id", form.get("app_id") == self._app.alipay_app_id),
            ("isv.missing-signature", bool(form.get("sign"))),
            ("isv.invalid-signature-type", form.get("sign_type") == "RSA2"),
            ("isv.invalid-signature", self._signed(form)),
            ("isv.invalid-timestamp", self._timely(form.get("timestamp", ""))),
            ("isv.invalid-method", form.get("method") == "alipay.system.oauth.token"),
            ("isv.grant-type-invalid", form.get("grant_type") == "authorization_code"),
        )
        for sub_code, holds in checks:
            if not holds:
                return self._error("40001" if "missing" in sub_code else "40002", sub_code)
        with self._lock:
            minted = self._codes.find(form.get("code", ""))
            if minted is None or minted.used:
                return self._error("40002", "isv.code-invalid")
            if self._codes.too_often(minted.user):
                return self._error("40005", "isv.app-call-limited")
            minted.used = True
        return self.answer(
            "alipay_system_oauth_token_response",
            {
                "access_token": "authusrB" + secrets.token_hex(16),
                "alipay_user_id": minted.user,
                "expires_in": 31_536_000,
                "re_expires_in": 31_536_000,
                "refresh_token": "authusrB" + secrets.token_hex(16),
                "user_id": minted.user,
            },
        )

    def _signed(self, form: Mapping[str, str]) -> bool:
        pairs = sorted((k, v) for k, v in form.items() if k != "sign" and v)
        text = "&".join(f"{key}={value}" for key, value in pairs)
        try:
            signature = base64.b64decode(form.get("sign", ""), validate=True)
            self._app_key.verify(signature, text.encode(), PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def _timely(self, timestamp: str) -> bool:
        try:
            local = datetime.strptime(timestamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            return False
        china_s = 8 * 3600
        return abs(local.timestamp() - china_s - self._now()) <= _CLOCK_OFF_S

    def _error(self, code: str, sub_code: str) -> bytes:
        messages = {"40001": "Missing Required Arguments", "40005": "Call Limited"}
        error = {"code": code, "msg": messages.get(code, "Invalid Arguments"), "sub_code": sub_code}
        return self.answer("error_response", error)

    def answer(self, node: str, content: Mapping[str, object]) -> bytes:
        """Return an answer of the gateway, with the signature over its node."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return f'{{"{node}":{text},"sign":"{self._sign(text)}"}}'.encode()

    def _sealed(self, answer: Mapping[str, str]) -> dict[str, str]:
        padder = PKCS7(128).padder()
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
        padded = padder.update(text) + padder.finalize()
        key = base64.b64decode(self._app.alipay_aes_key)
        encryptor = Cipher(AES(key), CBC(bytes(16))).encryptor()
        sealed = base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
        return {
            "response": sealed,
            "sign": self._sign(f'"{sealed}"'),
            "sign_type": "RSA2",
            "encrypt_type": "AES",
            "charset": "UTF-8",
        }

    def _sign(self, text: str) -> str:
        return base64.b64encode(self._own_key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def form_of(query: str, body: bytes = b"") -> dict[str, str]:
    """Return the parameters of a request, from its query and its form."""
    pairs = parse_qsl(query, keep_blank_values=True)
    pairs += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(pairs)


def _wrong(number: int, message: str) -> Mapping[str, object]:
    return {"errcode": number, "errmsg": message}


def _split(phone: str) -> tuple[str, str]:
    """Return country code and rest of an E.164 number, by the longest of a few prefixes."""
    digits = phone.removeprefix("+")
    for country in ("852", "853", "886", "86", "1"):
        if digits.startswith(country):
            return country, digits[len(country) :]
    return digits[:2], digits[2:]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _new_key() -> str:
    key = generate_private_key(65537, 2048)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(der).decode()


def _loaded(key: str) -> RSAPrivateKey:
    loaded = load_der_private_key(base64.b64decode(key), None)
    if not isinstance(loaded, RSAPrivateKey):
        raise TypeError("not an RSA key")
    return loaded
