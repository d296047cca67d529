"""The resident identity card of mainland China (居民身份证)."""

import re
import unicodedata

from chalicelib.identity.documents.base import DocumentType
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the canonical form of a resident ID number (GB 11643): 17 digits, a digit or ``X``.

    Full-width and lower-case characters, spaces and hyphens are accepted. The check character is
    that of ISO 7064 MOD 11-2, which detects every single wrong character and every swap of two
    neighbours. The birth date must exist. The region must be a code that GB/T 2260 assigned at any
    time.

    python-stdnum's `validate` is not used. It requires a region code that was valid in the year of
    *birth*. But numbers were first issued in 1984, so it refuses people who are older than the code
    of their county, such as everyone in 信宜 born before 1983.

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
