"""The foreign permanent resident ID card (外国人永久居留身份证), of 2023 and before."""

import re

from chalicelib.core.normalisation import compact
from chalicelib.identity.documents.base import (
    DATED,
    DocumentType,
    birth_date_of,
    citizen_number,
)
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the canonical form: 18 characters on the card of 2023, 15 on those before.

    Since 2023 (GA 2102-2023): ``9``, two digits of the province, three of the country, the birth
    date, three more digits, and the check character of GB 11643. Before: three letters of the
    country and twelve digits, whose check digit no published standard describes; the provider
    decides. A person's new number does not follow from the old one, so they are two documents.
    Other spellings are accepted as those of a resident ID.

    Raises ValueError, which does not quote the number.
    """
    number = compact(value)
    if re.fullmatch("[A-Z]{3}[0-9]{12}", number):
        return number
    return citizen_number(number, "9[0-9]{16}[0-9X]")


TYPE = DocumentType(
    name="foreign_permanent_resident",
    example="944276199001010036",
    pattern=f"^(?:9[0-9]{{5}}{DATED}[0-9]{{3}}[0-9X]|[A-Z]{{3}}[0-9]{{12}})$",
    canonical=canonical,
    verified_by=ProviderName.EXIT_ENTRY,
    birth_date=birth_date_of,  # the older number has two digits of the year, so it carries none
)
