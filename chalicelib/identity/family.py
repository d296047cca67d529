"""Family links: a guardian acts for a dependant, a child or an elderly person (JN-27, YK-24).

A link stands on both sides. The guardian's side authorises; every request of the guardian reads it
with the session. The dependant's side shows the link to the dependant, who may end it.
"""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from chalicelib.identity.people import Profile

MAX_DEPENDANTS = 8
MAX_GUARDIANS = 2


class Relation(StrEnum):
    """What the dependant is to the guardian."""

    CHILD = "child"
    ELDER = "elder"


class Proof(StrEnum):
    """How it was proved that the guardian may act for the dependant (YK-31, YK-32).

    ``FACE``: the dependant's own face check. ``HOUSEHOLD``: both belong to one household.
    ``CONSENT``: a code that the dependant made on their own phone.
    """

    FACE = "face"
    HOUSEHOLD = "household"
    CONSENT = "consent"


class FamilyLink(NamedTuple):
    """A link between a guardian and a dependant.

    It begins at `since` and ends at `until`, a child's 14th birthday; None if it has no end.
    """

    relation: Relation
    proof: Proof
    since: datetime
    until: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """Return whether the link has not ended at `now`."""
        return self.until is None or now < self.until


class FamilyLinks(Protocol):
    """The store of family links, implemented in `identity/store`."""

    def link(self, guardian: "Profile", dependant: "Profile", link: FamilyLink) -> None:
        """Record a link on both sides, in one transaction.

        It holds while both are registered under the documents of these profiles. Raises Conflict:
        ``dependant_taken`` if the dependant has two guardians or this one already,
        ``too_many_dependants`` if the guardian has eight.
        """

    def unlink(self, guardian_id: str, dependant_id: str) -> bool:
        """Remove a link from both sides, in one transaction; False if there is none."""
