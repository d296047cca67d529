"""Routes: one-time codes, sessions, and the phone behind them."""

from typing import overload

from chalice.app import Blueprint

from chalicelib.api.access import ANY_PERSON, ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.core.errors import Unprocessable
from chalicelib.identity import accounts, sessions
from chalicelib.identity.platforms import PhoneProof, PlatformName
from chalicelib.identity.schemas import (
    AlipayLogin,
    AlipayPhone,
    CodeRequest,
    CodeSent,
    Empty,
    LoginRequest,
    LoginResponse,
    PhoneRequest,
    RefreshRequest,
    SmsProof,
    WechatLogin,
    WechatPhone,
)
from chalicelib.venues import staffing

routes = Blueprint(__name__)


@endpoint(
    routes,
    "POST",
    "/v1/otp",
    access=ANYONE,
    request=CodeRequest,
    response=CodeSent,
    statuses=(202,),
    errors=("too_many_requests",),
)
def request_code(context: RequestContext) -> Answer:
    """Send a one-time code by text message; known and unknown numbers are answered alike."""
    parts = context.container
    sessions.request_code(
        context.body(CodeRequest).phone,
        address=context.address,
        language=context.language,
        now=context.now,
        ids=parts.ids,
        index=parts.index,
        codes=parts.codes,
        limits=parts.limits,
        sms=parts.sms,
    )
    sent = CodeSent(
        resend_after_s=int(sessions.RESEND_AFTER.total_seconds()),
        expires_in_s=int(sessions.CODE_LIFE.total_seconds()),
    )
    return Answer(sent, 202)


@endpoint(
    routes,
    "POST",
    "/v1/sessions",
    access=ANYONE,
    request=LoginRequest,
    response=LoginResponse,
    statuses=(201,),
    errors=(
        "otp_invalid",
        "platform_code_invalid",
        "platform_account_blocked",
        "phone_taken",
        "phone_proof_invalid",
        "client_not_offered",
        "too_many_requests",
    ),
)
def log_in(context: RequestContext) -> Answer:
    """Log in by text message or from a mini-program; the first login makes the person."""
    parts, body = context.container, context.body(LoginRequest).root
    if isinstance(body, SmsProof):
        login = sessions.log_in(
            body.phone,
            body.code,
            now=context.now,
            ids=parts.ids,
            index=parts.index,
            codes=parts.codes,
            people=parts.people,
            tokens=parts.tokens,
            vault=parts.vault,
        )
        return _logged_in(context, login)
    login = accounts.log_in(
        parts.platform(PlatformName(body.client)),
        body.code,
        _proof(body),
        address=context.address,
        now=context.now,
        ids=parts.ids,
        index=parts.index,
        limits=parts.limits,
        people=parts.people,
        tokens=parts.tokens,
        vault=parts.vault,
    )
    return _logged_in(context, login)


@endpoint(
    routes,
    "POST",
    "/v1/me/phone",
    access=ANY_PERSON,
    request=PhoneRequest,
    response=LoginResponse,
    errors=("phone_taken", "phone_proof_invalid", "client_not_offered", "too_many_requests"),
)
def confirm_phone(context: RequestContext) -> LoginResponse:
    """Confirm one's phone; the session goes on with the tokens that are answered."""
    parts, body = context.container, context.body(PhoneRequest).root
    if isinstance(body, SmsProof):
        phone = body.phone
        right = sessions.spend_code(
            phone, body.code, now=context.now, index=parts.index, codes=parts.codes
        )
        if not right:
            raise Unprocessable("phone_proof_invalid")
    else:
        proof = _proof(body)
        phone = parts.platform(PlatformName(body.client)).phone(proof)
    login = accounts.confirm_phone(
        context.actor,
        phone,
        now=context.now,
        ids=parts.ids,
        index=parts.index,
        people=parts.people,
        tokens=parts.tokens,
        vault=parts.vault,
    )
    return _shown(login)


@endpoint(
    routes,
    "POST",
    "/v1/sessions/refresh",
    access=ANYONE,
    request=RefreshRequest,
    response=LoginResponse,
    errors=("token_invalid", "token_expired", "session_ended"),
)
def refresh(context: RequestContext) -> LoginResponse:
    """Exchange a refresh token for a new pair; it works once."""
    parts = context.container
    token = context.body(RefreshRequest).refresh_token
    return _shown(
        sessions.refresh(token, now=context.now, people=parts.people, tokens=parts.tokens)
    )


@endpoint(routes, "POST", "/v1/sessions/logout", access=ANY_PERSON, response=Empty)
def log_out(context: RequestContext) -> Empty:
    """End the session; its tokens are refused from the next call on."""
    sessions.log_out(context.actor, people=context.container.people)
    return Empty()


@overload
def _proof(body: WechatPhone | AlipayPhone) -> PhoneProof: ...
@overload
def _proof(body: WechatLogin | AlipayLogin) -> PhoneProof | None: ...
def _proof(body: WechatLogin | AlipayLogin | WechatPhone | AlipayPhone) -> PhoneProof | None:
    if isinstance(body, WechatLogin | WechatPhone):
        return None if body.phone_code is None else PhoneProof(body.phone_code)
    return None if body.phone is None else PhoneProof(body.phone.response, body.phone.sign)


def _logged_in(context: RequestContext, login: sessions.Login) -> Answer:
    # A right that waits for this person's phone counts from their first verified login (XC-21).
    parts = context.container
    staffing.accept_invitations(
        parts.people.load(login.person_id),
        now=context.now,
        index=parts.index,
        vault=parts.vault,
        staff=parts.staff,
    )
    return Answer(_shown(login), 201)


def _shown(login: sessions.Login) -> LoginResponse:
    return LoginResponse(
        person_id=login.person_id,
        client=login.client,
        strength=login.strength,
        access_token=login.access_token,
        refresh_token=login.refresh_token,
        expires_at=login.expires_at,
    )
