"""Paper passes as they are carried: what they say, that they scan, that no name breaks them."""

import hashlib
import io
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import groupby
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from segno import make_qr

from chalicelib.adapters.renderer import TypstRenderer
from chalicelib.rendering import cards, qr
from chalicelib.rendering.cards import Card, CardForm
from chalicelib.rendering.engine import GlyphMissing
from tests.pictures import HOSTILE, colours, decoded, pdf_image, pdf_text, svg_image
from tests.support import ROOT

FONTS = ROOT / "infra/layers/render/fonts"
FORMS: list[CardForm] = ["card_pdf", "sheet_pdf", "card_png"]
MM = 72 / 25.4
MODULES, DOTS = 41, 10
"""The width of a card's code with its quiet zone; of a module at 300 dpi."""

CARD = Card(
    pass_text="VP1.P.7.0123456789ABCDEFX8NE17QZV4YB0123456789ABC",
    name="陈**",
    serial="X8NE-17QZ-V4YB",
    issued=date(2022, 4, 24),
    expires=date(2023, 4, 23),
    region_name="示例市",
    by_family=True,
    demo=True,
)
NAMES = [
    "陈**", "欧***", "陈大文", "欧阳娜娜", "龘𠮷䶮", "Li Na", "买买提·艾力江",
    "阿卜杜热合曼·阿卜杜", "阿卜杜热合曼·阿卜杜拉·麦麦提吐尔逊江·艾合买提", "Nguyễn Thị Minh Khai",
    "MUHAMMAD ABDUL RAHMAN BIN ABDULLAH AL-HASHIMI", "W" * 50, "龘" * 50,
    f"{'阿' * 12} {'i' * 30}",
]  # fmt: skip


def draw(form: CardForm, card: Card = CARD, fonts: Path = FONTS, **changes: object) -> bytes:
    changed = replace(card, **changes)  # type: ignore[arg-type]
    return cards.render_card(changed, form, fonts=fonts, timestamp=1_650_000_000)


def draw_all(*batch: Card) -> bytes:
    return cards.render_cards(
        batch, fonts=FONTS, timestamp=1_650_000_000, progress=lambda _done: None
    )


def numbered(count: int) -> list[Card]:
    return [
        replace(CARD, pass_text=f"{CARD.pass_text[:-4]}{number:04d}", serial=f"{number:04d}-0000")
        for number in range(count)
    ]


def png_image(card: Card = CARD) -> Image.Image:
    image = Image.open(io.BytesIO(draw("card_png", card)))
    image.load()
    return image.convert("RGB")


# What is on it


def test_the_code_of_card_sheet_and_picture_decodes_and_is_of_level_h() -> None:
    for image in (pdf_image(draw("card_pdf")), pdf_image(draw("sheet_pdf")), png_image()):
        (found,) = zxingcpp.read_barcodes(image)
        assert (found.text, found.ec_level) == (CARD.pass_text, "H")


def test_the_card_says_what_it_must() -> None:
    text = pdf_text(draw("card_pdf"))
    for words in (
        "示例市·纸质通行码", "演示", "陈**", "家人代办", "编号X8NE-17QZ-V4YB",
        "2022-04-24", "有效期至", "2023-04-23", "遗失请告知家人或社区，补办后本卡立即作废",
        "仅用于识别身份，不显示健康状况", "工作人员：扫码，看屏幕结果，并比对本人证件",
    ):  # fmt: skip
        assert words in text


def test_the_sheet_tells_holder_and_staff_what_to_do() -> None:
    text = pdf_text(draw("sheet_pdf"))
    assert pdf_text(draw("card_pdf")) in text
    for words in (
        "示例市·场所码", "没有手机，也能进门", "沿虚线剪下", "把卡给工作人员看", "同时带上身份证",
        "告诉家人或社区", "补办后旧卡作废", "扫卡上的码", "比对姓名、证件和本人",
        "放行、核验或止步", "手动核验", "不能用来登录", "免费办理", "有效期至2023-04-23",
    ):  # fmt: skip
        assert words in text


