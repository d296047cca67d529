"""Posters, drawn by typst from `templates/`, in the fonts of the render layer.

GlyphMissing    a text holds a character that the fonts cannot draw; `character` says which
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
"""Goes up with every change of what a poster looks like: it is part of the name of the file."""

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
    """What one poster says. Texts are shown as they are, never read as markup.

    `code_url` is what the QR holds; `checkpoint` is empty for the venue as a whole; `serial` is
    what a visitor reads out to support; `demo` marks it 演示; `band` is the region's colour,
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
    """The fonts cannot draw `character`."""

    def __init__(self, character: str) -> None:
        super().__init__(f"no glyph for U+{ord(character):04X} {character!r}")
        self.character = character


def content_type(form: Form) -> str:
    """The media type of what :func:`render` returns for `form`."""
    return _CONTENT_TYPES[form]


def render(poster: Poster, form: Form, *, fonts: Path, timestamp: int) -> bytes:
    """The poster as a file: A4 PDF/A-2u, A4 PNG at 300 dpi, or its code alone as SVG.

    `fonts` is the folder of the layer; `timestamp`, in seconds since 1970 UTC, is the date that the
    PDF states. The same arguments give the same bytes.
    Raises GlyphMissing; FileNotFoundError when `fonts` holds none.
    """
    code = qr.draw(poster.code_url)
    if form == "qr_svg":
        return code.svg
    texts = asdict(poster)
    for text in texts.values():
        if isinstance(text, str) and (absent := coverage.missing(text)):
            raise GlyphMissing(absent[0])
    # Whole printer dots to a module, or its edges blur.
    dots = int(_CODE_MM / 25.4 * _DPI / code.modules) * code.modules
    data = json.dumps(texts | {"code_svg": code.svg.decode(), "code_dots": dots, "dpi": _DPI})
    # The PDF comes first: PDF/A refuses a glyph that the fonts lack, PNG would draw a box for it.
    pdf = _compile(fonts, data, timestamp, "pdf")
    if form == "a4_pdf":
        return pdf
    png = _compile(fonts, data, timestamp, "png")
    # typst leaves the resolution out; without it the album prints the poster at any size.
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
    """One for the life of the process: reading the fonts is most of a first poster's cost."""
    import typst

    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts]
    )
    if not found.fonts():
        raise FileNotFoundError(f"no fonts in {fonts}")
    return typst.Compiler(_TEMPLATES / "poster.typ", root=_TEMPLATES, font_paths=found)
