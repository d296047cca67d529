"""The characters that posters can show, so that issuance can refuse a name without the fonts.

``python -m infra.fonts`` writes ``coverage.txt`` together with the fonts. It loads in 1 ms.
"""

import functools
import re
from bisect import bisect
from pathlib import Path

# What is drawn with the letter before it: what stands above and below a Tibetan letter, where a
# higher stack than this would run into other lines; the variant of a Mongolian letter, and the gap
# before its last vowel.
_JOINED = re.compile(
    "([\u0f40-\u0f6c\u0f88-\u0f8c])"
    "[\u0f18\u0f19\u0f35\u0f37\u0f39\u0f71-\u0f84\u0f86\u0f87\u0f8d-\u0fbc]{1,5}"
    "|([\u1820-\u1878\u1887-\u18aa])[\u180b-\u180e]"
)


def missing(text: str) -> list[str]:
    """Return the characters of `text` that posters cannot show, each once, in their order.

    Among them are control characters, line breaks, emoji, and combining marks but those of Tibetan
    and Mongolian letters. So compose `text` (NFC) first.
    """
    bounds = _bounds()
    alone = _JOINED.sub(r"\1\2", text)
    return [char for char in dict.fromkeys(alone) if bisect(bounds, ord(char)) % 2 == 0]


@functools.cache
def _bounds() -> list[int]:
    """Return the bounds of the covered ranges, sorted: start, end (exclusive), start, end, …"""
    bounds: list[int] = []
    for line in Path(__file__).with_name("coverage.txt").read_text(encoding="ascii").split():
        first, _, last = line.partition("-")
        bounds += int(first, 16), int(last or first, 16) + 1
    return bounds