def test_what_does_not_hold_is_not_said() -> None:
    for form in ("card_pdf", "sheet_pdf"):
        text = pdf_text(draw(form, by_family=False, demo=False, region_name=""))
        assert "家人代办" not in text
        assert "演示" not in text
        assert "·" not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_in_its_place(name: str) -> None:
    pdf = draw("card_pdf", name=name, region_name="新疆维吾尔自治区巴音郭楞蒙古自治州和静县")
    assert "".join(name.split()) in pdf_text(pdf)
    page = pypdfium2.PdfDocument(pdf)[0].get_textpage()
    boxes = [page.get_charbox(index) for index in range(page.count_chars())]
    drawn = [tuple(edge / MM for edge in box) for box in boxes if box[2] > box[0]]
    for left, bottom, right, top in drawn:
        assert left > 3
        assert right < 82.7
        assert bottom > 0.5
        assert top < 53.5
        beside_the_code = bottom < 54 - 8.2 and top > 8.4
        assert not beside_the_code or right < 85.6 - 37.8
    # The band, the name between 9 and 19 mm below the upper edge, what is below it.
    places = [place for place, _ in groupby(54 - top for _, _, _, top in drawn)]
    assert any(9 <= place < 19 for place in places)
    assert not any(54 - top < 19 < 54 - bottom - 0.3 for left, bottom, _, top in drawn if left < 34)
    assert decoded(pdf_image(pdf)) == CARD.pass_text


@pytest.mark.parametrize(
    ("name", "points"),
    [("陈**", 18), ("欧阳娜娜", 18), ("买买提·艾力江", 12), ("阿" * 10, 12), ("阿" * 20, 10)],
)
def test_a_name_is_as_large_as_it_can_be(name: str, points: float) -> None:
    page = pypdfium2.PdfDocument(draw("card_pdf", name=name))[0]
    assert max(text_sizes(page)) == pytest.approx(max(points, 10.5), abs=0.1)
    assert any(size == pytest.approx(points, abs=0.1) for size in text_sizes(page))
    assert min(text_sizes(page)) == pytest.approx(7.4, abs=0.01)


def text_sizes(page: pypdfium2.PdfPage) -> set[float]:
    from pypdfium2 import raw

    text = page.get_textpage()
    return {
        round(raw.FPDFText_GetFontSize(text, index), 2)
        for index in range(text.count_chars())
        if text.get_text_range(index, 1).strip()
    }


# Sizes


def test_the_picture_is_a_card_at_300_dpi_and_every_module_is_whole_dots() -> None:
    image = Image.open(io.BytesIO(draw("card_png")))
    image.load()
    assert image.size == (1011, 638)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    left, top = corner(image)
    side = MODULES * DOTS
    code = image.convert("L").crop((left, top, left + side, top + side))
    cells = code.reduce(DOTS)
    assert colours(code) == {0, 255}
    assert colours(cells) == {0, 255}, "each module is of one colour, to the dot"
    quiet = [(0, 0, MODULES, 4), (0, 0, 4, MODULES), (0, 37, MODULES, 41), (37, 0, 41, MODULES)]
    assert all(colours(cells.crop(edge)) == {255} for edge in quiet)


def test_the_pdf_is_one_archivable_page_of_a_cards_size() -> None:
    pdf = draw("card_pdf")
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    assert document[0].get_size() == pytest.approx((85.6 * MM, 54 * MM), abs=0.1)
    assert document.get_metadata_value("Title") == "示例市 · 纸质通行码"
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>U</pdfaid:conformance>" in pdf


