"""The resident identity card of the mainland (居民身份证)."""

import re
import unicodedata

from chalicelib.identity.documents.base import DocumentType
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the canonical form of a resident ID number (GB 11643): 17 digits, a digit or ``X``.

    Full-width and lower-case characters, spaces and hyphens are forgiven. The check character is
    that of ISO 7064 MOD 11-2, which catches every single wrong character and every swap of two
    neighbours. The birth date is one of the calendar, the region one that GB/T 2260 has assigned
    at any time.

    python-stdnum's own `validate` is not used: it wants the region's code to have held in the
    year of *birth*, but numbers are only given out since 1984, so that it refuses whoever is older
    than their county's code (everybody in 信宜 born before 1983, for one).

    Raises ValueError, which does not quote the number.
    """
    from stdnum import numdb
    from stdnum.cn import ric
    from stdnum.exceptions import ValidationError

    number = re.sub(r"[\s\-‐]", "", unicodedata.normalize("NFKC", value)).upper()
    try:
        if not re.fullmatch("[0-9]{17}[0-9X]", number):
            raise ValueError("form")
        if number[-1] != ric.calc_check_digit(number):
            raise ValueError("check character")
        ric.get_birth_date(number)
        if not numdb.get("cn/loc").info(number[:6])[-1][1]:
            raise ValueError("region")
    except ValidationError:
        raise ValueError("birth date") from None
    return number


TYPE = DocumentType(
    name="resident_id",
    example="44098319900101001X",
    pattern=("^[1-9][0-9]{5}[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]$"),
    canonical=canonical,
    verified_by=ProviderName.IDENTITY,
)
