"""The canonical form of what people type, paste and scan: one form for what looks the same.

A field of a request is converted once, by its type in `core/fields.py`, before anything is
compared, indexed, sealed or sent. Items of earlier versions hold what was typed; comparisons
convert them when they read them (decision 0180).

Nothing here looks a name up. Lists decide nothing, except which code points stand for others.
"""

import re
import unicodedata

MAX_TEXT = 500
"""The most characters of a text field before it is converted. No field keeps more than 120.

Composing is quadratic in a run of combining marks: a text of 64 KB costs a second. A composed
character has at most four code points.
"""


class Unprintable(ValueError):
    """A text has a character that cannot be printed. `character` names it: ``U+E000``."""

    def __init__(self, character: str) -> None:
        self.character = f"U+{ord(character):04X}"
        super().__init__(self.character)


def line(text: str) -> str:
    """Return `text` trimmed and composed (NFC), without what cannot be seen.

    Marks that come with pasting, and variation selectors, are removed. Private-use code points that
    GB 18030 has mapped become the standard ones; a radical becomes the character it looks like.
    """
    return unicodedata.normalize("NFC", text.translate(_SAME)).strip()


def require_printable(text: str) -> None:
    """Raise Unprintable for the first character that cannot be printed."""
    for character in text:
        if not is_printable(character):
            raise Unprintable(character)


def is_printable(character: str) -> bool:
    """Return whether a character can be printed in a line, if a font has it.

    Planes 2 and 3 hold Han characters only, and Unicode adds some every few years (extension I in
    15.1). The runtime's table is older, so they are known by their planes.
    """
    category = unicodedata.category(character)
    if category == "Cn":
        return is_han(character)
    return category not in _UNPRINTABLE or character == _MONGOLIAN_VOWEL_SEPARATOR


def is_letter(character: str) -> bool:
    """Return whether a character is a letter of names, even if newer than the runtime's table."""
    return character.isalpha() or is_han(character)


def is_han(character: str) -> bool:
    """Return whether this is a Han character, by its block."""
    return _HAN_CHARACTER.fullmatch(character) is not None


def person_name(text: str) -> str:
    """Return a person's name in its canonical form.

    Between the parts of a name stands U+00B7 without spaces (民委发〔2016〕33号), whichever dot was
    typed. A full stop becomes one beside a Han character only, because Latin names have full stops
    (``J. R. Smith``). There is no space between Han characters (张　三 on old forms). Full-width
    letters, curved apostrophes and typographic hyphens become those of ASCII.
    """
    name = _spaced(line(text).translate(_FULL_WIDTH).translate(_IN_NAMES))
    name = _STOP_BESIDE_HAN.sub("·", name)
    name = _DOTS.sub("·", name).strip("· ")
    return _SPACE_BETWEEN_HAN.sub("", name)


def place_name(text: str) -> str:
    """Return a venue's name, street or address in its canonical form.

    Full-width letters, digits and marks become those of ASCII, and blanks one space. Brackets are
    full-width in a text with Han characters, as the register of enterprises writes them (信宜市人民
    医院（东院）), and bring their own space; elsewhere they are those of ASCII. Chinese commas and
    colons stay.
    """
    name = _spaced(line(text).translate(_FULL_WIDTH_IN_PLACES).translate(_DOTS_IN_PLACES))
    if not any(map(is_han, name)):
        return name
    return _BLANK_AT_BRACKET.sub("", name.translate(_HAN_BRACKETS))


def compact(text: str) -> str:
    """Return a number or code as documents print it: half width, upper case, nothing between.

    Spaces, hyphens and dashes of every kind, and marks that cannot be seen, are removed.
    """
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text.translate(_SAME))).upper()


def scanned(text: str) -> str:
    """Return what a code contains, from what a scanner has made of it.

    Scanners that act as keyboards add STX, ETX, line ends, an AIM identifier (``]Q1``, ISO/IEC
    15424) and ECI escapes (``\\000026``, UTF-8). An input method for Chinese makes characters
    full-width, and has a full stop 。 and a slash 、 of its own. A control within the text stays;
    whoever reads the code refuses it. Without NFKC, which makes slashes of other characters.
    """
    plain = _AIM.sub("", text.translate(_SCANNED).strip(_ENDS))
    return _ECI.sub("", plain).strip(_ENDS)


