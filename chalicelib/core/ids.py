"""Make identifiers, and read those that clients make.

An id is 80 bits in Crockford base32 (no I, L, O, U) with a typed prefix: ``ven_…``, ``per_…``.
It needs no signature: 80 random bits cannot be guessed (architecture, *One table*).
"""

import hashlib
import secrets
import uuid
from typing import Protocol

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
CHARACTER = "[0-9A-HJKMNP-TV-Z]"
PATTERN = f"{CHARACTER}{{16}}"
"""A regular expression for sixteen characters of the alphabet."""
_FOLD = str.maketrans("ILO", "110")
_DIGITS = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")  # as `int` reads them


class Ids(Protocol):
    """The source of random identifiers. Tests use a sequential one."""

    def random(self) -> str:
        """Return 16 random characters of Crockford base32 (80 bits)."""

    def digits(self, count: int) -> str:
        """Return `count` random decimal digits, for a one-time code."""


class RandomIds:
    """Identifiers from the operating system's generator."""

    def random(self) -> str:
        """Return 16 random characters of Crockford base32 (80 bits)."""
        return encode(secrets.token_bytes(10))

    def digits(self, count: int) -> str:
        """Return `count` random decimal digits, for a one-time code."""
        return f"{secrets.randbelow(10**count):0{count}d}"


def encode(data: bytes) -> str:
    """Return `data` in Crockford base32. Its length must be a multiple of five bytes."""
    return encode_number(int.from_bytes(data, "big"), len(data) * 8 // 5)


def encode_number(number: int, digits: int) -> str:
    """Return `number` in Crockford base32, padded to `digits` characters."""
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(digits - 1, -1, -1))


def is_number(text: str, digits: int) -> bool:
    """Return whether `text` is `digits` characters of the alphabet."""
    return len(text) == digits and all(character in ALPHABET for character in text)


def decode(text: str) -> int:
    """Return the number that :func:`encode_number` encoded."""
    return int(text.translate(_DIGITS), 32)


def derive(*parts: str) -> str:
    """Return 16 characters derived from `parts`, so that a retried request finds its own item."""
    text = "\x1f".join(parts)
    return encode(hashlib.sha256(text.encode()).digest()[:10])


def fold(text: str) -> str:
    """Return `text` normalised as Crockford says: upper case, I and L as 1, O as 0."""
    return text.upper().translate(_FOLD)


def is_code(text: str) -> bool:
    """Return whether `text` is 16 characters of the alphabet."""
    return is_number(text, LENGTH)


def is_id(text: str, prefix: str) -> bool:
    """Return whether `text` is an id with this typed prefix, such as ``ven``."""
    head, _, tail = text.partition("_")
    return head == prefix and is_code(tail)


def nonce_time(nonce: str) -> int:
    """Return the time of a UUIDv7 in milliseconds since the epoch (RFC 9562, section 5.7).

    Raises ValueError when `nonce` is not a UUID of version 7 in its canonical form.
    """
    parsed = uuid.UUID(nonce)
    if parsed.version != 7 or str(parsed) != nonce.lower():
        raise ValueError("not a UUIDv7")
    return parsed.int >> 80
