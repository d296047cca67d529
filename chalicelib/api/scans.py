"""Routes: a visitor's scan and its screen."""

from chalice.app import Blueprint

from chalicelib.admission import scanning
from chalicelib.admission.judge import UNKNOWN, Evidence
from chalicelib.admission.schemas import (
    Explained,
    PersonShown,
    ScanRequest,
    Screen,
    VenueShown,
)
from chalicelib.api import components
from chalicelib.api.endpoint import Answer, Call, Caller, endpoint
from chalicelib.core.crypto import body_hash
from chalicelib.identity.people import mask_name, mask_phone
from chalicelib.identity.providers import ProviderName
from chalicelib.venues import codes
from chalicelib.venues.catalogue import category

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
def scan_venue(call: Call) -> Answer:
    """Scan a venue's code: registers the visit and answers with one screen."""
    parts, body = call.container, call.body(ScanRequest)
    code = codes.parse(body.code, parts.settings.code_host)
    result = scanning.scan_venue(
        call.actor,
        code,
        nonce=body.nonce,
        # Wrapped one way or another, it is the same scan.
        body_hash=body_hash(code),
        correlation=call.correlation,
        now=call.now,
        directory=parts.directory,
        policies=parts.policies,
        scans=parts.scans,
    )
    return Answer(_screen(call, result), 201 if result.created else 200)


@endpoint(
    routes,
    "GET",
    "/v1/scans/{scan_id}",
    caller=Caller.PERSON,
    response=Screen,
    errors=("not_found",),
)
def get_scan(call: Call, scan_id: str) -> Screen:
    """One's own scan as it now stands; to be polled while something is pending."""
    parts = call.container
    result = scanning.own_scan(
        call.actor, scan_id, now=call.now, directory=parts.directory, scans=parts.scans
    )
    return _screen(call, result)


def _screen(call: Call, result: scanning.Result) -> Screen:
    scan, venue = result.scan, result.venue
    profile, verdict = call.actor.profile, result.scan.verdict
    vault, person_id = call.container.vault, call.actor.person_id
    kind = category(venue.kind)

    def evidence(provider: ProviderName) -> Evidence:
        return verdict.evidence.get(provider, UNKNOWN)

    return Screen(
        scan_id=scan.scan_id,
        scanned_at=scan.at,
        venue=VenueShown(
            venue_id=venue.venue_id,
            name=venue.name,
            type_name=kind.names[call.language] if kind else venue.kind,
            region_name=venue.region_name,
        ),
        checkpoint=None,
        person=PersonShown(
            name=mask_name(vault.open(profile.name, f"{person_id}/name")),
            phone=mask_phone(vault.open(profile.phone, f"{person_id}/phone")),
        ),
        outcome=verdict.decision.outcome.value,
        outcome_text=call.text(f"outcome.{verdict.decision.outcome}"),
        reasons=[
            Explained(code=code, text=call.text(f"reason.{code}", hours=str(verdict.hours)))
            for code in verdict.decision.reasons
        ],
        next_steps=[
            Explained(code=code, text=call.text(f"step.{code}"))
            for code in verdict.decision.next_steps
        ],
        health_code=components.component(call, evidence(ProviderName.HEALTH_CODE)),
        nucleic_acid=components.nucleic_acid(
            call, evidence(ProviderName.NUCLEIC_ACID), scan.received_at
        ),
        vaccination=components.vaccination(call, evidence(ProviderName.VACCINATION)),
        travel_card=components.travel_card(call, evidence(ProviderName.TRAVEL_CARD)),
        poll_after_ms=_POLL_MS if verdict.needs else None,
        demo=call.text("demo") if call.container.settings.demo else None,
    )
