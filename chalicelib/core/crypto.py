"""Keys, tokens, blind indexes and sealed fields.

Roots stand in two secrets in Secrets Manager, so that a function which finds people need not hold
what signs (docs/decisions/0253). Every key is derived from a root for one purpose (HKDF, RFC 5869),
so that a token of one kind is never valid as another. The root's number is the key id.

The keys' secret signs: ``{"active": "2", "1": …, "2": …}``. Old and new roots are valid at the same
time during a rotation.

The index secret makes blind indexes: ``{"index": "1,2", "1": …, "2": …}``. `index` names the first
root and those that the indexes were moved to since. `index_next` is the root of a move that has
begun, and `index_stage` how far it is (`Stage`; docs/decisions/0224).

Personal fields are sealed with AES-256-GCM under data keys that KMS wraps.
"""

import base64
import functools
import hashlib
import hmac
import json
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.core.errors import Unauthenticated

_ISSUER = "venuecode"
_ALGORITHM = "HS256"
_SEAL_FORMAT = 1
BEGINNING = 8
"""How many characters after the key id make the beginning of a blind index: 48 bits."""
_LENGTH = 22


class SecretSource(Protocol):
    """The source of a secret's current value. The adapter caches it."""

    def read(self) -> Mapping[str, str]:
        """Return the secret's key-value pairs."""


class Stage(StrEnum):
    """How far a move of the blind indexes to another root is.

    ``PUBLISHED``: every process looks under both forms and writes the former one. ``MOVING``: what
    is written is written in the new form. ``SETTLING``: no key has the former form any more, but
    attributes have.
    """

    PUBLISHED = "published"
    MOVING = "moving"
    SETTLING = "settling"


class KeyRing:
    """Keys by purpose and key id, derived from the roots of one secret.

    `active` is of the keys' secret only, and `index…` of the index secret only.
    """

    def __init__(self, source: SecretSource) -> None:
        self._source = source

    def active(self) -> str:
        """Return the key id of new tokens."""
        return self._source.read()["active"]

    def index(self) -> tuple[str, ...]:
        """Return the key ids of the blind indexes: the first root, and those after it."""
        return tuple(self._source.read()["index"].split(","))

    def index_next(self) -> str | None:
        """Return the key id that keys with blind indexes are moved to; None if there is none."""
        return self._source.read().get("index_next")

    def index_stage(self) -> Stage | None:
        """Return how far a move of the blind indexes is; None if there is none."""
        stage = self._source.read().get("index_stage")
        return None if stage is None else Stage(stage)

    def key(self, purpose: str, key_id: str) -> bytes | None:
        """Return 32 bytes for `purpose`, or None for an unknown or deleted root."""
        if not key_id.isdecimal():
            return None
        root = self._source.read().get(key_id)
        return None if root is None else _derive(root, f"{purpose}:{key_id}")


@functools.lru_cache(maxsize=64)
def _derive(root: str, info: str) -> bytes:
    # HKDF-SHA256 with one block of output: extract, then expand (RFC 5869, section 2).
    extracted = hmac.digest(b"venuecode", root.encode(), "sha256")
    return hmac.digest(extracted, info.encode() + b"\x01", "sha256")


