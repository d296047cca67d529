"""Acting for a dependant (JN-27, JN-30, YK-24, YK-33)."""

from datetime import datetime
from typing import Protocol

from chalicelib.core.errors import Forbidden
from chalicelib.identity.people import Actor, Holder, People, Profile


class GuardianReadings(Protocol):
    """The record of what guardians read, implemented by `accesses.GuardianAccesses`."""

    def record(
        self, guardian: Profile, dependant: Profile, what: str, *, correlation: str, now: datetime
    ) -> None:
        """Record that the guardian has read `what` of the dependant's data. Cost: one PutItem."""


class Guardianship:
    """Finds the dependants for whom an actor acts."""

    __slots__ = ("_people", "_readings")

    def __init__(self, *, people: People, readings: GuardianReadings) -> None:
        self._people = people
        self._readings = readings

    def holder(
        self,
        actor: Actor,
        dependant_id: str,
        now: datetime,
        *,
        reads: str = "",
        correlation: str = "",
    ) -> Holder:
        """Return the dependant for whom the actor acts.

        If the request `reads` the dependant's data, that is put on their access log first (GO-7),
        for one PutItem. Raises Forbidden ``not_your_dependant``: without a link in force on both
        sides, or if the person is gone. Cost: one eventually consistent Query, as the actor's side
        came with the session; one more, strongly consistent, if the link is so new that the first
        lacks it.
        """
        require_dependant(actor, dependant_id, now)
        for consistent in (False, True):
            record = self._people.load(dependant_id, consistent=consistent)
            theirs = record.guardians.get(actor.person_id)
            if record.profile is not None and theirs is not None and theirs.in_force(now):
                if reads:
                    self._readings.record(
                        actor.profile, record.profile, reads, correlation=correlation, now=now
                    )
                return Holder(record, actor.person_id)
        raise Forbidden("not_your_dependant")


def require_dependant(actor: Actor, dependant_id: str, now: datetime) -> None:
    """Require a link in force on the actor's side. Raises Forbidden ``not_your_dependant``."""
    link = actor.record.dependants.get(dependant_id)
    if link is None or not link.in_force(now):
        raise Forbidden("not_your_dependant")