def _spaced(text: str) -> str:
    # Composed again: a full-width letter does not compose with a mark, its half-width one does.
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", text)).strip()


def _ranges(*bounds: tuple[int, int]) -> str:
    return "".join(map(chr, (point for first, last in bounds for point in range(first, last + 1))))


_MONGOLIAN_VOWEL_SEPARATOR = "\u180e"  # a letter's form depends on it, so it is part of a name
# Controls, formats (bidirectional overrides among them), surrogates, private use, line and
# paragraph separators. Unassigned characters are judged by their block.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

# Extension A and the first block, compatibility, planes 2 and 3 without their non-characters; the
# mark of repetition and the zero.
_HAN = (
    "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fffd\U00030000-\U0003fffd"
)
_HAN_CHARACTER = re.compile(f"[{_HAN}]")

_INVISIBLE = _ranges((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2060), (0x2066, 0x2069),
                     (0xFEFF, 0xFEFF))  # fmt: skip
_SELECTORS = _ranges((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
# The 80 characters of FE50 to FEA0 in GBK, which Unicode did not have then: U+E815 to U+E864. GB
# 18030-2000 mapped 66, -2005 and -2022 (Annex E) the others. Two letters of Pinyin beside.
_GBK_PRIVATE = (
    "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱"
    "䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻"
)
_RADICALS = _ranges((0x2E9F, 0x2E9F), (0x2EF3, 0x2EF3), (0x2F00, 0x2FD5))
_SAME: dict[int, str | None] = (
    dict.fromkeys(map(ord, _INVISIBLE + _SELECTORS))
    | {0xE815 + place: character for place, character in enumerate(_GBK_PRIVATE)}
    | {0xE7C7: "ḿ", 0xE7C8: "ǹ"}
    | {ord(radical): unicodedata.normalize("NFKC", radical) for radical in _RADICALS}
)

_FULL_WIDTH = {point: chr(point - 0xFEE0) for point in range(0xFF01, 0xFF5F)} | {0x3000: " "}
_FULL_WIDTH_IN_PLACES = {
    point: character for point, character in _FULL_WIDTH.items() if character not in "!,:;?~"
}
_HAN_BRACKETS = str.maketrans("()", "（）")
# Bullets and middle dots of other scripts, which input methods offer for U+00B7.
_DOT_LIKE = "•‧∙⋅・･◦●᛫⸱⸳ꞏ⚫﹒˙"
_DOTS_IN_PLACES = str.maketrans(dict.fromkeys("•‧∙⋅・･", "·"))
_IN_NAMES = str.maketrans(
    dict.fromkeys(_DOT_LIKE, "·") | dict.fromkeys("‘’ʼ", "'") | dict.fromkeys("‐‑", "-")
)
_STOP_BESIDE_HAN = re.compile(rf"(?<=[{_HAN}]) *[.。｡] *(?=\S)|(?<=\S) *[.。｡] *(?=[{_HAN}])")
_DOTS = re.compile(" *·[ ·]*")
_SPACE_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}]) +(?=[{_HAN}])")
_BLANK_AT_BRACKET = re.compile(" +(?=[（）])|(?<=[（）]) +")
_BLANKS = re.compile(r"[^\S\r\n\t\v\f\x1c-\x1f\x85\u2028\u2029]+")
_BETWEEN = re.compile(r"[\s\-\u00ad\u2010-\u2015\u2212\u2500]")

# What scanners send around a text: STX, ETX, EOT, the separators of GS1, ends of lines, blanks.
_ENDS = "\x02\x03\x04\x1c\x1d\x1e\x1f\t\n\v\f\r \x85\xa0"
_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_ECI = re.compile(r"\\[0-9]{6}")
_SCANNED: dict[int, str | None] = dict.fromkeys(map(ord, _INVISIBLE)) | {
    **_FULL_WIDTH,
    **{ord(stop): "." for stop in "。｡"},
    **{ord(slash): "/" for slash in "、､"},
}
