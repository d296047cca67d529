"""Posters: rendered once, found again, drawn anew when they are gone or hang."""

from datetime import datetime, timedelta

import pytest

from chalicelib.core.errors import NotFound
from chalicelib.rendering.engine import GlyphMissing
from chalicelib.rendering.posters import Form
from chalicelib.rendering.posters import Poster as Contents
from chalicelib.venues.posters import KEPT, LINK_LIFE, Poster, PosterRendering, PosterRequests
from chalicelib.venues.venue import PosterState
from tests.contract import makers
from tests.fakes.parts import StandingClock
from tests.fakes.stores import FakePeople, FakePosters, FakeStorage, FakeVenues

PENDING, READY, FAILED = PosterState.PENDING, PosterState.READY, PosterState.FAILED


class CountingRenderer:
    """Draws nothing, and counts it; a name with ☢ has no glyph."""

    def __init__(self) -> None:
        self.drawn: list[tuple[Contents, Form, int]] = []

    def draw(self, contents: Contents, form: Form, timestamp: int) -> tuple[bytes, str]:
        self.drawn.append((contents, form, timestamp))
        if "☢" in contents.venue_name:
            raise GlyphMissing("☢")
        return b"%PDF", "application/pdf"


class Shop:
    """A venue's posters, in memory."""

    def __init__(self, name: str = "信宜市人民医院") -> None:
        self.clock, self.renderer = StandingClock(), CountingRenderer()
        self.posters, self.storage = FakePosters(), FakeStorage()
        self.venues, self.venue = FakeVenues(FakePeople()), makers.venue(name=name)
        self.venues.create(self.venue, unique="u", number_blind="n", document_blind="")

    def requests(self, *, demo: bool = True) -> PosterRequests:
        return PosterRequests(
            posters=self.posters, storage=self.storage, code_host="V.TEST", demo=demo
        )

    def ask(self, form: Form = "a4_pdf", *, demo: bool = True) -> Poster:
        requests = self.requests(demo=demo)
        return requests.request(self.venue, form, correlation="c", now=self.clock.now())

    def show(self, poster_id: str) -> Poster:
        return self.requests().show(self.venue, poster_id, now=self.clock.now())

    def render(self, poster_id: str, venue_id: str = "") -> PosterState | None:
        rendering = PosterRendering(
            venues=self.venues, posters=self.posters, storage=self.storage,
            renderer=self.renderer, code_host="V.TEST", demo=True,
        )  # fmt: skip
        return rendering.render(venue_id or self.venue.venue_id, poster_id)

    def requested_at(self, poster_id: str) -> datetime:
        record = self.posters.get(self.venue.venue_id, poster_id)
        assert record is not None
        return record.requested_at


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_it_is_pending_then_ready_with_a_link_that_expires(shop: Shop) -> None:
    asked = shop.ask()
    assert (asked.state, asked.url, asked.expires_at) == (PENDING, None, None)
    assert shop.render(asked.poster_id) is READY
    shown = shop.show(asked.poster_id)
    assert shown == shop.ask()
    assert shown.state is READY
    assert shown.url is not None
    assert "信宜市人民医院-场所码.pdf" in shown.url
    assert shown.expires_at == shop.clock.now() + LINK_LIFE
    contents, form, timestamp = shop.renderer.drawn[0]
    assert contents.code_url == f"https://V.TEST/V/{shop.venue.code}"
    assert contents.demo
    assert (form, timestamp) == ("a4_pdf", int(shop.venue.created_at.timestamp()))


def test_it_is_drawn_once(shop: Shop) -> None:
    poster_id = shop.ask().poster_id
    assert shop.ask().poster_id == poster_id
    assert [shop.render(poster_id) for _ in range(3)] == [READY, None, None]
    assert len(shop.renderer.drawn) == 1


def test_every_form_and_the_demonstration_mark_is_another(shop: Shop) -> None:
    forms: list[Form] = ["a4_pdf", "a4_png", "qr_svg"]
    made = {shop.ask(form, demo=demo).poster_id for form in forms for demo in (True, False)}
    assert len(made) == 6


def test_one_that_hangs_is_asked_for_again_after_a_minute(shop: Shop) -> None:
    poster_id, start = shop.ask().poster_id, shop.clock.now()
    shop.clock.pass_(seconds=59)
    shop.ask()
    assert shop.requested_at(poster_id) == start
    shop.clock.pass_(seconds=1)
    shop.ask()
    assert shop.requested_at(poster_id) == shop.clock.now()


def test_one_that_the_bucket_forgets_is_drawn_anew(shop: Shop) -> None:
    poster_id = shop.ask().poster_id
    shop.render(poster_id)
    assert timedelta(days=30) > KEPT
    shop.clock.at += KEPT - timedelta(seconds=1)
    assert shop.show(poster_id).state is READY
    shop.clock.pass_(seconds=1)
    with pytest.raises(NotFound):
        shop.show(poster_id)
    assert shop.ask().state is PENDING
    assert shop.render(poster_id) is READY


def test_a_name_without_glyphs_fails_and_says_so() -> None:
    shop = Shop("☢")
    poster_id = shop.ask().poster_id
    assert shop.render(poster_id) is FAILED
    assert shop.show(poster_id).state is FAILED
    assert shop.storage.files == {}


@pytest.mark.parametrize("poster_id", ["", "x", "0" * 16, "0" * 5000, "../../x"])
def test_one_that_was_never_asked_for_is_not_found(shop: Shop, poster_id: str) -> None:
    with pytest.raises(NotFound):
        shop.show(poster_id)
    assert shop.render(poster_id) is None


def test_another_venue_has_no_part_in_it(shop: Shop) -> None:
    poster_id = shop.ask().poster_id
    assert shop.render(poster_id, venue_id=f"ven_{makers.random()}") is None
    assert shop.show(poster_id).state is PENDING
