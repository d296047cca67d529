"""The residence permit for residents of Hong Kong, Macau and Taiwan (港澳台居民居住证)."""

from chalicelib.identity.documents.base import (
    DATED,
    DocumentType,
    birth_date_of,
    citizen_number,
)
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the canonical form: a citizen number (GB 11643) with an address code of its own.

    The code is 810000 (Hong Kong), 820000 (Macau) or 830000 (Taiwan): State Council, 港澳台居民居住
    证申领发放办法 (2018), article 3. Other spellings are accepted as those of a resident ID.

    Raises ValueError, which does not quote the number.
    """
    return citizen_number(value, "8[1-3]0000[0-9]{11}[0-9X]")


TYPE = DocumentType(
    name="residence_permit",
    example="810000199001010035",
    pattern=f"^8[1-3]0000{DATED}[0-9]{{3}}[0-9X]$",
    canonical=canonical,
    # The public security organs assign it, as they do those of resident identity cards.
    verified_by=ProviderName.IDENTITY,
    birth_date=birth_date_of,
    numbered_as="resident_id",
)
