"""Posters as they hang on a wall: what they say, that they scan, that no name breaks them."""

import hashlib
import io
import subprocess
import sys
import unicodedata
import zlib
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from fontTools import subset
from fontTools.ttLib import TTFont
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from chalicelib.rendering import coverage, posters, qr
from chalicelib.rendering.engine import GlyphMissing
from chalicelib.rendering.posters import Form, Kind, Poster
from tests.pictures import HOSTILE, colours, decoded, pdf_image, pdf_text, svg_image

ROOT = Path(__file__).parents[2]
FONTS = ROOT / "infra/layers/render/fonts"
TEMPLATES = [
    ROOT / "chalicelib/rendering/templates" / name
    for name in ("poster.typ", "sticker.typ", "text.typ", "words.typ")
]
MM = 72 / 25.4
SCRIPT_FONTS = (
    "NotoSansArabic-Bold.ttf", "NotoSansCJKkr-Bold.otf", "NotoSansMongolian-Regular.ttf",
    "NotoSerifTibetan-Bold.ttf",
)  # fmt: skip

POSTER = Poster(
    code_url="https://V.LOCALHOST/V/0123456789ABCDEF",
    venue_name="信宜市人民医院",
    venue_type="医疗机构",
    region_name="广东省茂名市信宜市",
    checkpoint="",
    serial="7K2M-9QXD",
    demo=False,
    band="#0f766e",
    channels=("微信“粤康码”", "支付宝“粤康码”", "手机浏览器"),
    channels_english="WeChat or Alipay or the camera or browser of your phone",
    paper_passes=True,
)
LONG = "济宁市任城区太白湖新区许庄街道办事处社区卫生服务中心龘𠮷堂综合门诊部" * 2


def draw(form: Form, poster: Poster = POSTER, fonts: Path = FONTS, **changes: object) -> bytes:
    return posters.render(replace(poster, **changes), form, fonts=fonts, timestamp=1_650_000_000)  # type: ignore[arg-type]


# What is on it


def test_the_code_of_the_pdf_and_of_the_png_decodes_to_the_url() -> None:
    assert decoded(pdf_image(draw("a4_pdf"))) == POSTER.code_url
    assert decoded(Image.open(io.BytesIO(draw("a4_png")))) == POSTER.code_url


PAGES: list[tuple[Form, tuple[float, float], int]] = [
    ("a4_pdf", (210, 297), 5), ("a5_pdf", (148, 209.3), 5), ("sticker_pdf", (80, 100), 4),
]  # fmt: skip
"""The forms with a page: its size in millimetres, and the version of its code."""
SAID = {
    "venue": ("进门请扫码登记", "没有手机"),
    "fast": ("体温正常请扫此码", "还没测量体温"),
    "join": ("工作人员扫码加入", "请勿张贴在访客能看到的地方"),
}


def version_of(found: zxingcpp.Barcode) -> int:
    """Return the version of a code that was read."""
    assert isinstance(found.extra, dict)
    return int(found.extra["Version"])


@pytest.mark.parametrize("kind", SAID)
@pytest.mark.parametrize(("form", "size", "version"), PAGES)
def test_each_kind_of_poster_has_its_size_says_what_it_is_for_and_scans(
    form: Form, size: tuple[float, float], version: int, kind: Kind
) -> None:
    pdf = draw(form, kind=kind)
    (page,) = pypdfium2.PdfDocument(pdf)
    assert page.get_size() == pytest.approx([side * MM for side in size], abs=0.5)
    text = pdf_text(pdf)
    for name, words in SAID.items():
        for said in words:
            assert (said in text) is (name == kind), said
    assert ("工作人员专用" in text) is (kind == "join" and form != "sticker_pdf")
    (found,) = zxingcpp.read_barcodes(pdf_image(pdf))
    assert (found.text, found.ec_level) == (POSTER.code_url, "H")
    assert version_of(found) == version


@pytest.mark.parametrize("form", ["a4_png", "a5_png", "sticker_png"])
def test_every_module_of_a_picture_is_whole_dots(form: Form) -> None:
    image = Image.open(io.BytesIO(draw(form))).convert("L")
    (found,) = zxingcpp.read_barcodes(image)
    corner = found.position.top_left
    side = found.position.top_right.x - corner.x
    modules = 17 + 4 * version_of(found)
    dots = round(side / modules)
    # The reader is exact to a pixel; the first dark dot is the corner.
    left = next(
        x for x in range(corner.x - 2, corner.x + 3) if image.getpixel((x, corner.y + 2)) == 0
    )
    top = next(y for y in range(corner.y - 2, corner.y + 3) if image.getpixel((left + 2, y)) == 0)
    code = image.crop((left, top, left + modules * dots, top + modules * dots))
    assert colours(code.reduce(dots)) == {0, 255}, "each module is of one colour, to the dot"


