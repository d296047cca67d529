"""The registry of sealed personal fields in the table.

An export opens these fields, and an erasure removes them. A new field is a `SealedAttribute` of an
item class, and a row here; a test compares the two. Never change the place of a row: a sealed value
opens only with the place that it was sealed for.
"""

from datetime import datetime

from chalicelib.core.crypto import Vault


class PersonalField:
    """A sealed field: its item class, its attribute, and the place that it is sealed for.

    The place is the id of the owner (a person or a venue) and the field's `name`, such as
    ``per_…/name``. `Vault` authenticates it with the text.
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
        """Return the text. Raises ValueError if it was altered, or not sealed for `owner`."""
        return vault.open(sealed, f"{owner}/{self.name}")


FIELDS: list[PersonalField] = []


def _row(item: str, attribute: str, name: str = "") -> PersonalField:
    FIELDS.append(PersonalField(item, attribute, name))
    return FIELDS[-1]


# An account, or a person in a manual check. The owner is the person.
PHONE = _row("ProfileItem", "phone")
NAME = _row("ProfileItem", "name")
DOCUMENT = _row("ProfileItem", "document")
# A venue's application. The owner is the venue.
VENUE_NUMBER = _row("VenueItem", "number")
VENUE_CONTACT_NAME = _row("VenueItem", "contact_name")
VENUE_CONTACT_PHONE = _row("VenueItem", "contact_phone")
# An invitation to a venue's staff. The owner is the venue.
INVITATION_NAME = _row("InvitationItem", "name", "invitation")
# The same in the venue's list of invitations.
SENT_INVITATION_NAME = _row("SentInvitationItem", "name", "sent_invitation_name")
SENT_INVITATION_PHONE = _row("SentInvitationItem", "phone", "sent_invitation_phone")
# The name under which a staff member was bound, a copy of the profile's. The owner is the person.
STAFF_NAME = _row("StaffItem", "name")
# Who has looked at a person's data. The owner is the record's digest: a blind index would change.
ACCESS_GUARDIAN = _row("AccessItem", "guardian")
# A personal record: a declaration, an arrival, a notice. The owner is the person.
RECORD = _row("PersonalRecordItem", "contents", "record")


def of(item: str) -> tuple[PersonalField, ...]:
    """Return the sealed fields of an item class."""
    return tuple(field for field in FIELDS if field.item == item)
