"""The number that a venue applies with (JN-3): its own check digit or format says if it is valid.

A unified social credit code (GB 32100) or the older organisation code (GB 11714); where there is
neither, the manager's resident ID number (GB 11643) or the plate of a vehicle (GA 36), for a bus
is a venue too.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Literal, get_args

from chalicelib.identity import documents
from chalicelib.identity.documents import resident_id

NumberType = Literal["uscc", "organisation_code", "resident_id", "plate"]
NUMBER_TYPES: tuple[NumberType, ...] = get_args(NumberType)


class InvalidNumber(ValueError):
    """The number is not one of its kind; `code` says why, for `field.<code>` of the texts.

    ``number_length``, ``number_format``, ``check_digit``, ``resident_id`` or ``plate``. It never
    quotes the number.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def normalise(kind: NumberType, value: str) -> str:
    """The canonical form of a number: NFKC, upper case, no spaces, dots or hyphens.

    Two ways to write one number come out alike, so that it is found again by its blind index.
    Raises InvalidNumber.
    """
    text = _SEPARATORS.sub("", unicodedata.normalize("NFKC", value).upper())
    return _RULES[kind](text)


def masked(kind: str, number: str) -> str:
    """Return a number as the venue's administrators see it: a person's is masked."""
    document = documents.find(kind)
    return document.mask(number) if document else number


def _uscc(text: str) -> str:
    """18 characters: authority, kind, region, organisation code, check character modulo 31.

    The first two may be letters (``N2…``: a village's economic collective), which python-stdnum's
    own `validate` does not know; the check character is its own.
    """
    from stdnum.cn import uscc

    _require(len(text) == 18, "number_length")
    _require(_USCC.fullmatch(text) is not None, "number_format")
    _require(text[-1] == uscc.calc_check_digit(text), "check_digit")
    return text


def _organisation_code(text: str) -> str:
    """Eight characters and a check character modulo 11, ``X`` for ten; no hyphen."""
    _require(len(text) == 9, "number_length")
    _require(_ORGANISATION.fullmatch(text) is not None, "number_format")
    total = sum(int(c, 36) * w for c, w in zip(text, _ORGANISATION_WEIGHTS, strict=False))
    _require(text[-1] == "0123456789X"[-total % 11], "check_digit")
    return text


def _resident_id(text: str) -> str:
    try:
        return resident_id.canonical(text)
    except ValueError:
        raise InvalidNumber("resident_id") from None


def _plate(text: str) -> str:
    _require(_PLATE.fullmatch(text) is not None, "plate")
    return text


def _require(holds: bool, code: str) -> None:
    if not holds:
        raise InvalidNumber(code)


# What people put between the parts: spaces, dots (a plate's is in the middle) and hyphens.
_SEPARATORS = re.compile(r"[\s.·•‧∙⋅・\-‐‒–—−]")

# Letters without I, O, S, V, Z, which look like digits or like each other.
_USCC = re.compile("[1-9A-HJ-NP-RTUWXY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}")

_ORGANISATION = re.compile("[0-9A-Z]{8}[0-9X]")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

# Province and issuing office, then: five characters, the last of which may say what the vehicle
# is (港 and 澳 in 粤Z only); or six of a new-energy vehicle, a small one marked in the first place
# (D A B C E electric, F G H J K other), a large one in the last.
_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z]"
    "(?:[0-9A-HJ-NP-Z]{4}(?:[0-9A-HJ-NP-Z学警挂使领]|(?<=粤Z....)[港澳])"
    "|[A-HJK][0-9A-HJ-NP-Z][0-9]{4}|[0-9]{5}[DF])"
)

PATTERNS: dict[str, str] = {
    "uscc": f"^{_USCC.pattern}$",
    "organisation_code": f"^{_ORGANISATION.pattern}$",
    "plate": f"^{_PLATE.pattern}$",
    "resident_id": resident_id.TYPE.pattern,
}
"""Regular expressions (ECMA 262) of the canonical forms; check digits are for `normalise`."""

_RULES: dict[NumberType, Callable[[str], str]] = {
    "uscc": _uscc,
    "organisation_code": _organisation_code,
    "resident_id": _resident_id,
    "plate": _plate,
}
