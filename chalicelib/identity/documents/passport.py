"""The passport of any country (ICAO Doc 9303)."""

import re

from chalicelib.core.normalisation import compact
from chalicelib.identity.documents.base import DocumentType, mask_but
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the issuing state's three letters and the passport's number, such as USA123456789.

    Two states may give out the same number, so the number alone is no one's. The state is the code
    of the second field of the machine-readable zone (Doc 9303, part 3, section 5); Germany's ``D``
    is written ``D<<`` there and ``DEU`` here. The number has four to nine letters and digits (part
    4: nine places, filled up with ``<``), at least one of them a digit. Codes of states are not
    looked up, because the provider knows which exist. Other spellings are accepted as those of a
    resident ID.

    Raises ValueError, which does not quote the number.
    """
    number = re.sub("^D<<", "DEU", compact(value)).rstrip("<")
    if not re.fullmatch("[A-Z]{3}(?=[A-Z]*[0-9])[A-Z0-9]{4,9}", number):
        raise ValueError("form")
    return number


TYPE = DocumentType(
    name="passport",
    example="USA123456789",
    pattern="^[A-Z]{3}[A-Z0-9]{4,9}$",
    canonical=canonical,
    mask=mask_but(3, 2),
    verified_by=ProviderName.EXIT_ENTRY,
)
