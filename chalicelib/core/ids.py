"""Identifiers: how they are made, and how those that clients make are read.

Ids are Crockford base32 (no I, L, O, U) of 80 bits with a typed prefix: ``ven_…``, ``per_…``.
Eighty random bits resolved by the server need no signature (architecture, *One table*).
"""

import hashlib
import secrets
import uuid
from typing import Protocol

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
PATTERN = "[0-9A-HJKMNP-TV-Z]{16}"
"""A regular expression for sixteen characters of the alphabet."""
_FOLD = str.maketrans("ILO", "110")
_DIGITS = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")  # as `int` reads them


class Ids(Protocol):
    """Where random identifiers come from; tests hand in one that counts."""

    def random(self) -> str:
        """Sixteen characters of Crockford base32, 80 bits."""

    def digits(self, count: int) -> str:
        """`count` decimal digits, for a code that a person types."""


class RandomIds:
    """Identifiers from the operating system's generator."""

    def random(self) -> str:
        """Sixteen characters of Crockford base32, 80 bits."""
        return encode(secrets.token_bytes(10))

    def digits(self, count: int) -> str:
        """`count` decimal digits, for a code that a person types."""
        return f"{secrets.randbelow(10**count):0{count}d}"


def encode(data: bytes) -> str:
    """Crockford base32 of `data`, whose length is a multiple of five bytes."""
    return encode_number(int.from_bytes(data, "big"), len(data) * 8 // 5)


def encode_number(number: int, digits: int) -> str:
    """`number` in Crockford base32, in `digits` characters."""
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(digits - 1, -1, -1))


def is_number(text: str, digits: int) -> bool:
    """Whether `text` is `digits` characters of the alphabet."""
    return len(text) == digits and all(character in ALPHABET for character in text)


def decode(text: str) -> int:
    """The number that :func:`encode_number` wrote."""
    return int(text.translate(_DIGITS), 32)


def derive(*parts: str) -> str:
    """Sixteen characters that are a function of `parts`: the same request meets its own item."""
    text = "\x1f".join(parts)
    return encode(hashlib.sha256(text.encode()).digest()[:10])


def fold(text: str) -> str:
    """`text` as Crockford reads it: upper case, I and L as 1, O as 0."""
    return text.upper().translate(_FOLD)


def is_code(text: str) -> bool:
    """Whether `text` is sixteen characters of the alphabet."""
    return is_number(text, LENGTH)


def is_id(text: str, prefix: str) -> bool:
    """Whether `text` is an id with this typed prefix, such as ``ven``."""
    head, _, tail = text.partition("_")
    return head == prefix and is_code(tail)


def nonce_time(nonce: str) -> int:
    """Milliseconds since the epoch that a UUIDv7 carries (RFC 9562, section 5.7).

    Raises ValueError when `nonce` is not a UUID of version 7 in its canonical form.
    """
    parsed = uuid.UUID(nonce)
    if parsed.version != 7 or str(parsed) != nonce.lower():
        raise ValueError("not a UUIDv7")
    return parsed.int >> 80
