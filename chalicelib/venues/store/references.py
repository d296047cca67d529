"""Items that hold the id or the code of something else."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.table import Item


class ReferenceItem(Item):
    """VENKEY and VENNUM: the venue that they stand for."""

    venue = UnicodeAttribute(attr_name="ve")


class JoinItem(Item):
    """JOIN and FAST under the venue: its current join code, its code for fast check-in."""

    join_code = UnicodeAttribute(attr_name="jc")