@pytest.mark.parametrize("form", ["a4_pdf", "sticker_pdf"])
def test_channels_and_paper_pass_that_do_not_exist_are_not_named(form: Form) -> None:
    text = pdf_text(draw(form, channels=("支付宝",), channels_english="Alipay", paper_passes=False))
    assert "支付宝" in text
    for absent in ("微信", "WeChat", "浏览器", "browser", "纸质通行码", "paperpass"):
        assert absent not in text
    assert "手机" in pdf_text(draw(form, channels=(), channels_english=""))


@pytest.mark.parametrize("form", ["a4_pdf", "a5_pdf", "sticker_pdf"])
def test_six_channels_with_long_names_find_room(form: Form) -> None:
    pdf = draw(form, channels=("微信“" + "粤" * 12 + "”",) * 6)
    text = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    width = pypdfium2.PdfDocument(pdf)[0].get_width()
    boxes = [text.get_charbox(index) for index in range(text.count_chars())]
    assert all(left > 0 and right < width for left, _, right, _ in boxes)
    assert pdf_text(pdf).count("粤" * 12) == 6


def test_a_small_bad_copy_still_decodes() -> None:
    assert decoded(pdf_image(draw("a4_pdf"), dpi=40)) == POSTER.code_url


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize(
    "name", ["龘𠮷", "信宜市人民医院", "Coffee & Books 咖啡书屋（信宜店）", LONG[:60], "W" * 60]
)
def test_the_text_of_the_pdf_holds_what_the_poster_must_say(name: str, demo: bool) -> None:
    text = pdf_text(draw("a4_pdf", venue_name=name, checkpoint="东门入口", demo=demo))
    assert "".join(name.split()) in text
    for words in ("广东省茂名市信宜市", "医疗机构", "东门入口", "7K2M-9QXD", "扫码登记"):
        assert words in text
    for words in (
        "微信",
        "支付宝",
        "手机浏览器",
        "没有手机",
        "身份证",
        "纸质通行码",
        "由工作人员登记",
    ):
        assert words in text
    assert "全程免费" in text
    assert ("演示DEMO" in text) is demo


def test_the_pdf_is_one_archivable_a4_page_named_after_the_venue() -> None:
    pdf = draw("a4_pdf", venue_name='𠮷 "#"')
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    assert document[0].get_size() == pytest.approx((210 * MM, 297 * MM), abs=0.1)
    assert document.get_metadata_value("Title") == '𠮷 "#"'
    assert document.get_metadata_value("CreationDate") == "D:20220415052000Z"
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>U</pdfaid:conformance>" in pdf


@pytest.mark.parametrize("name", ["龘𠮷", LONG[:13], LONG[:60], LONG * 3, "W" * 60])
@pytest.mark.parametrize("checkpoint", ["", "东门入口", "门诊楼二层连廊东侧无障碍通道入口" * 3])
def test_no_text_leaves_the_page_margins_or_touches_the_code(name: str, checkpoint: str) -> None:
    pdf = draw("a4_pdf", venue_name=name, checkpoint=checkpoint, region_name=LONG[:40])
    text = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    boxes = [text.get_charbox(index) for index in range(text.count_chars())]
    drawn = [tuple(edge / MM for edge in box) for box in boxes if box[2] > box[0]]
    assert len(drawn) > 100
    for left, bottom, right, top in drawn:
        assert left > 14
        assert right < 196
        assert bottom > 8
        assert top < 291
        assert bottom > 297 - 109 or top < 297 - 109 - 111


def test_the_png_is_a4_at_300_dpi_and_every_module_is_whole_dots() -> None:
    image = Image.open(io.BytesIO(draw("a4_png")))
    image.load()
    assert image.size == (2480, 3508)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    modules = qr.draw(POSTER.code_url, 5).modules
    dots = int(112 / 25.4 * 300 / modules)
    side = modules * dots
    left, top = round((2480.3 - side) / 2), round(109 / 25.4 * 300)
    code = image.convert("L").crop((left, top, left + side, top + side))
    cells = code.reduce(dots)
    assert colours(code) == {0, 255}
    assert colours(cells) == {0, 255}, "each module is of one colour, to the dot"
    assert colours(cells.crop((0, 0, modules, 4))) == {255}, "four modules of quiet zone"


def test_the_demo_mark_is_plain_to_see_and_leaves_the_code_alone() -> None:
    plain, marked = (
        pdf_image(draw("a4_pdf", demo=demo), dpi=72).convert("L") for demo in (False, True)
    )
    changed = ImageChops.difference(plain, marked)
    code = (49 * MM, 108 * MM, 161 * MM, 221 * MM)
    assert changed.crop(code).getbbox() is None
    assert changed.point(lambda value: 255 if value > 20 else 0).histogram()[255] > 10_000


