"""The medical certificate of birth (出生医学证明), a child's first document."""

from chalicelib.identity.documents.base import DocumentType, mask_but, matched
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the canonical form: the letter of the print run and nine digits.

    It has no check digit and carries no birth date. Other spellings are accepted as those of a
    resident ID.

    Raises ValueError, which does not quote the number.
    """
    return matched(value, "([A-Z][0-9]{9})")


TYPE = DocumentType(
    name="birth_certificate",
    example="T440123456",
    pattern="^[A-Z][0-9]{9}$",
    canonical=canonical,
    mask=mask_but(1, 2),
    verified_by=ProviderName.BIRTH_REGISTRY,
)
