"""Items and store of family links.

A person's dependants are one item, ``HOT#DEPENDANTS``, with an attribute for each dependant; their
guardians are another, ``HOT#GUARDIANS``. `many` counts the attributes, so that a condition can
limit them. An attribute holds letters of relation and proof, the times in epoch seconds, and the
beginning of the blind index of the document that the item's owner had then: ``cf,1764115200,,1:A…``
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from pynamodb.expressions.operand import Path

from chalicelib.core import keys
from chalicelib.core.attributes import IntegerAttribute
from chalicelib.core.errors import Conflict
from chalicelib.core.table import Change, ConditionFailed, Item, Raw, Table
from chalicelib.identity.family import (
    MAX_DEPENDANTS,
    MAX_GUARDIANS,
    FamilyLink,
    Proof,
    Relation,
)
from chalicelib.identity.people import Profile, Verification

_RELATIONS = {"c": Relation.CHILD, "e": Relation.ELDER}
_PROOFS = {"f": Proof.FACE, "h": Proof.HOUSEHOLD, "c": Proof.CONSENT}
_LETTER = {one: letter for letter, one in (*_RELATIONS.items(), *_PROOFS.items())}
_PERSON = "per_"


class DependantsItem(Item):
    """HOT#DEPENDANTS: for each dependant's id, the link."""

    many = IntegerAttribute(attr_name="n", default=0)


class GuardiansItem(Item):
    """HOT#GUARDIANS: for each guardian's id, the link."""

    many = IntegerAttribute(attr_name="n", default=0)


def read_links(raw: Raw, profile: Profile | None) -> dict[str, FamilyLink]:
    """Return the links in a `DependantsItem` or a `GuardiansItem` by the other person's id.

    A link holds while the item's owner, whose `profile` this is, is registered under the same
    document and not rejected. So the next owner of a phone does not inherit a family.
    """
    DependantsItem.read(raw)  # refuses an unknown version; both classes have the same attributes
    if profile is None or profile.verification is Verification.REJECTED:
        return {}
    document = _beginning(profile)
    return {name: link for name, link, under in _entries(raw) if under == document}


def _entries(raw: Raw) -> Iterator[tuple[str, FamilyLink, str]]:
    for name, stored in sorted(raw.items()):
        if name.startswith(_PERSON):
            letters, since, until, document = stored["S"].split(",")
            link = FamilyLink(
                _RELATIONS[letters[0]],
                _PROOFS[letters[1]],
                _moment(since),
                _moment(until) if until else None,
            )
            yield name, link, document


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _beginning(profile: Profile) -> str:
    return profile.document_blind[:10]  # as in rights


def _coded(link: FamilyLink, owner: Profile) -> str:
    until = "" if link.until is None else str(int(link.until.timestamp()))
    letters = _LETTER[link.relation] + _LETTER[link.proof]
    return f"{letters},{int(link.since.timestamp())},{until},{_beginning(owner)}"


def link_writes(guardian: Profile, dependant: Profile, link: FamilyLink) -> tuple[Change, Change]:
    """Return the writes that record a link, for the caller's transaction.

    The first is on the guardian's side, the second on the dependant's. Their conditions are that
    the link is new, and that neither side has too many.
    """
    mine, theirs = Path([dependant.person_id]), Path([guardian.person_id])
    dependants, guardians = DependantsItem, GuardiansItem
    room = dependants.many.does_not_exist() | (dependants.many < MAX_DEPENDANTS)
    free = guardians.many.does_not_exist() | (guardians.many < MAX_GUARDIANS)
    return (
        Change(
            keys.dependants(guardian.person_id),
            [
                dependants.v.set(dependants.v | dependants.FORMAT),
                dependants.many.add(1),
                mine.set(_coded(link, guardian)),
            ],
            mine.does_not_exist() & room,
        ),
        Change(
            keys.guardians(dependant.person_id),
            [
                guardians.v.set(guardians.v | guardians.FORMAT),
                guardians.many.add(1),
                theirs.set(_coded(link, dependant)),
            ],
            theirs.does_not_exist() & free,
        ),
    )


def unlink_writes(guardian_id: str, dependant_id: str) -> tuple[Change, Change]:
    """Return the writes that remove a link, for the caller's transaction."""
    mine, theirs = Path([dependant_id]), Path([guardian_id])
    return (
        Change(
            keys.dependants(guardian_id),
            [DependantsItem.many.add(-1), mine.remove()],
            mine.exists(),
        ),
        Change(
            keys.guardians(dependant_id),
            [GuardiansItem.many.add(-1), theirs.remove()],
            theirs.exists(),
        ),
    )


class FamilyStore:
    """Family links in the table. See `family.FamilyLinks`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def link(self, guardian: Profile, dependant: Profile, link: FamilyLink) -> None:
        """See `FamilyLinks.link`. Cost: one TransactWriteItems."""
        try:
            self._table.transact(*link_writes(guardian, dependant, link))
        except ConditionFailed as failure:
            full = _is_full(failure.met[0], dependant.person_id)
            raise Conflict("too_many_dependants" if full else "dependant_taken") from None

    def unlink(self, guardian_id: str, dependant_id: str) -> bool:
        """See `FamilyLinks.unlink`. Cost: one TransactWriteItems."""
        try:
            self._table.transact(*unlink_writes(guardian_id, dependant_id))
        except ConditionFailed:
            return False
        return True


def _is_full(mine: Raw | None, dependant_id: str) -> bool:
    """Return whether the guardian's side failed its condition, and not because it has the link."""
    return mine is not None and dependant_id not in mine
