"""Routes: a venue's staff, its join code, and the venues at which the caller works."""

from chalice.app import Blueprint

from chalicelib.api import components
from chalicelib.api.access import ADMINISTRATOR_OF_VENUE, ANY_PERSON, STAFF_OF_VENUE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.core.fields import Paged
from chalicelib.identity.people import Role
from chalicelib.identity.schemas import Empty
from chalicelib.venues import schemas as shown
from chalicelib.venues.staffing import Binding

routes = Blueprint(__name__)
_VENUE = "/v1/venues/{venue_id}"


@endpoint(
    routes,
    "GET",
    f"{_VENUE}/join-code",
    access=ADMINISTRATOR_OF_VENUE,
    response=shown.JoinCode,
    errors=("not_found",),
)
def get_join_code(context: RequestContext) -> shown.JoinCode:
    """Return the venue's join code, for its inspectors."""
    return _join_code(context, rotate=False)


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/join-code/rotate",
    access=ADMINISTRATOR_OF_VENUE,
    response=shown.JoinCode,
    errors=("not_found",),
)
def rotate_join_code(context: RequestContext) -> shown.JoinCode:
    """Replace the join code; the old one stops working, and inspectors who used it stay."""
    return _join_code(context, rotate=True)


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/fast-code",
    access=ADMINISTRATOR_OF_VENUE,
    response=shown.FastCode,
    errors=("not_found",),
)
def fast_code(context: RequestContext) -> shown.FastCode:
    """Return the venue's second code, which visitors scan after a normal temperature reading."""
    code = context.container.issuance.fast_code(context.venue)
    return shown.FastCode(code=code.code, code_url=code.code_url)


@endpoint(
    routes,
    "GET",
    f"{_VENUE}/staff",
    access=ADMINISTRATOR_OF_VENUE,
    response=shown.StaffList,
    errors=("not_found",),
    query=Paged,
)
def list_staff(context: RequestContext) -> shown.StaffList:
    """Return the venue's staff under the names that were bound."""
    query = context.query(Paged)
    of = f"staff/{context.venue.venue_id}"
    found = context.container.staffing.members(
        context.venue, limit=query.limit, after=context.after(of, query.cursor)
    )
    return shown.StaffList(
        items=[
            shown.Member(
                person_id=member.person_id,
                name=name,
                role=member.role.value,
                since=member.since,
                standing=standing.value,
                invitation_id=member.invitation_id or None,
            )
            for member, name, standing in found.members
        ],
        next_cursor=context.cursor(of, found.last),
    )


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/staff",
    access=ADMINISTRATOR_OF_VENUE,
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
    """Add a staff member by registered identity, or by name and phone."""
    staffing, venue = context.container.staffing, context.venue
    entry = context.body(shown.StaffRequest).root
    role = Role(entry.role)
    if isinstance(entry, shown.AddByIdentity):
        staffing.add_by_identity(context.actor, venue, role, entry.identity(), now=context.now)
        return Answer(shown.StaffAdded(status="bound", invitation_id=None, expires_at=None), 201)
    sent = staffing.add_by_phone(
        context.actor, venue, role, entry.name, entry.phone, now=context.now
    )
    added = shown.StaffAdded(
        status="invited", invitation_id=sent.invitation_id, expires_at=sent.expires_at
    )
    return Answer(added, 202)


@endpoint(
    routes,
    "GET",
    f"{_VENUE}/invitations",
    access=ADMINISTRATOR_OF_VENUE,
    response=shown.InvitationList,
    errors=("not_found",),
    query=Paged,
)
def list_invitations(context: RequestContext) -> shown.InvitationList:
    """Return the invitations that wait; who is bound is in the list of staff."""
    query = context.query(Paged)
    of = f"invitations/{context.venue.venue_id}"
    found = context.container.staffing.invitations(
        context.venue,
        limit=query.limit,
        after=context.after(of, query.cursor),
        now=context.now,
    )
    return shown.InvitationList(
        items=[
            shown.Invitation(
                invitation_id=one.invitation_id,
                status="waiting",
                name=one.name,
                phone=one.phone,
                role=one.role.value,
                invited_at=one.at,
                expires_at=one.expires_at,
            )
            for one in found.invitations
        ],
        next_cursor=context.cursor(of, found.last),
    )


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/invitations/{{invitation_id}}/withdraw",
    access=ADMINISTRATOR_OF_VENUE,
    response=Empty,
    errors=("not_found", "initial_administrator_only"),
)
def withdraw(context: RequestContext, invitation_id: str) -> Empty:
    """Withdraw an invitation that waits; who is bound already stays."""
    context.container.staffing.withdraw(context.actor, context.venue, invitation_id)
    return Empty()


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/staff/{{person_id}}/remove",
    access=ADMINISTRATOR_OF_VENUE,
    response=Empty,
    errors=("not_found", "initial_administrator", "initial_administrator_only"),
)
def remove_staff(context: RequestContext, person_id: str) -> Empty:
    """Remove a staff member; their rights end with the next call."""
    context.container.staffing.remove(context.actor, context.venue, person_id)
    return Empty()


@endpoint(
    routes,
    "POST",
    f"{_VENUE}/administrator",
    access=ADMINISTRATOR_OF_VENUE,
    request=shown.HandOver,
    response=shown.InitialAdministrator,
    errors=("not_found", "initial_administrator_only"),
)
def hand_over_venue(context: RequestContext) -> shown.InitialAdministrator:
    """Hand the venue over to another administrator; the caller stays an ordinary one."""
    person_id = context.body(shown.HandOver).person_id
    context.container.staffing.hand_over(context.actor, context.venue, person_id)
    return shown.InitialAdministrator(person_id=person_id)


@endpoint(routes, "GET", "/v1/bindings", access=ANY_PERSON, response=shown.Bindings)
def list_bindings(context: RequestContext) -> shown.Bindings:
    """Return the venues at which the caller works."""
    bindings = context.container.bindings.of(context.actor)
    return shown.Bindings(items=[_binding(context, binding) for binding in bindings])


@endpoint(
    routes,
    "POST",
    "/v1/bindings",
    access=ANY_PERSON,
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
    """Bind the caller to a venue as inspector, by its join code."""
    code = context.body(shown.JoinRequest).join_code
    binding = context.container.bindings.join(context.actor, code, now=context.now)
    return Answer(_binding(context, binding), 201)


@endpoint(
    routes,
    "POST",
    "/v1/bindings/{venue_id}/remove",
    access=STAFF_OF_VENUE,
    response=Empty,
    errors=("not_found", "initial_administrator"),
)
def leave_venue(context: RequestContext) -> Empty:
    """Remove the caller from a venue's staff."""
    context.container.staffing.remove(context.actor, context.venue, context.actor.person_id)
    return Empty()


def _join_code(context: RequestContext, *, rotate: bool) -> shown.JoinCode:
    code = context.container.bindings.join_code(context.venue, rotate=rotate)
    return shown.JoinCode(join_code=code)


def _binding(context: RequestContext, binding: Binding) -> shown.Binding:
    venue = components.venue(context, binding.venue)
    policy = context.container.policies.of(binding.venue.region, context.now)
    return shown.Binding(
        **venue.model_dump(), role=binding.role.value, fever_from_celsius=policy.fever_from
    )
