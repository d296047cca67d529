"""Short codes that are read aloud or copied by hand, with a check character at the end.

Kinds of code differ in length, so that a code of one kind is never taken for another.
"""

import secrets

from chalicelib.core import normalisation

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, O, 1 and I, which are confused when read aloud or copied by hand."""


def check_character(text: str) -> str:
    """Return the check character of `text`, by ISO 7064's hybrid system MOD 33,32.

    It detects every single wrong character, and most swaps of neighbours, without a read.
    """
    size = len(ALPHABET)
    product = size
    for character in text:
        total = (product + ALPHABET.index(character)) % size or size
        product = total * 2 % (size + 1)
    return ALPHABET[(size + 1 - product) % size]


def new(length: int) -> str:
    """Return a random code of `length` characters; the last one is its check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(length - 1))
    return body + check_character(body)


def canonical(text: str, length: int) -> str:
    """Return a code as it was entered or scanned, in capitals, without spaces and hyphens.

    Raises ValueError unless it is a valid code of `length` characters.
    """
    code = normalisation.compact(text)
    if not is_valid(code, length):
        raise ValueError("not a code")
    return code


def is_valid(text: str, length: int) -> bool:
    """Return whether `text` has the alphabet, this length and a correct check character."""
    return (
        len(text) == length
        and set(text) <= set(ALPHABET)
        and text[-1] == check_character(text[:-1])
    )
