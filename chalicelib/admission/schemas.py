"""Schemas of scans over HTTP (one screen, JN-11), and of the lookup queue's messages."""

import functools
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    create_model,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue

from chalicelib.admission import evidence
from chalicelib.admission.evidence.health_code import Background
from chalicelib.admission.evidence.kind import Kind
from chalicelib.admission.lookup_requests import Declared, Lookup, Message, Settle
from chalicelib.admission.scan import Means, PassKind
from chalicelib.core.clock import from_epoch_ms
from chalicelib.core.fields import (
    SCAN_PATTERN,
    Day,
    Nonce,
    Paged,
    PersonId,
    PersonName,
    Phone,
    RegionName,
    Request,
    Response,
    ScanId,
    TypeName,
    VenueId,
    VenueName,
    described,
)
from chalicelib.core.ids import CHARACTER, PATTERN
from chalicelib.core.messages import TEXTS
from chalicelib.identity.providers import ProviderName
from chalicelib.identity.schemas import DocumentKind, DocumentNumber, RealName

PollAfter = Annotated[int | None, Field(examples=[None])]
"""Milliseconds; null when no answer is pending."""
MaskedName = Annotated[str, Field(examples=["梁**"])]
Demo = Annotated[str | None, Field(examples=[None])]


def _states(name: ProviderName, example: str, *others: str) -> Any:
    """Return the schema of a component's state: the provider's states and `others`."""
    states = sorted(evidence.states(name))
    return described(example, enum=[*states, *others, "unknown", "pending"])


def _looked_up(name: str) -> str:
    if name not in evidence.looked_up():
        raise ValueError("not asked from the queue")
    return name


_PASS = "VP1.L.1.7RHYG5G075CMMCW9.1G2RDWE00.32P3WWT3Y0B8J32H"  # noqa: S105 (none)
_PASS_PATTERN = (
    rf"^VP1\.(L\.[0-9A-Z]{{1,8}}\.{PATTERN}\.{CHARACTER}{{9}}\.{PATTERN}"
    rf"|C\.[0-9A-Z]{{1,8}}\.{PATTERN}\.{CHARACTER}{{9}}\.{PATTERN}\.{PATTERN}"
    rf"|P\.[0-9A-Z]{{1,8}}\.{CHARACTER}{{41}})$"
)


class Location(Request):
    """Where the phone is, as its platform says."""

    latitude: float = Field(ge=-90, le=90, examples=[22.35])
    longitude: float = Field(ge=-180, le=180, examples=[110.94])
    accuracy_m: float = Field(ge=0, le=1_000_000, examples=[30])
    """The radius in metres. Above 5,000 the location is not kept."""


class ScanRequest(Request):
    """A scan of a venue's code; `code` is the text from the scanner or the launch parameter."""

    nonce: Nonce
    code: Annotated[
        str,
        Field(min_length=1, max_length=2048),
        described("https://V.EXAMPLE.COM/V/32P3WWT3Y0B8J32H", pattern="[0-9A-Za-z]{16}"),
    ]
    on_behalf_of: Annotated[PersonId, Field(max_length=40)] | None = None
    """The dependant who enters, if the caller scans for them."""
    location: Location | None = None
    """Optional. Ask for it with the text `location_purpose`."""


class PassScanRequest(Request):
    """A staff member's scan of a visitor's pass, live or on paper, with the temperature."""

    nonce: Nonce
    pass_code: Annotated[
        str,
        Field(min_length=1, max_length=200),
        described(_PASS, pattern=_PASS_PATTERN, accepts="lower case, and white space around it"),
    ]
    temperature: Literal["normal", "fever"] | None = None


class ManualCheckRequest(Request):
    """A manual check of a visitor without a phone, by name and document number."""

    nonce: Nonce
    name: PersonName
    document_type: DocumentKind
    document_number: DocumentNumber
    phone: Phone | None = None
    """A contact phone, perhaps a relative's. The region's policy requires, allows or forbids it."""
    temperature: Literal["normal", "fever"] | None = None


class VenueShown(Response):
    """The venue on a screen."""

    venue_id: VenueId
    name: VenueName
    type_name: TypeName
    region_name: RegionName


class PersonShown(Response):
    """The visitor on a screen, masked."""

    name: MaskedName
    phone: str | None = Field(examples=["+86138****0001"])
    """Null for the subject of a manual check."""


class Component(Response):
    """Evidence from one provider: `observed_at` is the source's time, `fetched_at` the server's."""

    state: str
    text: str = Field(examples=["Green"])
    observed_at: datetime | None
    fetched_at: datetime | None
    stale: bool


class HealthColour(Component):
    """The colour of a health code."""

    state: Annotated[
        str,
        _states(ProviderName.HEALTH_CODE, "green", "unconfirmed", "absent"),
    ]
    """The provider's state, or `unconfirmed`: green at the last lookup, and stale."""


class HealthCodeShown(HealthColour):
    """The caller's health code, with the provider's texts; only some colours have them."""

    group: str | None = Field(examples=[None])
    """The group to which the person belongs, as the ground for the colour."""
    reason: str | None = Field(examples=[None])
    lifting: str | None = Field(examples=[None])
    """How to have the colour lifted."""
    report_to: str | None = Field(examples=[None])
    """Whom the holder of yellow or red reports to."""


