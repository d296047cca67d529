"""Draws the poster of a venue: PDF, PNG, or its code alone."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from chalicelib.rendering import engine, qr

Form = Literal["a4_pdf", "a4_png", "qr_svg"]

TEMPLATE_VERSION: Final = "2"
"""Increase it with every visible change of the poster. It is part of a poster's id."""

_TEMPLATE = "poster.typ"
_CONTENT_TYPES: Final[dict[Form, str]] = {
    "a4_pdf": "application/pdf",
    "a4_png": "image/png",
    "qr_svg": "image/svg+xml",
}
_CODE_MM = 112
_LEAST_VERSION = 5


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


def content_type(form: Form) -> str:
    """Return the media type of a file in `form`."""
    return _CONTENT_TYPES[form]


def render(poster: Poster, form: Form, *, fonts: Path, timestamp: int) -> bytes:
    """Return the poster as a file: A4 PDF/A-2u, A4 PNG at 300 dpi, or its code alone as SVG.

    See `engine.pdf` for `fonts`, `timestamp` and the errors raised.
    """
    code = qr.draw(poster.code_url, _LEAST_VERSION)
    if form == "qr_svg":
        return code.svg
    texts = asdict(poster)
    engine.check_glyphs(text for text in texts.values() if isinstance(text, str))
    data = texts | {
        "code_svg": code.svg.decode(),
        "code_dots": engine.whole_dots(_CODE_MM, code.modules),
    }
    draw = engine.pdf if form == "a4_pdf" else engine.png
    return draw(_TEMPLATE, data, fonts=fonts, timestamp=timestamp)