@pytest.mark.parametrize("band", ["#000000", "#ffffff", "#fde047", "#b91c1c"])
def test_the_band_is_the_regions_colour_and_its_text_stands_out(band: str) -> None:
    top = pdf_image(draw("a4_pdf", band=band), dpi=72).crop((0, 0, 595, int(57 * MM)))
    ground = top.convert("RGB").getpixel((5, 5))
    assert isinstance(ground, tuple)
    assert "#{:02x}{:02x}{:02x}".format(*ground) == band
    dark, light = top.convert("L").getextrema()
    assert isinstance(dark, int)
    assert isinstance(light, int)
    assert light - dark > 100


def test_the_code_alone_is_one_path_that_decodes_and_needs_no_fonts() -> None:
    svg = draw("qr_svg", fonts=Path("nowhere"), venue_name="😀")
    assert svg.count(b"<path") == 2, "the white ground and the modules"
    assert decoded(svg_image(svg)) == POSTER.code_url


@pytest.mark.parametrize(
    ("text", "least", "modules"),
    [
        ("HTTPS://V.LOCALHOST/V/0123456789ABCDEF", 5, 37 + 8),
        ("https://V.LOCALHOST/V/0123456789ABCDEF", 5, 37 + 8),
        (f"https://{'H' * 31}/V/0123456789ABCDEF", 5, 37 + 8),
        (f"https://{'H' * 60}/V/0123456789ABCDEF", 5, 45 + 8),
        ("VP1.P.7.0123456789ABCDEF0123456789AB0123456789ABC", 4, 33 + 8),
        ("V", 4, 33 + 8),
    ],
)
def test_a_code_is_of_level_h_and_of_the_least_version_that_is_asked_for(
    text: str, least: int, modules: int
) -> None:
    code = qr.draw(text, least)
    assert code.modules == modules
    (found,) = zxingcpp.read_barcodes(svg_image(code.svg))
    assert (found.text, found.ec_level) == (text, "H")


def test_each_form_has_its_content_type() -> None:
    assert posters.content_type("a4_pdf") == "application/pdf"
    assert posters.content_type("a4_png") == "image/png"
    assert posters.content_type("sticker_png") == "image/png"
    assert posters.content_type("qr_svg") == "image/svg+xml"


# Same in, same out


@pytest.mark.parametrize("form", ["a4_pdf", "a4_png", "qr_svg"])
def test_the_same_poster_has_the_same_bytes_in_any_process(form: Form) -> None:
    script = (
        "import sys, hashlib, tests.unit.test_rendering as t;"
        "print(hashlib.sha256(t.draw(sys.argv[1])).hexdigest())"
    )
    run = [sys.executable, "-c", script, form]
    other = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert other.stdout.strip() == hashlib.sha256(draw(form)).hexdigest()
    assert draw(form) == draw(form)


def test_whoever_changes_the_look_raises_the_template_version() -> None:
    """The version is part of a poster's key in S3: unraised, old files would be served as new."""
    looks = [path.read_bytes() for path in (*TEMPLATES, *sorted(FONTS.glob("*.?tf")))]
    digest = hashlib.sha256(b"".join(looks) + draw("qr_svg")).hexdigest()[:16]
    assert (posters.TEMPLATE_VERSION, digest) == ("3", "173f38e64f7d6ff4")


# Names are data


@settings(max_examples=15, deadline=None)  # each draws a page: see that every piece occurs
@example("".join(HOSTILE[::2]))
@example("".join(HOSTILE[1::2]))
@example("".join(reversed(HOSTILE)))
@given(st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=8).map("".join))
def test_a_name_is_shown_as_it_is_never_run(name: str) -> None:
    pdf = draw("a4_pdf", venue_name=name, checkpoint=name)
    assert pdf_text(pdf).count("".join(name.split())) >= 2
    assert decoded(pdf_image(pdf, dpi=72)) == POSTER.code_url


@settings(max_examples=80, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12))
def test_any_name_is_drawn_or_refused_by_its_first_character_without_glyph(name: str) -> None:
    missing = coverage.missing(name)
    if missing:
        with pytest.raises(GlyphMissing) as refused:
            draw("a4_pdf", venue_name=name)
        assert refused.value.character == missing[0]
    else:
        assert draw("a4_pdf", venue_name=name).startswith(b"%PDF")


@pytest.mark.parametrize("form", ["a4_pdf", "a4_png"])
@pytest.mark.parametrize("bad", ["😀", "ก", "\x07", "\n", "\u200d", "\ufe0f", "\u0301", "\ue000"])
def test_a_character_without_glyph_is_named(form: Form, bad: str) -> None:
    for poster in (
        replace(POSTER, venue_name=f"信宜{bad}店"),
        replace(POSTER, checkpoint=bad),
        replace(POSTER, region_name=f"{bad}省"),
    ):
        with pytest.raises(GlyphMissing, match=f"U\\+{ord(bad):04X}") as refused:
            draw(form, poster)
        assert refused.value.character == bad