def test_the_sheet_and_the_page_of_ten_show_the_card_at_full_size() -> None:
    x, y = corner(png_image())
    for pdf, left, top in ((draw("sheet_pdf"), 307, 751), (draw_all(CARD), 229, 130)):
        document = pypdfium2.PdfDocument(pdf)
        assert document[0].get_size() == pytest.approx((210 * MM, 297 * MM), abs=0.1)
        page = pdf_image(pdf, 300)
        assert corner(page) == (left + x, top + y)
        (found,) = zxingcpp.read_barcodes(page)
        assert found.position.bottom_right.x - found.position.top_left.x == pytest.approx(
            330, abs=3
        )


def corner(image: Image.Image) -> tuple[int, int]:
    """Return the upper left corner of the only code's quiet zone."""
    (found,) = zxingcpp.read_barcodes(image)
    x, y = found.position.top_left.x, found.position.top_left.y
    grey = image.convert("L")
    # Within a module of what the reader says is the first dark dot.
    near = grey.crop((x - DOTS, y - DOTS, x + DOTS, y + DOTS)).point(lambda value: value < 128)
    left, top, _, _ = near.getbbox() or (0, 0, 0, 0)
    return x - DOTS + left - 4 * DOTS, y - DOTS + top - 4 * DOTS


# Ten on a page


def test_ten_cards_are_on_each_page_and_every_one_decodes() -> None:
    batch = numbered(23)
    pdf = draw_all(*batch)
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 3
    for page, held in enumerate((batch[:10], batch[10:20], batch[20:])):
        found = zxingcpp.read_barcodes(pdf_image(pdf, 200, page))
        assert {(code.text, code.ec_level) for code in found} == {
            (card.pass_text, "H") for card in held
        }
        text = pdf_text(pdf, page)
        assert all(card.serial in text for card in held)
        assert f"第{page + 1}页，共3页（{page * 10 + 1}–{page * 10 + len(held)}/23张）" in text


def test_the_cards_of_a_page_stand_at_a_cards_distance() -> None:
    page = pdf_image(draw_all(*numbered(10)), 300)
    found = {
        code.text: (code.position.top_left.x, code.position.top_left.y)
        for code in zxingcpp.read_barcodes(page)
    }
    left, top = found[numbered(1)[0].pass_text]
    for number, card in enumerate(numbered(10)):
        row, column = divmod(number, 2)
        place = (left + column * 1011, top + row * 638)
        assert found[card.pass_text] == pytest.approx(place, abs=2)


def test_each_cutting_line_is_between_two_cards() -> None:
    page = pdf_image(draw_all(*numbered(10)), 300).convert("L")
    beside_the_cards = [page.getpixel((229 - 30, y)) for y in range(100, 130 + 5 * 638 + 20)]
    lines = [100 + y for y, value in enumerate(beside_the_cards) if value != 255]
    expected = {130 + row * 638 for row in range(6)}
    assert {min(expected, key=lambda place: abs(place - line)) for line in lines} == expected
    assert all(min(abs(place - line) for place in expected) <= 2 for line in lines)


def test_progress_counts_the_cards() -> None:
    done: list[int] = []
    cards.render_cards(numbered(12), fonts=FONTS, timestamp=0, progress=done.append)
    assert done == list(range(1, 13))


# Damage


def blots(image: Image.Image, chance: random.Random) -> Image.Image:
    """Cover 5 % of the code: coffee and thumbs."""
    left, top = 607, 153
    pen = ImageDraw.Draw(image)
    for _ in range(5):
        x, y = left + chance.randrange(30, 300), top + chance.randrange(90, 300)
        pen.ellipse((x - 18, y - 18, x + 18, y + 18), fill=chance.choice(["white", "#333"]))
    return image