class NucleicAcidShown(Component):
    """The latest result within 14 days."""

    state: Annotated[str, _states(ProviderName.NUCLEIC_ACID, "negative", "absent")]
    text: str = Field(examples=["Negative, within 48 hours"])
    within_48h: bool
    """Whether the test was taken within the 48 hours before the scan, or before now."""
    within_hours: int | None = Field(examples=[12])
    """The age of the result at that time in hours, rounded up; null without a result."""


class TravelCardShown(Component):
    """The travel card of the local day: normal or abnormal only."""

    state: Annotated[str, _states(ProviderName.TRAVEL_CARD, "normal", "code_needed")]
    text: str = Field(examples=["Normal"])
    valid_until: datetime | None
    official_url: str = Field(examples=["https://xc.caict.ac.cn/"])
    """The official travel card, for details."""


@functools.cache
def component_model(kind: Kind) -> type[Component]:
    """Return the model of the component that shows `kind`.

    A kind whose component is also the response of a route has a class above. The other models are
    built from the kind's fields.
    """
    classes: dict[str, type[Component]] = {
        ProviderName.HEALTH_CODE: HealthColour,
        ProviderName.NUCLEIC_ACID: NucleicAcidShown,
        ProviderName.TRAVEL_CARD: TravelCardShown,
    }
    if kind.name in classes:
        return classes[kind.name]
    name = kind.name.title().replace("_", "")
    unanswered = "code_needed" if kind.by_code else "absent"
    state: Any = Annotated[str, _states(kind.name, kind.example, unanswered)]
    fields: dict[str, Any] = {
        field: (annotation, Field(description=text or None, examples=[example]))
        for field, (annotation, text, example) in kind.fields.items()
    }
    return create_model(
        f"{name}Shown",
        __base__=Component,
        __module__="components",  # field descriptions come from `fields`, not from source
        __doc__=f"Evidence on the {kind.name.replace('_', ' ')}.",
        state=(state, ...),
        text=(str, Field(examples=[TEXTS[f"state.{kind.example}"]])),
        **fields,
    )


class Composed(Response):
    """A response with one component per kind of provider, under the kind's name.

    Components are extra fields, because the kinds are registered in a table.
    """

    model_config = ConfigDict(extra="allow")

    @classmethod
    def models(cls) -> dict[str, type[Component]]:
        """Return the models of the components, by kind."""
        return {name: component_model(evidence.of(name)) for name in evidence.shown()}

    @model_validator(mode="after")
    def _are_complete(self) -> Self:
        if (self.__pydantic_extra__ or {}).keys() != self.models().keys():
            raise ValueError("there must be a component per kind")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema, including the components."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        schema.pop("additionalProperties", None)
        fields: dict[str, Any] = {name: (model, ...) for name, model in cls.models().items()}
        components = create_model(
            "Components", __module__="components", **fields
        ).__pydantic_core_schema__
        described = handler.resolve_ref_schema(handler(components))
        schema["properties"] |= described["properties"]
        schema["required"] += described["required"]
        return schema


class Explained(Response):
    """A stable code and its text in the caller's language."""

    code: str = Field(examples=["health_code_green"])
    text: str = Field(examples=["Health code: green."])


class Screen(Composed):
    """The response to a scan. While `poll_after_ms` is set, answers are pending."""

    scan_id: ScanId
    scanned_at: datetime
    received_at: datetime
    """Later than `scanned_at` if the device was offline."""
    venue: VenueShown
    checkpoint: str | None = Field(examples=[None])
    means: Means
    pass_kind: PassKind | None = Field(examples=["live"])
    """The pass that staff scanned; `companion`: on a guardian's phone; `paper`: compare the ID."""
    person: PersonShown
    outcome: Literal["admit", "check", "refuse", "pending"]
    outcome_text: str = Field(examples=["Please come in"])
    reasons: list[Explained]
    next_steps: list[Explained]
    temperature: Literal["normal", "fever"] | None
    poll_after_ms: PollAfter
    demo: Demo
    """A notice to show with the screen; only set on a demonstration system."""


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
    checked_at: datetime
    venue: VenueShown
    person: Named | None
    """Null unless name and number match."""
    outcome: Literal["admit", "check", "refuse"] | None
    outcome_text: str | None = Field(examples=["Let them in"])
    reasons: list[Explained]
    next_steps: list[Explained]
    health_code: HealthColour | None
    """Its `fetched_at` is always null, because it would reveal earlier lookups of the person."""
    temperature: Literal["normal", "fever"] | None
    demo: Demo
    """A notice to show with the result; only set on a demonstration system."""


class AccessShown(Response):
    """An access to the caller's data."""

    at: datetime
    """When the data was read; of several readings by a guardian in a day, the last one."""
    kind: Literal["manual_check", "guardian", "kiosk", "officer"]
    place: str = Field(examples=["信宜市人民医院"])
    """The name of the venue, kiosk or office, or the masked name of the guardian."""
    venue_name: VenueName | None
    """The venue of a manual check; null for the other kinds."""
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
    scanned_at: datetime
    received_at: datetime
    """Later than `scanned_at` if the device was offline."""
    means: Means
    person: PersonShown
    outcome: Literal["check", "refuse"]
    outcome_text: str = Field(examples=["Please come in"])
    reasons: list[Explained]
    temperature: Literal["normal", "fever"] | None


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

    code: str = Field(examples=[_PASS])
    """The content of the QR code: capitals, digits and dots."""
    name: MaskedName
    """Masked."""
    minted_at: datetime
    expires_at: datetime
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
    expires_at: datetime | None = Field(examples=[None])