@pytest.fixture(scope="module")
def poor_fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fonts with what the template itself says and 信宜, as if someone had cut them too far."""
    folder = tmp_path_factory.mktemp("fonts")
    for path in FONTS.glob("NotoSansCJKsc-*.otf"):
        font = TTFont(path)
        cutter = subset.Subsetter()
        said = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
        cutter.populate(text=said + "信宜" + POSTER.serial + "".join(POSTER.channels))
        cutter.subset(font)
        font.save(folder / path.name)
    return folder


@pytest.mark.parametrize("form", ["a4_pdf", "a4_png"])
@pytest.mark.parametrize("lacking", ["龘", "𠮷"])
def test_fonts_that_lack_what_coverage_promises_make_no_box(
    form: Form, lacking: str, poor_fonts: Path
) -> None:
    small = replace(POSTER, venue_type="信", region_name="宜")
    assert draw(form, small, poor_fonts, venue_name="信宜")
    with pytest.raises(GlyphMissing) as refused:
        draw(form, small, poor_fonts, venue_name=f"信{lacking}宜")
    assert refused.value.character == lacking


def test_a_folder_without_fonts_is_told_apart_from_a_missing_glyph(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no fonts"):
        draw("a4_pdf", fonts=tmp_path)


# Coverage


def test_missing_names_each_character_once_in_order() -> None:
    assert coverage.missing("a😀bก😀\n") == ["😀", "ก", "\n"]
    assert coverage.missing("龘𠮷鿍㐂ABC　·（）—") == []
    assert coverage.missing("") == []


def test_coverage_is_what_the_fonts_hold() -> None:
    listed = {point for point in range(0x110000) if not coverage.missing(chr(point))}
    regular, bold = (
        set(TTFont(FONTS / f"NotoSansCJKsc-{weight}.otf").getBestCmap())
        for weight in ("Regular", "Bold")
    )
    assert regular == bold
    held = set(bold)
    for name in SCRIPT_FONTS:
        points = set(TTFont(FONTS / name).getBestCmap())
        assert not points & bold
        # Marks and selectors count only beside a letter.
        held |= {point for point in points if unicodedata.category(chr(point))[0] not in "MC"}
    assert listed == held


@pytest.mark.parametrize("codec", ["gbk", "big5", "big5hkscs"])
def test_every_han_character_of_the_national_sets_is_covered(codec: str) -> None:
    pairs = (bytes([high, low]) for high in range(0x81, 0xFF) for low in range(0x40, 0xFF))
    held = {char for pair in pairs for char in pair.decode(codec, "ignore")}
    han = "".join(char for char in held if unicodedata.name(char, "").startswith("CJK UNIFIED"))
    assert len(han) > 13_000
    assert coverage.missing(han) == []


@pytest.mark.parametrize("weight", ["regular", "bold"])
def test_every_covered_character_passes_pdf_a(weight: str, tmp_path: Path) -> None:
    import typst

    text = "".join(map(chr, TTFont(FONTS / "NotoSansCJKsc-Bold.otf").getBestCmap()))
    page = tmp_path / "all.typ"
    page.write_text(
        '#set text(font: "Noto Sans CJK SC", size: 4pt)\n'
        "#text(weight: sys.inputs.weight, sys.inputs.text)"
    )
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]
    )
    pdf = typst.compile(
        page,
        font_paths=fonts,
        format="pdf",
        pdf_standards=["a-2u"],
        sys_inputs={"text": text, "weight": weight},
    )
    assert pdf.startswith(b"%PDF")


def test_the_fonts_fit_the_layer_and_carry_their_licence() -> None:
    fonts = sorted(FONTS.glob("*.?tf"))
    assert {path.name for path in fonts} == {
        "NotoSansCJKsc-Bold.otf", "NotoSansCJKsc-Regular.otf", *SCRIPT_FONTS,
    }  # fmt: skip
    assert all(path.stat().st_size <= 7_500_000 for path in fonts)
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text(encoding="utf-8")
    assert (ROOT / "chalicelib/rendering/coverage.txt").stat().st_size < 60_000


def test_what_the_api_imports_loads_no_engine() -> None:
    script = (
        "import sys; from chalicelib.rendering import cards, coverage, posters;"
        "assert coverage.missing('😀') == ['😀'];"
        "print(*sorted({'typst', 'segno', 'fontTools', 'numpy'} & set(sys.modules)))"
    )
    run = [sys.executable, "-c", script]
    out = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert out.stdout.strip() == ""


def test_the_resolution_chunk_is_sound() -> None:
    png = draw("a4_png")
    assert png[37:41] == b"pHYs"
    assert int.from_bytes(png[50:54]) == zlib.crc32(png[37:50])
