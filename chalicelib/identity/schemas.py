"""Requests and responses of people: sessions, registration, checks, families, paper passes."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo

from chalicelib.core import ids, normalisation
from chalicelib.core.fields import (
    SEPARATED,
    Choice,
    Clean,
    Moment,
    Nonce,
    PersonId,
    PersonName,
    Phone,
    Request,
    Response,
    Scanned,
    VenueId,
    described,
    identifier,
    refuse,
    short_code,
)
from chalicelib.core.ids import CHARACTER, PATTERN
from chalicelib.identity import consents, documents, passes
from chalicelib.identity.devices import PAIRING_LENGTH
from chalicelib.identity.documents.base import DocumentType
from chalicelib.identity.people import Strength


class CodeRequest(Request):
    """A request for a one-time code by text message. A retry has the same `nonce`."""

    phone: Phone
    nonce: Nonce | None = None


class CodeSent(Response):
    """The one-time code was sent, if the number exists."""

    status: Literal["sent"] = "sent"
    resend_after_s: int = Field(examples=[60])
    expires_in_s: int = Field(examples=[300])


class SmsProof(Request):
    """A phone, and the one-time code sent to it by text message."""

    client: Literal["sms"]
    phone: Phone
    code: str = Field(pattern=r"^[0-9]{6}$", examples=["123456"])


PlatformCode = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        pattern=r"^[!-~]+$",
        examples=["0b1Qhu000Ie5cP1Vp7300ZRYkA1Qhu0a"],
    ),
]
"""A platform's code: opaque, printable ASCII."""


class SealedPhone(Request):
    """The result of Alipay's `my.getPhoneNumber`: an encrypted `response` and its signature."""

    response: str = Field(
        min_length=1, max_length=4096, pattern=r"^[A-Za-z0-9+/=]+$", examples=["hXv0Zw3q7A=="]
    )
    sign: str = Field(
        min_length=1, max_length=1024, pattern=r"^[A-Za-z0-9+/=]+$", examples=["Q29kZQ=="]
    )


class WechatLogin(Request):
    """A login from a WeChat mini-program. `code` is the code of `wx.login`.

    `phone_code` is the code of the button `getPhoneNumber`, if the person has allowed it.
    """

    client: Literal["wechat"]
    code: PlatformCode
    phone_code: PlatformCode | None = None


class AlipayLogin(Request):
    """A login from an Alipay mini-program. `code` is the `authCode` of `my.getAuthCode`.

    `phone` is the result of `my.getPhoneNumber`, if the person has allowed it.
    """

    client: Literal["alipay"]
    code: PlatformCode
    phone: SealedPhone | None = None


class LoginRequest(
    Choice[Annotated[SmsProof | WechatLogin | AlipayLogin, Field(discriminator="client")]]
):
    """A login by text message, or from a mini-program of WeChat or Alipay."""


class _ChangeProof(Request):
    """What replacing a phone requires: one of these. Confirming a first phone needs neither."""

    former_code: str | None = Field(default=None, pattern=r"^[0-9]{6}$", examples=["654321"])
    """The one-time code sent to the phone that is replaced."""
    document_number: Annotated[str, Clean, Field(min_length=1, max_length=40)] | None = Field(
        default=None, examples=["44098319880412902X"]
    )
    """The number of the document that the caller is registered with."""


class SmsPhone(SmsProof, _ChangeProof):
    """A phone, and the one-time code sent to it by text message."""


class WechatPhone(_ChangeProof):
    """The code of WeChat's button `getPhoneNumber`."""

    client: Literal["wechat"]
    phone_code: PlatformCode


class AlipayPhone(_ChangeProof):
    """The result of Alipay's `my.getPhoneNumber`. It proves only a phone that the caller has."""

    client: Literal["alipay"]
    phone: SealedPhone


class PhoneRequest(
    Choice[Annotated[SmsPhone | WechatPhone | AlipayPhone, Field(discriminator="client")]]
):
    """A proof of the actor's phone, by text message, WeChat or Alipay."""


_TOKEN = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJwZXIifQ.c2lnbmF0dXJl"  # noqa: S105 (none)


class RefreshRequest(Request):
    """A refresh token, to exchange for a new pair of tokens."""

    refresh_token: str = Field(min_length=20, max_length=2000, examples=[_TOKEN])


_PURPOSE = "Your location shows that you are near the venue when you scan."


