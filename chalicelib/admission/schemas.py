"""Schemas of health, passes, manual checks, lists of scans and the lookup queue's messages."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
)

from chalicelib.admission import evidence
from chalicelib.admission.evidence.health_code import Background
from chalicelib.admission.lookup_requests import Declared, Lookup, Message, Settle
from chalicelib.admission.scan import Means
from chalicelib.admission.schemas_scan import (
    PASS_EXAMPLE,
    Component,
    Composed,
    Demo,
    Explained,
    HealthColour,
    MaskedName,
    NucleicAcidShown,
    PersonShown,
    PollAfter,
    TemperatureBand,
    TravelCardShown,
    VenueShown,
)
from chalicelib.core.clock import from_epoch_ms
from chalicelib.core.fields import (
    SCAN_PATTERN,
    Day,
    Moment,
    Nonce,
    Paged,
    PersonName,
    Phone,
    Request,
    Response,
    ScanId,
    VenueName,
    described,
)
from chalicelib.core.ids import PATTERN
from chalicelib.identity.providers import ProviderName
from chalicelib.identity.schemas import DocumentKind, DocumentNumber, RealName


def _looked_up(name: str) -> str:
    if name not in evidence.looked_up():
        raise ValueError("not asked from the queue")
    return name


class ManualCheckRequest(Request):
    """A manual check of a visitor without a phone, by name and document number."""

    nonce: Nonce
    name: PersonName
    document_type: DocumentKind
    document_number: DocumentNumber
    phone: Phone | None = None
    """A contact phone, perhaps a relative's. The region's policy requires, allows or forbids it."""
    temperature: TemperatureBand | None = None


class HealthCodeShown(HealthColour):
    """The caller's health code, with the provider's texts; only some colours have them."""

    group: str | None = Field(examples=[None])
    """The group to which the person belongs, as the ground for the colour."""
    reason: str | None = Field(examples=[None])
    lifting: str | None = Field(examples=[None])
    """How to have the colour lifted."""
    report_to: str | None = Field(examples=[None])
    """Whom the holder of yellow or red reports to."""


class Named(Response):
    """A person's masked name."""

    name: MaskedName


class ManualCheck(Response):
    """A manual check. While it is `pending` it has no outcome; poll after `poll_after_ms`.

    The colour and the masked name are shown only if name and number match.
    """

    check_id: ScanId
    status: Literal["pending", "answered"]
    poll_after_ms: PollAfter
    checked_at: Moment
    venue: VenueShown
    person: Named | None
    """Null unless name and number match."""
    outcome: Literal["admit", "check", "refuse"] | None
    outcome_text: str | None = Field(examples=["Let them in"])
    reasons: list[Explained]
    next_steps: list[Explained]
    health_code: HealthColour | None
    """Its `fetched_at` is always null, because it would reveal earlier lookups of the person."""
    temperature: TemperatureBand | None
    demo: Demo
    """A notice to show with the result; only set on a demonstration system."""


class AccessShown(Response):
    """An access to the caller's data."""

    at: Moment
    """When the data was read; of a day's readings by a guardian or staff member, the last one."""
    kind: Literal["manual_check", "staff", "guardian", "kiosk", "officer"]
    place: str = Field(examples=["信宜市人民医院"])
    """The name of the venue, kiosk or office, or the masked name of the guardian."""
    venue_name: VenueName | None
    """The venue of the staff; null for the other kinds."""
    text: str = Field(examples=["Staff entered your ID number to look up a health code."])


class AccessList(Response):
    """The accesses to the caller's data, newest first."""

    items: list[AccessShown]
    next_cursor: str | None = Field(examples=[None])


class AbnormalScansQuery(Paged):
    """The selection of a venue's scans."""

    outcome: Literal["abnormal"]
    """Only abnormal scans can be listed."""
    day: Day | None = None
    """The venue's local day; today by default."""


class AbnormalScan(Response):
    """An abnormal scan in the list of a day."""

    scan_id: ScanId
    scanned_at: Moment
    received_at: Moment
    """Later than `scanned_at` if the device was offline."""
    means: Means
    person: PersonShown
    outcome: Literal["check", "refuse"]
    outcome_text: str = Field(examples=["Please come in"])
    reasons: list[Explained]
    temperature: TemperatureBand | None


class AbnormalScans(Response):
    """The abnormal scans of a venue's day, by time."""

    items: list[AbnormalScan]
    next_cursor: str | None = Field(examples=[None])


class Health(Composed):
    """The caller's health evidence. While `poll_after_ms` is set, answers are pending."""

    poll_after_ms: PollAfter

    @classmethod
    def models(cls) -> dict[str, type[Component]]:
        """Return the models of the components, by kind."""
        found = {
            name: model for name, model in super().models().items() if evidence.of(name).in_health
        }
        return found | {ProviderName.HEALTH_CODE: HealthCodeShown}


class NucleicAcid(NucleicAcidShown):
    """The caller's latest result within 14 days. While `poll_after_ms` is set, it is pending."""

    poll_after_ms: PollAfter


class CardCode(Response):
    """The result of a code request: `sent` by the carrier, or the day's card is already `known`."""

    status: Literal["sent", "known"]
    resend_after_s: int = Field(examples=[60])
    travel_card: TravelCardShown
    next_steps: list[Explained]


