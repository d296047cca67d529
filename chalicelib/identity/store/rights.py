"""Items of rights. The stores of venues write them in their own transactions.

A person's rights are one item, ``HOT#RIGHTS``, with an attribute for each venue. Releases up to
0.2.0 wrote an item for each right, ``HOT#RIGHT#venue``. Such an item is read until the right is
written again or removed; both delete it in the same transaction. If a venue has both, the attribute
is the newer one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from chalicelib.core import keys
from chalicelib.core.attributes import EnumAttribute, IntegerAttribute, TextAttribute
from chalicelib.core.table import Change, Check, Delete, Item, Raw
from chalicelib.identity.people import Profile, Role, beginning_of

_LETTERS = {Role.ADMINISTRATOR: "a", Role.INSPECTOR: "i"}
_ROLES = {letter: role for role, letter in _LETTERS.items()}
_VENUE = "ven_"


class Right(NamedTuple):
    """A role, and the beginning of the blind index of the document that the holder had then."""

    role: Role
    document: str


class RightsItem(Item):
    """HOT#RIGHTS: for each venue id, the role's letter and the beginning of the blind index.

    `given` counts the rights that were ever written, so that a condition can say that no further
    one was.
    """

    given = IntegerAttribute(attr_name="n", default=0)


class RightItem(Item):
    """HOT#RIGHT#venue, the format of releases up to 0.2.0."""

    role = EnumAttribute(Role, attr_name="ro")
    document = TextAttribute(attr_name="db")


def read_right(raw: Raw) -> Right:
    """Return the right in a `RightItem`."""
    item = RightItem.read(raw)
    return Right(item.role, item.document)


def read_rights(raw: Raw) -> Iterator[tuple[str, Right]]:
    """Yield venue id and right for each venue in a `RightsItem`."""
    RightsItem.read(raw)  # refuses an unknown version
    for name, stored in raw.items():
        if name.startswith(_VENUE):
            coded = stored["S"]
            yield name, Right(_ROLES[coded[0]], coded[1:])


def rights_given(raw: Raw) -> int:
    """Return how many rights were ever written to a `RightsItem`."""
    return RightsItem.read(raw).given


def has_rights(raw: Raw) -> bool:
    """Return whether an item holds a right, in either format."""
    old = raw["sk"]["S"].startswith(keys.right("", "").sk)
    return old or any(name.startswith(_VENUE) for name in raw)


def in_force(
    rights: Mapping[str, Right], profile: Profile | None, same: Callable[[str, str], bool]
) -> dict[str, Role]:
    """Return the roles that are in force, by venue id, sorted; `same` is `Table.same_index`.

    A right is in force while the person is registered under the document that it was given for, and
    approved after a rejection. So the next owner of a phone does not inherit rights, and an edit
    alone does not restore them (JN-20).
    """
    if profile and profile.is_refused:
        return {}
    document = profile.document_beginning if profile else ""
    return {
        venue_id: right.role
        for venue_id, right in sorted(rights.items())
        if same(right.document, document)
    }


def right_removal(person_id: str, venue_id: str) -> tuple[Change, Delete]:
    """Return the writes that remove a right in either format.

    The first write creates an empty item if the person has none. So the caller's transaction needs
    a condition that the right exists.
    """
    return (
        Change(keys.rights(person_id), [Path([venue_id]).remove()]),
        Delete(keys.right(person_id, venue_id)),
    )


def no_further_right(person_id: str, rights: Raw | None) -> Check:
    """Return the condition that the person got no right since their `RightsItem` was read."""
    given = 0 if rights is None else rights_given(rights)
    return Check(keys.rights(person_id), _still(given))


def _still(given: int) -> Condition:
    """Return the condition that as many rights as `given` were written."""
    unchanged: Condition = RightsItem.given == given if given else RightsItem.given.does_not_exist()
    return unchanged


def right_write(
    person_id: str, venue_id: str, role: Role, document_blind: str, *, given: int | None = None
) -> tuple[Change, Delete]:
    """Return the writes that give a right, for the caller's transaction.

    The right is in force while the person is registered under the document of `document_blind`.
    `given`: the condition that the person got no right since `PersonRecord.rights_given` was read;
    None for no condition.
    """
    coded = _LETTERS[role] + beginning_of(document_blind)
    version = RightsItem.v.set(RightsItem.v | RightsItem.FORMAT)
    return (
        Change(
            keys.rights(person_id),
            [version, RightsItem.given.add(1), Path([venue_id]).set(coded)],
            None if given is None else _still(given),
        ),
        Delete(keys.right(person_id, venue_id)),
    )
