"""Routes: venues, their posters and their daily figures."""

from chalice.app import Blueprint

from chalicelib.api.access import ADMINISTRATOR_OF_VENUE, ANY_PERSON, STAFF_OF_VENUE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.core.crypto import fingerprint
from chalicelib.core.fields import canonical
from chalicelib.insight.schemas import Statistics, StatisticsQuery
from chalicelib.venues import schemas as shown
from chalicelib.venues.posters import Poster
from chalicelib.venues.venue import PosterKind, PosterState, day_of

routes = Blueprint(__name__)
_POLL_MS = 500


@endpoint(
    routes,
    "POST",
    "/v1/venues",
    access=ANY_PERSON,
    request=shown.VenueRequest,
    response=shown.Venue,
    statuses=(200, 201),
    errors=(
        "registration_required",
        "registration_rejected",
        "registration_not_verified",
        "venue_exists",
        "nonce_reused",
        "too_many_venues",
    ),
)
def create_venue(context: RequestContext) -> Answer:
    """Apply for a venue's code; the applicant becomes its administrator."""
    body = context.body(shown.VenueRequest)
    issued = context.container.issuance.issue(
        context.actor,
        body.application(),
        context.submission(body.nonce, fingerprint(canonical(body))),
    )
    warnings = []
    if issued.number_shared:
        text = context.text("warning.number_shared")
        warnings.append(shown.Warning(code="number_shared", text=text))
    answer = shown.Venue.of(issued.details, context.language, *warnings)
    return Answer(answer, 201 if issued.created else 200)


@endpoint(routes, "GET", "/v1/venues", access=ANY_PERSON, response=shown.VenueList)
def list_venues(context: RequestContext) -> shown.VenueList:
    """Return the venues that the caller administers."""
    venues = context.container.issuance.administered_by(context.actor)
    return shown.VenueList(items=[shown.Venue.of(venue, context.language) for venue in venues])


@endpoint(
    routes,
    "GET",
    "/v1/venues/{venue_id}",
    access=ADMINISTRATOR_OF_VENUE,
    response=shown.Venue,
    errors=("not_found",),
)
def get_venue(context: RequestContext) -> shown.Venue:
    """Return a venue, for its administrators."""
    details = context.container.issuance.describe(context.venue)
    return shown.Venue.of(details, context.language)


@endpoint(
    routes,
    "POST",
    "/v1/venues/{venue_id}/posters",
    access=ADMINISTRATOR_OF_VENUE,
    request=shown.PosterRequest,
    response=shown.Poster,
    statuses=(200, 202),
    errors=("not_found",),
)
def request_poster(context: RequestContext) -> Answer:
    """Request a poster of a code: PDF to print, PNG for the album, or the QR code alone as SVG."""
    wanted = context.body(shown.PosterRequest)
    poster = context.container.poster_requests.request(
        context.venue,
        PosterKind(wanted.code),
        wanted.form,
        correlation=context.correlation,
        now=context.now,
    )
    return Answer(_poster(poster), 202 if poster.state is PosterState.PENDING else 200)


@endpoint(
    routes,
    "GET",
    "/v1/venues/{venue_id}/posters/{poster_id}",
    access=ADMINISTRATOR_OF_VENUE,
    response=shown.Poster,
    errors=("not_found",),
)
def get_poster(context: RequestContext, poster_id: str) -> shown.Poster:
    """Return a requested poster, with a download link once it is ready."""
    poster = context.container.poster_requests.show(context.venue, poster_id, now=context.now)
    return _poster(poster)


@endpoint(
    routes,
    "GET",
    "/v1/venues/{venue_id}/statistics",
    access=STAFF_OF_VENUE,
    response=Statistics,
    errors=("not_found",),
    query=StatisticsQuery,
)
def get_statistics(context: RequestContext) -> Statistics:
    """Return the figures of a venue's day: checked, passed, abnormal, pending."""
    venue = context.venue
    query = context.query(StatisticsQuery)
    day, own = query.day or day_of(venue, context.now), query.by == "me"
    figures = context.container.venue_statistics.of_day(context.actor, venue, day, own=own)
    return Statistics(
        venue_id=venue.venue_id,
        day=day,
        by=query.by,
        checked=figures.checked,
        passed=figures.passed,
        abnormal=figures.abnormal,
        pending=figures.pending,
        own_scans=figures.own,
    )


def _poster(poster: Poster) -> shown.Poster:
    return shown.Poster(
        poster_id=poster.poster_id,
        code=poster.kind.value,
        form=poster.form,  # type: ignore[arg-type]  # as it was requested
        status=poster.state.value,
        url=poster.url,
        expires_at=poster.expires_at,
        poll_after_ms=_POLL_MS if poster.state is PosterState.PENDING else None,
    )
