"""Items of family links, and the writes that change them; `family_links` has the store.

A person's dependants are one item, ``HOT#DEPENDANTS``, with an attribute for each dependant; their
guardians are another, ``HOT#GUARDIANS``. `many` counts the attributes, so that a condition can
limit them. An attribute holds letters of relation and proof, the times in epoch seconds, and the
beginning of the blind index of the document that the item's owner had then: ``cf,1764115200,,1:A…``
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from pynamodb.expressions.operand import Path

from chalicelib.core import keys
from chalicelib.core.attributes import IntegerAttribute
from chalicelib.core.table import ABSENT, Change, Check, Delete, Item, Raw
from chalicelib.identity.family import (
    MAX_DEPENDANTS,
    MAX_GUARDIANS,
    FamilyLink,
    Proof,
    Relation,
)
from chalicelib.identity.people import Profile, Verification

_RELATIONS = {"c": Relation.CHILD, "e": Relation.ELDER}
_PROOFS = {"f": Proof.FACE, "h": Proof.HOUSEHOLD, "c": Proof.CONSENT, "o": Proof.OFFICER}
_LETTER = {one: letter for letter, one in (*_RELATIONS.items(), *_PROOFS.items())}
_PERSON = "per_"


class DependantsItem(Item):
    """HOT#DEPENDANTS: for each dependant's id, the link."""

    many = IntegerAttribute(attr_name="n", default=0)


class GuardiansItem(Item):
    """HOT#GUARDIANS: for each guardian's id, the link."""

    many = IntegerAttribute(attr_name="n", default=0)


def read_links(
    raw: Raw, profile: Profile | None, same: Callable[[str, str], bool]
) -> dict[str, FamilyLink]:
    """Return the links in a `DependantsItem` or a `GuardiansItem` by the other person's id.

    `same` is `Table.same_index`.

    A link holds while the item's owner, whose `profile` this is, is registered under the same
    document and not rejected. So the next owner of a phone does not inherit a family. A guardian
    needs an approval after a rejection: an edit alone does not let them act for others (JN-20).
    """
    DependantsItem.read(raw)  # refuses an unknown version; both classes have the same attributes
    if profile is None or profile.verification is Verification.REJECTED:
        return {}
    if profile.blocked and raw["sk"]["S"] == keys.dependants(profile.person_id).sk:
        return {}
    document = profile.document_beginning
    return {name: link for name, link, under in entries(raw) if same(under, document)}


def entries(raw: Raw) -> Iterator[tuple[str, FamilyLink, str]]:
    """Yield for each link: the other person's id, the link, the owner's document then."""
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


def _coded(link: FamilyLink, owner: Profile) -> str:
    until = "" if link.until is None else str(int(link.until.timestamp()))
    letters = _LETTER[link.relation] + _LETTER[link.proof]
    return f"{letters},{int(link.since.timestamp())},{until},{owner.document_beginning}"


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


def link_stands(guardian_id: str, dependant_id: str) -> Check:
    """Return the condition that the dependant's side has the link."""
    return Check(keys.guardians(dependant_id), Path([guardian_id]).exists())


def transfer_writes(
    former_id: str, guardian: Profile, dependant: Profile, link: FamilyLink
) -> tuple[Change, Change, Change]:
    """Return the writes that replace a guardian by another, for the caller's transaction.

    They are on the new guardian's side, the dependant's side, and the former guardian's side.
    """
    gained, _ = link_writes(guardian, dependant, link)
    lost, _ = unlink_writes(former_id, dependant.person_id)
    new, former = Path([guardian.person_id]), Path([former_id])
    replaced = Change(
        keys.guardians(dependant.person_id),
        [new.set(_coded(link, dependant)), former.remove()],
        former.exists() & new.does_not_exist(),
    )
    return gained, replaced, lost


def ending_writes(person_id: str, guardians: Raw | None) -> list[Change | Delete]:
    """Return the writes that end all links of a person's `guardians`, as that item was read."""
    key = keys.guardians(person_id)
    if guardians is None:
        return [Delete(key, ABSENT)]
    ids = [name for name, _, _ in entries(guardians)]
    same = GuardiansItem.many == len(ids)
    for guardian_id in ids:
        same &= Path([guardian_id]).exists()
    return [Delete(key, same), *(unlink_writes(one, person_id)[0] for one in ids)]


def has_links(raw: Raw) -> bool:
    """Return whether an item holds a link."""
    return any(name.startswith(_PERSON) for name in raw)


def is_over(link: FamilyLink, now: datetime, *, registered: bool) -> bool:
    """Return whether a link has ended: by time, or because its owner is not `registered`.

    The owner is, while they have a profile with the document that they had then.
    """
    return not registered or not link.in_force(now)