def dirt(image: Image.Image, chance: random.Random) -> Image.Image:
    """Sprinkle a tenth of the area, and blur it."""
    pen = ImageDraw.Draw(image)
    for _ in range(image.width * image.height // 90):
        x, y = chance.randrange(image.width), chance.randrange(image.height)
        pen.rectangle((x, y, x + 2, y + 2), fill=chance.choice(["white", "black"]))
    return image.filter(ImageFilter.GaussianBlur(2))


def turned(image: Image.Image, chance: random.Random) -> Image.Image:
    return image.rotate(
        chance.uniform(0, 360), Image.Resampling.BICUBIC, expand=True, fillcolor="#777"
    )


def far_away(image: Image.Image, _chance: random.Random) -> Image.Image:
    """Scale to less than three pixels a module."""
    return image.resize((270, 170), Image.Resampling.BILINEAR)


def askew(image: Image.Image, chance: random.Random) -> Image.Image:
    """Look at it from the side."""
    width, height = image.size
    near, far = chance.uniform(0, 0.08), chance.uniform(0.08, 0.2)
    corners = (0, -near * height, 0, (1 + near) * height, width, (1 + far) * height, width, 0)
    return image.transform(
        image.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor="#999"
    )


def newspaper(image: Image.Image, _chance: random.Random) -> Image.Image:
    """Grey ink on grey paper, in dots, blurred by the camera."""
    faded = image.convert("L").point(lambda value: 60 + value * 0.55)
    dots = faded.resize((image.width * 2 // 3, image.height * 2 // 3)).convert("1").convert("L")
    return dots.filter(ImageFilter.GaussianBlur(1.5)).convert("RGB")


def screen(image: Image.Image, chance: random.Random) -> Image.Image:
    """Photograph another phone's display: stripes, a glare, little light, askew."""
    pen = ImageDraw.Draw(image, "RGBA")
    for y in range(0, image.height, 5):
        pen.line((0, y, image.width, y + 40), fill=(90, 110, 140, 110), width=2)
    pen.ellipse((500, 300, 800, 500), fill=(255, 255, 255, 70))
    return ImageEnhance.Brightness(askew(image, chance)).enhance(0.5)


def folded(image: Image.Image, chance: random.Random) -> Image.Image:
    """A crease through the code."""
    pen = ImageDraw.Draw(image)
    x = 772 + chance.randrange(-20, 20)
    pen.line((x, 140, x + 12, 500), fill="#aaa", width=7)
    return image


@pytest.mark.parametrize(
    "damage", [blots, dirt, turned, far_away, askew, newspaper, screen, folded]
)
def test_a_damaged_card_still_decodes(
    damage: Callable[[Image.Image, random.Random], Image.Image],
) -> None:
    card = png_image()
    for seed in range(8):
        chance = random.Random(seed)  # noqa: S311 (repeatable damage, no secret)
        assert decoded(damage(card.copy(), chance)) == CARD.pass_text


def test_a_small_bad_copy_still_decodes() -> None:
    assert decoded(pdf_image(draw("card_pdf"), dpi=80)) == CARD.pass_text
    assert decoded(pdf_image(draw("sheet_pdf"), dpi=80)) == CARD.pass_text


# No health colour


def test_nothing_on_it_is_red_green_or_yellow() -> None:
    for image in (png_image(), pdf_image(draw("sheet_pdf"), 100), pdf_image(draw_all(CARD), 100)):
        seen = [
            tone for tone in colours(image.convert("RGB").convert("HSV")) if tone[1] > 50 < tone[2]
        ]
        hues = [hue for hue, _, _ in seen]
        assert hues
        assert min(hues) > 255 * 180 / 360
        assert max(hues) < 255 * 290 / 360


# Same in, same out


@pytest.mark.parametrize("form", [*FORMS, "ten"])
def test_the_same_card_has_the_same_bytes_in_any_process(form: str) -> None:
    script = (
        "import sys, hashlib, tests.unit.test_cards as t;"
        "print(hashlib.sha256(t.bytes_of(sys.argv[1])).hexdigest())"
    )
    run = [sys.executable, "-c", script, form]
    other = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert other.stdout.strip() == hashlib.sha256(bytes_of(form)).hexdigest()


def bytes_of(form: str) -> bytes:
    return draw_all(*numbered(11)) if form == "ten" else draw(form)  # type: ignore[arg-type]


def test_the_renderer_gives_each_form_its_media_type() -> None:
    renderer = TypstRenderer(FONTS)
    drawn = {form: renderer.draw_card(CARD, form, 1_650_000_000) for form in FORMS}
    assert drawn == {
        "card_pdf": (draw("card_pdf"), "application/pdf"),
        "sheet_pdf": (draw("sheet_pdf"), "application/pdf"),
        "card_png": (draw("card_png"), "image/png"),
    }


# Names are data


def test_a_name_is_shown_as_it_is_never_run() -> None:
    names = ["".join(HOSTILE[start : start + 5])[:50] for start in range(0, len(HOSTILE), 5)]
    batch = [replace(card, name=name) for card, name in zip(numbered(10), names, strict=False)]
    pdf = draw_all(*batch)
    text = pdf_text(pdf)
    for name in names:
        assert "".join(name.split()) in text
        assert "".join(name.split()) in pdf_text(draw("sheet_pdf", name=name, region_name=name[:9]))
    assert len(zxingcpp.read_barcodes(pdf_image(pdf, 200))) == len(batch)


@pytest.mark.parametrize("bad", ["😀", "ก", "\n", "\u200d", "\u0301", "\ue000"])
def test_a_character_without_glyph_is_named(bad: str) -> None:
    for card in (replace(CARD, name=f"陈{bad}"), replace(CARD, region_name=bad)):
        for form in FORMS:
            with pytest.raises(GlyphMissing) as refused:
                draw(form, card)
            assert refused.value.character == bad
        with pytest.raises(GlyphMissing):
            draw_all(CARD, card)


def test_a_folder_without_fonts_is_told_apart_from_a_missing_glyph(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no fonts"):
        draw("card_pdf", fonts=tmp_path)


# The best mask


def penalty(matrix: tuple[bytearray, ...]) -> int:
    """ISO/IEC 18004:2015, 7.8.3.1, as it is written."""
    size = len(matrix)
    total = 0
    for line in (*map(list, matrix), *map(list, zip(*matrix, strict=True))):
        total += sum(length - 2 for _, run in groupby(line) if (length := len(list(run))) >= 5)
        text = "0000" + "".join(map(str, line)) + "0000"
        total += sum(
            40
            for at in range(len(text))
            if text.startswith("1011101", at)
            and (text[at - 4 : at] == "0000" or text[at + 7 : at + 11] == "0000")
        )
    for y in range(size - 1):
        for x in range(size - 1):
            block = {matrix[y][x], matrix[y][x + 1], matrix[y + 1][x], matrix[y + 1][x + 1]}
            total += 3 * (len(block) == 1)
    dark = sum(map(sum, matrix))
    return total + 10 * (abs(20 * dark - 10 * size * size) // (size * size))


@pytest.mark.parametrize("version", [4, 5, 6])
def test_a_code_has_the_best_of_the_eight_masks(version: int) -> None:
    for number in range(6):
        text = f"VP1.P.7.{'0123456789ABCDEF' * 2}{number:04d}"
        drawn = zxingcpp.read_barcodes(svg_image(qr.draw(text, version).svg))
        symbols = [
            make_qr(text, error="h", version=version, boost_error=False, mask=mask).matrix
            for mask in range(8)
        ]
        best = min(symbols, key=penalty)
        assert [code.text for code in drawn] == [text]
        assert modules(qr.draw(text, version).svg) == [list(row) for row in best]


def modules(svg: bytes) -> list[list[int]]:
    """Return the modules of a code without its quiet zone: 1 is dark."""
    image = svg_image(svg).convert("L")
    small = image.resize((image.width // 10, image.height // 10), Image.Resampling.BOX)
    return [
        [int(small.getpixel((x, y)) < 128) for x in range(4, small.width - 4)]  # type: ignore[operator]
        for y in range(4, small.height - 4)
    ]
