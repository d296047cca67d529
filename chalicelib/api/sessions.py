"""Routes: one-time codes, sessions, and the caller's phone."""

from datetime import timedelta
from typing import overload

from chalice.app import Blueprint

from chalicelib.api.access import ANY_PERSON, ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.identity.logins import Request
from chalicelib.identity.one_time_codes import CODE_LIFE
from chalicelib.identity.phone_changes import ChangeProof
from chalicelib.identity.platforms import PhoneProof, PlatformName
from chalicelib.identity.registration import Entry
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
    TakeOverRequest,
    WechatLogin,
    WechatPhone,
)
from chalicelib.identity.sessions import Login

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
    """Send a one-time code by text message; the response is the same for unknown numbers."""
    body = context.body(CodeRequest)
    wait = context.container.one_time_codes.send(
        body.phone,
        address=context.address,
        language=context.language,
        nonce=body.nonce or "",
        now=context.now,
    )
    sent = CodeSent(
        resend_after_s=-(-wait // timedelta(seconds=1)),
        expires_in_s=int(CODE_LIFE.total_seconds()),
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
        "otp_used_up",
        "platform_code_invalid",
        "platform_account_blocked",
        "phone_taken",
        "phone_proof_invalid",
        "client_not_offered",
        "too_many_requests",
    ),
)
def log_in(context: RequestContext) -> Answer:
    """Log in by text message or from a mini-program; the first login creates the person."""
    body = context.body(LoginRequest).root
    if isinstance(body, SmsProof):
        login = context.container.phone_login.log_in(
            body.phone, body.code, address=context.address, now=context.now
        )
    else:
        login = context.container.platform_login.log_in(
            PlatformName(body.client),
            body.code,
            _proof(body),
            address=context.address,
            now=context.now,
        )
    return Answer(_shown(context, login), 201)


@endpoint(
    routes,
    "POST",
    "/v1/me/phone",
    access=ANY_PERSON,
    request=PhoneRequest,
    response=LoginResponse,
    errors=(
        "phone_taken",
        "phone_proof_invalid",
        "phone_change_unproved",
        "confirm_by_text_message",
        "stronger_login_needed",
        "client_not_offered",
        "too_many_requests",
    ),
)
def confirm_phone(context: RequestContext) -> LoginResponse:
    """Confirm or replace the caller's phone; the session continues with the returned tokens."""
    body, actor = context.body(PhoneRequest).root, context.actor
    proof = ChangeProof(body.former_code or "", body.document_number or "")
    caller = Request(context.address, context.language, context.now)
    if isinstance(body, SmsProof):
        login = context.container.phone_login.confirm_phone(
            actor, body.phone, body.code, proof, caller
        )
    else:
        login = context.container.platform_login.confirm_phone(
            actor, PlatformName(body.client), _proof(body), proof, caller
        )
    return _shown(context, login)


@endpoint(
    routes,
    "POST",
    "/v1/me/registration/takeover",
    access=ANY_PERSON,
    request=TakeOverRequest,
    response=LoginResponse,
    errors=(
        "phone_required",
        "stronger_login_needed",
        "identity_taken",
        "identity_check_unusable",
        "too_many_requests",
    ),
)
def take_over(context: RequestContext) -> LoginResponse:
    """Make the record of a person without a login, or of one's own former login, one's own."""
    body = context.body(TakeOverRequest)
    login = context.container.succession.take_over(
        context.actor,
        Entry(body.name, body.document_type, body.document_number),
        body.check_id,
        context.submission(body.nonce),
    )
    return _shown(context, login)


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
    """Exchange a refresh token for a new pair of tokens; it works once (and its retry for 30 s)."""
    token = context.body(RefreshRequest).refresh_token
    return _shown(context, context.container.sessions.refresh(token, now=context.now))


@endpoint(routes, "POST", "/v1/sessions/logout", access=ANY_PERSON, response=Empty)
def log_out(context: RequestContext) -> Empty:
    """End the session; its tokens are refused from the next call on."""
    context.container.sessions.close(context.actor)
    return Empty()


@overload
def _proof(body: WechatPhone | AlipayPhone) -> PhoneProof: ...
@overload
def _proof(body: WechatLogin | AlipayLogin) -> PhoneProof | None: ...
def _proof(body: WechatLogin | AlipayLogin | WechatPhone | AlipayPhone) -> PhoneProof | None:
    if isinstance(body, WechatLogin | WechatPhone):
        return None if body.phone_code is None else PhoneProof(body.phone_code)
    return None if body.phone is None else PhoneProof(body.phone.response, body.phone.sign)


def _shown(context: RequestContext, login: Login) -> LoginResponse:
    purpose = context.text("location.purpose")
    return LoginResponse(**login._asdict(), location_purpose=purpose)
