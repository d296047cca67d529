"""Every personal field that the table holds sealed; a row each.

An export opens these fields and an erasure removes them. A new field is a `SealedAttribute` of an
item class, and a row here; a test holds the two together. What has been sealed opens only with its
row's place, so the place of a row never changes.
"""

from datetime import datetime

from chalicelib.core.crypto import Vault


class PersonalField:
    """A sealed field: the item class and its attribute, and the place that it is sealed for.

    The place is the id of the owner, a person or a venue, and the field's `name`, such as
    ``per_…/name``; it is authenticated with the text (`Vault`).
    """

    __slots__ = ("attribute", "item", "name")

    def __init__(self, item: str, attribute: str, name: str = "") -> None:
        self.item = item
        self.attribute = attribute
        self.name = name or attribute

    def seal(self, vault: Vault, text: str, owner: str, *, now: datetime) -> bytes:
        """Return `text` sealed for `owner`."""
        return vault.seal(text, f"{owner}/{self.name}", now=now)

    def open(self, vault: Vault, sealed: bytes, owner: str) -> str:
        """Return the text. Raises ValueError when it was not sealed for `owner`, or altered."""
        return vault.open(sealed, f"{owner}/{self.name}")


FIELDS: list[PersonalField] = []


def _row(item: str, attribute: str, name: str = "") -> PersonalField:
    FIELDS.append(PersonalField(item, attribute, name))
    return FIELDS[-1]


# Of an account, and of somebody checked by hand; the owner is the person.
PHONE = _row("ProfileItem", "phone")
NAME = _row("ProfileItem", "name")
DOCUMENT = _row("ProfileItem", "document")
# Of a venue's application; the owner is the venue.
VENUE_NUMBER = _row("VenueItem", "number")
VENUE_CONTACT_NAME = _row("VenueItem", "contact_name")
VENUE_CONTACT_PHONE = _row("VenueItem", "contact_phone")
# Of somebody who may join a venue's staff; the owner is the venue.
INVITATION_NAME = _row("InvitationItem", "name", "invitation")


def of(item: str) -> tuple[PersonalField, ...]:
    """Return the sealed fields of an item class."""
    return tuple(field for field in FIELDS if field.item == item)
