"""What is asked of a provider, and what it may answer.

A provider is asked from the queue only, so that its death stops nobody at the door. The travel
card is the exception: it is told for a code that must not lie in a queue, and never at the door
(`admission.travel_card`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ProviderName(StrEnum):
    """The kinds of provider."""

    IDENTITY = "identity"
    HEALTH_CODE = "health_code"
    NUCLEIC_ACID = "nucleic_acid"
    VACCINATION = "vaccination"
    TRAVEL_CARD = "travel_card"


LOOKED_UP = tuple(name for name in ProviderName if name is not ProviderName.TRAVEL_CARD)
"""Those that are asked about a person, from the queue."""


# What a provider may say. Anything else is garbage, and garbage is a fault, never a colour.
STATES: dict[ProviderName, frozenset[str]] = {
    ProviderName.IDENTITY: frozenset({"match", "mismatch"}),
    ProviderName.HEALTH_CODE: frozenset({"green", "yellow", "red", "light_green"}),
    ProviderName.NUCLEIC_ACID: frozenset({"negative", "positive"}),
    ProviderName.VACCINATION: frozenset({"complete", "partial", "none"}),
    ProviderName.TRAVEL_CARD: frozenset({"normal", "abnormal"}),
}


@dataclass(frozen=True)
class Subject:
    """The person asked about, in the clear; never logged, never queued."""

    name: str
    document_type: str
    document_number: str


@dataclass(frozen=True)
class Answer:
    """The provider knows: one of STATES, and when it became so (UTC), if it says.

    A health code may come with the `group` that the person was put in, the `reason`, and
    `how_to_clear` the colour, in the provider's words (YK-34). `doses` of vaccine were given, the
    last one at `observed_at`.
    """

    state: str
    observed_at: datetime | None = None
    reason: str = ""
    group: str = ""
    how_to_clear: str = ""
    doses: int | None = None


@dataclass(frozen=True)
class Absent:
    """The provider has no record of the subject."""


@dataclass(frozen=True)
class Pending:
    """The provider is still working; ask again after so many milliseconds."""

    poll_after_ms: int


class ProviderFault(Exception):
    """The provider refused, hung, or answered garbage; the message will be tried again."""


class Provider(Protocol):
    """One provider; an adapter per protocol that providers speak."""

    def lookup(self, subject: Subject, *, request_id: str) -> Answer | Absent | Pending:
        """Ask about `subject`. `request_id` is the same for every try of one lookup.

        Raises ProviderFault.
        """
