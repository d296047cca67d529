"""The item of a venue, and the conditions on its initial administrator."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EpochMsAttribute,
    IntegerAttribute,
    SealedAttribute,
    TextAttribute,
)
from chalicelib.core.table import Check, Item


class VenueItem(Item):
    """VENUE."""

    name = UnicodeAttribute(attr_name="nm")
    kind = UnicodeAttribute(attr_name="ki")
    region = UnicodeAttribute(attr_name="re")
    region_name = UnicodeAttribute(attr_name="rn")
    street = TextAttribute(attr_name="st")
    address = UnicodeAttribute(attr_name="ad")
    number_type = UnicodeAttribute(attr_name="nt")
    number = SealedAttribute(attr_name="nb")
    contact_name = SealedAttribute(attr_name="cn")
    contact_phone = SealedAttribute(attr_name="cp")
    code = UnicodeAttribute(attr_name="co")
    time_zone = UnicodeAttribute(attr_name="tz")
    shards = IntegerAttribute(attr_name="sh")
    created_at = EpochMsAttribute(attr_name="cr")
    fingerprint = UnicodeAttribute(attr_name="bh")
    applicant = UnicodeAttribute(attr_name="ap")


def initial(venue_id: str, person_id: str) -> Check:
    """Return the condition that the person is the venue's initial administrator."""
    return Check(keys.venue(venue_id), VenueItem.applicant == person_id)


def not_initial(venue_id: str, person_id: str) -> Check:
    """Return the condition that the person is not the venue's initial administrator.

    It holds for a venue that does not exist.
    """
    return Check(keys.venue(venue_id), VenueItem.applicant != person_id)
