"""A type of identity document: the module that would stand in `chalicelib/identity/documents/`."""

import re

from chalicelib.core.normalisation import compact
from chalicelib.identity.documents.base import DocumentType
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return a letter and eight digits, as a seafarer's passport has them."""
    number = compact(value)
    if not re.fullmatch("[A-Z][0-9]{8}", number):
        raise ValueError("form")
    return number


def mask(number: str) -> str:
    """Return the letter and the last three digits."""
    return f"{number[0]}*****{number[-3:]}"


TYPE = DocumentType(
    name="seafarer",
    example="E12345678",
    pattern="^[A-Z][0-9]{8}$",
    canonical=canonical,
    mask=mask,
    verified_by=ProviderName.IDENTITY,
)

TEXTS = {"field.seafarer": "This is not a valid seafarer's number."}
