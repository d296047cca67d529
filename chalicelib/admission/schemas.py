"""What a scan looks like over HTTP: one screen (JN-11), and the messages of the lookup queue."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.admission.snapshots import Lookup, Settle
from chalicelib.core.clock import from_epoch_ms
from chalicelib.core.fields import Nonce, Request, Response
from chalicelib.identity.providers import ProviderName


class ScanRequest(Request):
    """Scan a venue's code: whatever the scanner or launch parameter handed over."""

    nonce: Nonce
    code: Annotated[str, Field(min_length=1, max_length=2048)]


class VenueShown(Response):
    """The venue on the visitor's screen."""

    venue_id: str
    name: str
    type_name: str
    region_name: str


class PersonShown(Response):
    """The visitor on the screen, masked."""

    name: str
    phone: str


class Component(Response):
    """One thing known of the visitor, with its source's time and our own."""

    state: Literal[
        "green", "yellow", "red", "light_green", "negative", "positive",
        "absent", "unknown", "pending",
    ]  # fmt: skip
    text: str
    observed_at: datetime | None
    fetched_at: datetime | None
    stale: bool


class Explained(Response):
    """A stable code and its text in the caller's language."""

    code: str
    text: str


class Screen(Response):
    """The answer to a scan. While `poll_after_ms` is set, something is still on its way."""

    scan_id: str
    scanned_at: datetime
    venue: VenueShown
    checkpoint: str | None
    person: PersonShown
    outcome: Literal["admit", "check", "refuse", "pending"]
    outcome_text: str
    reasons: list[Explained]
    next_steps: list[Explained]
    health_code: Component
    nucleic_acid: Component
    vaccination: Component
    travel_card: Component
    poll_after_ms: int | None
    demo: str | None
    """Set on a demonstration system, to be shown with the screen."""


class LookupMessage(Request):
    """A message of the lookup queue, version 1: ask a provider about a person."""

    v: Literal[1] = 1
    kind: Literal["lookup"] = "lookup"
    provider: ProviderName = Field(strict=False)
    person: str = Field(pattern=r"^per_[0-9A-Z]{16}$")
    asked_at: int = Field(ge=0, lt=2**47)  # the calendar ends above it
    registration: int = Field(ge=0)
    correlation: str = Field(max_length=64)


class SettleMessage(Request):
    """A message of the lookup queue, version 1: end a scan's waiting."""

    v: Literal[1] = 1
    kind: Literal["settle"] = "settle"
    scan: str = Field(pattern=r"^scn_[0-9A-Z]{16}_[0-9a-f]{12}_[0-9A-Z]{16}$")
    correlation: str = Field(max_length=64)


class _Message(Request):
    message: Annotated[LookupMessage | SettleMessage, Field(discriminator="kind")]


def decode(body: str) -> Lookup | Settle:
    """The message in the queue's text. Raises ValueError for what is none."""
    message = _Message.model_validate_json(f'{{"message":{body}}}').message
    if isinstance(message, SettleMessage):
        return Settle(message.scan, message.correlation)
    return Lookup(
        provider=message.provider,
        person_id=message.person,
        asked_at=from_epoch_ms(message.asked_at),
        registration=message.registration,
        correlation=message.correlation,
    )
