"""Requested posters: have the render worker draw them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Record, Subscription

if TYPE_CHECKING:
    from chalicelib.core.render_jobs import PosterJob


def _read(record: Record) -> "PosterJob | None":
    from chalicelib.core.render_jobs import PosterJob
    from chalicelib.venues.store.posters import read_poster_request
    from chalicelib.venues.venue import PosterState

    poster, correlation = read_poster_request(record.new)
    before = read_poster_request(record.old)[0] if record.old else None
    requested = before is None or before.requested_at != poster.requested_at
    if requested and poster.state is PosterState.PENDING:
        return PosterJob(poster.venue_id, poster.poster_id, correlation)
    return None


def _draw(job: "PosterJob") -> Mapping[str, object]:
    container().render_queue.send(job)
    return {"what": "poster"}


SUBSCRIPTION = Subscription(keys.is_poster, _read, _draw)