class CardCodeRequest(Request):
    """The code that the carrier sent."""

    code: str = Field(pattern=r"^[0-9]{4,8}$", examples=["123456"])
    scan_id: Annotated[str | None, Field(max_length=60), described(None, pattern=SCAN_PATTERN)] = (
        None
    )
    """The scan on whose page the code was entered; the card is added to it."""


_LookedUp = Annotated[str, AfterValidator(_looked_up)]


class _LookupFields(Request):
    """What both versions of a lookup message hold."""

    kind: Literal["lookup"] = "lookup"
    person: str = Field(pattern=r"^per_[0-9A-Z]{16}$")
    asked_at: int = Field(ge=0, lt=2**47)  # within the calendar, which ends in 9999
    registration: int = Field(ge=0)
    scan: str = Field("", pattern=SCAN_PATTERN)
    correlation: str = Field(max_length=64)


class LookupMessage(_LookupFields):
    """A message of the lookup queue, version 2: ask providers about a person."""

    v: Literal[2] = 2
    providers: Annotated[tuple[_LookedUp, ...], Field(min_length=1, max_length=20)]
    attempt: int = Field(ge=0, le=100)
    afresh: bool
    since: int | None = Field(None, ge=0, lt=2**47)


class OldLookupMessage(_LookupFields):
    """The same, version 1, of releases up to 0.2.0: ask one provider."""

    v: Literal[1] = 1
    provider: _LookedUp


class DeclarationMessage(Request):
    """A message of the lookup queue, version 1: deliver a health declaration."""

    v: Literal[1] = 1
    kind: Literal["declaration"] = "declaration"
    person: str = Field(pattern=r"^per_[0-9A-Z]{16}$")
    record: str = Field(pattern=rf"^dec_[0-9a-f]{{12}}_{PATTERN}$")
    scan: str = Field("", pattern=SCAN_PATTERN)
    correlation: str = Field(max_length=64)


class SettleMessage(Request):
    """A message of the settle queue, version 1: end a scan's wait.

    Until 0.2.0 it was a message of the lookup queue.
    """

    v: Literal[1] = 1
    kind: Literal["settle"] = "settle"
    scan: str = Field(pattern=r"^scn_[0-9A-Z]{16}_[0-9a-f]{12}_[0-9A-Z]{16}$")
    correlation: str = Field(max_length=64)


class _Message(Request):
    message: Annotated[
        Annotated[LookupMessage | OldLookupMessage, Field(discriminator="v")]
        | DeclarationMessage
        | SettleMessage,
        Field(discriminator="kind"),
    ]


def decode(body: str) -> Message:
    """Return the message in a queue's text. Raises ValueError if it is invalid."""
    message = _Message.model_validate_json(f'{{"message":{body}}}').message
    if isinstance(message, SettleMessage):
        return Settle(message.scan, message.correlation)
    if isinstance(message, DeclarationMessage):
        return Declared(message.person, message.record, message.scan, message.correlation)
    lookup = Lookup(
        providers=(),
        person_id=message.person,
        asked_at=from_epoch_ms(message.asked_at),
        registration=message.registration,
        correlation=message.correlation,
        scan_id=message.scan,
    )
    if isinstance(message, OldLookupMessage):
        return lookup._replace(providers=(ProviderName(message.provider),))
    return lookup._replace(
        providers=tuple(map(ProviderName, message.providers)),
        attempt=message.attempt,
        afresh=message.afresh,
        since=None if message.since is None else from_epoch_ms(message.since),
    )


def decode_settle(body: str) -> Settle:
    """Return the message in the settle queue's text. Raises ValueError if it is invalid."""
    message = decode(body)
    if not isinstance(message, Settle):
        raise ValueError("not the end of a wait")
    return message


class LivePass(Response):
    """The caller's pass: show it as a QR code, and request a new one after `refresh_after_s`.

    While `poll_after_ms` is set, the colour is pending.
    """

    code: str = Field(examples=[PASS_EXAMPLE])
    """The content of the QR code: capitals, digits and dots."""
    name: MaskedName
    """Masked."""
    minted_at: Moment
    expires_at: Moment
    refresh_after_s: int = Field(examples=[60])
    health_code: HealthCodeShown
    background: Background
    """The colour of the pass's background, by the health code; grey while there is no colour."""
    advice: str | None = Field(examples=["Please come in; wear a mask."])
    """What the holder of this colour should do."""
    poll_after_ms: PollAfter
    demo: Demo


class CardRequest(Request):
    """The document that a kiosk has read, to print its owner's paper pass.

    `replace`: the former paper pass was lost; it is revoked.
    """

    nonce: Nonce
    name: RealName
    document_type: DocumentKind
    document_number: DocumentNumber
    form: Literal["card_pdf", "sheet_pdf"] = "card_pdf"
    replace: bool = False


CARD_PATTERN = f"^crd_{PATTERN}$"
CardId = Annotated[str, described("crd_7RHYG5G075CMMCW9", pattern=CARD_PATTERN)]


class KioskCard(Response):
    """A card that a kiosk has asked for. When it is ready, `url` downloads it until `expires_at`.

    `rejected`: name and document do not match, or this service has no such person. `failed`: a
    character of the name cannot be printed.
    """

    card_id: CardId
    form: Literal["card_pdf", "sheet_pdf"]
    status: Literal["pending", "ready", "rejected", "failed"]
    poll_after_ms: int | None = Field(examples=[2000])
    url: str | None = Field(examples=[None])
    expires_at: Moment | None = Field(examples=[None])
