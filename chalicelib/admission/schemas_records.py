"""Schemas of declarations, arrivals, notices, visits and temperatures over HTTP."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from chalicelib.admission.scan import Means
from chalicelib.admission.schemas import Named
from chalicelib.admission.schemas_scan import AnyOutcome, TemperatureBand
from chalicelib.core import normalisation
from chalicelib.core.fields import (
    SCAN_PATTERN,
    Moment,
    Nonce,
    Request,
    Response,
    ScanId,
    VenueId,
    VenueName,
    cleaned,
    described,
    identifier,
    refuse,
)

_HEALTH = {
    "fever": False,
    "symptoms": ["cough"],
    "contact": False,
    "risk_area": True,
    "risk_region": "450902",
    "destination": "440983",
}
_ARRIVAL = {
    "from_province": "450000",
    "transport": "train",
    "transport_number": "D1867",
    "arrived_on": "2026-11-21",
    "stay_address": "东镇街道新里二路 1 号",
}


def _answer(value: object) -> object:
    if isinstance(value, list):
        if not all(isinstance(one, str) for one in value):
            raise refuse("type")
        return tuple(value)
    if not isinstance(value, bool | str | None):
        raise refuse("type")
    return value


def _given(answers: dict[str, Any]) -> dict[str, Any]:
    return {code: answer for code, answer in answers.items() if answer is not None}


def _answers(example: dict[str, Any]) -> Any:
    """Describe answers by the codes of their questions."""
    values: Any = {"type": ["boolean", "string", "array"], "items": {"type": "string"}}
    return Field(examples=[example], json_schema_extra={"additionalProperties": values})


_Answer = Annotated[Any, cleaned(normalisation.place_name), AfterValidator(_answer)]
_Given = Annotated[dict[str, _Answer], AfterValidator(_given)]
HealthAnswers = Annotated[_Given, _answers(_HEALTH)]
ArrivalAnswers = Annotated[_Given, _answers(_ARRIVAL)]
FormVersion = Annotated[int, Field(ge=1, le=1_000_000, examples=[1])]
"""The version of the form that is answered."""


class DeclarationRequest(Request):
    """A health declaration: answers by the codes of the form's questions.

    `arrival` answers the section on arrival, for new arrivals. `scan_id` is the scan on whose
    screen the declaration was made; it takes the colour that follows.
    """

    nonce: Nonce
    form_version: FormVersion
    answers: HealthAnswers
    arrival: ArrivalAnswers | None = None
    scan_id: Annotated[str | None, Field(max_length=60), described(None, pattern=SCAN_PATTERN)] = (
        None
    )


class ArrivalRequest(Request):
    """An arrival in the province: answers to the form's section on arrival."""

    nonce: Nonce
    form_version: FormVersion
    answers: ArrivalAnswers


class OptionShown(Response):
    """An option of a question."""

    code: str = Field(examples=["cough"])
    text: str = Field(examples=["Cough"])


class QuestionShown(Response):
    """A question of the form."""

    code: str = Field(examples=["symptoms"])
    text: str = Field(examples=["Do you have any of these symptoms?"])
    type: Literal["yes_no", "choice", "choices", "text", "date", "region", "province"]
    """`date`: a day of the last 14, such as 2022-04-24. `region`, `province`: a GB/T 2260 code."""
    required: bool
    """Whether it needs an answer when it is shown."""
    shown_if: str | None = Field(examples=[None])
    """The yes/no question that shows this one when it is answered with yes."""
    options: list[OptionShown]


class SectionShown(Response):
    """A section of the form: `health`, or `arrival` for new arrivals."""

    code: Literal["health", "arrival"]
    title: str = Field(examples=["Health declaration"])
    questions: list[QuestionShown]


class FormShown(Response):
    """The form of declarations in force, in the caller's language."""

    version: FormVersion
    effective_on: date = Field(examples=["2022-04-01"])
    """The day in China from which this version is in force."""
    former_accepted_until: Moment | None = Field(examples=[None])
    """Until when answers to the version before are accepted; null if they are not."""
    sections: list[SectionShown]


class AnswerShown(Response):
    """An answer, with its question and itself in words."""

    code: str = Field(examples=["fever"])
    question: str = Field(examples=["Do you have a fever?"])
    answer: bool | str | list[str] = Field(examples=[False])
    text: str = Field(examples=["No"])


class ArrivalShown(Response):
    """An arrival on file."""

    arrival_id: Annotated[str, identifier("arr_[0-9a-f]{12}", "arr_018058de3800_5SYJR0X9A1XE4SFC")]
    recorded_at: Moment
    form_version: FormVersion
    answers: list[AnswerShown]
    guardian: Named | None
    """The guardian who filled it in; null if the person did."""


class DeclarationShown(Response):
    """A health declaration on file. The health code follows it in the background."""

    declaration_id: Annotated[
        str, identifier("dec_[0-9a-f]{12}", "dec_018058de3800_5SYJR0X9A1XE4SFC")
    ]
    recorded_at: Moment
    form_version: FormVersion
    answers: list[AnswerShown]
    arrival: list[AnswerShown] | None
    """The answers to the section on arrival; null without one."""
    scan_id: Annotated[str | None, described(None, pattern=SCAN_PATTERN)]
    """The scan that takes the colour which follows, or took it; null if none does. Poll its screen
    after the declaration."""
    guardian: Named | None
    """The guardian who filled it in; null if the person did."""


class NoticeShown(Response):
    """A notice that medical observation has ended."""

    notice_id: Annotated[str, identifier("ntc_[0-9a-f]{12}", "ntc_018058de3800_5SYJR0X9A1XE4SFC")]
    issued_at: Moment
    began_on: date = Field(examples=["2022-04-10"])
    ended_on: date = Field(examples=["2022-04-24"])
    authority: str = Field(examples=["信宜市疾病预防控制中心"])
    text: str = Field(
        examples=["Your medical observation from 2022-04-10 to 2022-04-24 has ended."]
    )


class TemperatureShown(Response):
    """A temperature measured at a visit."""

    scan_id: ScanId
    measured_at: Moment
    venue_name: VenueName
    temperature: TemperatureBand


class VisitShown(Response):
    """A visit. `outcome` is the final one, or `pending`."""

    scan_id: ScanId
    visited_at: Moment
    venue_id: VenueId
    venue_name: VenueName
    checkpoint: str | None = Field(examples=[None])
    direction: Literal["entry", "exit"]
    means: Means
    outcome: AnyOutcome
    outcome_text: str = Field(examples=["Please come in"])
    temperature: TemperatureBand | None
    guardian: Named | None
    """Who scanned for the person; null if the person or the staff did."""


class DeclarationList(Response):
    """Declarations, newest first."""

    items: list[DeclarationShown]
    next_cursor: str | None = Field(examples=[None])


class ArrivalList(Response):
    """Arrivals, newest first."""

    items: list[ArrivalShown]
    next_cursor: str | None = Field(examples=[None])


class NoticeList(Response):
    """Notices, by the day on which observation ended, newest first."""

    items: list[NoticeShown]
    next_cursor: str | None = Field(examples=[None])


class TemperatureList(Response):
    """Temperatures, newest first. A page may be short, even empty, while `next_cursor` is set."""

    items: list[TemperatureShown]
    next_cursor: str | None = Field(examples=[None])


class VisitList(Response):
    """Visits, newest first. A page may be short, even empty, while `next_cursor` is set."""

    items: list[VisitShown]
    next_cursor: str | None = Field(examples=[None])