class LoginResponse(Response):
    """The tokens of a session. The refresh token works once."""

    person_id: PersonId
    client: str = Field(examples=["sms", "wechat", "alipay"])
    """How the session was opened."""
    strength: Strength
    """How the actor is authenticated: by a platform account, a confirmed phone, or stronger."""
    access_token: str = Field(examples=[_TOKEN])
    refresh_token: str = Field(examples=[_TOKEN])
    location_purpose: str = Field(examples=[_PURPOSE])
    """Why a location is asked for with a scan, and what is kept: shown before asking."""
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_at: Moment


class Empty(Response):
    """A success without further data."""

    status: Literal["ok"] = "ok"


def _name(value: str) -> str:
    if not any(map(normalisation.is_letter, value)):
        raise refuse("malformed")
    return value


RealName = Annotated[PersonName, AfterValidator(_name)]
"""A person's name, in full, by which the identity provider knows them."""

_USUAL = documents.of("resident_id")


def _document_type(value: object) -> str:
    if not isinstance(value, str) or documents.find(value) is None:
        raise refuse("not_allowed")
    return value


def _list_types(schema: dict[str, Any]) -> None:
    names = [one.name for one in documents.TYPES]
    schema |= {"type": "string", "enum": names, "examples": [_USUAL.name]}


DocumentKind = Annotated[
    str,
    PlainValidator(_document_type, json_schema_input_type=str),
    Field(json_schema_extra=_list_types),
]
"""A registered type of identity document. The field precedes the number's."""


def _document_number(value: str, info: ValidationInfo) -> str:
    kind = documents.find(info.data.get("document_type", ""))
    if kind is None:
        return value  # the type is invalid, so the number cannot be checked
    return checked_number(kind, value, info)


def checked_number(kind: DocumentType, value: str, info: ValidationInfo) -> str:
    """Return the canonical form of a number of this type. Raises the error of an invalid field."""
    try:
        number = kind.canonical(value)
    except ValueError:
        raise refuse(kind.name) from None
    today = (info.context or {}).get("today")
    if today is not None and documents.is_unborn(kind.name, number, today):
        raise refuse(kind.name)
    return number


def _describe_number(schema: dict[str, Any]) -> None:
    schema["pattern"] = "|".join(one.pattern for one in documents.TYPES)
    schema["format"] = "document-number"
    schema["description"] = f"In canonical form. Also accepted: {SEPARATED}."


DocumentNumber = Annotated[
    str,
    Clean,
    Field(min_length=1, max_length=40),
    AfterValidator(_document_number),
    Field(examples=[_USUAL.example], json_schema_extra=_describe_number),
]
"""The number of a document of the type in `document_type`, converted to its canonical form."""


class RegistrationRequest(Request):
    """Real name and identity document. `version` is the one last read, 0 before the first."""

    version: int = Field(ge=0, le=1_000_000, examples=[0])
    name: RealName
    document_type: DocumentKind
    document_number: DocumentNumber


class Registration(Response):
    """The state of a real-name registration."""

    version: int = Field(examples=[1])
    verification: Literal["none", "pending", "verified", "rejected"]
    may_scan: bool
    reason: str | None = Field(examples=[None])
    reason_text: str | None = Field(examples=[None])
    name: str | None = Field(examples=["梁思齐"])
    """The actor's own name, in full."""
    document_type: str | None = Field(examples=["resident_id"])
    document_number: str | None = Field(examples=["4409**********001X"])
    """Masked even for its owner, because people show their screens to others."""


class _Subject(Request):
    """A person, as on their document."""

    name: RealName
    document_type: DocumentKind
    document_number: DocumentNumber


class CheckSubject(_Subject):
    """Another person, whose own face is checked: a dependant, or the owner of a record."""


class IdentityCheckRequest(Request):
    """A check of the caller, or of the face of `subject`."""

    nonce: Nonce
    method: Literal["face", "payment_password"]
    subject: CheckSubject | None = None


CheckId = Annotated[str, Field(pattern=f"^idc_{PATTERN}$", examples=["idc_32P3WWT3Y0B8J32H"])]
"""The id of an identity check: `POST /v1/me/identity-checks`."""
_URL = "https://checks.example.com/start?reference=d0V4YW1wbGU"


class IdentityCheck(Response):
    """A check of an identity. The client opens `redirect_url`, or starts the SDK with `sdk`."""

    check_id: CheckId
    method: Literal["face", "payment_password"]
    status: Literal["pending", "passed", "failed", "expired"]
    redirect_url: str | None = Field(examples=[_URL])
    sdk: dict[str, str] | None = Field(examples=[None])
    """Parameters for the service's SDK in a mini-program."""
    expires_at: Moment
    """When a check that is still pending ends."""
    poll_after_ms: int | None = Field(examples=[1000])


