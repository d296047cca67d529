"""Which characters a poster can draw, told without fonts, so that a name is refused at issuance.

``python -m infra.fonts`` writes ``coverage.txt`` with the fonts; it loads in a millisecond.
"""

import functools
from bisect import bisect
from pathlib import Path


def missing(text: str) -> list[str]:
    """The characters of `text` that a poster cannot draw, each once, in order of appearance.

    Control characters, line breaks, emoji and marks that combine are among them: compose `text`
    (NFC) first.
    """
    bounds = _bounds()
    return [char for char in dict.fromkeys(text) if bisect(bounds, ord(char)) % 2 == 0]


@functools.cache
def _bounds() -> list[int]:
    """First code point inside, first outside, and so on: an odd count to the left is inside."""
    bounds: list[int] = []
    for line in Path(__file__).with_name("coverage.txt").read_text(encoding="ascii").split():
        first, _, last = line.partition("-")
        bounds += int(first, 16), int(last or first, 16) + 1
    return bounds
