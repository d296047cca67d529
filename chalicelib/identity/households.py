"""The register of households: whether a guardian and a child belong to the same one (YK-31, YK-32).

It is called during the request, because the guardian waits for the result and nobody stands at a
door (docs/decisions/0125).
"""

from datetime import date
from typing import Protocol

from chalicelib.identity.providers import Subject


class Households(Protocol):
    """The register of households. Every province sends its answers through one service."""

    def same_household(
        self, guardian: Subject, child: Subject, *, request_id: str, born: date | None = None
    ) -> bool:
        """Return whether the register has both under these names and numbers in one household.

        The child is named by the ID number, or, from another province, by the number of the birth
        certificate, which carries no date: then `born` is the birth date that the guardian entered.
        An unknown child, another name, birth date or household are all False, so that a number
        reveals nothing. The same `request_id` gets the same answer. Cost: one request.
        Raises TooMany, and Unavailable for faults and timeouts.
        """
