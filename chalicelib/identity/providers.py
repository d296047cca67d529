"""Requests to providers, and their answers.

Providers are called from the queue only, so that their outage does not delay a visitor. The travel
card is the exception: it needs a code that must not be queued, and is called before a visit, never
at the door (`admission.travel_card`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol


class ProviderName(str):
    """The name of a kind of provider. The kinds are the modules of `admission.evidence`.

    This class lists the names that rules, routes and document types refer to. There may be others.
    """

    __slots__ = ()
    IDENTITY: ClassVar["ProviderName"]
    HEALTH_CODE: ClassVar["ProviderName"]
    NUCLEIC_ACID: ClassVar["ProviderName"]
    VACCINATION: ClassVar["ProviderName"]
    TRAVEL_CARD: ClassVar["ProviderName"]
    EXIT_ENTRY: ClassVar["ProviderName"]
    BIRTH_REGISTRY: ClassVar["ProviderName"]


ProviderName.IDENTITY = ProviderName("identity")
ProviderName.HEALTH_CODE = ProviderName("health_code")
ProviderName.NUCLEIC_ACID = ProviderName("nucleic_acid")
ProviderName.VACCINATION = ProviderName("vaccination")
ProviderName.TRAVEL_CARD = ProviderName("travel_card")
ProviderName.EXIT_ENTRY = ProviderName("exit_entry")
ProviderName.BIRTH_REGISTRY = ProviderName("birth_registry")


@dataclass(frozen=True)
class Subject:
    """The person of a lookup, in plain text. Never logged, never queued.

    The names of the fields are those of the partners' protocols.
    """

    name: str
    document_type: str
    document_number: str


@dataclass(frozen=True)
class Answer:
    """A provider's answer: one of its kind's states, and since when (UTC) if it is known.

    A health code may carry the `group` of the person, the `reason` of the colour, `how_to_clear`
    it, and whom to `report_to`, in the provider's words (YK-34). `doses` counts the doses of
    vaccine; the last one was given at `observed_at`.
    """

    state: str
    observed_at: datetime | None = None
    reason: str = ""
    group: str = ""
    how_to_clear: str = ""
    doses: int | None = None
    report_to: str = ""


@dataclass(frozen=True)
class Absent:
    """The provider has no record of the subject."""


@dataclass(frozen=True)
class Pending:
    """The provider is still working; poll again after `poll_after_ms` milliseconds."""

    poll_after_ms: int


class FaultKind(StrEnum):
    """The kind of a partner's fault.

    ``OPEN``: it was not asked, because it has just failed several times in a row.
    """

    TIMEOUT = "timeout"
    REFUSED = "refused"
    STATUS = "status"
    GARBAGE = "garbage"
    OPEN = "open"


class ProviderFault(Exception):
    """The provider refused, timed out, or sent an invalid answer. It is asked again later.

    `known_dead`: its last requests have all failed, so that nobody need wait for it.
    """

    def __init__(
        self, message: str, kind: FaultKind = FaultKind.GARBAGE, *, known_dead: bool = False
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.known_dead = known_dead


class Provider(Protocol):
    """A provider. There is an adapter for each protocol."""

    def lookup(self, subject: Subject, *, request_id: str) -> Answer | Absent | Pending:
        """Return the provider's answer about `subject`. Cost: one request. Raises ProviderFault.

        `request_id` is the same for every retry of a lookup.
        """


class HealthDeclarations(Protocol):
    """The health code provider's intake of health declarations."""

    def declare(self, subject: Subject, declaration: Mapping[str, Any], *, request_id: str) -> bool:
        """Deliver a declaration, as JSON values; False if the provider does not know the subject.

        Cost: one request. Raises ProviderFault. `request_id` is the same for every delivery of a
        declaration, and the provider acts on it once.
        """
