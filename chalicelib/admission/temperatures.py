"""Temperatures that staff measure after they scanned a pass (YK-22).

The scan comes first: the visitor's name appears, then the band is chosen.
"""

from datetime import datetime, timedelta

from chalicelib.admission import disclosure
from chalicelib.admission.disclosure import ViewerKind, as_viewer
from chalicelib.admission.recording import CLOCK_TOLERANCE, client_time
from chalicelib.admission.scan import Method, Scan
from chalicelib.admission.scanning import Result, result_of
from chalicelib.admission.waiting import WaitingScans
from chalicelib.core.errors import NotFound, Unprocessable
from chalicelib.identity.people import Actor, People

WITHIN = timedelta(minutes=10)
"""After the scan was received."""
_OF_PASSES = (Method.STAFF, Method.PAPER)


class Temperatures:
    """Adds temperatures to scans."""

    __slots__ = ("_people", "_waiting")

    def __init__(self, *, people: People, waiting: WaitingScans) -> None:
        self._people = people
        self._waiting = waiting

    def add(
        self, actor: Actor, scan_id: str, temperature: str, now: datetime, *, nonce: str = ""
    ) -> Result:
        """Record the visitor's temperature, judge the scan again, and return its screen.

        For ten minutes the staff member who scanned the pass may add it, and correct it: the last
        one counts, by the times in their nonces, so that a retry that comes late undoes no
        correction. Without a nonce, the last one to arrive counts. Repeated, it changes nothing.
        Raises NotFound, alike for unknown ids and the scans of others; Unprocessable
        ``clock_skewed``, ``temperature_late``. Cost: two GetItems, one Query, one conditional
        PutItem.
        """
        measured_at = client_time(nonce, now, CLOCK_TOLERANCE) if nonce else None
        found = self._waiting.find(scan_id, now)
        if found is None or not _is_made_by(actor, found.scan):
            raise NotFound
        if now - found.scan.received_at > WITHIN:
            raise Unprocessable("temperature_late")
        visitor = self._people.subject(found.scan.person_id)
        measured = self._waiting.measured(scan_id, visitor, temperature, now, at=measured_at)
        view = measured and disclosure.view(measured.scan, as_viewer(ViewerKind.STAFF, actor, now))
        if measured is None or view is None:
            raise NotFound
        return result_of(self._waiting, measured, view, visitor.profile, now)


def _is_made_by(actor: Actor, scan: Scan) -> bool:
    """Return whether the actor scanned the visitor's pass, and still works at the venue."""
    mine = scan.staff_id == actor.person_id and scan.venue_id in actor.record.rights
    return mine and scan.method in _OF_PASSES and bool(scan.person_id) and not scan.is_late
