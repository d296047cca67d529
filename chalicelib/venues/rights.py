"""Who may do what at a venue. Deny by default: no right on record, no access."""

from chalicelib.core.errors import Forbidden
from chalicelib.identity.people import Actor, Role, Verification

MAX_VENUES = 20  # their rights must fit the one query of a request (4 KB)


def require_verified(actor: Actor) -> None:
    """Require a verified registration. Raises Forbidden with the code of what is missing."""
    match actor.profile.verification:
        case Verification.VERIFIED:
            return
        case Verification.NONE:
            raise Forbidden("registration_required")
        case Verification.REJECTED:
            raise Forbidden("registration_rejected")
        case Verification.PENDING:
            raise Forbidden("registration_not_verified")


def require_role(actor: Actor, venue_id: str, *roles: Role) -> None:
    """Require one of `roles`. Raises Forbidden ``not_your_venue``, also if there is no venue."""
    if actor.record.rights.get(venue_id) not in roles:
        raise Forbidden("not_your_venue")
