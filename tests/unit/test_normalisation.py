"""One canonical form for what looks the same: names, places, numbers, scanned texts."""

import re
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.core import normalisation
from chalicelib.core.normalisation import (
    Unprintable,
    compact,
    is_han,
    is_letter,
    is_printable,
    line,
    person_name,
    place_name,
    require_printable,
    scanned,
)

NAME = "艾力·测试江"
# Marks that phones and messengers put around what is copied.
INVISIBLE = [
    *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF,
    0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, *range(0x2061, 0x2065), *range(0x206A, 0x2070), 0x3164,
    0xFFA0,
]  # fmt: skip


@pytest.mark.parametrize("form", [line, person_name, place_name])
@given(st.text(max_size=40))
@example("e\u200b\u0301")
@example("\uff21\u0300")
@example("\u2fd5\ufe00")
@example("张 · · 三")
@example("( 店 )")
def test_a_canonical_form_is_its_own(form: Callable[[str], str], text: str) -> None:
    once = form(text)
    assert form(once) == once
    assert unicodedata.is_normalized("NFC", once)


@pytest.mark.parametrize(
    "typed",
    [
        *(f"艾力{dot}测试江" for dot in "·•．・‧∙⋅･.。｡●"),
        "艾力 · 测试江",
        "艾力·　测试江",
        "艾力··测试江",
        "·艾力·测试江·",
        "艾 力·测试　江",
        "\u202d艾力\u2069·\u200b测试江\ufeff",
        "艾力\u00b7测试江\ufe00",
    ],
)
def test_a_name_of_several_parts_is_written_with_one_dot(typed: str) -> None:
    assert person_name(typed) == NAME


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("张　三", "张三"),
        ("欧阳 小 明", "欧阳小明"),
        ("J. R. Smith", "J. R. Smith"),
        ("Sammy Davis Jr.", "Sammy Davis Jr."),
        ("José\u2022María", "José·María"),
        ("Jose\u0301", "José"),
        ("ＬＩＮ　Ｄａ", "LIN Da"),
        ("O\u2019Brien", "O'Brien"),
        ("Anne\u2010Marie  Dupont", "Anne-Marie Dupont"),
        ("李 Li", "李 Li"),
        ("王\ue863", "王䶮"),
        ("\u2f9c", "足"),
        ("\uf9b5", "例"),
        ("葛\U000e0100", "葛"),
        ("김 철수", "김 철수"),
        ("ئابدۇللا مەمەت", "ئابدۇللا مەمەت"),
    ],
)
def test_names_in_their_canonical_form(typed: str, name: str) -> None:
    assert person_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("信宜市人民医院(东院)", "信宜市人民医院（东院）"),
        ("信宜市人民医院 （ 东院 ） ", "信宜市人民医院（东院）"),
        ("Ｃａｆｅ　（２）", "Cafe (2)"),
        ("ＡＢＣ咖啡", "ABC咖啡"),
        ("新里二路　 １ 号，甲", "新里二路 1 号，甲"),
        ("信宜市 人民医院", "信宜市 人民医院"),
        ("麦•当当", "麦·当当"),
    ],
)
def test_places_in_their_canonical_form(typed: str, name: str) -> None:
    assert place_name(typed) == name


@pytest.mark.parametrize("point", INVISIBLE, ids=hex)
def test_marks_that_come_with_pasting_are_removed(point: int) -> None:
    mark = chr(point)
    pasted = f"{mark}梁{mark}思齐{mark}"
    assert line(pasted) == person_name(pasted) == place_name(pasted) == "梁思齐"
    assert compact(f"4409{mark}8319{mark}") == "44098319"
    assert scanned(f"{mark}VP1{mark}") == "VP1"


# By the codec of Python (GB 18030-2000), and Annex E of GB 18030-2022 for those that were then
# still private.
_LATER = {
    0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4, 0xE826: 0x9FB5,
    0xE82B: 0x9FB6, 0xE82C: 0x9FB7, 0xE831: 0x215D7, 0xE832: 0x9FB8, 0xE83B: 0x2298F,
    0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE855: 0x241FE, 0xE864: 0x9FBB,
}  # fmt: skip


def test_private_code_points_that_gb_18030_has_mapped_become_the_standard_ones() -> None:
    trails = [*range(0x50, 0x7F), *range(0x80, 0xA1)]
    for place, trail in enumerate(trails):
        private = 0xE815 + place
        mapped = _LATER.get(private) or ord(bytes([0xFE, trail]).decode("gb18030"))
        assert line(chr(private)) == unicodedata.normalize("NFC", chr(mapped)), hex(private)
    for private in (0xE000, 0xE814, 0xE865, 0xF8FF):
        assert not is_printable(line(chr(private)))


@pytest.mark.parametrize(
    "point",
    [0x3400, 0x9FFC, 0x20000, 0x2EBF0, 0x2EC00, 0x2EE5D, 0x31350, 0x3158E, 0x319A0, 0x323AF,
     0x323B0, 0x3007],
    ids=hex,
)  # fmt: skip
def test_han_characters_are_letters_even_if_newer_than_the_runtime(point: int) -> None:
    character = chr(point)
    assert is_han(character)
    assert is_letter(character)
    assert is_printable(character)
    assert person_name(f"张 {character}") == f"张{character}"


@pytest.mark.parametrize("point", [0x2FFFE, 0x3FFFF, 0x40000, 0xE0001, 0xFFFE, 0xD800, 0x0378])
def test_what_no_block_of_han_holds_is_not_taken_for_a_letter(point: int) -> None:
    assert not is_printable(chr(point))
    with pytest.raises(Unprintable, match=f"U\\+{point:04X}"):
        require_printable(f"张{chr(point)}")


def test_a_mongolian_vowel_separator_is_part_of_a_name() -> None:
    require_printable(person_name("ᠠᠨ\u180eᠠ"))


DIALECTS = {
    "as it is": "{}",
    "AIM prefix": "]Q1{}",
    "AIM prefix and an ECI escape": "]Q2\\000026{}",
    "ECI escape": "\\000026{}",
    "STX and ETX": "\x02{}\x03",
    "CR LF": "{}\r\n",
    "all of it": "\x02]d4\\000026 {}\r\n\x03",
}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("wide", [False, True], ids=["half", "full width"])
@given(st.from_regex(r"[0-9A-Z][0-9A-Z./:?=-]{0,40}[0-9A-Z]", fullmatch=True))
def test_whatever_a_scanner_adds_is_removed(dialect: str, wide: bool, text: str) -> None:
    sent = dialect.format(text)
    if wide:
        sent = sent.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
        sent = sent.replace("．", "。").replace("／", "、")
    assert scanned(sent) == text


@given(st.text(max_size=60))
def test_whatever_is_scanned_gives_no_new_lines_or_slashes(text: str) -> None:
    """NFKC would make a slash of U+2100, and so another host of an address."""
    made = scanned(text)
    slashes = re.compile("[/／、､]")
    assert len(slashes.findall(made)) <= len(slashes.findall(text))
    assert made == made.strip()


def test_the_longest_text_is_converted_in_no_time() -> None:
    """Composing sorts a run of marks: the worst case is one long run in the wrong order."""
    worst = "a" + "\u0315\u0300" * (normalisation.MAX_TEXT // 2)
    before = time.process_time()
    for form in (line, person_name, place_name, compact, scanned):
        form(worst)
    assert time.process_time() - before < 0.1
