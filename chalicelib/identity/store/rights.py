"""Items of rights; venues write them in transactions of their own.

A person's rights are one item, ``HOT#RIGHTS``, with an attribute for each venue. Releases up to
0.2.0 wrote an item for each right, ``HOT#RIGHT#venue``. Such an item is read until the right is
written again or removed; both delete it in the same transaction. Where a venue has both, the
attribute counts, for it was written later.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pynamodb.expressions.operand import Path

from chalicelib.core import keys
from chalicelib.core.attributes import EnumAttribute, TextAttribute
from chalicelib.core.table import Change, Delete, Item, Raw
from chalicelib.identity.people import Profile, Role, Verification

_LETTERS = {Role.ADMINISTRATOR: "a", Role.INSPECTOR: "i"}
_ROLES = {letter: role for role, letter in _LETTERS.items()}
_VENUE = "ven_"


class Right(NamedTuple):
    """A role, and the beginning of the blind index of the document that it was given under."""

    role: Role
    document: str


class RightsItem(Item):
    """HOT#RIGHTS: by venue id, the role's letter and the beginning of the blind index."""


class RightItem(Item):
    """HOT#RIGHT#venue, as releases up to 0.2.0 wrote it."""

    role = EnumAttribute(Role, attr_name="ro")
    document = TextAttribute(attr_name="db")


def read_right(raw: Raw) -> Right:
    """Return the right in an item of its own."""
    item = RightItem.read(raw)
    return Right(item.role, item.document)


def read_rights(raw: Raw) -> Iterator[tuple[str, Right]]:
    """Yield venue id and right for each attribute of the item of a person's rights."""
    RightsItem.read(raw)  # refuses a version that is not known
    for name, stored in raw.items():
        if name.startswith(_VENUE):
            coded = stored["S"]
            yield name, Right(_ROLES[coded[0]], coded[1:])


def in_force(rights: Mapping[str, Right], profile: Profile | None) -> dict[str, Role]:
    """Return the rights that count, by venue id, in its order.

    They are those of who was verified under the present document, and has not been rejected since.
    A phone may change hands, and whoever registers with it next is somebody else.
    """
    if profile and profile.verification is Verification.REJECTED:
        return {}
    document = _beginning(profile.document_blind if profile else "")
    return {
        venue_id: right.role
        for venue_id, right in sorted(rights.items())
        if right.document == document
    }


def _beginning(document_blind: str) -> str:
    # Of 128 bits 48 are enough to tell one person's documents apart; twenty rights share 4 KB.
    return document_blind[:10]


def right_removal(person_id: str, venue_id: str) -> tuple[Change, Delete]:
    """Return the writes that take a right away, in whichever form it is.

    The first one makes an empty item where the person has none; who calls it holds by a condition
    of the same transaction that there is a right to take away.
    """
    return (
        Change(keys.rights(person_id), [Path([venue_id]).remove()]),
        Delete(keys.right(person_id, venue_id)),
    )


def right_write(
    person_id: str, venue_id: str, role: Role, document_blind: str
) -> tuple[Change, Delete]:
    """Return the writes that give a right; venues make them part of their own transactions.

    It is in force as long as the person is registered under the document of `document_blind`.
    """
    coded = _LETTERS[role] + _beginning(document_blind)
    version = RightsItem.v.set(RightsItem.v | RightsItem.FORMAT)
    return (
        Change(keys.rights(person_id), [version, Path([venue_id]).set(coded)]),
        Delete(keys.right(person_id, venue_id)),
    )
