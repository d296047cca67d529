"""Draws the paper pass: a card, an A4 sheet with the card to cut out, ten cards on each A4 page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

from chalicelib.rendering import engine, qr

CardForm = Literal["card_pdf", "sheet_pdf", "card_png"]

_TEMPLATES: Final[dict[CardForm, str]] = {
    "card_pdf": "pass-card.typ",
    "sheet_pdf": "pass-sheet.typ",
    "card_png": "pass-card.typ",
}
_CODE_MM = 36
_LEAST_VERSION = 4
_BAND = "#00687a"
"""It is never red, green or yellow: a pass shows no health code."""


@dataclass(frozen=True)
class Card:
    """The contents of a paper pass. Texts are literal, not markup.

    `pass_text` is the text of the QR code. `name` is masked or full, as the holder chose. `serial`
    is ``XXXX-XXXX-XXXX``. The pass is valid through `expires`. `by_family` marks a pass that a
    family member applied for; `demo` marks it 演示.
    """

    pass_text: str
    name: str
    serial: str
    issued: date
    expires: date
    region_name: str = ""
    by_family: bool = False
    demo: bool = False


def content_type(form: CardForm) -> str:
    """Return the media type of a file in `form`."""
    return "image/png" if form == "card_png" else "application/pdf"


def render_card(card: Card, form: CardForm, *, fonts: Path, timestamp: int) -> bytes:
    """Return one pass as a file: the card or the A4 sheet as PDF/A-2u, or the card as PNG.

    The PNG has 1011 × 638 pixels at 300 dpi. See `engine.pdf` for `fonts`, `timestamp` and the
    errors raised.
    """
    draw = engine.png if form == "card_png" else engine.pdf
    return draw(_TEMPLATES[form], _data(card), fonts=fonts, timestamp=timestamp)


def render_cards(
    cards: Sequence[Card], *, fonts: Path, timestamp: int, progress: Callable[[int], None]
) -> bytes:
    """Return one PDF/A-2u with ten cards at full size on each A4 page.

    `progress` is called with the number of cards prepared so far, after each. Then the file is
    written in one go. See `engine.pdf` for `fonts`, `timestamp` and the errors raised.
    """
    ready = []
    for card in cards:
        ready.append(_data(card))
        progress(len(ready))
    return engine.pdf(
        "pass-ten.typ", {"cards": ready}, fonts=fonts, timestamp=timestamp, tagged=False
    )


def _data(card: Card) -> dict[str, object]:
    """Return what `card.typ` draws. Raises GlyphMissing."""
    engine.check_glyphs((card.name, card.region_name))
    code = qr.draw(card.pass_text, _LEAST_VERSION)
    return {
        "name": card.name,
        "serial": card.serial,
        "issued": card.issued.isoformat(),
        "expires": card.expires.isoformat(),
        "region_name": card.region_name,
        "by_family": card.by_family,
        "demo": card.demo,
        "band": _BAND,
        "code_svg": code.svg.decode(),
        "code_dots": engine.whole_dots(_CODE_MM, code.modules),
    }
