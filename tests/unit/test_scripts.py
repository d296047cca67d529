"""Names in Uyghur, Tibetan, Mongolian, Hangul script on posters (shaping was checked by eye)."""

from pathlib import Path

import pypdfium2
import pytest

from chalicelib.core.errors import BadInput, FieldError
from chalicelib.rendering import coverage
from chalicelib.rendering.engine import GlyphMissing
from chalicelib.rendering.posters import Form
from tests.pictures import decoded, pdf_image, pdf_text
from tests.unit.test_issuance import Office
from tests.unit.test_rendering import MM, POSTER, draw

NAMES = {
    "Uyghur": "ئۈرۈمچى شەھەرلىك خەلق دوختۇرخانىسى",
    "Kazakh": "قازاق حالىق اۋرۋحاناسى",
    "Tibetan": "ལྷ་ས་གྲོང་ཁྱེར་མི་དམངས་སྨན་ཁང་",
    "a high Tibetan stack": "བསྒྲུབས་བརྒྱུད་སྤྲུལ་སྐུ་",
    "Mongolian": "ᠬᠥᠬᠡᠬᠣᠲᠠ ᠶᠢᠨ ᠠᠷᠠᠳ ᠤᠨ ᠡᠮᠨᠡᠯᠭᠡ",
    "Mongolian with a separated vowel": "ᠮᠣᠩᠭᠣᠯ ᠤᠨ ᠨᠢᠭᠡ ᠠᠷ\u180eᠠ",
    "Hangul": "연변조선족자치주 인민병원",
    "with Han": "喀什市人民医院 قەشقەر شەھەرلىك خەلق دوختۇرخانىسى",
}


@pytest.mark.parametrize("script", NAMES)
@pytest.mark.parametrize("form", ["a4_pdf", "sticker_pdf"])
def test_names_in_the_scripts_of_the_regions_are_drawn(form: Form, script: str) -> None:
    name = NAMES[script]
    assert coverage.missing(name) == []
    pdf = draw(form, venue_name=name)
    assert pdf.startswith(b"%PDF")
    assert decoded(pdf_image(pdf)) == POSTER.code_url
    # Searching the file finds each character; a script's own order of drawing is another matter.
    assert set("".join(name.split())) - set(pdf_text(pdf)) <= {"\u180e"}


@pytest.mark.parametrize("script", NAMES)
@pytest.mark.parametrize("times", [1, 2])
def test_a_long_name_stays_in_its_place(script: str, times: int) -> None:
    page = pypdfium2.PdfDocument(draw("a4_pdf", venue_name=(NAMES[script] * times)[:60]))[0]
    text = page.get_textpage()
    own_letters = {letter for letter in NAMES[script] if not "\u4e00" <= letter <= "\u9fff"} - {" "}
    own = [
        text.get_charbox(index)
        for index in range(text.count_chars())
        if text.get_text_range(index, 1) in own_letters
    ]
    assert own
    for left, bottom, right, top in own:
        assert left / MM > 14
        assert right / MM < 196
        # Between the band and the row of the type.
        assert bottom / MM > 297 - 96
        assert top / MM < 297 - 58


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("ཀ" + "\u0fa0" * 6, ["\u0fa0"]),  # a stack that would run into other lines
        ("信\u0f71宜", ["\u0f71"]),  # a mark without its letter
        ("ᠠ\u180b\u180b", ["\u180b"]),
        ("张\u0651", ["\u0651"]),
        ("ข้าวสวย", ["ข", "\u0e49", "า", "ว", "ส", "ย"]),  # a script without a font
        ("张\U00031350", ["\U00031350"]),  # Han of Unicode 15, for which there is no glyph
    ],
)
def test_what_cannot_be_drawn_right_is_refused(name: str, missing: list[str]) -> None:
    assert coverage.missing(name) == missing
    with pytest.raises(GlyphMissing):
        draw("a4_pdf", venue_name=name)


def test_the_licence_names_every_font() -> None:
    licence = Path(__file__).parents[2] / "infra/layers/render/fonts/OFL.txt"
    text = licence.read_text(encoding="utf-8")
    for font in ("CJK SC", "CJK KR", "Arabic", "Tibetan", "Mongolian"):
        assert font in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ข้าวสวยโรงพยาบาล", "ข \u0e49 า ว ส"),  # one error for a script without a font
        ("张\U00031350餐厅\U0002ebf0", "\U00031350 \U0002ebf0"),  # Han of extensions H and I
    ],
)
def test_what_the_fonts_lack_is_said_once_when_a_venue_is_named(name: str, said: str) -> None:
    office = Office()
    with pytest.raises(BadInput) as refused:
        office.apply(name=name)
    assert refused.value.fields == (FieldError("/name", "glyph", (("characters", said),)),)


@pytest.mark.parametrize("script", NAMES)
def test_a_venue_may_have_a_name_in_the_script_of_its_region(script: str) -> None:
    assert Office().apply(name=NAMES[script]).created
