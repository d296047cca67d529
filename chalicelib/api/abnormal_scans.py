"""Routes: the abnormal scans of a venue's day."""

from chalice.app import Blueprint

from chalicelib.admission.disclosure import ScanView
from chalicelib.admission.schemas import AbnormalScan, AbnormalScans, AbnormalScansQuery
from chalicelib.api import components
from chalicelib.api.access import STAFF_OF_VENUE
from chalicelib.api.endpoint import RequestContext, endpoint
from chalicelib.identity.people import Profile
from chalicelib.venues.venue import day_of

routes = Blueprint(__name__)


@endpoint(
    routes,
    "GET",
    "/v1/venues/{venue_id}/scans",
    access=STAFF_OF_VENUE,
    response=AbnormalScans,
    errors=("not_found",),
    query=AbnormalScansQuery,
)
def list_abnormal(context: RequestContext) -> AbnormalScans:
    """Return the abnormal scans of a venue's day."""
    venue, query = context.venue, context.query(AbnormalScansQuery)
    day = query.day or day_of(venue, context.now)
    of = f"abnormal/{venue.venue_id}/{day}"
    found = context.container.abnormal_scans.page(
        context.actor,
        venue,
        day,
        limit=query.limit,
        after=context.after(of, query.cursor),
        correlation=context.correlation,
        now=context.now,
    )
    return AbnormalScans(
        items=[_abnormal(context, item.view, item.person) for item in found.items],
        next_cursor=context.cursor(of, found.last),
    )


def _abnormal(context: RequestContext, view: ScanView, profile: Profile | None) -> AbnormalScan:
    return AbnormalScan(
        scan_id=view.scan_id,
        scanned_at=view.scanned_at,
        received_at=view.received_at,
        means=view.means,
        person=components.person(context, view, profile),
        outcome=components.abnormal(view),
        outcome_text=components.outcome_text(context, view),
        reasons=components.reasons(context, view),
        temperature=components.temperature(view),
    )
