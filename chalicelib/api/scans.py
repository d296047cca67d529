"""Routes: scans by visitors and by staff, their screens, and the day's abnormal ones."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.admission import evidence, manual_checks, scanning
from chalicelib.admission.judge import UNKNOWN
from chalicelib.admission.scan import Method, Scan
from chalicelib.admission.schemas import (
    AbnormalScan,
    AbnormalScans,
    PassScanRequest,
    PersonShown,
    ScanRequest,
    Screen,
)
from chalicelib.api import components
from chalicelib.api.endpoint import PAGED, Answer, Caller, RequestContext, endpoint
from chalicelib.api.venues import asked_day
from chalicelib.core.crypto import fingerprint
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.core.fields import canonical
from chalicelib.identity import passes
from chalicelib.identity.people import Profile, mask_phone
from chalicelib.insight import abnormal
from chalicelib.venues import codes

routes = Blueprint(__name__)
_POLL_MS = 1000


@endpoint(
    routes,
    "POST",
    "/v1/scans",
    caller=Caller.PERSON,
    request=ScanRequest,
    response=Screen,
    statuses=(200, 201),
    errors=(
        "registration_required",
        "registration_rejected",
        "code_unknown",
        "code_revoked",
        "clock_skewed",
        "nonce_reused",
    ),
)
def scan_venue(context: RequestContext) -> Answer:
    """Scan a venue's code: registers the visit and answers with one screen."""
    parts, body = context.container, context.body(ScanRequest)
    code = codes.parse(body.code, parts.settings.code_host)
    result = scanning.scan_venue(
        context.actor,
        code,
        nonce=body.nonce,
        # Wrapped one way or another, it is the same scan.
        fingerprint=fingerprint(code),
        correlation=context.correlation,
        now=context.now,
        directory=parts.directory,
        policies=parts.policies,
        scans=parts.scans,
    )
    return Answer(_screen(context, result, context.actor.profile), 201 if result.created else 200)


@endpoint(
    routes,
    "GET",
    "/v1/scans/{scan_id}",
    caller=Caller.PERSON,
    response=Screen,
    errors=("not_found",),
)
def get_scan(context: RequestContext, scan_id: str) -> Screen:
    """One's own scan, or one of a venue that one is staff of, as it now stands."""
    parts = context.container
    result = scanning.visible_scan(
        context.actor, scan_id, now=context.now, directory=parts.directory, scans=parts.scans
    )
    return _screen(context, result, _visitor(context, result.scan))


@endpoint(
    routes,
    "POST",
    "/v1/venues/{venue_id}/scans",
    caller=Caller.STAFF,
    request=PassScanRequest,
    response=Screen,
    statuses=(200, 201),
    errors=(
        "not_found",
        "clock_skewed",
        "nonce_reused",
        "pass_expired",
        "pass_invalid",
        "pass_used",
        "visitor_not_verified",
    ),
)
def scan_pass(context: RequestContext) -> Answer:
    """Scan a visitor's pass, with the temperature that was taken: one screen for the staff.

    A phone that was offline may send it up to seven days later.
    """
    parts, body = context.container, context.body(PassScanRequest)
    result, visitor = scanning.scan_pass(
        context.actor,
        context.venue,
        passes.read(body.pass_code, ring=parts.ring),
        temperature=body.temperature or "",
        nonce=body.nonce,
        fingerprint=fingerprint(canonical(body)),
        correlation=context.correlation,
        now=context.now,
        people=parts.people,
        policies=parts.policies,
        scans=parts.scans,
    )
    return Answer(_screen(context, result, visitor), 201 if result.created else 200)


@endpoint(
    routes,
    "GET",
    "/v1/venues/{venue_id}/scans",
    caller=Caller.STAFF,
    response=AbnormalScans,
    errors=("not_found",),
    query={
        "outcome": "`abnormal`, the only list there is.",
        "day": "The venue's local day, such as 2022-04-24; today if left out.",
        **PAGED,
    },
    required=("outcome",),
)
def list_abnormal(context: RequestContext) -> AbnormalScans:
    """The abnormal scans of a venue's day, behind the figure of that name."""
    parts, venue = context.container, context.venue
    if context.query.get("outcome") != "abnormal":
        raise BadInput.at("outcome", "not_allowed")
    day = asked_day(context, venue)
    of = f"abnormal/{venue.venue_id}/{day}"
    found = abnormal.page(
        venue,
        day,
        limit=context.limit,
        after=context.after(of),
        pointers=parts.pointers,
        scans=parts.scans,
    )
    return AbnormalScans(
        items=[
            _abnormal(context, scan)
            for scan in found.scans
            if manual_checks.is_listed(scan, context.now)
        ],
        next_cursor=context.cursor(of, found.last),
    )


def _visitor(context: RequestContext, scan: Scan) -> Profile:
    if scan.person_id == context.actor.person_id:
        return context.actor.profile
    profile = context.container.people.load(scan.person_id, consistent=False).profile
    if profile is None:
        raise NotFound
    return profile


def _abnormal(context: RequestContext, scan: Scan) -> AbnormalScan:
    decision = scan.verdict.decision
    manual = scan.method is Method.MANUAL
    if manual:
        decision = manual_checks.redact_for_staff(decision)
    return AbnormalScan(
        scan_id=scan.scan_id,
        scanned_at=scan.at,
        received_at=scan.received_at,
        means=scan.method.value,
        person=_checked(context, scan) if manual else _person(context, _visitor(context, scan)),
        outcome=decision.outcome.value,  # type: ignore[arg-type]
        outcome_text=components.outcome_text(context, decision.outcome, for_staff=True),
        reasons=components.reasons(context, decision, scan.verdict.hours),
        temperature=components.temperature(scan),
    )


def _person(context: RequestContext, profile: Profile) -> PersonShown:
    vault, person_id = context.container.vault, profile.person_id
    return PersonShown(
        name=components.masked_name(context, profile),
        phone=mask_phone(vault.open(profile.phone, f"{person_id}/phone")),
    )


def _checked(context: RequestContext, scan: Scan) -> PersonShown:
    """Somebody who was checked by hand; a shadow subject may be forgotten by now."""
    profile = context.container.people.load(scan.person_id, consistent=False).profile
    name = components.masked_name(context, profile) if profile else "*"
    return PersonShown(name=name, phone=None)


def _screen(context: RequestContext, result: scanning.Result, visitor: Profile) -> Screen:
    scan, venue = result.scan, result.venue
    verdict = scan.verdict
    for_staff = scan.person_id != context.actor.person_id
    shown: dict[str, Any] = {
        name: components.component(
            context, name, verdict.evidence.get(name, UNKNOWN), scan.received_at
        )
        for name in evidence.shown()
    }
    return Screen(
        scan_id=scan.scan_id,
        scanned_at=scan.at,
        received_at=scan.received_at,
        venue=components.venue(context, venue),
        checkpoint=None,
        means=scan.method.value,
        person=_person(context, visitor),
        outcome=verdict.decision.outcome.value,
        outcome_text=components.outcome_text(
            context, verdict.decision.outcome, for_staff=for_staff
        ),
        reasons=components.reasons(context, verdict.decision, verdict.hours),
        next_steps=components.next_steps(context, verdict.decision, for_staff=for_staff),
        **shown,
        temperature=components.temperature(scan),
        poll_after_ms=_POLL_MS if verdict.needs else None,
        demo=context.text("demo") if context.container.settings.demo else None,
    )
