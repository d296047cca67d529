"""Routes: the caller's profile and real-name registration."""

from chalice.app import Blueprint

from chalicelib.api.access import ANY_PERSON
from chalicelib.api.endpoint import POLL_MS, Answer, RequestContext, endpoint
from chalicelib.identity.people import Verification
from chalicelib.identity.registration import Entry, OwnRegistration
from chalicelib.identity.schemas import (
    Me,
    Registration,
    RegistrationAccepted,
    RegistrationRequest,
    Right,
)

routes = Blueprint(__name__)


@endpoint(routes, "GET", "/v1/me", access=ANY_PERSON, response=Me)
def me(context: RequestContext) -> Me:
    """Return the caller's profile, registration and rights."""
    own = context.container.registrations.show(context.actor, now=context.now)
    return Me(
        person_id=context.actor.person_id,
        phone=own.phone,
        strength=context.actor.session.strength,
        location_purpose=context.text("location.purpose"),
        registration=_registration(context, own),
        rights=[
            Right(venue_id=venue_id, role=role.value)
            for venue_id, role in context.actor.record.rights.items()
        ],
    )


@endpoint(
    routes,
    "POST",
    "/v1/me/registration",
    access=ANY_PERSON,
    request=RegistrationRequest,
    response=RegistrationAccepted,
    statuses=(200, 202),
    errors=(
        "version_conflict",
        "identity_taken",
        "identity_managed",
        "identity_returning",
        "phone_required",
        "too_many_requests",
    ),
)
def put_registration(context: RequestContext) -> Answer:
    """Register the caller's real name, or correct the registration; verified in the background."""
    body = context.body(RegistrationRequest)
    own = context.container.registrations.register(
        context.actor,
        Entry(body.name, body.document_type, body.document_number),
        version=body.version,
        correlation=context.correlation,
        now=context.now,
    )
    pending = own.profile.verification is Verification.PENDING
    accepted = RegistrationAccepted(
        status="pending" if pending else "settled",
        poll_after_ms=POLL_MS if pending else None,
        registration=_registration(context, own),
    )
    return Answer(accepted, 202 if pending else 200)


def _registration(context: RequestContext, own: OwnRegistration) -> Registration:
    profile = own.profile
    return Registration(
        version=profile.registration,
        verification=profile.verification.value,
        may_scan=profile.may_scan,
        reason=profile.reason or None,
        reason_text=context.text(f"verification.{profile.reason}") if profile.reason else None,
        name=own.name,
        document_type=profile.document_type or None,
        document_number=own.document_number,
    )
