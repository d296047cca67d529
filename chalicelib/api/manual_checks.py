"""Routes: manual checks, and the access records that people see about themselves."""

from datetime import timedelta

from chalice.app import Blueprint

from chalicelib.admission.accesses import AccessKind, SeenAccess
from chalicelib.admission.manual_checks import Check
from chalicelib.admission.schemas import (
    AccessList,
    AccessShown,
    ManualCheck,
    ManualCheckRequest,
    Named,
)
from chalicelib.admission.shadows import ManualEntry
from chalicelib.api import components
from chalicelib.api.access import ANY_PERSON, STAFF_OF_VENUE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint, milliseconds
from chalicelib.core.fields import Paged
from chalicelib.identity.providers import ProviderName

routes = Blueprint(__name__)


@endpoint(
    routes,
    "POST",
    "/v1/venues/{venue_id}/manual-checks",
    access=STAFF_OF_VENUE,
    request=ManualCheckRequest,
    response=ManualCheck,
    statuses=(202,),
    errors=("not_found", "clock_skewed", "nonce_reused", "too_many_requests"),
)
def check_by_hand(context: RequestContext) -> Answer:
    """Check a visitor without a phone by name and document number; the result takes two seconds."""
    venue, body = context.venue, context.body(ManualCheckRequest)
    entry = ManualEntry(
        name=body.name,
        document_type=body.document_type,
        number=body.document_number,
        phone=body.phone or "",
        temperature=body.temperature or "",
    )
    submission = context.submission(body.nonce)
    result = context.container.manual_checks.check(context.actor, venue, entry, submission)
    view = result.view
    return Answer(_waiting(context, result, milliseconds(view.answer_at - view.received_at)), 202)


@endpoint(
    routes,
    "GET",
    "/v1/manual-checks/{check_id}",
    access=ANY_PERSON,
    response=ManualCheck,
    errors=("not_found",),
)
def get_manual_check(context: RequestContext, check_id: str) -> ManualCheck:
    """Return a manual check that the caller made; it is pending for two seconds at least."""
    result = context.container.manual_checks.visible_check(context.actor, check_id, context.now)
    name = components.name(context, result.view, result.subject)
    if result.view.outcome is None:
        rest = result.view.answer_at - context.now
        again = rest if rest > timedelta() else result.poll_after or rest
        return _waiting(context, result, milliseconds(again))
    return _answered(context, result, name)


@endpoint(
    routes,
    "GET",
    "/v1/me/accesses",
    access=ANY_PERSON,
    response=AccessList,
    errors=("registration_required", "registration_rejected", "registration_not_verified"),
    query=Paged,
)
def list_accesses(context: RequestContext) -> AccessList:
    """Return who read the caller's data, when and where, newest first."""
    of, query = f"accesses/{context.actor.person_id}", context.query(Paged)
    after = context.after(of, query.cursor)
    page = context.container.access_log.page(
        context.actor, limit=query.limit, after=after, now=context.now
    )
    return AccessList(
        items=[_access(context, one) for one in page.accesses],
        next_cursor=context.cursor(of, page.last),
    )


def _access(context: RequestContext, access: SeenAccess) -> AccessShown:
    by_staff = access.kind in (AccessKind.MANUAL_CHECK, AccessKind.STAFF)
    return AccessShown(
        at=access.asked_at,
        kind=access.kind.value,
        place=access.place,
        venue_name=access.place if by_staff else None,
        text=context.text(f"access.{access.kind}"),
    )


def _waiting(context: RequestContext, result: Check, poll_after_ms: int) -> ManualCheck:
    return ManualCheck(
        check_id=result.view.scan_id,
        status="pending",
        poll_after_ms=poll_after_ms,
        checked_at=result.view.scanned_at,
        venue=components.venue(context, result.venue),
        person=None,
        outcome=None,
        outcome_text=None,
        reasons=[],
        next_steps=[],
        health_code=None,
        temperature=components.temperature(result.view),
        demo=_demo(context),
    )


def _answered(context: RequestContext, result: Check, name: str | None) -> ManualCheck:
    view = result.view
    return ManualCheck(
        check_id=view.scan_id,
        status="answered",
        poll_after_ms=None if result.poll_after is None else milliseconds(result.poll_after),
        checked_at=view.scanned_at,
        venue=components.venue(context, result.venue),
        person=Named(name=name) if name else None,
        outcome=components.decided(view),
        outcome_text=components.outcome_text(context, view),
        reasons=components.reasons(context, view),
        next_steps=components.next_steps(context, view),
        health_code=components.health_colour(context, view.evidence[ProviderName.HEALTH_CODE]),
        temperature=components.temperature(view),
        demo=_demo(context),
    )


def _demo(context: RequestContext) -> str | None:
    return context.text("demo") if context.container.settings.demo else None
