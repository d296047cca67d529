"""Schemas of a scan over HTTP: its request, and the one screen with its components (JN-11).

Every cold start that serves a scan loads this module; other schemas are in `schemas`.
"""

import functools
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
from chalicelib.admission.evidence.kind import Kind
from chalicelib.admission.judge import Outcome
from chalicelib.admission.scan import Means, PassKind
from chalicelib.core import normalisation
from chalicelib.core.fields import (
    Moment,
    Nonce,
    PersonId,
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

TemperatureBand = Literal["normal", "fever"]
"""A measured temperature."""
AnyOutcome = Literal[Outcome.ADMIT, Outcome.CHECK, Outcome.REFUSE, Outcome.PENDING]
PollAfter = Annotated[int | None, Field(examples=[None])]
"""Milliseconds; null when no answer is pending."""
MaskedName = Annotated[str, Field(examples=["梁**"])]
Demo = Annotated[str | None, Field(examples=[None])]


def states(name: ProviderName, example: str, *others: str) -> Any:
    """Return the schema of a component's state: the provider's states and `others`.

    ``identity_pending``: nothing is asked until name and number are verified to match.
    """
    states = sorted(evidence.states(name))
    return described(example, enum=[*states, *others, "unknown", "pending", "identity_pending"])


PASS_EXAMPLE = "VP1.L.1.7RHYG5G075CMMCW9.1G2RDWE00.32P3WWT3Y0B8J32H"  # noqa: S105 (none)
PASS_PATTERN = (
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


def _pass_code(value: str) -> str:
    return normalisation.scanned(value).upper()


class PassScanRequest(Request):
    """A staff member's scan of a visitor's pass, live or on paper, with the temperature."""

    nonce: Nonce
    pass_code: Annotated[
        str,
        Field(min_length=1, max_length=200),
        AfterValidator(_pass_code),  # a retry may come from another scanner
        described(
            PASS_EXAMPLE,
            pattern=PASS_PATTERN,
            accepts="lower case, full-width characters, and what scanners add",
        ),
    ]
    temperature: TemperatureBand | None = None


class TemperatureRequest(Request):
    """The temperature of a visitor whose pass was scanned, measured afterwards.

    The `nonce` tells which of several is the last one measured. A client of a former release sends
    none.
    """

    nonce: Nonce | None = None
    temperature: TemperatureBand


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
    observed_at: Moment | None
    fetched_at: Moment | None
    stale: bool


class HealthColour(Component):
    """The colour of a health code."""

    state: Annotated[
        str,
        states(ProviderName.HEALTH_CODE, "green", "unconfirmed", "absent"),
    ]
    """The provider's state, or `unconfirmed`: green at the last lookup, and stale."""


class NucleicAcidShown(Component):
    """The latest result within 14 days."""

    state: Annotated[str, states(ProviderName.NUCLEIC_ACID, "negative", "absent")]
    text: str = Field(examples=["Negative, within 48 hours"])
    within_48h: bool
    """Whether the test was taken within the 48 hours before the scan, or before now."""
    within_hours: int | None = Field(examples=[12])
    """The age of the result at that time in hours, rounded up; null without a result."""


class TravelCardShown(Component):
    """The travel card of the local day: normal or abnormal only."""

    state: Annotated[str, states(ProviderName.TRAVEL_CARD, "normal", "code_needed")]
    text: str = Field(examples=["Normal"])
    valid_until: Moment | None
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
    state: Any = Annotated[str, states(kind.name, kind.example, unanswered)]
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


def _explained(schema: dict[str, Any]) -> None:
    """Put the codes of reasons and next steps into the schema, when it is asked for."""
    kinds = ("reason.", "step.")
    schema["enum"] = [key.partition(".")[2] for key in TEXTS if key.startswith(kinds)]


class Explained(Response):
    """A stable code and its text in the caller's language."""

    code: str = Field(examples=["health_code_green"], json_schema_extra=_explained)
    text: str = Field(examples=["Health code: green."])


class Screen(Composed):
    """The response to a scan. While `poll_after_ms` is set, answers are pending."""

    scan_id: ScanId
    scanned_at: Moment
    received_at: Moment
    """Later than `scanned_at` if the device was offline."""
    clock_ahead_ms: int = Field(examples=[0])
    """How far the phone's clock was ahead; `scanned_at` is never after `received_at`."""
    venue: VenueShown
    checkpoint: str | None = Field(examples=[None])
    means: Means
    pass_kind: PassKind | None = Field(examples=["live"])
    """The pass that staff scanned; `companion`: on a guardian's phone; `paper`: compare the ID."""
    person: PersonShown
    outcome: AnyOutcome
    outcome_text: str = Field(examples=["Please come in"])
    reasons: list[Explained]
    next_steps: list[Explained]
    temperature: TemperatureBand | None
    poll_after_ms: PollAfter
    answer_by: Moment | None
    """When the wait ends: from then on a screen is final. Null once nothing is pending."""
    demo: Demo
    """A notice to show with the screen; only set on a demonstration system."""
