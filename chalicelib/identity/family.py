"""Family links: a guardian acts for a dependant, a child or an elderly person (JN-27, YK-24).

A link stands on both sides. The guardian's side authorises; every request of the guardian reads it
with the session. The dependant's side shows the link to the dependant, who may end it.
"""

from datetime import date, datetime
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
    ``CONSENT``: a code that the dependant made on their own phone. ``OFFICER``: an officer
    transferred the dependant from another guardian.
    """

    FACE = "face"
    HOUSEHOLD = "household"
    CONSENT = "consent"
    OFFICER = "officer"


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


def birthday(born: date, years: int) -> date:
    """Return the day on which a person born on `born` becomes `years` old.

    Without a 29 February in that year it is the 28th, the last day of the month (Civil Code,
    article 202).
    """
    try:
        return born.replace(year=born.year + years)
    except ValueError:
        return born.replace(year=born.year + years, day=28)


class FamilyLinks(Protocol):
    """The store of family links, implemented in `identity/store`.

    The cost of a write is one TransactWriteItems, unless its docstring says otherwise.
    """

    def link(
        self, guardian: "Profile", dependant: "Profile", link: FamilyLink, *, consent: str = ""
    ) -> bool:
        """Record a link on both sides; False if there is one already.

        It holds while both are registered under the documents of these profiles. `consent` is the
        blind index of the dependant's consent code, which is used up. Raises Unprocessable
        ``consent_code_invalid`` if it was used, replaced or has expired. Raises Conflict:
        ``version_conflict`` if the guardian is no longer verified, or one of the two is gone or
        registered otherwise; ``dependant_taken`` if the dependant has two guardians;
        ``too_many_dependants`` if the guardian has eight dependants.
        """

    def create(
        self, guardian: "Profile", dependant: "Profile", link: FamilyLink, *, correlation: str
    ) -> None:
        """Create a managed person, claim their document, and record the link.

        Raises Conflict: ``identity_taken`` if the document has an owner, ``nonce_reused`` if the
        person exists; ``version_conflict``, ``too_many_dependants`` as `link`.
        """

    def unlink(self, guardian_id: str, dependant_id: str) -> bool:
        """Remove a link from both sides; False if there is none."""

    def discard(self, person_id: str) -> bool:
        """Delete a managed person whose registration was rejected, and who has no guardian.

        Returns False for everyone else.
        """

    def transfer(
        self, former_id: str, guardian: "Profile", dependant: "Profile", link: FamilyLink
    ) -> None:
        """Replace the guardian `former_id` by `guardian`. Raises Conflict as `link`.

        ``dependant_taken`` if `former_id` is no guardian, or `guardian` is one already.
        """

    def prune(self, person_id: str, now: datetime) -> bool:
        """Remove the person's links that have ended, and return whether there were any.

        A link ends at its `until`, or when one side registers another document. Cost: a strongly
        consistent Query for the person and each of their links; one TransactWriteItems a link.
        """

    def forget(self, person_id: str) -> None:
        """Remove all links of a person, on both sides, and their items.

        It may be repeated. Cost: one strongly consistent Query, one TransactWriteItems a
        link and one for the items. Raises Unavailable if links are made at the same time.
        """
