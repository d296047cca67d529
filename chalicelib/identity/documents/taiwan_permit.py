"""The mainland travel permit for Taiwan residents (台湾居民来往大陆通行证, 台胞证)."""

from chalicelib.identity.documents.base import DocumentType, mask_but, matched
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the number that a person keeps for life: eight digits.

    Permits issued before 25 September 2008 print two more digits, which count the issues, and most
    of them a letter or digit in parentheses, the issuing office (China News Service, 12 September
    2008). These change with every permit, so they are left out. Other spellings are accepted as
    those of a resident ID. Permits for one journey have no such number and are not accepted.

    Raises ValueError, which does not quote the number.
    """
    office = r"(?:[0-9A-Z]|\([0-9A-Z]\))"
    return matched(value, rf"([0-9]{{8}})(?:[0-9]{{2}}{office}?)?")


TYPE = DocumentType(
    name="taiwan_permit",
    example="01234567",
    pattern="^[0-9]{8}$",
    canonical=canonical,
    mask=mask_but(1, 2),
    verified_by=ProviderName.EXIT_ENTRY,
)
