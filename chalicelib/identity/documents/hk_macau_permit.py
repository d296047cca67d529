"""The mainland travel permit for residents of Hong Kong and Macau (港澳居民来往内地通行证)."""

from chalicelib.identity.documents.base import DocumentType, mask_but, matched
from chalicelib.identity.providers import ProviderName


def canonical(value: str) -> str:
    """Return the number that a person keeps for life: ``H`` or ``M`` and eight digits.

    The card for residents without Chinese nationality (of 2024) has ``HA`` or ``MA`` and seven
    digits. Cards issued before 2013 print two more digits, which count the issues: they change with
    every card, so they are left out. Other spellings are accepted as those of a resident ID.

    Raises ValueError, which does not quote the number.
    """
    return matched(value, "([HM](?:[0-9]{8}|A[0-9]{7}))(?:[0-9]{2})?")


TYPE = DocumentType(
    name="hk_macau_permit",
    example="H12345678",
    pattern="^[HM][A0-9][0-9]{7}$",
    canonical=canonical,
    mask=mask_but(1, 2),
    verified_by=ProviderName.EXIT_ENTRY,
)
