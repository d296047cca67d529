"""Waiting scans: judged again on each answer, and decided when the wait ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.admission.judge import Verdict, decide, take_card, take_colour
from chalicelib.admission.lookup_requests import Settle
from chalicelib.admission.policy import Policies
from chalicelib.admission.scan import Scan, ScanFinder, Scans
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.identity.people import Actor, Holder, People, PersonRecord
from chalicelib.venues.venue import Venue

_RACES = 4
_JOINS_SCAN_FOR = timedelta(minutes=15)


class WaitingScans:
    """The scans that wait for answers. Every method may run twice, late, or out of order."""

    __slots__ = ("_finder", "_people", "_policies", "_scans")

    def __init__(
        self, *, people: People, policies: Policies, scans: Scans, finder: ScanFinder
    ) -> None:
        self._people = people
        self._policies = policies
        self._scans = scans
        self._finder = finder

    def reconsider(
        self,
        scan_id: str,
        person: PersonRecord,
        *,
        now: datetime,
        final: bool = False,
        card: bool = False,
        colour: bool = False,
    ) -> Verdict | None:
        """Judge a waiting scan again by `person`'s evidence, and return the verdict.

        Evidence is assessed as of the time of the scan, by the current policy. `final`: the wait is
        over, and the scan is decided with the evidence there is. `card`: the person has entered the
        day's travel card code, and a decided scan takes the card as well.

        `person` is read again if another worker has judged by a later answer, so that no verdict
        rests on less evidence than the one before. Return None if there is no such scan. Raises
        Unavailable if the scan changes faster than it can be judged.
        """
        for _ in range(_RACES):
            found = self._finder.find(scan_id, now)
            if found is None:
                return None
            scan, venue = found
            # The verdict on an unidentified subject holds no evidence to compare with.
            if person.unidentified or any(
                person.lacks(provider, seen.fetched_at)
                for provider, seen in scan.verdict.evidence.items()
            ):
                person = self._people.subject(scan.person_id)
            takes = None
            if card and scan.verdict.lacks_card:
                takes = take_card
            elif colour and scan.verdict.undeclared and _is_recent(scan, now):
                takes = take_colour
            verdict = self._judged_again(scan, venue, person, now, final=final, takes=takes)
            changed = replace(scan, verdict=verdict, version=scan.version + 1)
            if verdict != scan.verdict and not self._scans.change(changed, venue):
                continue
            if not verdict.needs:
                self._scans.stop_waiting(scan.person_id, scan_id)
            return verdict
        raise Unavailable

    def settle(self, message: Settle, now: datetime) -> str:
        """End a scan's wait: missing answers become unknown.

        Return the result label that is logged.
        """
        found = self._finder.find(message.scan_id, now)
        if found is None:
            return "gone"
        if not found.scan.verdict.needs:
            return "answered"
        person = self._people.subject(found.scan.person_id)
        verdict = self.reconsider(message.scan_id, person, now=now, final=True)
        return verdict.decision.outcome if verdict else "gone"

    def takes_card(self, actor: Actor, scan_id: str, now: datetime) -> bool:
        """Return whether the actor's scan may take a travel card entered now.

        It may for 15 minutes. Raises NotFound unless it is the actor's scan.
        """
        found = self._finder.find(scan_id, now)
        if found is None or found.scan.person_id != actor.person_id:
            raise NotFound
        return _is_recent(found.scan, now) and found.scan.verdict.lacks_card

    def takes_colour(self, holder: Holder, scan_id: str, now: datetime) -> bool:
        """Return whether the scan of `holder` may take the colour that follows a declaration.

        It may for 15 minutes, while it is undeclared or waits for an answer. Raises NotFound unless
        it is the holder's scan.
        """
        found = self._finder.find(scan_id, now)
        if found is None or found.scan.person_id != holder.person_id:
            raise NotFound
        verdict = found.scan.verdict
        return _is_recent(found.scan, now) and (verdict.undeclared or bool(verdict.needs))

    def _judged_again(
        self,
        scan: Scan,
        venue: Venue,
        person: PersonRecord,
        now: datetime,
        *,
        final: bool,
        takes: Callable[..., Verdict] | None,
    ) -> Verdict:
        verdict = scan.verdict
        if not verdict.needs and takes is None:
            return verdict
        policy = self._policies.of(venue.region, now)
        at, temperature = scan.received_at, scan.temperature
        if takes is None or verdict.needs:
            return decide(person, policy, at=at, final=final, temperature=temperature)
        return takes(verdict, person, policy, at=at, temperature=temperature)


def _is_recent(scan: Scan, now: datetime) -> bool:
    """Return whether evidence that the visitor obtains now still joins the scan."""
    return now - scan.received_at <= _JOINS_SCAN_FOR
