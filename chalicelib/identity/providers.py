"""What is asked of a provider, and what it may answer.

A provider is asked from the queue only, so that its death stops nobody at the door. The travel
card is the exception: it is told for a code that must not lie in a queue, and never at the door
(`admission.travel_card`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol


class ProviderName(str):
    """The name of a kind of provider; the kinds are the modules of `admission.evidence`.

    Here are the names that rules and routes refer to. There may be others.
    """

    __slots__ = ()
    IDENTITY: ClassVar["ProviderName"]
    HEALTH_CODE: ClassVar["ProviderName"]
    NUCLEIC_ACID: ClassVar["ProviderName"]
    VACCINATION: ClassVar["ProviderName"]
    TRAVEL_CARD: ClassVar["ProviderName"]


ProviderName.IDENTITY = ProviderName("identity")
ProviderName.HEALTH_CODE = ProviderName("health_code")
ProviderName.NUCLEIC_ACID = ProviderName("nucleic_acid")
ProviderName.VACCINATION = ProviderName("vaccination")
ProviderName.TRAVEL_CARD = ProviderName("travel_card")


@dataclass(frozen=True)
class Subject:
    """The person asked about, in the clear; never logged, never queued."""

    name: str
    document_type: str
    document_number: str


@dataclass(frozen=True)
class Answer:
    """The provider knows: one of its kind's states, and when it became so (UTC), if it says.

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
