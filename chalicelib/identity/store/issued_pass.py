"""The item of a person's paper pass, which is read with every record of a person."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import EpochMsAttribute, EpochSecondsAttribute, TextAttribute
from chalicelib.core.table import Item, Raw
from chalicelib.identity.people import IssuedPass


class PaperPassItem(Item):
    """HOT#PASS: the paper pass last issued. At most 120 bytes, because every request reads it."""

    serial = UnicodeAttribute(attr_name="s")
    issued = EpochMsAttribute(attr_name="i")
    expires = EpochSecondsAttribute(attr_name="e")
    full_name = BooleanAttribute(attr_name="f", null=True)
    issued_by = TextAttribute(attr_name="b")
    replaces = TextAttribute(attr_name="r")
    document = UnicodeAttribute(attr_name="d")
    revoked = BooleanAttribute(attr_name="x", null=True)


def read_paper_pass(raw: Raw) -> IssuedPass:
    """Return the paper pass in a `PaperPassItem`."""
    item = PaperPassItem.read(raw)
    return IssuedPass(
        serial=item.serial,
        issued_at=item.issued,
        expires_at=item.expires,
        full_name=bool(item.full_name),
        issued_by=item.issued_by,
        replaces=item.replaces,
        document=item.document,
        revoked=bool(item.revoked),
    )


def pass_item(person_id: str, issued: IssuedPass) -> PaperPassItem:
    """Return the item of a paper pass."""
    return PaperPassItem.at(
        keys.paper_pass(person_id),
        serial=issued.serial,
        issued=issued.issued_at,
        expires=issued.expires_at,
        full_name=issued.full_name or None,
        issued_by=issued.issued_by,
        replaces=issued.replaces,
        document=issued.document,
        revoked=issued.revoked or None,
    )
