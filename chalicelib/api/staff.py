"""Routes: a venue's staff, its join code, and the venues at which one works."""

from chalice.app import Blueprint

from chalicelib.api import components
from chalicelib.api.endpoint import PAGED, Answer, Caller, RequestContext, endpoint
from chalicelib.core import ids
from chalicelib.core.errors import NotFound
from chalicelib.identity.people import Role
from chalicelib.identity.schemas import Empty
from chalicelib.venues import schemas as shown
from chalicelib.venues import staffing
from chalicelib.venues.codes import url
from chalicelib.venues.venue import Venue

routes = Blueprint(__name__)
_VENUE = "/v1/venues/{venue_id}"


@endpoint(
    routes,
    "GET",
    f"{_VENUE}/join-code",
    caller=Caller.ADMINISTRATOR,
    response=shown.JoinCode,
    errors=("not_found",),
)
def get_join_code(context: RequestContext) -> shown.JoinCode:
    """The venue's join code, to be passed on to its inspectors."""
    return _join_code(context, rotate=False)


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/join-code/rotate",
    caller=Caller.ADMINISTRATOR,
    response=shown.JoinCode,
    errors=("not_found",),
)
def rotate_join_code(context: RequestContext) -> shown.JoinCode:
    """A new join code; the former one binds nobody any longer, those it has bound stay."""
    return _join_code(context, rotate=True)


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/fast-code",
    caller=Caller.ADMINISTRATOR,
    response=shown.FastCode,
    errors=("not_found",),
)
def fast_code(context: RequestContext) -> shown.FastCode:
    """The venue's second code, which visitors scan after a normal temperature was taken."""
    parts = context.container
    value = parts.venues.add_fast_code(context.venue.venue_id, parts.ids.random())
    return shown.FastCode(code=value, code_url=url(value, parts.settings.code_host))


@endpoint(
    routes,
    "GET",
    f"{_VENUE}/staff",
    caller=Caller.ADMINISTRATOR,
    response=shown.StaffList,
    errors=("not_found",),
    query=PAGED,
)
def list_staff(context: RequestContext) -> shown.StaffList:
    """The venue's staff, by name."""
    parts, venue_id = context.container, context.venue.venue_id
    of, limit = f"staff/{venue_id}", context.limit
    found = parts.staff.members(venue_id, after=context.after(of), limit=limit + 1)
    members = found[:limit]
    last = members[-1].person_id if len(found) > limit else None
    names = staffing.names_of(members, people=parts.people, vault=parts.vault)
    return shown.StaffList(
        items=[
            shown.Member(
                person_id=member.person_id,
                name=names.get(member.person_id, ""),
                role=member.role.value,
                since=member.since,
            )
            for member in members
        ],
        next_cursor=context.cursor(of, last),
    )


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/staff",
    caller=Caller.ADMINISTRATOR,
    request=shown.StaffRequest,
    response=shown.StaffAdded,
    statuses=(201, 202),
    errors=(
        "not_found",
        "initial_administrator_only",
        "staff_no_match",
        "too_many_venues",
        "too_many_requests",
    ),
)
def add_staff(context: RequestContext) -> Answer:
    """Add staff by true identity, or by name and phone."""
    parts, venue = context.container, context.venue
    entry = context.body(shown.StaffRequest).root
    if isinstance(entry, shown.AddByIdentity):
        staffing.add_by_identity(
            context.actor,
            venue,
            name=entry.name,
            document_type=entry.document_type,
            number=entry.document_number,
            phone=entry.phone,
            role=Role(entry.role),
            now=context.now,
            index=parts.index,
            limits=parts.limits,
            vault=parts.vault,
            people=parts.people,
            staff=parts.staff,
        )
        return Answer(shown.StaffAdded(status="bound"), 201)
    staffing.add_by_phone(
        context.actor,
        venue,
        name=entry.name,
        phone=entry.phone,
        role=Role(entry.role),
        now=context.now,
        index=parts.index,
        limits=parts.limits,
        vault=parts.vault,
        people=parts.people,
        staff=parts.staff,
    )
    return Answer(shown.StaffAdded(status="invited"), 202)


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/staff/{{person_id}}/remove",
    caller=Caller.ADMINISTRATOR,
    response=Empty,
    errors=("not_found", "initial_administrator", "initial_administrator_only"),
)
def remove_staff(context: RequestContext, person_id: str) -> Empty:
    """Take a person's right away; it is gone at their next call."""
    # What is no id may also be too long for a key, which DynamoDB takes for a mistake of ours.
    if not ids.is_id(person_id, "per"):
        raise NotFound
    venue = context.venue
    staffing.remove(context.actor, venue, person_id, staff=context.container.staff)
    return Empty()


@endpoint(routes, "GET", "/v1/bindings", caller=Caller.PERSON, response=shown.Bindings)
def list_bindings(context: RequestContext) -> shown.Bindings:
    """The venues at which one works."""
    rights = context.actor.record.rights
    venues = context.container.venues.venues(list(rights))
    return shown.Bindings(
        items=[_binding(context, venue, rights[venue.venue_id]) for venue in venues],
        next_cursor=None,
    )


@endpoint(
    routes,
    "POST",
    "/v1/bindings",
    caller=Caller.PERSON,
    request=shown.JoinRequest,
    response=shown.Binding,
    statuses=(201,),
    errors=(
        "registration_required",
        "registration_rejected",
        "registration_not_verified",
        "join_code_unknown",
        "too_many_requests",
        "too_many_venues",
    ),
)
def join_venue(context: RequestContext) -> Answer:
    """Bind oneself as inspector by a venue's join code."""
    parts = context.container
    venue = staffing.join(
        context.actor,
        context.body(shown.JoinRequest).join_code,
        now=context.now,
        limits=parts.limits,
        staff=parts.staff,
        venues=parts.venues,
    )
    role = context.actor.record.rights.get(venue.venue_id, Role.INSPECTOR)
    return Answer(_binding(context, venue, role), 201)


@endpoint(
    routes,
    "POST",
    "/v1/bindings/{venue_id}/remove",
    caller=Caller.STAFF,
    response=Empty,
    errors=("not_found", "initial_administrator"),
)
def leave_venue(context: RequestContext) -> Empty:
    """Stop working at a venue."""
    person_id, venue = context.actor.person_id, context.venue
    staffing.remove(context.actor, venue, person_id, staff=context.container.staff)
    return Empty()


def _join_code(context: RequestContext, *, rotate: bool) -> shown.JoinCode:
    venue = context.venue
    code = staffing.join_code(venue, rotate=rotate, staff=context.container.staff)
    return shown.JoinCode(join_code=code)


def _binding(context: RequestContext, venue: Venue, role: Role) -> shown.Binding:
    return shown.Binding(**components.venue(context, venue).model_dump(), role=role.value)
