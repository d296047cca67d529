"""Routes: checks of a face or a payment password, and the callback of the service."""

from chalice.app import Blueprint

from chalicelib.api.access import ANY_PERSON, ANYONE
from chalicelib.api.endpoint import POLL_MS, Answer, RequestContext, endpoint
from chalicelib.core.signatures import SignedMessage
from chalicelib.identity import checks
from chalicelib.identity.providers import Subject
from chalicelib.identity.schemas import (
    Empty,
    IdentityCheck,
    IdentityCheckRequest,
    IdentityCheckResult,
)

routes = Blueprint(__name__)


@endpoint(
    routes,
    "POST",
    "/v1/me/identity-checks",
    access=ANY_PERSON,
    request=IdentityCheckRequest,
    response=IdentityCheck,
    statuses=(200, 202),
    errors=(
        "registration_required",
        "registration_rejected",
        "registration_not_verified",
        "nonce_reused",
        "too_many_requests",
    ),
)
def start_identity_check(context: RequestContext) -> Answer:
    """Start a check of the caller's face or payment password, or of another person's face."""
    body = context.body(IdentityCheckRequest)
    method, subject = checks.Method(body.method), None
    if body.subject is not None:
        who = body.subject
        subject = Subject(who.name, who.document_type, who.document_number)
    check = context.container.identity_checks.start(
        context.actor, method, subject, nonce=body.nonce, now=context.now
    )
    shown = _shown(context, check)
    return Answer(shown, 200 if shown.poll_after_ms is None else 202)


@endpoint(
    routes,
    "GET",
    "/v1/me/identity-checks/{identity_check_id}",
    access=ANY_PERSON,
    response=IdentityCheck,
    errors=("not_found",),
)
def get_identity_check(context: RequestContext, identity_check_id: str) -> IdentityCheck:
    """Return the caller's check; asks the service if it is pending, at most once a second."""
    check = context.container.identity_checks.current(
        context.actor, identity_check_id, now=context.now
    )
    return _shown(context, check)


@endpoint(
    routes,
    "POST",
    checks.CALLBACK_PATH,
    access=ANYONE,
    request=IdentityCheckResult,
    response=Empty,
    errors=("signature_invalid", "not_found"),
)
def receive_identity_check(context: RequestContext) -> Empty:
    """Record a check's result. Called by the service, which signs the body and the time."""
    body = context.body(IdentityCheckResult)
    context.container.identity_checks.receive(
        SignedMessage(
            context.headers.get("x-venuecode-timestamp", ""),
            context.headers.get("x-venuecode-signature", ""),
            context.raw_body,
        ),
        checks.Result(body.check_id, body.reference, body.binding, checks.State(body.status)),
        now=context.now,
    )
    return Empty()


def _shown(context: RequestContext, check: checks.IdentityCheck) -> IdentityCheck:
    state = check.state_at(context.now)
    pending = state is checks.State.PENDING
    return IdentityCheck(
        check_id=check.check_id,
        method=check.method.value,
        status=state.value,
        redirect_url=check.started.redirect_url or None,
        sdk=dict(check.started.sdk) or None,
        expires_at=check.started.expires_at,
        poll_after_ms=POLL_MS if pending else None,
    )
