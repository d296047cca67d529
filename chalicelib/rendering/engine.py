"""Compiles the templates of `templates/` with typst and the fonts of the render layer.

GlyphMissing    the fonts lack the character `character` of a text
"""

import functools
import json
import re
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from chalicelib.rendering import coverage

if TYPE_CHECKING:
    import typst

DPI: Final = 300
TEMPLATES: Final = Path(__file__).with_name("templates")

_NO_GLYPH = re.compile(r'the text `"(?:\\u\{([0-9a-f]+)\}|(.)).*could not be displayed')
_PNG_HEAD = 33  # signature and IHDR, which pHYs follows
_PHYS = b"pHYs" + struct.pack(">IIB", round(DPI / 0.0254), round(DPI / 0.0254), 1)
_PNG_RESOLUTION = struct.pack(">I", 9) + _PHYS + struct.pack(">I", zlib.crc32(_PHYS))


class GlyphMissing(Exception):
    """The fonts lack `character`."""

    def __init__(self, character: str) -> None:
        super().__init__(f"no glyph for U+{ord(character):04X} {character!r}")
        self.character = character


def whole_dots(width_mm: float, modules: int) -> int:
    """Return the side of a code in dots: the largest up to `width_mm` with whole dots a module.

    Otherwise the edges of modules blur in print.
    """
    return int(width_mm / 25.4 * DPI / modules) * modules


def check_glyphs(texts: Iterable[str]) -> None:
    """Raise GlyphMissing for the first character that the fonts lack."""
    for text in texts:
        if absent := coverage.missing(text):
            raise GlyphMissing(absent[0])


def pdf(
    template: str,
    data: Mapping[str, object],
    *,
    fonts: Path,
    timestamp: int,
    tagged: bool = True,
) -> bytes:
    """Return the document `template` with `data` as PDF/A-2u.

    The template reads `data` as JSON from ``sys.inputs.data``. `fonts` is the folder of the layer.
    `timestamp`, in seconds since 1970 UTC, is the date in the PDF. `tagged` adds the structure that
    screen readers use, which takes a sixth of the time. The same arguments give the same bytes.
    Raises GlyphMissing; FileNotFoundError if `fonts` has no fonts.
    """
    return _compile(template, data, fonts, timestamp, "tagged" if tagged else "pdf")


def png(template: str, data: Mapping[str, object], *, fonts: Path, timestamp: int) -> bytes:
    """Return the one-page document `template` as PNG at 300 dpi; see `pdf`."""
    # The PDF comes first: PDF/A fails on a missing glyph, but PNG shows a box instead.
    _compile(template, data, fonts, timestamp, "pdf")
    page = _compile(template, data, fonts, timestamp, "png")
    # typst omits the resolution; without it a phone's album prints the picture at any size.
    return page[:_PNG_HEAD] + _PNG_RESOLUTION + page[_PNG_HEAD:]


def _compile(
    template: str,
    data: Mapping[str, object],
    fonts: Path,
    timestamp: int,
    kind: Literal["pdf", "tagged", "png"],
) -> bytes:
    import typst

    try:
        document = _compiler(template, fonts).compile(
            format="png" if kind == "png" else "pdf",
            ppi=DPI,
            sys_inputs={"data": json.dumps({**data, "dpi": DPI})},
            pdf_standards=[] if kind == "png" else ["a-2u"],
            pdf_tags=kind == "tagged",
            timestamp=timestamp,
        )
    except typst.TypstError as error:
        if found := _NO_GLYPH.search(error.message):
            raise GlyphMissing(chr(int(found[1], 16)) if found[1] else found[2]) from error
        raise
    if not isinstance(document, bytes):
        raise TypeError("a picture is one page")
    return document


@functools.cache
def _compiler(template: str, fonts: Path) -> "typst.Compiler":
    import typst

    return typst.Compiler(TEMPLATES / template, root=TEMPLATES, font_paths=_fonts(fonts))


@functools.cache
def _fonts(folder: Path) -> "typst.Fonts":
    """Return the process's fonts. Reading them is most of the cost of the first document."""
    import typst

    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder]
    )
    if not found.fonts():
        raise FileNotFoundError(f"no fonts in {folder}")
    return found
