"""The characters that posters can show, so that issuance can refuse a name without the fonts.

``python -m infra.fonts`` writes ``coverage.txt`` together with the fonts. It loads in 1 ms.
"""

import functools
from bisect import bisect
from pathlib import Path


def missing(text: str) -> list[str]:
    """Return the characters of `text` that posters cannot show, each once, in their order.

    Among them are control characters, line breaks, emoji and combining marks. So compose `text`
    (NFC) first.
    """
    bounds = _bounds()
    return [char for char in dict.fromkeys(text) if bisect(bounds, ord(char)) % 2 == 0]


@functools.cache
def _bounds() -> list[int]:
    """Return the bounds of the covered ranges, sorted: start, end (exclusive), start, end, …"""
    bounds: list[int] = []
    for line in Path(__file__).with_name("coverage.txt").read_text(encoding="ascii").split():
        first, _, last = line.partition("-")
        bounds += int(first, 16), int(last or first, 16) + 1
    return bounds