class IdentityCheckResult(Request):
    """A result of a check, as the service posts it. The last three are those of the start."""

    status: Literal["pending", "passed", "failed", "expired"]
    check_id: CheckId
    reference: str = Field(min_length=1, max_length=128, examples=["d0V4YW1wbGU"])
    binding: str = Field(pattern=f"^{PATTERN}$", examples=["5SYJR0X9A1XE4SFC"])


class Right(Response):
    """A person's right at a venue."""

    venue_id: VenueId
    role: Literal["administrator", "inspector"]


class Me(Response):
    """The person who is logged in."""

    person_id: PersonId
    phone: str | None = Field(examples=["+86138****0001"])
    """Masked. Null until a phone is confirmed, which registration requires."""
    strength: Strength
    """How the caller is authenticated in this session, after identity checks too."""
    location_purpose: str = Field(examples=[_PURPOSE])
    """Why a location is asked for with a scan, and what is kept: shown before asking."""
    registration: Registration
    rights: list[Right]


class RegistrationAccepted(Response):
    """The registration is being verified. `GET /v1/me` has the result."""

    status: Literal["pending", "settled"]
    poll_after_ms: int | None = Field(examples=[1000])
    registration: Registration


# --- Families


def _birth_date(value: object) -> date:
    try:
        day = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise refuse("day") from None
    if day.isoformat() != value or day.year < 1850:  # ISO 8601 has other formats for a day
        raise refuse("day")
    return day


BirthDate = Annotated[
    date,
    PlainValidator(_birth_date, json_schema_input_type=date),
    Field(examples=["2019-04-24"], json_schema_extra={"type": "string", "format": "date"}),
]
"""A birth date, such as 2019-04-24."""
RelationName = Literal["child", "elder"]


class DependantByFace(_Subject):
    """A dependant, and their face check on the guardian's phone."""

    method: Literal["face"]
    nonce: Nonce
    relation: RelationName
    check_id: CheckId
    birth_date: BirthDate | None = None
    """Needed for a child whose document carries none."""


class DependantByHousehold(_Subject):
    """A child of the guardian's household, by ID number or birth certificate number."""

    method: Literal["household"]
    nonce: Nonce
    relation: RelationName
    birth_date: BirthDate | None = None
    """Needed for a child whose document carries none."""


class DependantByConsent(Request):
    """A dependant with a phone of their own, who made a code: `POST /v1/me/consent-code`."""

    method: Literal["consent"]
    nonce: Nonce
    relation: RelationName
    code: Annotated[
        str,
        Scanned,
        Field(min_length=1, max_length=20),
        short_code(consents.LENGTH, "consent_code"),
        described(
            "234567899U",
            pattern="^[2-9A-HJ-NP-Z]{10}$",
            format="consent-code",
            accepts=SEPARATED,
        ),
    ]


class DependantRequest(
    Choice[
        Annotated[
            DependantByFace | DependantByHousehold | DependantByConsent,
            Field(discriminator="method"),
        ]
    ]
):
    """A dependant to add, by their face, the register of households, or their consent."""


class TakeOverRequest(_Subject):
    """The document of a record, and the face check of the same person.

    After ``identity_returning`` no check is needed.
    """

    nonce: Nonce
    check_id: CheckId | None = None


class DependantShown(Response):
    """A dependant, as their guardian sees them."""

    person_id: PersonId
    name: str = Field(examples=["梁小雨"])
    """In full if the guardian entered it, masked otherwise."""
    relation: RelationName
    method: Literal["face", "household", "consent", "officer"]
    since: Moment
    until: Moment | None = Field(examples=["2033-04-23T16:00:00.000Z"])
    """A child's 14th birthday, when the link ends. Null without an end."""
    verification: Literal["none", "pending", "verified", "rejected"]
    reason: str | None = Field(examples=[None])
    reason_text: str | None = Field(examples=[None])
    """Why the registration was rejected: remove the dependant, and add them again."""
    has_paper_pass: bool


class Dependants(Response):
    """The people for whom the caller acts, at most eight."""

    items: list[DependantShown]


class DependantAdded(Response):
    """A dependant was added. While `pending`, the registration is being verified.

    `GET /v1/me/dependants` has the result.
    """

    status: Literal["pending", "settled"]
    poll_after_ms: int | None = Field(examples=[1000])
    dependant: DependantShown


