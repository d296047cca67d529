"""Requested posters: have the render worker draw them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription

if TYPE_CHECKING:
    from chalicelib.venues.venue import PosterRecord


class PosterRequest(NamedTuple):
    """A poster to be drawn."""

    poster: "PosterRecord"
    correlation: str


def _read(record: Record) -> PosterRequest | None:
    from chalicelib.venues.store.posters import read_poster_request
    from chalicelib.venues.venue import PosterState

    poster, correlation = read_poster_request(record.new)
    before = read_poster_request(record.old)[0] if record.old else None
    requested = before is None or before.requested_at != poster.requested_at
    if requested and poster.state is PosterState.PENDING:
        return PosterRequest(poster, correlation)
    return None


def _draw(request: PosterRequest) -> Mapping[str, object]:
    from chalicelib.core.render_jobs import PosterJob

    poster = request.poster
    job = PosterJob(poster.venue_id, poster.poster_id, request.correlation)
    container().render_queue.send(job)
    return {"what": "poster"}


SUBSCRIPTION = Subscription(keys.is_poster, _read, _draw)
