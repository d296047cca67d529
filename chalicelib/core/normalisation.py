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
    point = ord(character)
    return any(first <= point <= last for first, last in _HAN_BLOCKS)


def person_name(text: str) -> str:
    """Return a person's name in its canonical form.

    Between the parts of a name stands U+00B7 without spaces (民委发〔2016〕33号), whichever dot was
    typed. A full stop becomes one beside a Han character only, because Latin names have full stops
    (``J. R. Smith``). There is no space between Han characters (张　三 on old forms). Full-width
    letters, curved apostrophes and typographic hyphens become those of ASCII.
    """
    name = _spaced(line(text).translate(_FULL_WIDTH).translate(_IN_NAMES))
    name = re.sub(_STOP_BESIDE_HAN, "·", name)
    name = re.sub(_DOTS, "·", name).strip(_AROUND_NAMES)
    return re.sub(_SPACE_BETWEEN_HAN, "", name)


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
    return re.sub(_BLANK_AT_BRACKET, "", name.translate(_HAN_BRACKETS))


def compact(text: str) -> str:
    """Return a number or code as documents print it: half width, upper case, nothing between.

    Spaces, hyphens and dashes of every kind, and marks that cannot be seen, are removed.
    """
    plain = re.sub(_BETWEEN, "", unicodedata.normalize("NFKC", text.translate(_SAME)))
    # Composed again: NFKC makes a space and a combining accent of an accent that stands alone.
    return unicodedata.normalize("NFC", plain.upper())


def scanned(text: str) -> str:
    """Return what a code contains, from what a scanner has made of it.

    Scanners that act as keyboards add STX, ETX, line ends, an AIM identifier (``]Q1``, ISO/IEC
    15424) and ECI escapes (``\\000026``, UTF-8). An input method for Chinese makes characters
    full-width, and has a full stop 。 and a slash 、 of its own. A control within the text stays;
    the code's reader refuses it. Without NFKC, which makes slashes of other characters.
    """
    plain = re.sub(_AIM, "", text.translate(_SCANNED).strip(_ENDS))
    return re.sub(_ECI, "", plain).strip(_ENDS)


def _spaced(text: str) -> str:
    # Composed again: a full-width letter does not compose with a mark, its half-width one does.
    return unicodedata.normalize("NFC", re.sub(_BLANKS, " ", text)).strip()


def _ranges(*bounds: tuple[int, int]) -> str:
    return "".join(map(chr, (point for first, last in bounds for point in range(first, last + 1))))


_MONGOLIAN_VOWEL_SEPARATOR = "\u180e"  # a letter's form depends on it, so it is part of a name
# Controls, formats (bidirectional overrides among them), surrogates, private use, line and
# paragraph separators. Unassigned characters are judged by their block.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

# The mark of repetition and the zero; extension A, the first block, compatibility; planes 2 and 3
# without their non-characters.
_HAN_BLOCKS = (
    (0x3005, 0x3005), (0x3007, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
    (0x20000, 0x2FFFD), (0x30000, 0x3FFFD),
)  # fmt: skip
_HAN = "".join(f"{chr(first)}-{chr(last)}" for first, last in _HAN_BLOCKS)

# Marks of pasting, and the other characters that nothing shows: soft hyphen, joiner, fillers.
_INVISIBLE = _ranges((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160),
                     (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064), (0x2066, 0x206F),
                     (0x3164, 0x3164), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0))  # fmt: skip
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
# Patterns, compiled with the first use: those of Han cost a cold start 2 ms each.
_STOP_BESIDE_HAN = rf"(?<=[{_HAN}]) *[.。｡] *(?=\S)|(?<=\S) *[.。｡] *(?=[{_HAN}])"
_DOTS = " *·[ ·]*"
_AROUND_NAMES = "· \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"  # dots, and what `str.strip` removes
_SPACE_BETWEEN_HAN = rf"(?<=[{_HAN}]) +(?=[{_HAN}])"
_BLANK_AT_BRACKET = " +(?=[（）])|(?<=[（）]) +"
_BLANKS = r"[^\S\r\n\t\v\f\x1c-\x1f\x85\u2028\u2029]+"
_BETWEEN = r"[\s\-\u00ad\u2010-\u2015\u2212\u2500]"

# What scanners send around a text: STX, ETX, EOT, the separators of GS1, ends of lines, blanks.
_ENDS = "\x02\x03\x04\x1c\x1d\x1e\x1f\t\n\v\f\r \x85\xa0"
_AIM = r"^\][A-Za-z][0-9A-Za-z]"
_ECI = r"\\[0-9]{6}"
_SCANNED: dict[int, str | None] = dict.fromkeys(map(ord, _INVISIBLE)) | {
    **_FULL_WIDTH,
    **{ord(stop): "." for stop in "。｡"},
    **{ord(slash): "/" for slash in "、､"},
}
