"""A person's visits: the index ``visits`` has their keys, the table has the scans."""

from itertools import islice

from chalicelib.admission.scan import Scan
from chalicelib.admission.store.scans import read_scan
from chalicelib.admission.visits import VisitPage
from chalicelib.core import keys
from chalicelib.core.keys import Key
from chalicelib.core.table import Raw, Table


class VisitStore:
    """Visits in the table. See `visits.Visits`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def page(self, person_id: str, *, limit: int, after: str) -> VisitPage:
        """See `Visits.page`."""
        found = self._table.query(
            keys.person(person_id),
            ("0", "9~"),
            index=keys.VISITS_INDEX,
            page=limit + 1,
            newest_first=True,
            after=_start(person_id, after) if after else None,
        )
        places = [Key(raw["pk"]["S"], raw["sk"]["S"]) for raw in islice(found, limit + 1)]
        shown = places[:limit]
        raws = self._table.batch_get(shown, consistent=False)
        scans = {Key(raw["pk"]["S"], raw["sk"]["S"]): _scan(raw, person_id) for raw in raws}
        last = " ".join(shown[-1]) if len(places) > limit else None
        return VisitPage([(" ".join(place), scans.get(place)) for place in shown], last)


def _scan(raw: Raw, person_id: str) -> Scan | None:
    """Return the scan, unless it has lost the person since the index was written."""
    owner = raw.get("g1pk", {}).get("S")
    return read_scan(raw) if owner == keys.person(person_id) else None


def _start(person_id: str, position: str) -> Raw:
    """Return the keys of the visit at a position, in table and index."""
    place = Key(*position.split(" "))
    at_ms = int(place.sk.partition("#")[0])
    index = keys.visit(person_id, keys.venue_of(place.pk), at_ms)
    values = {"pk": place.pk, "sk": place.sk, "g1pk": index.pk, "g1sk": index.sk}
    return {name: {"S": value} for name, value in values.items()}