class Tokens:
    """Signed tokens (JWT, HS256). Each kind has its own audience and its own key.

    Only this form of RFC 7519 is issued and accepted. A general library would cost a cold start
    more than the rest of a scan (docs/decisions/0051).
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def issue(self, kind: str, claims: dict[str, Any], *, now: datetime, life: timedelta) -> str:
        """Return a token of `kind` with `claims`, valid from `now` for `life`."""
        key_id = self._ring.active()
        key = self._ring.key(f"token:{kind}", key_id)
        if key is None:
            raise LookupError("the active root is missing from the keys secret")
        issued = int(now.timestamp())
        lived = {"iat": issued, "exp": issued + int(life.total_seconds())}
        body = _segment(claims | {"iss": _ISSUER, "aud": kind} | lived)
        signed = f"{_segment({'alg': _ALGORITHM, 'kid': key_id, 'typ': 'JWT'})}.{body}"
        return f"{signed}.{_signature(key, signed)}"

    def verify(self, kind: str, token: str, *, now: datetime) -> dict[str, Any]:
        """Return the claims of a token of `kind`.

        Raises Unauthenticated: ``token_expired``, or ``token_invalid`` for any other fault.
        """
        try:
            signed, _, signature = token.rpartition(".")
            head, body = signed.split(".")
            header = _object(head)
            key = self._ring.key(f"token:{kind}", str(header.get("kid", "")))
            # The header only selects one of the known keys. The signature covers the header too.
            if header.get("alg") != _ALGORITHM or key is None:
                raise ValueError(header)
            if not hmac.compare_digest(_signature(key, signed).encode(), signature.encode()):
                raise ValueError("not signed by us")
            claims = _object(body)
            if (claims["iss"], claims["aud"]) != (_ISSUER, kind):
                raise ValueError("of another kind")
            issued, expires = float(claims["iat"]), float(claims["exp"])
            if not issued <= expires:
                raise ValueError("ends before it begins")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unauthenticated("token_invalid") from error
        if now.timestamp() >= expires:
            raise Unauthenticated("token_expired")
        return claims


def _segment(part: dict[str, Any]) -> str:
    return _base64url(json.dumps(part, separators=(",", ":")).encode())


def _object(segment: str) -> dict[str, Any]:
    # Strict decoding: a signature and the signed text have exactly one valid form each.
    padded = segment + "=" * (-len(segment) % 4)
    found = json.loads(base64.b64decode(padded, b"-_", validate=True))
    if not isinstance(found, dict):
        raise TypeError(segment)
    return found


def _signature(key: bytes, signed: str) -> str:
    return _base64url(hmac.digest(key, signed.encode(), "sha256"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class BlindIndex:
    """Keyed hashes of secret values, to look items up without storing the values.

    An index is the key id, a colon, and 128 bits in base64url. The first root hashes the value.
    Every later one hashes the index that was there before, so that whatever is stored can be moved
    without the value (docs/decisions/0224).
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def of(self, kind: str, value: str) -> str:
        """Return the index of `value` (as NFKC, upper case) among values of `kind`."""
        return self.moved(self.first(kind, value))

    def first(self, kind: str, value: str) -> str:
        """Return the index of `value` under the first root, which stays the same in every move."""
        key_id = self._ring.index()[0]
        canonical = unicodedata.normalize("NFKC", value).upper()
        digest = hmac.digest(
            self._key("index", key_id), f"{kind}\x1f{canonical}".encode(), "sha256"
        )[:16]
        return f"{key_id}:{_base64url(digest)}"

    def forms(self, kind: str, value: str) -> tuple[str, ...]:
        """Return the index of `value` under every root so far, the present one first."""
        forms = [self.first(kind, value)]
        for key_id in self._ring.index()[1:]:
            forms.append(self._again(forms[-1], key_id))
        return tuple(reversed(forms))

    def moved(self, index: str) -> str:
        """Return the present form of an index, or of its beginning, of any root so far.

        A hash of an index of the first root has no key id. An unknown key id stays as it is.
        """
        if not index:
            return ""
        key_ids = self._ring.index()
        made_by = _maker(index, key_ids[0])
        if made_by not in key_ids:
            return index
        for key_id in key_ids[key_ids.index(made_by) + 1 :]:
            index = self._again(index, key_id)
        return index

    def upcoming(self, index: str) -> str | None:
        """Return the form that an index of the present form is moved to; None if it is not."""
        key_id = self._ring.index_next()
        key_ids = self._ring.index()
        if key_id is None or _maker(index, key_ids[0]) != key_ids[-1]:
            return None
        return self._again(index, key_id)

    def same(self, one: str, other: str) -> bool:
        """Return whether two indexes, or two beginnings, are of one value, whatever their roots."""
        if one == other or not one or not other:
            return one == other
        if one.partition(":")[0] == other.partition(":")[0]:
            return False  # without a look at the keys: this is most of the answers
        return self.moved(one) == self.moved(other)

    @property
    def is_moving(self) -> bool:
        """Whether new items are written in the form that indexes are moved to."""
        return self._ring.index_stage() is Stage.MOVING

    def _again(self, index: str, key_id: str) -> str:
        # The beginning depends on the former beginning only, because rights, links and passes
        # store no more than that (`people.beginning_of`).
        rest, key = index.rpartition(":")[2], self._key("index-again", key_id)
        head = _base64url(hmac.digest(key, f"head\x1f{rest[:BEGINNING]}".encode(), "sha256"))
        tail = _base64url(hmac.digest(key, f"tail\x1f{rest}".encode(), "sha256"))
        long = len(rest) > BEGINNING
        return f"{key_id}:{head[:BEGINNING]}{tail[: _LENGTH - BEGINNING] if long else ''}"

    def _key(self, purpose: str, key_id: str) -> bytes:
        key = self._ring.key(purpose, key_id)
        if key is None:
            raise LookupError("the index root is missing from the index secret")
        return key


def _maker(index: str, first: str) -> str:
    """Return the key id of an index; the `first` one if it names none."""
    key_id, colon, _ = index.partition(":")
    return key_id if colon else first


@dataclass(frozen=True)
class DataKey:
    """A key for personal fields. `key_id` (≤ 16 bytes) names the item with the wrapped key."""

    key_id: str
    secret: bytes


class DataKeys(Protocol):
    """The source of data keys: KMS and the table, cached for five minutes."""

    def current(self, now: datetime) -> DataKey:
        """Return the key to seal with at `now`."""

    def by_id(self, key_id: str) -> DataKey:
        """Return the key with this id. Raises LookupError if it does not exist."""


class Vault:
    """Seals personal fields. A field sealed for one place does not open in another.

    Layout: format (1 byte), length of key id (1), key id, nonce (12), ciphertext with tag. The
    place (the id of the item's owner, and the field's name) and the format are authenticated too.
    """

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys

    def seal(self, text: str, place: str, *, now: datetime) -> bytes:
        """Return `text` encrypted for `place`, such as ``per_…/name``."""
        data_key = self._keys.current(now)
        head = bytes([_SEAL_FORMAT, len(data_key.key_id)]) + data_key.key_id.encode()
        nonce = secrets.token_bytes(12)
        sealed: bytes = _cipher(data_key.secret).encrypt(nonce, text.encode(), _aad(place))
        return head + nonce + sealed

    def open(self, sealed: bytes, place: str) -> str:
        """Return the text in `sealed`. Raises ValueError if it was not sealed for `place`."""
        from cryptography.exceptions import InvalidTag

        if len(sealed) < 14 or sealed[0] != _SEAL_FORMAT:
            raise ValueError("not a sealed field of a known format")
        start = 2 + sealed[1]
        try:
            data_key = self._keys.by_id(sealed[2:start].decode())
        except LookupError as error:
            raise ValueError("sealed under a key that is not there") from error
        nonce, body = sealed[start : start + 12], sealed[start + 12 :]
        try:
            text: bytes = _cipher(data_key.secret).decrypt(nonce, body, _aad(place))
        except InvalidTag as error:
            raise ValueError("sealed for another place, or altered") from error
        return text.decode()


def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _aad(place: str) -> bytes:
    return f"{place}|{_SEAL_FORMAT}".encode()


def fingerprint(canonical: str) -> str:
    """Return a short digest of a request's canonical text, to recognise retries."""
    return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()[:12]).decode()
