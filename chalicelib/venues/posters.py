"""Posters: asked for through the table, rendered from the queue, downloaded from S3 (JN-5).

A poster's id is the hash of its template and contents, so that the same poster is rendered once.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Protocol, cast

from chalicelib.core import ids
from chalicelib.core.errors import NotFound
from chalicelib.rendering.engine import TEMPLATE_VERSION, Form
from chalicelib.rendering.engine import Poster as Contents
from chalicelib.venues.catalogue import category
from chalicelib.venues.codes import url
from chalicelib.venues.venue import PosterRecord, Posters, PosterState, Venue, Venues

SUFFIX: dict[str, str] = {"a4_pdf": "pdf", "a4_png": "png", "qr_svg": "svg"}
LINK_LIFE = timedelta(minutes=15)
KEPT = timedelta(days=29)  # the bucket forgets after 30
# A region is told by its band of colour from afar; neighbours by number differ.
_BANDS = ("#0B6E4F", "#1D4E89", "#8C2F39", "#5B3A8C", "#9A5B00", "#00667A")
_ASK_AGAIN_AFTER = timedelta(seconds=60)


class Storage(Protocol):
    """Where rendered files lie; `adapters.storage` is S3."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store a private object. Raises Unavailable."""

    def link(self, key: str, filename: str, life: timedelta) -> str:
        """A link that downloads the object under `filename` (UTF-8) and expires after `life`."""


class Renderer(Protocol):
    """Draws posters; `adapters.renderer` is typst with the project's fonts."""

    def draw(self, contents: Contents, form: Form, timestamp: int) -> tuple[bytes, str]:
        """The file, dated `timestamp` (epoch seconds), and its type. Raises GlyphMissing."""


class RenderQueue(Protocol):
    """The queue before the render worker; `adapters.queues` is SQS."""

    def send(self, venue_id: str, poster_id: str, correlation: str) -> None:
        """Enqueue the drawing of a poster. Raises Unavailable."""


@dataclass(frozen=True)
class Poster:
    """A poster as its owner sees it; `url` expires at `expires_at`."""

    poster_id: str
    form: str
    state: PosterState
    url: str | None
    expires_at: datetime | None


def request(
    venue: Venue,
    form: Form,
    *,
    code_host: str,
    demo: bool,
    correlation: str,
    now: datetime,
    posters: Posters,
    storage: Storage,
) -> Poster:
    """Ask for a poster; the same one again costs a read. Raises Unavailable."""
    poster_id = _poster_id(contents(venue, code_host, demo=demo), form)
    known = posters.get(venue.venue_id, poster_id)
    fresh = known is not None and (
        (known.state is PosterState.READY and known.expires_at > now)
        or (known.state is PosterState.PENDING and now - known.requested_at < _ASK_AGAIN_AFTER)
    )
    if not fresh:
        known = PosterRecord(poster_id, venue.venue_id, form, PosterState.PENDING, now, now + KEPT)
        posters.request(known, correlation)
    assert known is not None  # noqa: S101 (for the type checker: set in either case)
    return _shown(known, venue, now=now, storage=storage)


def show(
    venue: Venue, poster_id: str, *, now: datetime, posters: Posters, storage: Storage
) -> Poster:
    """A poster that was asked for. Raises NotFound."""
    # What is no id may also be too long for a key, which DynamoDB takes for a mistake of ours.
    known = posters.get(venue.venue_id, poster_id) if ids.is_code(poster_id) else None
    if known is None or known.expires_at <= now:
        raise NotFound
    return _shown(known, venue, now=now, storage=storage)


def render(
    venue_id: str,
    poster_id: str,
    *,
    code_host: str,
    demo: bool,
    venues: Venues,
    posters: Posters,
    storage: Storage,
    renderer: Renderer,
) -> PosterState | None:
    """Draw and store a poster that is waiting; a second delivery finds it done.

    Answers what became of it, or None when there is nothing to draw.
    """
    from chalicelib.rendering.engine import GlyphMissing

    poster = posters.get(venue_id, poster_id)
    venue = venues.venue(venue_id)
    if poster is None or venue is None or poster.state is not PosterState.PENDING:
        return None
    state = PosterState.READY
    try:
        data, content_type = renderer.draw(
            contents(venue, code_host, demo=demo),
            cast(Form, poster.form),
            # The date that the file states is the venue's: the same poster has the same bytes.
            int(venue.created_at.timestamp()),
        )
        storage.put(_object_key(poster), data, content_type)
    except GlyphMissing:
        # Issuance refuses such names; a template that gained a character could still meet one.
        state = PosterState.FAILED
    posters.finish(venue_id, poster_id, state)
    return state


def contents(venue: Venue, code_host: str, *, demo: bool) -> Contents:
    """What the venue's poster says."""
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


def _shown(poster: PosterRecord, venue: Venue, *, now: datetime, storage: Storage) -> Poster:
    link, expires = None, None
    if poster.state is PosterState.READY:
        filename = f"{venue.name}-场所码.{SUFFIX[poster.form]}"
        link = storage.link(_object_key(poster), filename, LINK_LIFE)
        expires = now + LINK_LIFE
    return Poster(poster.poster_id, poster.form, poster.state, link, expires)
