"""What is asked of a provider, and what it may answer.

A provider is asked from the queue only, so that its death stops nobody at the door.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ProviderName(StrEnum):
    """The kinds of provider that are asked."""

    IDENTITY = "identity"
    HEALTH_CODE = "health_code"
    NUCLEIC_ACID = "nucleic_acid"


# What a provider may say. Anything else is garbage, and garbage is a fault, never a colour.
STATES: dict[ProviderName, frozenset[str]] = {
    ProviderName.IDENTITY: frozenset({"match", "mismatch"}),
    ProviderName.HEALTH_CODE: frozenset({"green", "yellow", "red", "light_green"}),
    ProviderName.NUCLEIC_ACID: frozenset({"negative", "positive"}),
}


@dataclass(frozen=True)
class Subject:
    """The person asked about, in the clear; never logged, never queued."""

    name: str
    document_type: str
    document_number: str


@dataclass(frozen=True)
class Answer:
    """The provider knows: one of STATES, and when it became so (UTC), if it says."""

    state: str
    observed_at: datetime | None = None
    reason: str = ""


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
