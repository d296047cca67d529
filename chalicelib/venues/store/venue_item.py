"""The item of a venue, and the conditions on its initial administrator."""

from datetime import date

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.constants import STRING

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EpochMsAttribute,
    IntegerAttribute,
    SealedAttribute,
    TextAttribute,
)
from chalicelib.core.table import Check, Item
from chalicelib.venues.venue import ShardChange


class ShardChangesAttribute(Attribute[tuple[ShardChange, ...]]):
    """Changes of the number of shards, stored as ``2022-04-24=64,…``; none as no attribute."""

    attr_type = STRING

    def serialize(self, value: tuple[ShardChange, ...]) -> str | None:
        """Return the text, or None without changes."""
        return ",".join(f"{one.day.isoformat()}={one.shards}" for one in value) or None

    def deserialize(self, value: str) -> tuple[ShardChange, ...]:
        """Return the changes."""
        entries = (entry.partition("=") for entry in value.split(","))
        return tuple(ShardChange(date.fromisoformat(day), int(n)) for day, _, n in entries)


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
    shard_changes = ShardChangesAttribute(attr_name="sx", null=True, default=())


def initial(venue_id: str, person_id: str) -> Check:
    """Return the condition that the person is the venue's initial administrator."""
    return Check(keys.venue(venue_id), VenueItem.applicant == person_id)


def not_initial(venue_id: str, person_id: str) -> Check:
    """Return the condition that the person is not the venue's initial administrator.

    It holds for a venue that does not exist.
    """
    return Check(keys.venue(venue_id), VenueItem.applicant != person_id)
