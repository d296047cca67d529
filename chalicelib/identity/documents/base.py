"""The definition of a type of identity document, and the rules that several types share."""

import re
from collections.abc import Callable
from datetime import date

from chalicelib.core.normalisation import compact
from chalicelib.identity.providers import ProviderName

_HIDDEN = 4


def mask_but(first: int, last: int) -> Callable[[str], str]:
    """Return a mask that shows the `first` and the `last` characters of a number.

    It hides four at least: of a short number it shows fewer at the end.
    """

    def mask(number: str) -> str:
        hidden = max(_HIDDEN, len(number) - first - last)
        return f"{number[:first]}{'*' * hidden}{number[first + hidden :]}"

    return mask


def matched(value: str, form: str) -> str:
    """Return the first group of `form`, a regular expression, in the compact form of `value`.

    Raises ValueError, which does not quote the number.
    """
    found = re.fullmatch(form, compact(value))
    if found is None:
        raise ValueError("form")
    return found[1]


def citizen_number(value: str, form: str) -> str:
    """Return the canonical form of a number of 18 characters, as GB 11643 describes it.

    `form` is the regular expression of the type. Characters 7 to 14 are the birth date, which must
    exist. The last is the check character of ISO 7064 MOD 11-2, which detects every single wrong
    character and every swap of two neighbours. Raises ValueError, which does not quote the number.
    """
    from stdnum.iso7064 import mod_11_2

    number = compact(value)
    if not re.fullmatch(form, number):
        raise ValueError("form")
    if not mod_11_2.is_valid(number):
        raise ValueError("check character")
    if birth_date_of(number) is None:
        raise ValueError("birth date")
    return number


def birth_date_of(number: str) -> date | None:
    """Return the date in characters 7 to 14 of a number of 18 characters, or None without one."""
    if len(number) != 18:
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


DATED = r"[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
"""A date as eight digits, in a pattern (ECMA 262)."""


class DocumentType:
    """One type of identity document.

    `name` is its name in requests, items and messages to providers. The text ``field.<name>``
    reports an invalid number. `canonical` converts a number to the form in which it is sealed,
    indexed and sent to providers; it raises ValueError, which does not quote the number. `pattern`
    (a regular expression of ECMA 262 for the canonical form) and `example` are for the OpenAPI
    document only. `mask` masks a number for its owner. `verified_by` is the provider that verifies
    that name and number match.

    `birth_date` returns the birth date that a canonical number carries, or None.

    `numbered_as` is the type whose numbers these are, if another type prints the same number of the
    same person. Equal numbers of other types are of different people. `documents.blind` uses it.
    """

    __slots__ = (
        "birth_date",
        "canonical",
        "example",
        "mask",
        "name",
        "numbered_as",
        "pattern",
        "verified_by",
    )

    def __init__(
        self,
        *,
        name: str,
        example: str,
        pattern: str,
        canonical: Callable[[str], str],
        verified_by: ProviderName,
        mask: Callable[[str], str] = mask_but(4, 2),  # noqa: B008 (a function, never changed)
        birth_date: Callable[[str], date | None] = lambda _: None,
        numbered_as: str = "",
    ) -> None:
        """Describe a type. It has many parameters because each is one property of the type."""
        self.name = name
        self.example = example
        self.pattern = pattern
        self.canonical = canonical
        self.mask = mask
        self.verified_by = verified_by
        self.birth_date = birth_date
        self.numbered_as = numbered_as or name
