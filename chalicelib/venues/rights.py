"""Authorisation at venues. Denies by default: without a right on record, no access."""

from chalicelib.core.errors import Forbidden
from chalicelib.identity.people import Actor, Profile, Role, Verification

MAX_VENUES = 20  # the rights must fit in the one query of a request (4 KB)


def require_verified(profile: Profile) -> None:
    """Require a verified registration. Raises Forbidden with the registration's state as code."""
    match profile.verification:
        case Verification.VERIFIED:
            return
        case Verification.NONE:
            raise Forbidden("registration_required")
        case Verification.REJECTED:
            raise Forbidden("registration_rejected")
        case Verification.PENDING:
            raise Forbidden("registration_not_verified")


def require_role(actor: Actor, venue_id: str, *roles: Role) -> None:
    """Require one of `roles`. Raises Forbidden ``not_your_venue``, also for an unknown venue."""
    if actor.record.rights.get(venue_id) not in roles:
        raise Forbidden("not_your_venue")
