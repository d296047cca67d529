"""Routes: scans by visitors and by staff, and their screens."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.admission.judge import Outcome
from chalicelib.admission.location import Location
from chalicelib.admission.scanning import Result
from chalicelib.admission.schemas_scan import (
    PassScanRequest,
    ScanRequest,
    Screen,
    TemperatureRequest,
)
from chalicelib.api import components
from chalicelib.api.access import ANY_PERSON, STAFF_OF_VENUE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint, milliseconds
from chalicelib.core.crypto import fingerprint
from chalicelib.core.fields import canonical
from chalicelib.venues import codes

routes = Blueprint(__name__)
PASS_ERRORS = (
    "not_found",
    "clock_skewed",
    "nonce_reused",
    "paper_not_accepted",
    "pass_expired",
    "pass_invalid",
    "pass_revoked",
    "pass_used",
    "visitor_not_verified",
)
"""The errors of a pass that is scanned, now or by a phone that was offline."""


@endpoint(
    routes,
    "POST",
    "/v1/scans",
    access=ANY_PERSON,
    request=ScanRequest,
    response=Screen,
    statuses=(200, 201),
    errors=(
        "registration_required",
        "registration_rejected",
        "code_unknown",
        "code_revoked",
        "not_your_dependant",
        "clock_skewed",
        "nonce_reused",
    ),
)
def scan_venue(context: RequestContext) -> Answer:
    """Scan a venue's code, for oneself or a dependant: record the visit, return one screen."""
    body = context.body(ScanRequest)
    code = codes.parse(body.code, context.container.settings.code_host)
    # The fingerprint ignores the URL or mini-program link around the code, and the location, which
    # may have changed by a few metres before a retry.
    behalf, where = body.on_behalf_of, body.location
    submission = context.submission(body.nonce, fingerprint(f"{code} {behalf}" if behalf else code))
    result = context.container.scanning.scan_venue(
        context.actor,
        code,
        submission,
        on_behalf_of=behalf,
        location=None
        if where is None
        else Location(where.latitude, where.longitude, where.accuracy_m),
    )
    return Answer(_screen(context, result), 201 if result.created else 200)


@endpoint(
    routes,
    "GET",
    "/v1/scans/{scan_id}",
    access=ANY_PERSON,
    response=Screen,
    errors=("not_found",),
)
def get_scan(context: RequestContext, scan_id: str) -> Screen:
    """Return the current state of the caller's scan, or of one at a venue where they are staff."""
    result = context.container.scanning.visible_scan(
        context.actor, scan_id, context.now, correlation=context.correlation
    )
    return _screen(context, result)


@endpoint(
    routes,
    "POST",
    "/v1/venues/{venue_id}/scans",
    access=STAFF_OF_VENUE,
    request=PassScanRequest,
    response=Screen,
    statuses=(200, 201),
    errors=PASS_ERRORS,
)
def scan_pass(context: RequestContext) -> Answer:
    """Scan a visitor's pass, live or on paper; return one screen for the staff."""
    body = context.body(PassScanRequest)
    result = context.container.scanning.scan_pass(
        context.actor,
        context.venue,
        body.pass_code,
        body.temperature or "",
        context.submission(body.nonce, fingerprint(canonical(body))),
    )
    return Answer(_screen(context, result), 201 if result.created else 200)


@endpoint(
    routes,
    "POST",
    "/v1/scans/{scan_id}/temperature",
    access=ANY_PERSON,
    request=TemperatureRequest,
    response=Screen,
    errors=("not_found", "clock_skewed", "temperature_late"),
)
def add_temperature(context: RequestContext, scan_id: str) -> Screen:
    """Add the visitor's temperature to one's own scan of a pass, within ten minutes."""
    body = context.body(TemperatureRequest)
    result = context.container.temperatures.add(
        context.actor, scan_id, body.temperature, context.now, nonce=body.nonce or ""
    )
    return _screen(context, result)


def _screen(context: RequestContext, result: Result) -> Screen:
    view = result.view
    shown: dict[str, Any] = {
        name: components.component(
            context, name, evidence, view.received_at, admitted=view.outcome is Outcome.ADMIT
        )
        for name, evidence in view.evidence.items()
    }
    return Screen(
        scan_id=view.scan_id,
        scanned_at=view.scanned_at,
        received_at=view.received_at,
        clock_ahead_ms=milliseconds(view.clock_ahead),
        venue=components.venue(context, result.venue),
        checkpoint=view.checkpoint_id or None,
        means=view.means,
        pass_kind=view.pass_kind,
        person=components.person(context, view, result.visitor),
        outcome=components.outcome(view),
        outcome_text=components.outcome_text(context, view),
        reasons=components.reasons(context, view),
        next_steps=components.next_steps(context, view),
        **shown,
        temperature=components.temperature(view),
        poll_after_ms=None if result.poll_after is None else milliseconds(result.poll_after),
        answer_by=result.answer_by,
        demo=context.text("demo") if context.container.settings.demo else None,
    )
