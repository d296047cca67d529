"""Items of rights; venues write them in transactions of their own."""

from collections.abc import Mapping

from pynamodb.attributes import (
    UnicodeAttribute,
)

from chalicelib.core import keys
from chalicelib.core.table import (
    Delete,
    Item,
    Put,
)
from chalicelib.identity.people import (
    Profile,
    Role,
    Verification,
)


class RightItem(Item):
    """HOT#RIGHT#venue; `document` is the beginning of the blind index that it was given under."""

    role = UnicodeAttribute(attr_name="ro")
    document = UnicodeAttribute(attr_name="db", null=True)


def in_force(rights: Mapping[str, RightItem], profile: Profile | None) -> dict[str, Role]:
    """The rights of who was verified under the present document, and has not been rejected since.

    A phone may change hands, and whoever registers with it next is somebody else.
    """
    if profile and profile.verification is Verification.REJECTED:
        return {}
    document = _beginning(profile.document_blind if profile else "")
    return {
        venue_id: Role(right.role)
        for venue_id, right in rights.items()
        if right.document == document
    }


def _beginning(document_blind: str) -> str | None:
    # Of 128 bits 48 are enough to tell one person's documents apart; twenty rights share 4 KB.
    return document_blind[:10] or None


def right_removal(person_id: str, venue_id: str) -> Delete:
    """The write that takes a right away."""
    return Delete(keys.right(person_id, venue_id))


def right_write(person_id: str, venue_id: str, role: Role, document_blind: str) -> Put:
    """The write that gives a right; venues make it part of their own transactions.

    It is in force as long as the person is registered under the document of `document_blind`.
    """
    key = keys.right(person_id, venue_id)
    return Put(RightItem.at(key, role=role.value, document=_beginning(document_blind)))