class GuardianShown(Response):
    """A guardian, as the dependant sees them."""

    person_id: PersonId
    name: str = Field(examples=["梁**"])
    """Masked."""
    relation: RelationName
    """What the caller is to the guardian."""
    method: Literal["face", "household", "consent", "officer"]
    since: Moment
    until: Moment | None = Field(examples=[None])


class Guardians(Response):
    """The people who act for the caller, at most two."""

    items: list[GuardianShown]


class ConsentCodeShown(Response):
    """A code by which the caller agrees to a guardian. It works once."""

    code: str = Field(examples=["234567899U"])
    purpose: str = Field(examples=["Tell this code only to the person who is to act for you."])
    """To be shown with the code."""
    expires_at: Moment


class PairingRequest(Request):
    """The pairing code of a kiosk, which the operator has given to its installer."""

    pairing_code: Annotated[
        str,
        Scanned,
        Field(min_length=1, max_length=20),
        short_code(PAIRING_LENGTH, "pairing_code"),
        described(
            "23456789ABY",
            pattern="^[2-9A-HJ-NP-Z]{11}$",
            format="pairing-code",
            accepts="lower case, spaces and hyphens",
        ),
    ]


_CREDENTIAL = "VK1.7RHYG5G075CMMCW9.32P3WWT3Y0B8J32H5SYJR0X9A1XE4SFC"


class PairedKiosk(Response):
    """A paired kiosk. The credential is shown once; the kiosk sends it as a bearer token."""

    kiosk_id: Annotated[str, identifier("kio", "kio_7RHYG5G075CMMCW9")]
    credential: str = Field(examples=[_CREDENTIAL])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105


def _serial(value: str) -> str:
    serial = ids.fold(normalisation.compact(value))
    if not ids.is_number(serial, passes.SERIAL):
        raise refuse("malformed")
    return serial


_PRINTED = f"^{CHARACTER}{{4}}-{CHARACTER}{{4}}-{CHARACTER}{{4}}$"
_SERIAL = described("7RHY-G5G0-75CM", pattern=_PRINTED, accepts=SEPARATED)
PaperForm = Literal["card_pdf", "sheet_pdf", "card_png"]
"""A card of 85.6 × 54 mm; an A4 sheet with the card to cut out; a picture for the album."""
PaperSerial = Annotated[str, Scanned, Field(max_length=40), AfterValidator(_serial), _SERIAL]
PrintedSerial = Annotated[str, described("7RHY-G5G0-75CM", pattern=_PRINTED)]
NameOnPass = Literal["masked", "full"]
PassIssuer = Literal["self", "guardian", "kiosk", "officer"]


class PaperPassRequest(Request):
    """A request for a paper pass. `replaces` is the serial last seen, null before the first."""

    name: NameOnPass = "masked"
    replaces: PaperSerial | None = None


class PaperFilesRequest(Request):
    """A request to draw the files of a paper pass again: one form, or all with null."""

    form: PaperForm | None = None


class PaperPassRevocation(Request):
    """The serial of the paper pass to revoke."""

    serial: PaperSerial


class PaperFile(Response):
    """A file of a paper pass. When it is ready, `url` downloads it until `expires_at`."""

    form: PaperForm
    status: Literal["none", "pending", "ready", "failed"]
    """`none`: it was not drawn, or was deleted after a month; have it drawn again."""
    text: str | None = Field(examples=[None])
    """What to do if it failed."""
    url: str | None = Field(examples=[None])
    expires_at: Moment | None = Field(examples=[None])


class PaperPass(Response):
    """A person's paper pass. While `status` is `pending`, files are being drawn."""

    state: Literal["none", "valid", "revoked", "expired"]
    serial: PrintedSerial | None
    name: NameOnPass | None
    issued_by: PassIssuer | None
    issued_at: Moment | None
    expires_at: Moment | None
    status: Literal["pending", "settled"]
    poll_after_ms: int | None = Field(examples=[500])
    files: list[PaperFile]


class PaperPassEntry(Response):
    """A paper pass in the list of a person's passes."""

    serial: PrintedSerial
    state: Literal["valid", "replaced", "revoked", "expired"]
    name: NameOnPass
    issued_by: PassIssuer
    issued_at: Moment
    expires_at: Moment
    ended_at: Moment | None = Field(examples=[None])
    """When it was replaced or revoked."""


class PaperPassList(Response):
    """A person's paper passes, newest first."""

    items: list[PaperPassEntry]
    next_cursor: str | None = Field(examples=[None])
