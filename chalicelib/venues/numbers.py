"""Registration numbers of venues (JN-3), validated by their check digits or formats.

A number is a unified social credit code (GB 32100) or the older organisation code (GB 11714). A
venue without either uses the manager's resident ID number (GB 11643), or, for a vehicle such as a
bus, its plate (GA 36).
"""

import re
from collections.abc import Callable
from typing import Literal, get_args

from chalicelib.core import normalisation
from chalicelib.identity import documents
from chalicelib.identity.documents import resident_id

NumberType = Literal["uscc", "organisation_code", "resident_id", "plate"]
NUMBER_TYPES: tuple[NumberType, ...] = get_args(NumberType)


class InvalidNumber(ValueError):
    """The number is not valid for its type. `code` is the reason, with the text ``field.<code>``.

    ``number_length``, ``number_format``, ``check_digit``, ``older_credit_code``, ``resident_id`` or
    ``plate``. The message does not quote the number.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def normalise(kind: NumberType, value: str) -> str:
    """Return the canonical form of a number: half width, upper case, no spaces, dots or hyphens.

    The blind index requires one form for each number. Raises InvalidNumber.
    """
    return _RULES[kind](_canonical(value))


def accepted(kind: NumberType, value: str) -> str:
    """Return the canonical form of a number that an officer has seen on the licence.

    A credit code needs no check character that follows GB 32100: those of firms that registered in
    Xiamen before 2016 do not (350203…M0001…), and the register of enterprises shows them. Raises
    InvalidNumber.
    """
    try:
        return normalise(kind, value)
    except InvalidNumber as fault:
        if fault.code != "older_credit_code":
            raise
        return _canonical(value)


def masked(kind: str, number: str) -> str:
    """Return a number for the venue's administrators: a resident ID number is masked."""
    document = documents.find(kind)
    return document.mask(number) if document else number


def _canonical(value: str) -> str:
    return _DOTS.sub("", normalisation.compact(value))


def _uscc(text: str) -> str:
    """Check 18 characters: authority, kind, region, organisation code, check character modulo 31.

    The first two may be letters (``N2…``: a village's economic collective), which python-stdnum's
    `validate` refuses. Only its check character is used.
    """
    from stdnum.cn import uscc

    _require(len(text) == 18, "number_length")
    _require(_USCC.fullmatch(text) is not None, "number_format")
    if text[-1] != uscc.calc_check_digit(text):
        _require(_OLDER_USCC.fullmatch(text) is None, "older_credit_code")
        raise InvalidNumber("check_digit")
    return text


def _organisation_code(text: str) -> str:
    """Check eight characters and a check character modulo 11, ``X`` for ten; no hyphen."""
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


# The dot in the middle of a plate, however it was typed.
_DOTS = re.compile("[.·•‧∙⋅・●。]")

# Letters without I, O, S, V, Z, which look like digits or other letters.
_USCC = re.compile("[1-9A-HJ-NP-RTUWXY][0-9A-HJ-NP-RTUWXY][0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}")

# Xiamen's before 2016: the check character follows another rule.
_OLDER_USCC = re.compile("..350203M0001.{5}")

_ORGANISATION = re.compile("[0-9A-Z]{8}[0-9X]")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

# Province and issuing office, then five characters, the last of which may be the kind of vehicle
# (港 and 澳 in 粤Z only). Or six characters for a new-energy vehicle; a letter marks a small one in
# the first place (D A B C E electric, F G H J K other), a large one in the last. X (fire) or S
# (forest fire) and 应急 for the national rescue force, since 2019. An embassy's is 使 and six
# digits, in either order.
_PLATE = re.compile(
    "(?:[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z]"
    "(?:[0-9A-HJ-NP-Z]{4}(?:[0-9A-HJ-NP-Z学警挂使领]|(?<=粤Z....)[港澳])"
    "|[A-HJK][0-9A-HJ-NP-Z][0-9]{4}|[0-9]{5}[DF]|(?<=[XS])[0-9A-HJ-NP-Z]{4}应急)"
    "|使[0-9]{6}|[0-9]{6}使)"
)

PATTERNS: dict[str, str] = {
    "uscc": f"^{_USCC.pattern}$",
    "organisation_code": f"^{_ORGANISATION.pattern}$",
    "plate": f"^{_PLATE.pattern}$",
    "resident_id": resident_id.TYPE.pattern,
}
"""Regular expressions (ECMA 262) of the canonical forms. `normalise` also checks the digits."""

_RULES: dict[NumberType, Callable[[str], str]] = {
    "uscc": _uscc,
    "organisation_code": _organisation_code,
    "resident_id": _resident_id,
    "plate": _plate,
}
