"""The medical certificate of birth (出生医学证明), a child's first document."""

import re

from chalicelib.identity.documents.base import DocumentType, compact, mask_but
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the canonical form: the letter of the print run and nine digits.

    It has no check digit and carries no birth date. Other spellings are accepted as those of a
    resident ID.

    Raises ValueError, which does not quote the number.
    """
    number = compact(value)
    if not re.fullmatch("[A-Z][0-9]{9}", number):
        raise ValueError("form")
    return number


TYPE = DocumentType(
    name="birth_certificate",
    example="T440123456",
    pattern="^[A-Z][0-9]{9}$",
    canonical=canonical,
    mask=mask_but(1, 2),
    verified_by=ProviderName.BIRTH_REGISTRY,
)
