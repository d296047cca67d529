"""What sessions and registration look like over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo

from chalicelib.core.fields import (
    SEPARATED,
    Choice,
    Clean,
    PersonId,
    PersonName,
    Phone,
    Request,
    Response,
    VenueId,
    refuse,
)
from chalicelib.identity import documents
from chalicelib.identity.people import Strength


class CodeRequest(Request):
    """Ask for a one-time code by text message."""

    phone: Phone


class CodeSent(Response):
    """A one-time code is on its way, if the number exists."""

    status: Literal["sent"] = "sent"
    resend_after_s: int = Field(examples=[60])
    expires_in_s: int = Field(examples=[300])


class SmsProof(Request):
    """A phone, and the code that the text message brought to it."""

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
"""A code of a platform: opaque, printable ASCII."""


class SealedPhone(Request):
    """What Alipay's `my.getPhoneNumber` answered: `response` is sealed, `sign` is over it."""

    response: str = Field(
        min_length=1, max_length=4096, pattern=r"^[A-Za-z0-9+/=]+$", examples=["hXv0Zw3q7A=="]
    )
    sign: str = Field(
        min_length=1, max_length=1024, pattern=r"^[A-Za-z0-9+/=]+$", examples=["Q29kZQ=="]
    )


class WechatLogin(Request):
    """Log in from a WeChat mini-program: `code` is `wx.login`'s.

    `phone_code` is what the button `getPhoneNumber` gave, if the person has allowed it.
    """

    client: Literal["wechat"]
    code: PlatformCode
    phone_code: PlatformCode | None = None


class AlipayLogin(Request):
    """Log in from an Alipay mini-program: `code` is the `authCode` of `my.getAuthCode`.

    `phone` is what `my.getPhoneNumber` answered, if the person has allowed it.
    """

    client: Literal["alipay"]
    code: PlatformCode
    phone: SealedPhone | None = None


class LoginRequest(
    Choice[Annotated[SmsProof | WechatLogin | AlipayLogin, Field(discriminator="client")]]
):
    """Log in by text message, or from a mini-program of WeChat or Alipay."""


class WechatPhone(Request):
    """The code that WeChat's button `getPhoneNumber` gave."""

    client: Literal["wechat"]
    phone_code: PlatformCode


class AlipayPhone(Request):
    """What Alipay's `my.getPhoneNumber` answered."""

    client: Literal["alipay"]
    phone: SealedPhone


class PhoneRequest(
    Choice[Annotated[SmsProof | WechatPhone | AlipayPhone, Field(discriminator="client")]]
):
    """Confirm the phone of who is logged in, by any of the ways to prove it."""


_TOKEN = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJwZXIifQ.c2lnbmF0dXJl"  # noqa: S105 (none)


class RefreshRequest(Request):
    """Exchange a refresh token for a new pair of tokens."""

    refresh_token: str = Field(min_length=20, max_length=2000, examples=[_TOKEN])


class LoginResponse(Response):
    """The tokens of a session. The refresh token works once."""

    person_id: PersonId
    client: str = Field(examples=["sms", "wechat", "alipay"])
    """How the session was begun."""
    strength: Strength
    """What it rests on: the platform's word for an account, a phone confirmed in it, or more."""
    access_token: str = Field(examples=[_TOKEN])
    refresh_token: str = Field(examples=[_TOKEN])
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_at: datetime


class Empty(Response):
    """Done; there is nothing to say."""

    status: Literal["ok"] = "ok"


def _name(value: str) -> str:
    if not any(character.isalpha() for character in value):
        raise refuse("malformed")
    return value


def _document_type(value: object) -> str:
    if not isinstance(value, str) or documents.find(value) is None:
        raise refuse("not_allowed")
    return value


def _list_types(schema: dict[str, Any]) -> None:
    schema |= {"type": "string", "enum": [one.name for one in documents.TYPES]}


DocumentKind = Annotated[
    str,
    PlainValidator(_document_type, json_schema_input_type=str),
    Field(json_schema_extra=_list_types),
]
"""A registered type of identity document; stands before its number."""


def _document_number(value: str, info: ValidationInfo) -> str:
    kind = documents.find(info.data.get("document_type", ""))
    if kind is None:
        return value  # the type is at fault, and no number can be checked
    try:
        return kind.canonical(value)
    except ValueError:
        raise refuse(kind.name) from None


def _describe_number(schema: dict[str, Any]) -> None:
    schema["pattern"] = "|".join(one.pattern for one in documents.TYPES)
    schema["format"] = documents.TYPES[0].name.replace("_", "-")  # of the example
    schema["description"] = f"In canonical form. Also accepted: {SEPARATED}."


DocumentNumber = Annotated[
    str,
    Clean,
    Field(min_length=1, max_length=40),
    AfterValidator(_document_number),
    Field(examples=[documents.TYPES[0].example], json_schema_extra=_describe_number),
]
"""The number of the document of the field `document_type`; becomes canonical."""


class RegistrationRequest(Request):
    """Real name and identity document; `version` is the one last read, 0 before the first time."""

    version: int = Field(ge=0, le=1_000_000, examples=[0])
    name: Annotated[PersonName, AfterValidator(_name)]
    document_type: DocumentKind
    document_number: DocumentNumber


class Registration(Response):
    """Where the real-name registration stands."""

    version: int = Field(examples=[1])
    verification: Literal["none", "pending", "verified", "rejected"]
    may_scan: bool
    reason: str | None = Field(examples=[None])
    reason_text: str | None = Field(examples=[None])
    name: str | None = Field(examples=["梁思齐"])
    """One's own name, in full."""
    document_type: str | None = Field(examples=["resident_id"])
    document_number: str | None = Field(examples=["4409**********001X"])
    """Masked, even for its owner: a phone is shown around."""


class Right(Response):
    """What the person may do at a venue."""

    venue_id: VenueId
    role: Literal["administrator", "inspector"]


class Me(Response):
    """The person who is logged in."""

    person_id: PersonId
    phone: str | None = Field(examples=["+86138****0001"])
    """Masked; null until one is confirmed, which registration needs."""
    registration: Registration
    rights: list[Right]


class RegistrationAccepted(Response):
    """The registration is with the identity provider; `GET /v1/me` tells when it is settled."""

    status: Literal["pending", "settled"]
    poll_after_ms: int | None = Field(examples=[1000])
    registration: Registration
