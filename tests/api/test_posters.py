"""The poster: asked for, drawn from the queue, downloaded from a link that expires (JN-5, XC-4)."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pypdfium2
import pytest
import requests
import typst
import zxingcpp
from PIL import Image

from chalicelib.rendering.engine import GlyphMissing
from chalicelib.venues.posters import PosterRendering
from tests.api.driver import HttpReply, Person, World

NAME = "信宜市𠮷龘镇中心卫生院（Yiwei 分院）"


def ask(administrator: Person, form: str) -> HttpReply:
    return administrator.post(_path(administrator), {"form": form})


def look(administrator: Person, poster_id: str) -> Any:
    return administrator.get(f"{_path(administrator)}/{poster_id}").expect(200)


def _path(administrator: Person) -> str:
    return f"/v1/venues/{administrator.venue['venue_id']}/posters"


def drawn(administrator: Person, form: str) -> Any:
    """A poster that has been asked for and drawn."""
    asked = ask(administrator, form).expect(202)
    administrator.world.work()
    return look(administrator, asked["poster_id"])


def download(poster: dict[str, Any], media_type: str) -> bytes:
    """What a browser gets from the link."""
    answer = requests.get(poster["url"], timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == media_type
    return bytes(answer.content)


def picture_of_pdf(data: bytes, _: Path) -> Image.Image:
    picture: Image.Image = pypdfium2.PdfDocument(data)[0].render(scale=150 / 72).to_pil()
    return picture


def picture_of_png(data: bytes, _: Path) -> Image.Image:
    return Image.open(io.BytesIO(data))


def picture_of_svg(data: bytes, folder: Path) -> Image.Image:
    (folder / "code.svg").write_bytes(data)
    page = folder / "page.typ"
    page.write_text('#set page(width: 8cm, height: 8cm)\n#image("code.svg", width: 100%)')
    return Image.open(io.BytesIO(typst.compile(page, format="png", ppi=200)))


FORMS: dict[str, tuple[str, Callable[[bytes, Path], Image.Image]]] = {
    "a4_pdf": ("application/pdf", picture_of_pdf),
    "a4_png": ("image/png", picture_of_png),
    "qr_svg": ("image/svg+xml", picture_of_svg),
}


@pytest.fixture(scope="module")
def administrator(lasting: World) -> Person:
    return lasting.administrator(name=NAME)


@pytest.fixture(scope="module")
def posters(administrator: Person) -> dict[str, Any]:
    """One of each form, asked for and drawn."""
    return {form: drawn(administrator, form) for form in FORMS}


@pytest.mark.requirement("JN-5", "SD-7")
@pytest.mark.requirement("XC-4")
@pytest.mark.requirement("SD-4")
@pytest.mark.parametrize("form", FORMS)
def test_what_was_downloaded_can_be_scanned(
    administrator: Person, posters: dict[str, Any], tmp_path: Path, form: str
) -> None:
    media_type, picture = FORMS[form]
    poster = posters[form]
    assert (poster["form"], poster["status"], poster["poll_after_ms"]) == (form, "ready", None)
    data = download(poster, media_type)
    (found,) = zxingcpp.read_barcodes(picture(data, tmp_path))
    assert found.text == administrator.venue["code_url"]
    # A visitor who scans it is at this venue.
    screen = administrator.scan_code(found.text).expect(201)
    assert screen["venue"]["venue_id"] == administrator.venue["venue_id"]
    # A plain camera gets the page.
    path = urlsplit(found.text).path
    assert administrator.world.call("GET", path).status == 200


@pytest.mark.requirement("JN-10")
def test_the_poster_asks_to_scan_and_says_with_what_and_what_to_do_without_a_phone(
    administrator: Person, posters: dict[str, Any]
) -> None:
    page = pypdfium2.PdfDocument(download(posters["a4_pdf"], "application/pdf"))[0].get_textpage()
    words = "".join(page.get_text_range().replace("\ufffe", "-").split())
    serial = "-".join(administrator.venue["code"][i : i + 4] for i in range(0, 16, 4))
    for said in (
        NAME.replace(" ", ""),
        "广东省茂名市信宜市",
        "医疗场所",
        "进门请扫码登记",
        "Pleasescanthiscodebeforeyouenter",
        "微信",
        "支付宝",
        "没有手机",
        "身份证",
        "Nophone?ShowyourIDcard",
        "免费",
        serial,
    ):
        assert said in words
    assert "演示" not in words
    assert administrator.phone[3:] not in words


@pytest.mark.requirement("JN-5", "SD-7")
@pytest.mark.parametrize("form", FORMS)
def test_the_link_expires_and_names_the_file(
    administrator: Person, posters: dict[str, Any], form: str
) -> None:
    world = administrator.world
    poster = look(administrator, posters[form]["poster_id"])
    assert poster["expires_at"] == "2026-11-22T04:15:00.000Z"
    query = {name: values[0] for name, values in parse_qs(urlsplit(poster["url"]).query).items()}
    assert query["X-Amz-Expires"] == "900"
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    suffix = {"a4_pdf": "pdf", "a4_png": "png", "qr_svg": "svg"}[form]
    disposition = unquote(query["response-content-disposition"])
    assert disposition == f"attachment; filename*=UTF-8''{NAME}-场所码.{suffix}"
    # Each look gives a link that holds from then on.
    world.clock.pass_(minutes=10)
    assert look(administrator, poster["poster_id"])["expires_at"] == "2026-11-22T04:25:00.000Z"
    world.clock.pass_(minutes=-10)


@pytest.mark.requirement("JN-5", "SD-7")
def test_the_same_poster_is_drawn_once(world: World) -> None:
    administrator = world.administrator()
    asked = ask(administrator, "qr_svg").expect(202)
    assert (asked["status"], asked["url"], asked["poll_after_ms"]) == ("pending", None, 500)
    assert ask(administrator, "qr_svg").expect(202) == asked
    world.work()
    ready = ask(administrator, "qr_svg").expect(200)
    assert ready["poster_id"] == asked["poster_id"]
    assert (ready["status"], ready["poll_after_ms"]) == ("ready", None)
    world.work()
    assert len(world.renders.bodies) == 1


def test_a_poster_that_does_not_come_is_asked_for_again(world: World) -> None:
    administrator = world.administrator()
    ask(administrator, "qr_svg").expect(202)
    world.run_stream()
    world.renders.purge()  # lost, or dead
    world.clock.pass_(seconds=59)
    ask(administrator, "qr_svg").expect(202)
    assert world.run_stream() == 0
    world.clock.pass_(seconds=1)
    asked = ask(administrator, "qr_svg").expect(202)
    world.work()
    assert look(administrator, asked["poster_id"])["status"] == "ready"


def test_a_poster_is_kept_for_29_days_and_made_again_when_it_is_wanted(world: World) -> None:
    administrator = world.administrator()
    poster = drawn(administrator, "qr_svg")
    world.clock.pass_(days=29)
    administrator.keep(administrator.refresh().expect(200))
    gone = administrator.get(f"{_path(administrator)}/{poster['poster_id']}")
    gone.expect(404, "not_found")
    assert drawn(administrator, "qr_svg")["poster_id"] == poster["poster_id"]


def test_a_poster_belongs_to_its_venue(world: World) -> None:
    first, second = world.administrator(), world.administrator()
    poster = drawn(first, "qr_svg")
    second.get(f"{_path(first)}/{poster['poster_id']}").expect(403, "not_your_venue")
    second.get(f"{_path(second)}/{poster['poster_id']}").expect(404, "not_found")


class Fontless:
    """An engine whose fonts have lost a character."""

    def draw(self, *_: object) -> tuple[bytes, str]:
        raise GlyphMissing("信")


def test_a_poster_that_cannot_be_drawn_says_so_and_is_not_tried_for_ever(world: World) -> None:
    administrator = world.administrator()
    container = world.container
    rendering = container.poster_rendering
    container.poster_rendering = PosterRendering(
        venues=container.venues,
        posters=container.posters,
        storage=container.storage,
        renderer=Fontless(),
        contents=container.poster_contents,
        clock=container.clock,
    )
    failed = drawn(administrator, "a4_pdf")
    assert (failed["status"], failed["url"], failed["poll_after_ms"]) == ("failed", None, None)
    assert world.renders.dead() == []
    container.poster_rendering = rendering
    world.clock.pass_(seconds=1)
    assert drawn(administrator, "a4_pdf")["status"] == "ready"


def test_the_bucket_holds_what_the_link_names_and_nothing_else(world: World) -> None:
    administrator = world.administrator()
    poster = drawn(administrator, "qr_svg")
    venue_id = administrator.venue["venue_id"]
    assert world.stored() == [f"posters/{venue_id}/{poster['poster_id']}.svg"]
    assert urlsplit(poster["url"]).path.endswith(world.stored()[0])
