"""The resident identity card of mainland China (居民身份证)."""

from chalicelib.identity.documents.base import (
    DATED,
    DocumentType,
    birth_date_of,
    citizen_number,
)
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the canonical form of a resident ID number (GB 11643): 17 digits, a digit or ``X``.

    Full-width and lower-case characters, spaces and hyphens are accepted. Check character and birth
    date are checked. The address code is not looked up: no published list has every code that was
    printed on cards (decision 0110). Its first digit is 1 to 8; numbers of foreigners begin with 9
    (GA 2102-2023).

    Raises ValueError, which does not quote the number.
    """
    return citizen_number(value, "[1-8][0-9]{16}[0-9X]")


TYPE = DocumentType(
    name="resident_id",
    example="44098319900101001X",
    pattern=f"^[1-8][0-9]{{5}}{DATED}[0-9]{{3}}[0-9X]$",
    canonical=canonical,
    verified_by=ProviderName.IDENTITY,
    birth_date=birth_date_of,
)
