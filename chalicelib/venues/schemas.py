"""Requests and responses of venues, staff and posters."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from chalicelib.core import normalisation
from chalicelib.core.fields import (
    AROUND,
    IN_PLACES,
    SEPARATED,
    TEXT,
    Choice,
    Clean,
    Code,
    InvitationId,
    Moment,
    Nonce,
    PersonId,
    PersonName,
    Phone,
    RegionName,
    Request,
    Response,
    Scanned,
    TypeName,
    VenueId,
    VenueName,
    cleaned,
    described,
    refuse,
    short_code,
)
from chalicelib.identity.documents import find
from chalicelib.identity.schemas import DocumentKind, DocumentNumber, checked_number
from chalicelib.venues.catalogue import CATEGORIES, category, type_name
from chalicelib.venues.codes import join_code_in
from chalicelib.venues.numbers import PATTERNS, InvalidNumber, accepted, normalise
from chalicelib.venues.regions import name_of, region
from chalicelib.venues.staffing import JOIN_LENGTH, Identity
from chalicelib.venues.venue import Application

if TYPE_CHECKING:
    from chalicelib.venues.issuance import VenueDetails

CodeUrl = Annotated[str, Field(examples=["https://V.EXAMPLE.COM/V/32P3WWT3Y0B8J32H"])]
NumberType = Literal["uscc", "organisation_code", "resident_id", "plate"]


def _kind(value: str) -> str:
    if category(value) is None:
        raise refuse("venue_type")
    return value


def _region(value: str, info: ValidationInfo) -> str:
    found = region(value)
    if found is None and _is_officer(info) and not value.endswith("00"):
        return value  # newer than the table; the officer names it
    if found is None or not found.is_county_level or found.obsolete:
        raise refuse("region")
    return value


def _is_officer(info: ValidationInfo) -> bool:
    """Return whether an officer enters this, who has seen the papers (infra/ops/venues.py)."""
    return bool((info.context or {}).get("officer"))


class VenueNumber(Request):
    """A venue's registration number (JN-3): an organisation's code, a resident ID, or a plate."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"type": {"const": kind}, "value": {"pattern": pattern}}}
                for kind, pattern in PATTERNS.items()
            ]
        }
    )

    type: NumberType = Field(examples=["uscc"])
    value: Annotated[
        str,
        Clean,
        Field(min_length=1, max_length=40),
        described("91440983MA0000001T", format="venue-number", accepts=f"{SEPARATED}, dots"),
    ]

    @field_validator("value")
    @classmethod
    def _check(cls, value: str, info: ValidationInfo) -> str:
        if "type" in info.data:  # else the type is invalid and reported
            kind = info.data["type"]
            value = _normalise(kind, value, accepted if _is_officer(info) else normalise)
            document = find(kind)
            if document is not None:
                checked_number(document, value, info)
        return value


def _normalise(kind: NumberType, value: str, rule: Callable[[NumberType, str], str]) -> str:
    try:
        return rule(kind, value)
    except InvalidNumber as error:
        raise refuse(error.code) from None


class Contact(Request):
    """The venue's contact person, shown to its administrators only."""

    name: PersonName
    phone: Phone


# All characters that a poster can show (rendering/coverage.txt): by block, and everything beyond
# the first plane, where validators that read patterns without the flag `u` know no ranges.
_PRINTABLE = (
    "^(?:[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u04ff\u060c-\u06ff\u0f00-\u0fff"
    "\u1800-\u18aa\u1e00-\u1eff\u2002-\u200a\u2010-\u2027"
    "\u202f-\u205f\u2070-\u9fff\uac00-\ud7a3\uf900-\ufb06\ufe10-\ufe6f\uff01-\uffee]"
    r"|[^\u0000-\uffff])+$"
)


_Place = cleaned(normalisation.place_name)
_TYPED = f"{AROUND}, {IN_PLACES}"


