"""Routes: venues, their posters and their day's figures."""

from datetime import date

from chalice.app import Blueprint

from chalicelib.api.endpoint import Answer, Caller, RequestContext, endpoint
from chalicelib.core.crypto import fingerprint
from chalicelib.core.errors import BadInput
from chalicelib.core.fields import canonical
from chalicelib.identity.people import Role
from chalicelib.insight.schemas import Statistics
from chalicelib.venues import issuance, posters
from chalicelib.venues import schemas as shown
from chalicelib.venues.catalogue import type_name
from chalicelib.venues.codes import url
from chalicelib.venues.numbers import masked
from chalicelib.venues.regions import region
from chalicelib.venues.venue import PosterState, Venue, day_of

routes = Blueprint(__name__)
_POLL_MS = 500


@endpoint(
    routes,
    "POST",
    "/v1/venues",
    caller=Caller.PERSON,
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
    """Apply for a venue's code; whoever applies becomes its administrator."""
    parts, body = context.container, context.body(shown.VenueRequest)
    issued = issuance.issue(
        context.actor,
        issuance.Application(
            name=body.name,
            kind=body.type,
            region=body.region,
            region_name=_region_name(body.region),
            street=body.street,
            address=body.address,
            number_type=body.number.type,
            number=body.number.canonical(),
            contact_name=body.contact.name,
            contact_phone=body.contact.phone,
        ),
        nonce=body.nonce,
        fingerprint=fingerprint(canonical(body)),
        now=context.now,
        ids=parts.ids,
        index=parts.index,
        vault=parts.vault,
        venues=parts.venues,
    )
    answer = _venue(context, issued.venue, number_shared=issued.number_shared)
    return Answer(answer, 201 if issued.created else 200)


@endpoint(routes, "GET", "/v1/venues", caller=Caller.PERSON, response=shown.VenueList)
def list_venues(context: RequestContext) -> shown.VenueList:
    """The venues that one administers."""
    rights = context.actor.record.rights
    mine = [venue_id for venue_id, role in rights.items() if role is Role.ADMINISTRATOR]
    venues = context.container.venues.venues(mine)
    return shown.VenueList(items=[_venue(context, venue) for venue in venues], next_cursor=None)


@endpoint(
    routes,
    "GET",
    "/v1/venues/{venue_id}",
    caller=Caller.ADMINISTRATOR,
    response=shown.Venue,
    errors=("not_found",),
)
def get_venue(context: RequestContext) -> shown.Venue:
    """A venue as its administrator sees it."""
    return _venue(context, context.venue)


@endpoint(
    routes,
    "POST",
    "/v1/venues/{venue_id}/posters",
    caller=Caller.ADMINISTRATOR,
    request=shown.PosterRequest,
    response=shown.Poster,
    statuses=(200, 202),
    errors=("not_found",),
)
def request_poster(context: RequestContext) -> Answer:
    """Ask for the venue's poster: PDF to print, PNG for the album, or the QR alone as SVG."""
    parts = context.container
    poster = posters.request(
        context.venue,
        context.body(shown.PosterRequest).form,
        code_host=parts.settings.code_host,
        demo=parts.settings.demo,
        correlation=context.correlation,
        now=context.now,
        posters=parts.posters,
        storage=parts.storage,
    )
    return Answer(_poster(poster), 202 if poster.state is PosterState.PENDING else 200)


@endpoint(
    routes,
    "GET",
    "/v1/venues/{venue_id}/posters/{poster_id}",
    caller=Caller.ADMINISTRATOR,
    response=shown.Poster,
    errors=("not_found",),
)
def get_poster(context: RequestContext, poster_id: str) -> shown.Poster:
    """A poster that was asked for, with a link that downloads it when it is ready."""
    parts = context.container
    return _poster(
        posters.show(
            context.venue,
            poster_id,
            now=context.now,
            posters=parts.posters,
            storage=parts.storage,
        )
    )


@endpoint(
    routes,
    "GET",
    "/v1/venues/{venue_id}/statistics",
    caller=Caller.STAFF,
    response=Statistics,
    errors=("not_found",),
    query={
        "day": "The venue's local day, such as 2022-04-24; today if left out.",
        "by": "`unit` (all staff and the visitors' own scans) or `me`; `unit` if left out.",
    },
)
def get_statistics(context: RequestContext) -> Statistics:
    """The figures of a venue's day: checked, passed, abnormal, pending."""
    venue = context.venue
    day = asked_day(context, venue)
    by = context.query.get("by", "unit")
    if by not in ("unit", "me"):
        raise BadInput.at("by", "not_allowed")
    staff_id = context.actor.person_id if by == "me" else ""
    figures = context.container.counters.of_day(venue, day, staff_id)
    return Statistics(
        venue_id=venue.venue_id,
        day=day,
        by="me" if staff_id else "unit",
        checked=figures.checked,
        passed=figures.passed,
        abnormal=figures.abnormal,
        pending=figures.pending,
        own_scans=figures.own,
    )


def _region_name(code: str) -> str:
    found = region(code)
    return found.name if found else code


def asked_day(context: RequestContext, venue: Venue) -> date:
    """The venue's local day in the query; its today if left out. Raises BadInput."""
    text = context.query.get("day")
    if text is None:
        return day_of(venue, context.now)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput.at("day", "day") from None
    if day.isoformat() != text:  # ISO 8601 knows other ways to write a day
        raise BadInput.at("day", "day")
    return day


def _venue(context: RequestContext, venue: Venue, *, number_shared: bool = False) -> shown.Venue:
    def opened(sealed: bytes, field: str) -> str:
        return context.container.vault.open(sealed, f"{venue.venue_id}/{field}")

    number = opened(venue.number, "number")
    warnings = []
    if number_shared:
        text = context.text("warning.number_shared")
        warnings.append(shown.Warning(code="number_shared", text=text))
    return shown.Venue(
        venue_id=venue.venue_id,
        name=venue.name,
        type=venue.kind,
        type_name=type_name(venue.kind, context.language),
        region=venue.region,
        region_name=venue.region_name,
        street=venue.street,
        address=venue.address,
        number_type=venue.number_type,  # type: ignore[arg-type]
        number=masked(venue.number_type, number),
        contact_name=opened(venue.contact_name, "contact_name"),
        contact_phone=opened(venue.contact_phone, "contact_phone"),
        code=venue.code,
        code_url=url(venue.code, context.container.settings.code_host),
        time_zone=venue.time_zone,
        role=Role.ADMINISTRATOR.value,
        created_at=venue.created_at,
        warnings=warnings,
    )


def _poster(poster: posters.Poster) -> shown.Poster:
    return shown.Poster(
        poster_id=poster.poster_id,
        form=poster.form,  # type: ignore[arg-type]
        status=poster.state.value,
        url=poster.url,
        expires_at=poster.expires_at,
        poll_after_ms=_POLL_MS if poster.state is PosterState.PENDING else None,
    )
