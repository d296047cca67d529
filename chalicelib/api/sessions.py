"""Routes: one-time codes and sessions."""

from chalice.app import Blueprint

from chalicelib.api.endpoint import Answer, Call, Caller, endpoint
from chalicelib.identity import sessions
from chalicelib.identity.schemas import (
    CodeRequest,
    CodeSent,
    Empty,
    LoginRequest,
    LoginResponse,
    RefreshRequest,
)
from chalicelib.venues import staffing

routes = Blueprint(__name__)


@endpoint(
    routes,
    "POST",
    "/v1/otp",
    caller=Caller.ANYONE,
    request=CodeRequest,
    response=CodeSent,
    statuses=(202,),
    errors=("too_many_requests",),
)
def request_code(call: Call) -> Answer:
    """Send a one-time code by text message; known and unknown numbers are answered alike."""
    parts = call.container
    sessions.request_code(
        call.body(CodeRequest).phone,
        address=call.address,
        language=call.language,
        now=call.now,
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
    caller=Caller.ANYONE,
    request=LoginRequest,
    response=LoginResponse,
    statuses=(201,),
    errors=("otp_invalid",),
)
def log_in(call: Call) -> Answer:
    """Log in with the code of the text message; the first login makes the person."""
    parts, body = call.container, call.body(LoginRequest)
    login = sessions.log_in(
        body.phone,
        body.code,
        now=call.now,
        ids=parts.ids,
        index=parts.index,
        codes=parts.codes,
        people=parts.people,
        tokens=parts.tokens,
        vault=parts.vault,
    )
    # A right that waits for this phone counts from its first verified login (XC-21).
    staffing.accept_invitations(
        parts.index.of("phone", body.phone),
        parts.people.hot(login.person_id),
        now=call.now,
        vault=parts.vault,
        staff=parts.staff,
    )
    return Answer(_shown(login), 201)


@endpoint(
    routes,
    "POST",
    "/v1/sessions/refresh",
    caller=Caller.ANYONE,
    request=RefreshRequest,
    response=LoginResponse,
    errors=("token_invalid", "token_expired", "session_ended"),
)
def refresh(call: Call) -> LoginResponse:
    """Exchange a refresh token for a new pair; it works once."""
    parts = call.container
    token = call.body(RefreshRequest).refresh_token
    return _shown(sessions.refresh(token, now=call.now, people=parts.people, tokens=parts.tokens))


@endpoint(routes, "POST", "/v1/sessions/logout", caller=Caller.PERSON, response=Empty)
def log_out(call: Call) -> Empty:
    """End the session; its tokens are refused from the next call on."""
    sessions.log_out(call.actor, people=call.container.people)
    return Empty()


def _shown(login: sessions.Login) -> LoginResponse:
    return LoginResponse(
        person_id=login.person_id,
        access_token=login.access_token,
        refresh_token=login.refresh_token,
        expires_at=login.expires_at,
    )
