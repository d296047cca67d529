"""Posters: requested through the table, rendered by a queue worker, downloaded from S3 (JN-5).

A poster's id is the hash of its template and contents, so that the same poster is rendered once.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, cast

from chalicelib.core import ids
from chalicelib.core.errors import NotFound
from chalicelib.core.storage import Storage
from chalicelib.rendering.posters import TEMPLATE_VERSION, Form
from chalicelib.rendering.posters import Poster as Contents
from chalicelib.venues.catalogue import category
from chalicelib.venues.codes import url
from chalicelib.venues.venue import PosterRecord, Posters, PosterState, Venue, Venues

SUFFIX: dict[str, str] = {"a4_pdf": "pdf", "a4_png": "png", "qr_svg": "svg"}
LINK_LIFE = timedelta(minutes=15)
KEPT = timedelta(days=29)  # the bucket deletes objects after 30
# The colour of a poster's band identifies the region from afar. Consecutive prefectures differ.
_BANDS = ("#0B6E4F", "#1D4E89", "#8C2F39", "#5B3A8C", "#9A5B00", "#00667A")
_ASK_AGAIN_AFTER = timedelta(seconds=60)


class Renderer(Protocol):
    """Renders posters, implemented by `adapters.renderer`."""

    def draw(self, contents: Contents, form: Form, timestamp: int) -> tuple[bytes, str]:
        """Return the file, dated `timestamp` (epoch seconds), and its media type.

        Raises GlyphMissing.
        """


class Poster(NamedTuple):
    """A poster as administrators see it. `url` expires at `expires_at`."""

    poster_id: str
    form: str
    state: PosterState
    url: str | None
    expires_at: datetime | None


class PosterRequests:
    """Records poster requests, and shows requested posters.

    `code_host` is the host in the text of the QR code. `demo` marks posters 演示.
    """

    __slots__ = ("_code_host", "_demo", "_posters", "_storage")

    def __init__(self, *, posters: Posters, storage: Storage, code_host: str, demo: bool) -> None:
        self._posters = posters
        self._storage = storage
        self._code_host = code_host
        self._demo = demo

    def request(self, venue: Venue, form: Form, *, correlation: str, now: datetime) -> Poster:
        """Request a poster, and return it. Raises Unavailable.

        Cost: one GetItem, and one PutItem unless the poster is ready or recently requested.
        """
        poster_id = _poster_id(contents(venue, self._code_host, demo=self._demo), form)
        known = self._posters.get(venue.venue_id, poster_id)
        if known is None or not _is_fresh(known, now):
            known = PosterRecord(
                poster_id, venue.venue_id, form, PosterState.PENDING, now, now + KEPT
            )
            self._posters.request(known, correlation)
        return self._shown(known, venue, now)

    def show(self, venue: Venue, poster_id: str, *, now: datetime) -> Poster:
        """Return a requested poster. Raises NotFound."""
        # An invalid id may be too long for a key, which DynamoDB reports as a ValidationException.
        known = self._posters.get(venue.venue_id, poster_id) if ids.is_code(poster_id) else None
        if known is None or known.expires_at <= now:
            raise NotFound
        return self._shown(known, venue, now)

    def _shown(self, poster: PosterRecord, venue: Venue, now: datetime) -> Poster:
        link, expires = None, None
        if poster.state is PosterState.READY:
            filename = f"{venue.name}-场所码.{SUFFIX[poster.form]}"
            link = self._storage.link(_object_key(poster), filename, LINK_LIFE)
            expires = now + LINK_LIFE
        return Poster(poster.poster_id, poster.form, poster.state, link, expires)


class PosterRendering:
    """Renders requested posters. `code_host` and `demo` are as in `PosterRequests`."""

    __slots__ = ("_code_host", "_demo", "_posters", "_renderer", "_storage", "_venues")

    def __init__(
        self,
        *,
        venues: Venues,
        posters: Posters,
        storage: Storage,
        renderer: Renderer,
        code_host: str,
        demo: bool,
    ) -> None:
        self._venues = venues
        self._posters = posters
        self._storage = storage
        self._renderer = renderer
        self._code_host = code_host
        self._demo = demo

    def render(self, venue_id: str, poster_id: str) -> PosterState | None:
        """Render and store a pending poster. Idempotent.

        Returns the poster's new state, or None if it is unknown or not pending.
        """
        from chalicelib.rendering.engine import GlyphMissing

        poster = self._posters.get(venue_id, poster_id)
        venue = self._venues.venue(venue_id)
        if poster is None or venue is None or poster.state is not PosterState.PENDING:
            return None
        state = PosterState.READY
        try:
            data, content_type = self._renderer.draw(
                contents(venue, self._code_host, demo=self._demo),
                cast(Form, poster.form),
                # The venue's creation is the file's date, so that a poster has the same bytes.
                int(venue.created_at.timestamp()),
            )
            self._storage.put(_object_key(poster), data, content_type)
        except GlyphMissing:
            # Issuance refuses such names. A changed template may need other characters.
            state = PosterState.FAILED
        self._posters.finish(venue_id, poster_id, state)
        return state


def contents(venue: Venue, code_host: str, *, demo: bool) -> Contents:
    """Return the contents of the venue's poster."""
    kind = category(venue.kind)
    return Contents(
        code_url=url(venue.code, code_host),
        venue_name=venue.name,
        venue_type=kind.names["zh-Hans"] if kind else "",
        region_name=venue.region_name,
        checkpoint="",
        serial="-".join(venue.code[i : i + 4] for i in range(0, 16, 4)),
        demo=demo,
        band=_BANDS[int(venue.region[:4]) % len(_BANDS)],
    )


def _poster_id(poster: Contents, form: str) -> str:
    return ids.derive("poster", TEMPLATE_VERSION, form, *map(str, asdict(poster).values()))


def _object_key(poster: PosterRecord) -> str:
    return f"posters/{poster.venue_id}/{poster.poster_id}.{SUFFIX[poster.form]}"


def _is_fresh(poster: PosterRecord, now: datetime) -> bool:
    if poster.state is PosterState.READY:
        return poster.expires_at > now
    return poster.state is PosterState.PENDING and now - poster.requested_at < _ASK_AGAIN_AFTER
