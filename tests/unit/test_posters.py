"""Posters: rendered once, found again, drawn anew when they are gone or hang."""

from datetime import datetime, timedelta

import pytest

from chalicelib.core.crypto import BlindIndex, KeyRing, Vault
from chalicelib.core.errors import NotFound
from chalicelib.rendering.engine import GlyphMissing
from chalicelib.rendering.posters import Form
from chalicelib.rendering.posters import Poster as Contents
from chalicelib.venues.channels import Channel, ChannelKind, CheckInOptions
from chalicelib.venues.issuance import Issuance
from chalicelib.venues.posters import (
    KEPT,
    LINK_LIFE,
    Poster,
    PosterContents,
    PosterRendering,
    PosterRequests,
)
from chalicelib.venues.staffing import Bindings
from chalicelib.venues.venue import PosterKind, PosterState
from tests.contract import makers
from tests.fakes.parts import CountingIds, FixedSecret, LocalDataKeys, StandingClock
from tests.fakes.stores import (
    FakeLimits,
    FakePeople,
    FakePosters,
    FakeStaff,
    FakeStorage,
    FakeVenues,
)

RING = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))
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
        self.options = CheckInOptions((Channel(ChannelKind.WECHAT, "粤康码"),), paper_passes=True)
        self.people = people = FakePeople()
        self.venues, self.venue = FakeVenues(people), makers.venue(name=name)
        self.staff = FakeStaff(people, self.venues)
        self.venues.create(self.venue, unique="u", number_blind="n", document_blind="")

    def of(self, region: str, now: datetime) -> CheckInOptions:
        """See `RegionOptions`."""
        del region, now
        return self.options

    def contents(self, *, demo: bool = True) -> PosterContents:
        return PosterContents(options=self, code_host="V.TEST", demo=demo)

    def requests(self, *, demo: bool = True) -> PosterRequests:
        issuance = Issuance(
            venues=self.venues,
            people=self.people,
            index=BlindIndex(RING),
            vault=Vault(LocalDataKeys()),
            ids=CountingIds(),
            code_host="V.TEST",
        )
        bindings = Bindings(
            staff=self.staff, venues=self.venues, people=self.people, limits=FakeLimits()
        )
        return PosterRequests(
            posters=self.posters,
            storage=self.storage,
            contents=self.contents(demo=demo),
            issuance=issuance,
            bindings=bindings,
        )

    def ask(
        self, form: Form = "a4_pdf", *, kind: PosterKind = PosterKind.VENUE, demo: bool = True
    ) -> Poster:
        requests = self.requests(demo=demo)
        return requests.request(self.venue, kind, form, correlation="c", now=self.clock.now())

    def show(self, poster_id: str) -> Poster:
        return self.requests().show(self.venue, poster_id, now=self.clock.now())

    def render(self, poster_id: str, venue_id: str = "") -> PosterState | None:
        rendering = PosterRendering(
            venues=self.venues, posters=self.posters, storage=self.storage,
            renderer=self.renderer, contents=self.contents(), clock=self.clock,
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


@pytest.mark.parametrize("kind", [PosterKind.FAST, PosterKind.JOIN])
def test_the_first_poster_of_a_code_makes_the_code_and_the_next_shows_it(
    shop: Shop, kind: PosterKind
) -> None:
    asked = shop.ask(kind=kind)
    assert shop.ask(kind=kind) == asked
    assert shop.render(asked.poster_id) is READY
    (contents, _, _), *_ = shop.renderer.drawn
    code = contents.serial.replace("-", "")
    assert contents.kind == kind.value
    if kind is PosterKind.FAST:
        assert contents.code_url == f"https://V.TEST/V/{code}"
        assert shop.venues.code(code) is not None
        assert code != shop.venue.code
    else:
        assert contents.code_url == f"https://V.TEST/V/J-{code}"
        assert shop.staff.join_code(shop.venue.venue_id) == code


def test_a_join_code_that_was_replaced_has_another_poster(shop: Shop) -> None:
    asked = shop.ask(kind=PosterKind.JOIN)
    code = shop.staff.join_code(shop.venue.venue_id)
    shop.staff.replace_join_code(shop.venue.venue_id, "23456789N", code)
    assert shop.ask(kind=PosterKind.JOIN).poster_id != asked.poster_id


def test_files_of_a_venues_codes_are_told_apart_by_name(shop: Shop) -> None:
    links = []
    for kind in PosterKind:
        asked = shop.ask("qr_svg", kind=kind)
        shop.render(asked.poster_id)
        links.append(str(shop.show(asked.poster_id).url))
    for link, title in zip(links, ("场所码", "快速通行码", "场所申报码"), strict=True):
        assert f"信宜市人民医院-{title}.svg" in link


def test_a_poster_names_the_regions_channels_and_no_others(shop: Shop) -> None:
    shop.options = CheckInOptions(
        (
            Channel(ChannelKind.WECHAT, "粤康码"),
            Channel(ChannelKind.WECHAT),
            Channel(ChannelKind.ALIPAY, "粤康码"),
            Channel(ChannelKind.APP, "粤省事"),
            Channel(ChannelKind.BROWSER),
        ),
        paper_passes=False,
    )
    contents = shop.contents().of(
        shop.venue, PosterKind.VENUE, shop.venue.code, now=shop.clock.now()
    )
    assert contents.channels == (
        "微信“粤康码”", "微信", "支付宝“粤康码”", "“粤省事”App", "手机浏览器",
    )  # fmt: skip
    assert contents.channels_english == (
        "WeChat or Alipay or the app or the camera or browser of your phone"
    )
    assert not contents.paper_passes


def test_a_change_of_channels_makes_another_poster(shop: Shop) -> None:
    before = shop.ask().poster_id
    shop.options = CheckInOptions((Channel(ChannelKind.ALIPAY),), paper_passes=True)
    assert shop.ask().poster_id != before
