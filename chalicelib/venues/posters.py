"""Posters: requested through the table, rendered by a queue worker, downloaded from S3 (JN-5).

A poster's id is the hash of its template and contents, so that the same poster is rendered once.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, cast

from chalicelib.core import ids
from chalicelib.core.clock import Clock
from chalicelib.core.errors import NotFound
from chalicelib.core.storage import Storage
from chalicelib.rendering.posters import TEMPLATE_VERSION, Form, suffix
from chalicelib.rendering.posters import Poster as Contents
from chalicelib.venues.catalogue import category
from chalicelib.venues.channels import Channel, ChannelKind, RegionOptions
from chalicelib.venues.codes import join_url, url
from chalicelib.venues.issuance import Issuance
from chalicelib.venues.staffing import Bindings
from chalicelib.venues.venue import (
    PosterKind,
    PosterRecord,
    Posters,
    PosterState,
    Venue,
    Venues,
)

LINK_LIFE = timedelta(minutes=15)
KEPT = timedelta(days=29)  # the bucket deletes objects after 30
# The colour of a poster's band identifies the region from afar. Consecutive prefectures differ.
_BANDS = ("#0B6E4F", "#1D4E89", "#8C2F39", "#5B3A8C", "#9A5B00", "#00667A")
_ASK_AGAIN_AFTER = timedelta(seconds=60)
_TITLES = {
    PosterKind.VENUE: "场所码",
    PosterKind.FAST: "快速通行码",
    PosterKind.JOIN: "场所申报码",
}
_CHINESE = {
    ChannelKind.WECHAT: "微信",
    ChannelKind.ALIPAY: "支付宝",
    ChannelKind.BROWSER: "手机浏览器",
}
_ENGLISH = {
    ChannelKind.APP: "the app",
    ChannelKind.WECHAT: "WeChat",
    ChannelKind.ALIPAY: "Alipay",
    ChannelKind.BROWSER: "the camera or browser of your phone",
}


class Renderer(Protocol):
    """Renders posters, implemented by `adapters.renderer`."""

    def draw(self, contents: Contents, form: Form, timestamp: int) -> tuple[bytes, str]:
        """Return the file, dated `timestamp` (epoch seconds), and its media type.

        Raises GlyphMissing.
        """


class Poster(NamedTuple):
    """A poster as administrators see it. `url` expires at `expires_at`."""

    poster_id: str
    kind: PosterKind
    form: str
    state: PosterState
    url: str | None
    expires_at: datetime | None


class PosterContents:
    """Makes what is printed on posters.

    `code_host` is the host in the text of the QR code. `demo` marks posters 演示.
    """

    __slots__ = ("_code_host", "_demo", "_options")

    def __init__(self, *, options: RegionOptions, code_host: str, demo: bool) -> None:
        self._options = options
        self._code_host = code_host
        self._demo = demo

    def of(self, venue: Venue, kind: PosterKind, code: str, *, now: datetime) -> Contents:
        """Return the contents of a poster of `code`: the venue's, its fast code or join code.

        Cost: one BatchGetItem if the region's options are not cached.
        """
        category_of_venue = category(venue.kind)
        options = self._options.of(venue.region, now)
        joins = kind is PosterKind.JOIN
        return Contents(
            code_url=join_url(code, self._code_host) if joins else url(code, self._code_host),
            venue_name=venue.name,
            venue_type=category_of_venue.names["zh-Hans"] if category_of_venue else "",
            region_name=venue.region_name,
            checkpoint="",
            serial=_grouped(code, 3 if joins else 4),
            demo=self._demo,
            band=_BANDS[int(venue.region[:4]) % len(_BANDS)],
            kind=kind.value,
            channels=tuple(map(_chinese, options.channels)),
            channels_english=" or ".join(
                dict.fromkeys(_ENGLISH[channel.kind] for channel in options.channels)
            ),
            paper_passes=options.paper_passes,
        )


class PosterRequests:
    """Records poster requests, and shows requested posters."""

    __slots__ = ("_bindings", "_contents", "_issuance", "_posters", "_storage")

    def __init__(
        self,
        *,
        posters: Posters,
        storage: Storage,
        contents: PosterContents,
        issuance: Issuance,
        bindings: Bindings,
    ) -> None:
        self._posters = posters
        self._storage = storage
        self._contents = contents
        self._issuance = issuance
        self._bindings = bindings

    def request(
        self, venue: Venue, kind: PosterKind, form: Form, *, correlation: str, now: datetime
    ) -> Poster:
        """Request a poster, and return it. Raises Unavailable.

        The first poster of a fast or join code creates the code. Cost: one GetItem, one PutItem
        unless the poster is ready or recently requested, and the cost of the code:
        `Issuance.fast_code`, `Bindings.join_code`.
        """
        code = self._code(venue, kind)
        contents = self._contents.of(venue, kind, code, now=now)
        poster_id = _poster_id(contents, form)
        known = self._posters.get(venue.venue_id, poster_id)
        if known is None or not _is_fresh(known, now):
            state = PosterState.PENDING
            known = PosterRecord(
                poster_id, venue.venue_id, form, state, now, now + KEPT, kind, code
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

    def _code(self, venue: Venue, kind: PosterKind) -> str:
        match kind:
            case PosterKind.VENUE:
                return venue.code
            case PosterKind.FAST:
                return self._issuance.fast_code(venue).code
            case PosterKind.JOIN:
                return self._bindings.join_code(venue, rotate=False)

    def _shown(self, poster: PosterRecord, venue: Venue, now: datetime) -> Poster:
        link, expires = None, None
        if poster.state is PosterState.READY:
            filename = f"{venue.name}-{_TITLES[poster.kind]}.{_suffix(poster)}"
            link = self._storage.link(_object_key(poster), filename, LINK_LIFE)
            expires = now + LINK_LIFE
        return Poster(poster.poster_id, poster.kind, poster.form, poster.state, link, expires)


class PosterRendering:
    """Renders requested posters."""

    __slots__ = ("_clock", "_contents", "_posters", "_renderer", "_storage", "_venues")

    def __init__(
        self,
        *,
        venues: Venues,
        posters: Posters,
        storage: Storage,
        renderer: Renderer,
        contents: PosterContents,
        clock: Clock,
    ) -> None:
        self._venues = venues
        self._posters = posters
        self._storage = storage
        self._renderer = renderer
        self._contents = contents
        self._clock = clock

    def render(self, venue_id: str, poster_id: str) -> PosterState | None:
        """Render and store a pending poster. Idempotent.

        Returns the poster's new state, or None if it is unknown or not pending. A poster shows the
        channels of the moment when it is drawn.
        """
        from chalicelib.rendering.engine import GlyphMissing

        poster = self._posters.get(venue_id, poster_id)
        venue = self._venues.venue(venue_id)
        if poster is None or venue is None or poster.state is not PosterState.PENDING:
            return None
        state = PosterState.READY
        code = poster.code or venue.code
        try:
            data, content_type = self._renderer.draw(
                self._contents.of(venue, poster.kind, code, now=self._clock.now()),
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


def _chinese(channel: Channel) -> str:
    """Return what to scan with, such as 微信“粤康码”."""
    name = f"“{channel.name}”" if channel.name else ""
    if channel.kind is ChannelKind.APP:
        return f"{name}App"
    return _CHINESE[channel.kind] + (name if channel.kind is not ChannelKind.BROWSER else "")


def _grouped(code: str, size: int) -> str:
    return "-".join(code[start : start + size] for start in range(0, len(code), size))


def _poster_id(poster: Contents, form: str) -> str:
    return ids.derive("poster", TEMPLATE_VERSION, form, *map(str, asdict(poster).values()))


def _object_key(poster: PosterRecord) -> str:
    return f"posters/{poster.venue_id}/{poster.poster_id}.{_suffix(poster)}"


def _suffix(poster: PosterRecord) -> str:
    return suffix(cast(Form, poster.form))


def _is_fresh(poster: PosterRecord, now: datetime) -> bool:
    if poster.state is PosterState.READY:
        return poster.expires_at > now
    return poster.state is PosterState.PENDING and now - poster.requested_at < _ASK_AGAIN_AFTER
