"""Draws the poster of a code: PDF, PNG, or its code alone."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

from chalicelib.rendering import engine, qr

Form = Literal["a4_pdf", "a4_png", "a5_pdf", "a5_png", "sticker_pdf", "sticker_png", "qr_svg"]
Kind = Literal["venue", "fast", "join"]

TEMPLATE_VERSION: Final = "3"
"""Increase it with every visible change of the poster. It is part of a poster's id."""


class _Paper(NamedTuple):
    """A paper size: its template, scaled from 1; the code's box and its least version (0113)."""

    template: str
    scale: float
    code_mm: float
    least_version: int


_PAPERS: Final = {
    "a4": _Paper("poster.typ", 1, 112, 5),
    "a5": _Paper("poster.typ", 148 / 210, 79, 5),
    "sticker": _Paper("sticker.typ", 1, 60, 4),
}
_CONTENT_TYPES: Final = {
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Poster:
    """The contents of a poster. Texts are literal, not markup.

    `code_url` is the text of the QR code. `checkpoint` is empty for the venue as a whole. A visitor
    reads `serial` out to support; staff type it, if `kind` is ``join``. `demo` marks the poster
    演示. `band` is the region's colour, ``#rrggbb``. `channels` are what to scan with, in Chinese,
    and `channels_english` the same as a phrase; both may be empty. With `paper_passes`, a paper
    pass is named beside the identity card.
    """

    code_url: str
    venue_name: str
    venue_type: str
    region_name: str
    checkpoint: str
    serial: str
    demo: bool
    band: str
    kind: Kind = "venue"
    channels: tuple[str, ...] = ()
    channels_english: str = ""
    paper_passes: bool = False


def suffix(form: Form) -> str:
    """Return the suffix of a file in `form`: ``pdf``, ``png`` or ``svg``."""
    return form.rpartition("_")[2]


def content_type(form: Form) -> str:
    """Return the media type of a file in `form`."""
    return _CONTENT_TYPES[suffix(form)]


def render(poster: Poster, form: Form, *, fonts: Path, timestamp: int) -> bytes:
    """Return the poster as a file: a page as PDF/A-2u or as PNG at 300 dpi, or its code as SVG.

    See `engine.pdf` for `fonts`, `timestamp` and the errors raised.
    """
    if form == "qr_svg":
        return qr.draw(poster.code_url, _PAPERS["a4"].least_version).svg
    paper = _PAPERS[form.partition("_")[0]]
    code = qr.draw(poster.code_url, paper.least_version)
    texts = asdict(poster)
    engine.check_glyphs(text for text in texts.values() if isinstance(text, str))
    engine.check_glyphs(poster.channels)
    data = texts | {
        "scale": paper.scale,
        "code_svg": code.svg.decode(),
        "code_dots": engine.whole_dots(paper.code_mm, code.modules),
    }
    draw = engine.pdf if suffix(form) == "pdf" else engine.png
    return draw(paper.template, data, fonts=fonts, timestamp=timestamp)
