"""Renders posters with typst from `templates/`, with the fonts of the render layer.

GlyphMissing    the fonts lack the character `character` of a text
"""

import functools
import json
import re
import struct
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from chalicelib.rendering import coverage, qr

if TYPE_CHECKING:
    import typst

Form = Literal["a4_pdf", "a4_png", "qr_svg"]

TEMPLATE_VERSION: Final = "1"
"""Increase it with every visible change of the template. It is part of a poster's id."""

_TEMPLATES = Path(__file__).with_name("templates")
_CONTENT_TYPES: Final[dict[Form, str]] = {
    "a4_pdf": "application/pdf",
    "a4_png": "image/png",
    "qr_svg": "image/svg+xml",
}
_NO_GLYPH = re.compile(r'the text `"(?:\\u\{([0-9a-f]+)\}|(.)).*could not be displayed')
_DPI = 300
_CODE_MM = 112
_PNG_HEAD = 33  # signature and IHDR, which pHYs follows
_PHYS = b"pHYs" + struct.pack(">IIB", round(_DPI / 0.0254), round(_DPI / 0.0254), 1)
_PNG_RESOLUTION = struct.pack(">I", 9) + _PHYS + struct.pack(">I", zlib.crc32(_PHYS))


@dataclass(frozen=True)
class Poster:
    """The contents of a poster. Texts are literal, not markup.

    `code_url` is the text of the QR code. `checkpoint` is empty for the venue as a whole. A visitor
    reads `serial` out to support. `demo` marks the poster 演示. `band` is the region's colour,
    ``#rrggbb``.
    """

    code_url: str
    venue_name: str
    venue_type: str
    region_name: str
    checkpoint: str
    serial: str
    demo: bool
    band: str


class GlyphMissing(Exception):
    """The fonts lack `character`."""

    def __init__(self, character: str) -> None:
        super().__init__(f"no glyph for U+{ord(character):04X} {character!r}")
        self.character = character


def content_type(form: Form) -> str:
    """Return the media type of a file in `form`."""
    return _CONTENT_TYPES[form]


def render(poster: Poster, form: Form, *, fonts: Path, timestamp: int) -> bytes:
    """Return the poster as a file: A4 PDF/A-2u, A4 PNG at 300 dpi, or its code alone as SVG.

    `fonts` is the folder of the layer. `timestamp`, in seconds since 1970 UTC, is the date in the
    PDF. The same arguments give the same bytes. Raises GlyphMissing; FileNotFoundError if `fonts`
    has no fonts.
    """
    code = qr.draw(poster.code_url)
    if form == "qr_svg":
        return code.svg
    texts = asdict(poster)
    for text in texts.values():
        if isinstance(text, str) and (absent := coverage.missing(text)):
            raise GlyphMissing(absent[0])
    # Each module is a whole number of printer dots, or its edges blur.
    dots = int(_CODE_MM / 25.4 * _DPI / code.modules) * code.modules
    data = json.dumps(texts | {"code_svg": code.svg.decode(), "code_dots": dots, "dpi": _DPI})
    # The PDF comes first: PDF/A fails on a missing glyph, but PNG shows a box instead.
    pdf = _compile(fonts, data, timestamp, "pdf")
    if form == "a4_pdf":
        return pdf
    png = _compile(fonts, data, timestamp, "png")
    # typst omits the resolution; without it a phone's album prints the poster at any size.
    return png[:_PNG_HEAD] + _PNG_RESOLUTION + png[_PNG_HEAD:]


def _compile(fonts: Path, data: str, timestamp: int, kind: Literal["pdf", "png"]) -> bytes:
    import typst

    try:
        pages = _compiler(fonts).compile(
            format=kind,
            ppi=_DPI,
            sys_inputs={"data": data},
            pdf_standards=["a-2u"] if kind == "pdf" else [],
            timestamp=timestamp,
        )
    except typst.TypstError as error:
        if found := _NO_GLYPH.search(error.message):
            raise GlyphMissing(chr(int(found[1], 16)) if found[1] else found[2]) from error
        raise
    if not isinstance(pages, bytes):
        raise TypeError("a poster is one page")
    return pages


@functools.cache
def _compiler(fonts: Path) -> "typst.Compiler":
    """Return the process's compiler. Reading the fonts is most of the cost of the first poster."""
    import typst

    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts]
    )
    if not found.fonts():
        raise FileNotFoundError(f"no fonts in {fonts}")
    return typst.Compiler(_TEMPLATES / "poster.typ", root=_TEMPLATES, font_paths=found)
