"""Routes: paired phones of staff, and what they upload late."""

from chalice.app import Blueprint

from chalicelib.admission.schemas_phones import (
    LateScanRequest,
    LateScanShown,
    PhoneList,
    PhonePaired,
    PhonePairing,
    PhoneShown,
)
from chalicelib.admission.schemas_scan import PassScanRequest
from chalicelib.admission.staff_phones import Upload
from chalicelib.api.access import ANY_PERSON, STAFF_OF_VENUE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.api.scans import PASS_ERRORS
from chalicelib.core.crypto import fingerprint
from chalicelib.core.fields import canonical
from chalicelib.identity.schemas import Empty

routes = Blueprint(__name__)


@endpoint(
    routes,
    "POST",
    "/v1/me/devices",
    access=ANY_PERSON,
    request=PhonePairing,
    response=PhonePaired,
    statuses=(200, 201),
    errors=("not_your_venue", "clock_skewed", "nonce_reused", "too_many_devices"),
)
def pair_phone(context: RequestContext) -> Answer:
    """Pair the caller's phone, so that what it keeps while offline may be sent later."""
    nonce = context.body(PhonePairing).nonce
    paired = context.container.staff_phones.pair(context.actor, context.submission(nonce))
    phone = paired.phone
    shown = PhonePaired(device_id=phone.device_id, secret=paired.secret, paired_at=phone.paired_at)
    return Answer(shown, 201 if paired.created else 200)


@endpoint(routes, "GET", "/v1/me/devices", access=ANY_PERSON, response=PhoneList)
def list_phones(context: RequestContext) -> PhoneList:
    """Return the caller's paired phones."""
    phones = context.container.staff_phones.paired(context.actor)
    items = [PhoneShown(device_id=one.device_id, paired_at=one.paired_at) for one in phones]
    return PhoneList(items=items)


@endpoint(routes, "POST", "/v1/me/devices/{device_id}/revoke", access=ANY_PERSON, response=Empty)
def revoke_phone(context: RequestContext, device_id: str) -> Empty:
    """Revoke a paired phone, such as one that was lost; it counts at once."""
    context.container.staff_phones.revoke(context.actor, device_id, context.now)
    return Empty()


@endpoint(
    routes,
    "POST",
    "/v1/venues/{venue_id}/late-scans",
    access=STAFF_OF_VENUE,
    request=LateScanRequest,
    response=LateScanShown,
    statuses=(200, 201),
    errors=(*PASS_ERRORS, "device_not_paired"),
)
def upload_late_scan(context: RequestContext) -> Answer:
    """Record a pass that a paired phone scanned while it was offline; tell nothing of health."""
    body = context.body(LateScanRequest)
    venue, temperature = context.venue, body.temperature or ""
    # The fingerprint is that of a scan, so that one whose response was lost may be sent again here.
    scan = PassScanRequest(nonce=body.nonce, pass_code=body.pass_code, temperature=body.temperature)
    recorded = context.container.late_scans.record(
        context.actor,
        venue,
        Upload(body.device_id, venue.venue_id, body.nonce, body.pass_code, temperature),
        body.signature,
        context.submission(body.nonce, fingerprint(canonical(scan))),
    )
    shown = LateScanShown(
        scan_id=recorded.scan_id,
        scanned_at=recorded.scanned_at,
        received_at=recorded.received_at,
    )
    return Answer(shown, 201 if recorded.created else 200)