class VenueText(BaseModel):
    """The fields that administrators see as they entered them, in canonical form.

    Responses with existing venues are validated by these limits too. They may be widened, never
    narrowed.
    """

    model_config = ConfigDict(defer_build=True)

    name: Annotated[
        str,
        _Place,
        Field(min_length=2, max_length=60),
        described("信宜市人民医院", pattern=_PRINTABLE, accepts=_TYPED, format="printable"),
    ]
    street: Annotated[
        str,
        _Place,
        Field(max_length=60),
        described("东镇街道", pattern=TEXT.replace("+$", "*$"), accepts=_TYPED),
    ] = ""
    address: Annotated[
        str,
        _Place,
        Field(min_length=1, max_length=120),
        described("新里二路 1 号", pattern=TEXT, accepts=_TYPED),
    ]


class VenueRequest(VenueText, Request):
    """An application for a venue's code (JN-2, YK-12)."""

    nonce: Nonce
    type: Annotated[
        str, AfterValidator(_kind), described("medical", enum=[one.code for one in CATEGORIES])
    ]
    region: Annotated[
        str,
        Field(pattern=r"^[0-9]{6}$"),
        AfterValidator(_region),
        described("440983", format="gb-2260-county"),
    ]
    number: VenueNumber
    contact: Contact

    def application(self, region_name: str = "") -> Application[str]:
        """Return the application in canonical form, with the region's name.

        `region_name` names a region that the table lacks.
        """
        found = region(self.region)
        return Application(
            **{name: getattr(self, name) for name in VenueText.model_fields},
            kind=self.type,
            region=self.region,
            region_name=found.name if found else region_name or self.region,
            number_type=self.number.type,
            number=self.number.value,
            contact_name=self.contact.name,
            contact_phone=self.contact.phone,
        )


class Warning(Response):
    """A warning about a request that was accepted."""

    code: Literal["number_shared"]
    text: str = Field(examples=["Another venue is registered under this number."])


class Venue(VenueText, Response):
    """A venue as its administrator sees it."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    venue_id: VenueId
    type: str = Field(examples=["medical"])
    type_name: TypeName
    region: str = Field(examples=["440983"])
    region_name: RegionName
    number_type: NumberType
    number: str = Field(examples=["91440983MA0000001T"])
    """Masked if it is a resident ID number."""
    contact_name: str = Field(examples=["梁思齐"])
    contact_phone: str = Field(examples=["+8613800000001"])
    code: Code
    """Sixteen characters, as printed below the QR code."""
    code_url: CodeUrl
    """The text of the QR code."""
    time_zone: str = Field(examples=["Asia/Shanghai"])
    role: Literal["administrator", "inspector"]
    created_at: Moment
    warnings: list[Warning]

    @classmethod
    def of(cls, details: "VenueDetails", language: str, *warnings: Warning) -> "Venue":
        """Return the response for `details`, with the names of type and region in `language`."""
        venue = details.venue
        return cls.model_validate(
            vars(venue)
            | vars(details.application)
            | {
                "type": venue.kind,
                "type_name": type_name(venue.kind, language),
                "region_name": name_of(venue.region, language, venue.region_name),
                "code_url": details.code_url,
                "role": "administrator",
                "warnings": warnings,
            }
        )


class VenueList(Response):
    """The venues that the caller administers."""

    items: list[Venue]


PosterForm = Literal["a4_pdf", "a4_png", "a5_pdf", "a5_png", "sticker_pdf", "sticker_png", "qr_svg"]
PosterCode = Literal["venue", "fast", "join"]


class PosterRequest(Request):
    """A request for a poster: PDF to print, PNG for a phone's album, or only the QR as SVG.

    A sticker is 80 × 100 mm. `code`: visitors', fast check-in's, or the staff's join code.
    """

    form: PosterForm
    code: PosterCode = "venue"


class Poster(Response):
    """A poster. When it is ready, `url` downloads it until `expires_at`."""

    poster_id: Code
    code: PosterCode
    form: PosterForm
    status: Literal["pending", "ready", "failed"]
    url: str | None = Field(examples=[None])
    expires_at: Moment | None = Field(examples=[None])
    poll_after_ms: int | None = Field(examples=[500])


class JoinCode(Response):
    """The venue's join code (場所申報碼), which its administrator gives to staff."""

    join_code: str = Field(examples=["23456789N"])


