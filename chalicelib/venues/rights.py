"""Authorisation at venues. Denies by default: without a right on record, no access."""

from chalicelib.core.errors import Forbidden
from chalicelib.identity.people import Actor, Role

MAX_VENUES = 20  # the rights must fit in the one query of a request (4 KB)


def require_role(actor: Actor, venue_id: str, *roles: Role) -> None:
    """Require one of `roles`. Raises Forbidden ``not_your_venue``, also for an unknown venue."""
    if actor.record.rights.get(venue_id) not in roles:
        raise Forbidden("not_your_venue")
