"""A person's visits and temperature checks, as shown to that person and their guardians (YK-37)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.admission.disclosure import ScanView, Viewer, ViewerKind, view
from chalicelib.admission.scan import Scan
from chalicelib.identity.people import Holder, People, Profile
from chalicelib.venues.venue import Directory, Venue

_READ = 100
"""How many visits one page of temperatures looks through: those of one BatchGetItem."""


class VisitPage(NamedTuple):
    """Positions and scans of a person, newest first; None for a scan that is gone.

    `last` is the position of the last one if more follow.
    """

    scans: Sequence[tuple[str, Scan | None]]
    last: str | None


class Visits(Protocol):
    """The store of people's visits; implemented by `store.VisitStore`."""

    def page(self, person_id: str, *, limit: int, after: str) -> VisitPage:
        """Return a page of at most `limit` visits after the position `after`, newest first.

        Cost: one Query of the index, and one BatchGetItem for each 100 visits, both eventually
        consistent: a new visit may be missing for a moment.
        """


class Visit(NamedTuple):
    """A visit as its viewer may see it, and its venue; None if the venue is gone."""

    view: ScanView
    venue_id: str
    venue: Venue | None


class History(NamedTuple):
    """A page of visits, newest first, with the guardians of some, by id."""

    visits: list[Visit]
    guardians: Mapping[str, Profile]
    last: str | None


class VisitHistory:
    """Shows a person's visits, and the temperatures measured at them."""

    __slots__ = ("_directory", "_people", "_visits")

    def __init__(self, *, visits: Visits, people: People, directory: Directory) -> None:
        self._visits = visits
        self._people = people
        self._directory = directory

    def page(self, holder: Holder, *, limit: int, after: str, now: datetime) -> History:
        """Return a page of the visits of `holder` after the position `after`, newest first.

        It may hold fewer than `limit` visits, even none, if scans are gone or not shown yet. Cost:
        one Query and one BatchGetItem; one more if guardians made some of them, and one GetItem for
        each venue that is not cached.
        """
        page = self._visits.page(holder.person_id, limit=limit, after=after)
        seen = self._shown(holder, (scan for _, scan in page.scans), now)
        return self._history(seen, page.last)

    def temperatures(self, holder: Holder, *, limit: int, after: str, now: datetime) -> History:
        """Return the visits of `holder` at which a temperature was measured, newest first.

        One page looks through at most 100 visits, so it may hold fewer than `limit`, even none.
        Costs are those of `page`.
        """
        page = self._visits.page(holder.person_id, limit=_READ, after=after)
        last = page.last
        measured: list[Visit] = []
        for count, (position, scan) in enumerate(page.scans, 1):
            measured += [one for one in self._shown(holder, [scan], now) if one.view.temperature]
            if len(measured) == limit:
                last = position if count < len(page.scans) else page.last
                break
        return self._history(measured, last)

    def _shown(self, holder: Holder, scans: Iterable[Scan | None], now: datetime) -> list[Visit]:
        viewer = _viewer(holder, now)
        found = ((scan, view(scan, viewer)) for scan in scans if scan and not scan.expired(now))
        return [
            Visit(seen, scan.venue_id, self._directory.venue(scan.venue_id, now))
            for scan, seen in found
            if seen is not None
        ]

    def _history(self, visits: list[Visit], last: str | None) -> History:
        guardians = {visit.view.guardian for visit in visits} - {""}
        return History(visits, self._people.profiles(guardians), last)


def _viewer(holder: Holder, now: datetime) -> Viewer:
    """Return the viewer of the holder's own scans: the person, or a guardian with a link."""
    person_id = holder.person_id
    if not holder.guardian_id:
        return Viewer(ViewerKind.VISITOR, person_id, frozenset(), now)
    dependants = frozenset({person_id})
    return Viewer(ViewerKind.GUARDIAN, holder.guardian_id, frozenset(), now, dependants)
