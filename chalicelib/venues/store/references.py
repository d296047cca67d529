"""Items that refer to a venue or a code."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.table import Item


class ReferenceItem(Item):
    """VENKEY, VENNUM and JOIN#code: the venue."""

    venue = UnicodeAttribute(attr_name="ve")


class JoinItem(Item):
    """JOIN and FAST in the venue's partition: its join code, its code for fast check-in."""

    join_code = UnicodeAttribute(attr_name="jc")