class FastCode(Response):
    """The venue's code for fast check-in: staff show it to visitors without fever."""

    code: Code
    code_url: CodeUrl


def _from_poster(value: Any) -> Any:
    return join_code_in(value) if isinstance(value, str) else value


class JoinRequest(Request):
    """A venue's join code, to become an inspector there."""

    join_code: Annotated[
        str,
        BeforeValidator(_from_poster),
        Scanned,
        Field(min_length=1, max_length=20),
        short_code(JOIN_LENGTH, "join_code"),
        described(
            "23456789N",
            pattern="^[2-9A-HJ-NP-Z]{9}$",
            format="join-code",
            accepts="lower case, spaces and hyphens, and the scanned text of its poster",
        ),
    ]


class Binding(Response):
    """A venue where the actor works."""

    venue_id: VenueId
    name: VenueName
    type_name: TypeName
    region_name: RegionName
    role: Literal["administrator", "inspector"]
    fever_from_celsius: float = Field(examples=[37.3])
    """From which temperature on staff enter `fever`, by the policy of the venue's region."""


class Bindings(Response):
    """The venues where the actor works."""

    items: list[Binding]


class AddByIdentity(Request):
    """A new staff member by name, document and phone, which must all match the registration."""

    by: Literal["identity"]
    role: Literal["administrator", "inspector"] = "inspector"
    name: PersonName
    document_type: DocumentKind
    document_number: DocumentNumber
    phone: Phone

    def identity(self) -> Identity:
        """Return the registration that the person must have."""
        return Identity(self.name, self.document_type, self.document_number, self.phone)


class AddByPhone(Request):
    """A new staff member by name and phone. The right starts when they are verified."""

    by: Literal["phone"]
    role: Literal["administrator", "inspector"] = "inspector"
    name: PersonName
    phone: Phone


class StaffRequest(Choice[Annotated[AddByIdentity | AddByPhone, Field(discriminator="by")]]):
    """A person to add to the venue's staff."""


class StaffAdded(Response):
    """`bound`: the right is in force. `invited`: it starts when the person is verified.

    If the phone's owner is verified under that name already, it is in force as well.
    """

    status: Literal["bound", "invited"]
    invitation_id: InvitationId | None
    """Null if `bound`."""
    expires_at: Moment | None
    """When the invitation ends, if it is not claimed before; null if `bound`."""


class Invitation(Response):
    """An invitation that waits until the phone's owner is verified under the name."""

    invitation_id: InvitationId
    status: Literal["waiting"]
    name: str = Field(examples=["梁思齐"])
    """As the administrator entered it."""
    phone: str = Field(examples=["+86138****0001"])
    role: Literal["administrator", "inspector"]
    invited_at: Moment
    expires_at: Moment | None
    """When it ends, if it is not claimed before; null for one of a former release."""


class InvitationList(Response):
    """A venue's invitations that wait."""

    items: list[Invitation]
    next_cursor: str | None = Field(examples=[None])


class HandOver(Request):
    """The administrator of the venue who becomes its initial administrator."""

    person_id: Annotated[PersonId, Field(max_length=40)]


class InitialAdministrator(Response):
    """Who alone adds and removes the venue's administrators."""

    person_id: PersonId


class Member(Response):
    """A staff member, as the venue's administrators see them."""

    person_id: PersonId
    name: str = Field(examples=["梁思齐"])
    """The name under which they were bound."""
    role: Literal["administrator", "inspector"]
    since: Moment
    standing: Literal["active", "unverified", "lapsed"]
    """Whether the right is in force.

    `unverified`: the registration is pending again, or was rejected. `lapsed`: it is under another
    document now.
    """
    invitation_id: InvitationId | None
    """The invitation by which they were bound, or null."""


class StaffList(Response):
    """A venue's staff."""

    items: list[Member]
    next_cursor: str | None = Field(examples=[None])
