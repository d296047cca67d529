"""What sessions and registration look like over HTTP."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chalicelib.core.fields import (
    Choice,
    Clean,
    PersonId,
    PersonName,
    Phone,
    Request,
    Response,
    VenueId,
    described,
    refuse,
)
from chalicelib.identity.documents import resident_id
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


def _resident_id(value: str) -> str:
    try:
        return resident_id(value)
    except ValueError:
        raise refuse("resident_id") from None


RESIDENT_ID_PATTERN = (
    "^[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]$"
)
ResidentId = Annotated[
    str,
    Clean,
    Field(min_length=1, max_length=40),
    AfterValidator(_resident_id),
    described("44098319900101001X", pattern=RESIDENT_ID_PATTERN, format="resident-id"),
]
"""A resident ID number; becomes canonical."""


class RegistrationRequest(Request):
    """Real name and identity document; `version` is the one last read, 0 before the first time."""

    version: int = Field(ge=0, le=1_000_000, examples=[0])
    name: Annotated[PersonName, AfterValidator(_name)]
    document_type: Literal["resident_id"]
    document_number: ResidentId


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
