"""What venues and posters look like over HTTP."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from chalicelib.core.fields import Choice, Clean, Nonce, Phone, Request, Response, refuse
from chalicelib.identity.schemas import DocumentKind, DocumentNumber
from chalicelib.venues.catalogue import category, type_name
from chalicelib.venues.numbers import InvalidNumber, normalise
from chalicelib.venues.regions import region
from chalicelib.venues.staffing import Identity, is_join_code
from chalicelib.venues.venue import Application

if TYPE_CHECKING:
    from chalicelib.venues.issuance import VenueDetails

NumberType = Literal["uscc", "organisation_code", "resident_id", "plate"]


def _kind(value: str) -> str:
    if category(value) is None:
        raise refuse("venue_type")
    return value


def _region(value: str) -> str:
    found = region(value)
    if found is None or not found.is_county_level or found.obsolete:
        raise refuse("region")
    return value


class VenueNumber(Request):
    """What the venue is registered under (JN-3): an organisation's code, an ID, or a plate."""

    type: NumberType
    value: Annotated[str, Clean, Field(min_length=1, max_length=40)]

    @model_validator(mode="after")
    def _check(self) -> "VenueNumber":
        self.canonical()
        return self

    def canonical(self) -> str:
        """The number in its canonical form, validated by its own check digit or format."""
        try:
            return normalise(self.type, self.value)
        except InvalidNumber as error:
            raise refuse(error.code) from None


class Contact(Request):
    """Whom to reach about the venue; shown to its administrators only."""

    name: Annotated[str, Clean, Field(min_length=1, max_length=50)]
    phone: Phone


class VenueText(BaseModel):
    """The fields that an administrator is shown as they were filled in.

    Venues on record are shown through these limits: they may be widened, never narrowed.
    """

    model_config = ConfigDict(defer_build=True)

    name: Annotated[str, Clean, Field(min_length=2, max_length=60)]
    street: Annotated[str, Clean, Field(max_length=60)] = ""
    address: Annotated[str, Clean, Field(min_length=1, max_length=120)]


class VenueRequest(VenueText, Request):
    """Apply for a venue's code (JN-2, YK-12)."""

    nonce: Nonce
    type: Annotated[str, AfterValidator(_kind)]
    region: Annotated[str, Field(pattern=r"^[0-9]{6}$"), AfterValidator(_region)]
    number: VenueNumber
    contact: Contact

    def application(self) -> Application[str]:
        """Return what was filled in, in canonical form and with the region's name."""
        found = region(self.region)
        return Application(
            **{name: getattr(self, name) for name in VenueText.model_fields},
            kind=self.type,
            region=self.region,
            region_name=found.name if found else self.region,
            number_type=self.number.type,
            number=self.number.canonical(),
            contact_name=self.contact.name,
            contact_phone=self.contact.phone,
        )


class Warning(Response):
    """A hint that does not stand in the way."""

    code: Literal["number_shared"]
    text: str


class Venue(VenueText, Response):
    """A venue as its administrator sees it."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    venue_id: str
    type: str
    type_name: str
    region: str
    region_name: str
    number_type: NumberType
    number: str
    """Masked where it is a resident's ID number."""
    contact_name: str
    contact_phone: str
    code: str
    """Sixteen characters, as printed under the QR."""
    code_url: str
    """What the QR holds."""
    time_zone: str
    role: Literal["administrator", "inspector"]
    created_at: datetime
    warnings: list[Warning]

    @classmethod
    def of(cls, details: "VenueDetails", language: str, *warnings: Warning) -> "Venue":
        """Return `details` for its administrator, the type in `language`."""
        venue = details.venue
        return cls.model_validate(
            vars(venue)
            | vars(details.application)
            | {
                "type": venue.kind,
                "type_name": type_name(venue.kind, language),
                "code_url": details.code_url,
                "role": "administrator",
                "warnings": warnings,
            }
        )


class VenueList(Response):
    """The venues that the caller administers."""

    items: list[Venue]
    next_cursor: str | None


class PosterRequest(Request):
    """Ask for a poster: PDF to print, PNG for the album, or the QR alone as SVG."""

    form: Literal["a4_pdf", "a4_png", "qr_svg"]


class Poster(Response):
    """A poster. `url` is there when it is ready, downloads it, and expires."""

    poster_id: str
    form: Literal["a4_pdf", "a4_png", "qr_svg"]
    status: Literal["pending", "ready", "failed"]
    url: str | None
    expires_at: datetime | None
    poll_after_ms: int | None


def _join_code(value: str) -> str:
    code = value.upper().replace(" ", "").replace("-", "")
    if not is_join_code(code):
        raise refuse("join_code")
    return code


class JoinCode(Response):
    """The venue's join code (場所申報碼), for its administrator to pass on."""

    join_code: str


class FastCode(Response):
    """The venue's code for fast check-in: who scans it was found to have no fever."""

    code: str
    code_url: str


class JoinRequest(Request):
    """Bind oneself as inspector by a venue's join code."""

    join_code: Annotated[str, Clean, Field(min_length=1, max_length=20), AfterValidator(_join_code)]


class Binding(Response):
    """A venue at which one works."""

    venue_id: str
    name: str
    type_name: str
    region_name: str
    role: Literal["administrator", "inspector"]


class Bindings(Response):
    """The venues at which one works."""

    items: list[Binding]
    next_cursor: str | None


class AddByIdentity(Request):
    """Add staff by what they registered with: all of it must match."""

    by: Literal["identity"]
    role: Literal["administrator", "inspector"] = "inspector"
    name: Annotated[str, Clean, Field(min_length=1, max_length=50)]
    document_type: DocumentKind
    document_number: DocumentNumber
    phone: Phone

    def identity(self) -> Identity:
        """Return what the person must have registered with."""
        return Identity(self.name, self.document_type, self.document_number, self.phone)


class AddByPhone(Request):
    """Add staff by name and phone; counts from their first verified login under that name."""

    by: Literal["phone"]
    role: Literal["administrator", "inspector"] = "inspector"
    name: Annotated[str, Clean, Field(min_length=1, max_length=50)]
    phone: Phone


class StaffRequest(Choice[Annotated[AddByIdentity | AddByPhone, Field(discriminator="by")]]):
    """Add a person to the venue's staff."""


class StaffAdded(Response):
    """`bound`: the right counts. `invited`: it counts when the person has logged in, verified."""

    status: Literal["bound", "invited"]


class Member(Response):
    """One of a venue's staff, as its administrators see them."""

    person_id: str
    name: str
    role: Literal["administrator", "inspector"]
    since: datetime


class StaffList(Response):
    """A venue's staff."""

    items: list[Member]
    next_cursor: str | None
