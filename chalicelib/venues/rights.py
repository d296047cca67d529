"""Authorisation at venues, and the limit of rights. Denies by default: without a right, no access.

The limit holds under a race: a right is written on condition that its holder got no other one since
their record was read.
"""

from collections.abc import Callable
from typing import TypeVar

from chalicelib.core.errors import Forbidden, Unavailable, Unprocessable
from chalicelib.identity.people import Actor, People, PersonRecord, Role

MAX_VENUES = 20  # the rights must fit in the one query of a request (4 KB)
_TRIES = 4
Written = TypeVar("Written")


class RightsChanged(Exception):
    """The person got another right since their record was read; nothing was written."""


def require_role(actor: Actor, venue_id: str, *roles: Role) -> None:
    """Require one of `roles`. Raises Forbidden ``not_your_venue``, also for an unknown venue.

    Raises Forbidden ``registration_rejected`` if only the rejection of their registration suspends
    a right that the actor has there.
    """
    if actor.record.rights.get(venue_id) in roles:
        return
    if actor.profile.is_refused and venue_id in actor.record.lapsed:
        raise Forbidden("registration_rejected")
    raise Forbidden("not_your_venue")


def has_room(record: PersonRecord, venue_id: str) -> bool:
    """Return whether the person may have a right at the venue, without one too many.

    Rights that are not in force count: they are stored, read with each request, and come back into
    force with the document that they were given for.
    """
    held = {*record.rights, *record.lapsed}
    return venue_id in held or len(held) < MAX_VENUES


def give(
    people: People,
    person_id: str,
    record: PersonRecord,
    venue_id: str,
    write: Callable[[PersonRecord], Written],
) -> Written:
    """Return the result of `write`, which gives the person a right at the venue.

    `write` gets `record`, or the person's record as it is after another right came first, and
    raises RightsChanged if a further one did. Raises Unprocessable ``too_many_venues``,
    Unavailable. Cost: `write`; one Query more after each other right.
    """
    for _ in range(_TRIES):
        if not has_room(record, venue_id):
            raise Unprocessable("too_many_venues")
        try:
            return write(record)
        except RightsChanged:
            record = people.load(person_id)
    raise Unavailable
