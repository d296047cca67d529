"""The item and store of posters."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    TextAttribute,
)
from chalicelib.core.table import PRESENT, ConditionFailed, Item, Raw, Table
from chalicelib.venues.venue import PosterKind, PosterRecord, PosterState

_KINDS = {PosterKind.VENUE: "", PosterKind.FAST: "fast", PosterKind.JOIN: "join"}


class PosterItem(Item):
    """POSTER#id."""

    form = UnicodeAttribute(attr_name="fo")
    state = EnumAttribute(PosterState, attr_name="st")
    requested = EpochMsAttribute(attr_name="rq")
    correlation = UnicodeAttribute(attr_name="ci")
    kind = EnumAttribute(
        PosterKind, codes=_KINDS, attr_name="ki", null=True, default=PosterKind.VENUE
    )
    code = TextAttribute(attr_name="co")
    ttl = EpochSecondsAttribute()


def read_poster_request(raw: Raw) -> tuple[PosterRecord, str]:
    """Return the poster in a raw item, and the correlation id of its request."""
    item = PosterItem.read(raw)
    poster = PosterRecord(
        poster_id=item.sk.removeprefix(keys.poster("", "").sk),
        venue_id=keys.venue_of(item.pk),
        form=item.form,
        state=item.state,
        requested_at=item.requested,
        expires_at=item.ttl,
        kind=item.kind,
        code=item.code,
    )
    return poster, item.correlation


class PosterStore:
    """Posters in the table. See `venue.Posters`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, venue_id: str, poster_id: str) -> PosterRecord | None:
        """See `Posters.get`."""
        raw = self._table.get(keys.poster(venue_id, poster_id))
        return None if raw is None else read_poster_request(raw)[0]

    def request(self, poster: PosterRecord, correlation: str) -> None:
        """See `Posters.request`."""
        self._table.put(
            PosterItem.at(
                keys.poster(poster.venue_id, poster.poster_id),
                form=poster.form,
                state=poster.state,
                requested=poster.requested_at,
                correlation=correlation,
                kind=poster.kind,
                code=poster.code,
                ttl=poster.expires_at,
            )
        )

    def finish(self, venue_id: str, poster_id: str, state: PosterState) -> None:
        """See `Posters.finish`. Does nothing if the poster is deleted."""
        key = keys.poster(venue_id, poster_id)
        try:
            self._table.update(key, [PosterItem.state.set(state)], PRESENT)
        except ConditionFailed:
            return
