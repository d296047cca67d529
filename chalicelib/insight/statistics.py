"""The figures of a venue's day, for its staff (YK-16)."""

from datetime import date

from chalicelib.identity.people import Actor
from chalicelib.insight.counters import Counters, Figures
from chalicelib.venues.venue import Venue


class VenueStatistics:
    """The figures of venues."""

    __slots__ = ("_counters",)

    def __init__(self, *, counters: Counters) -> None:
        self._counters = counters

    def of_day(self, actor: Actor, venue: Venue, day: date, *, own: bool) -> Figures:
        """Return the figures of the venue's local `day`: the unit's, or the actor's `own`."""
        return self._counters.of_day(venue, day, actor.person_id if own else "")
