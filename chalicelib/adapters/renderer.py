"""Renders posters and paper passes with typst and the project's fonts.

Only the render worker imports it.
"""

from pathlib import Path

from chalicelib.rendering import cards, posters


class TypstRenderer:
    """See `venues.posters.Renderer` and `draw_card`. `fonts` is the folder of the render layer."""

    def __init__(self, fonts: Path) -> None:
        self._fonts = fonts

    def draw(
        self, contents: posters.Poster, form: posters.Form, timestamp: int
    ) -> tuple[bytes, str]:
        """See `venues.posters.Renderer`."""
        file = posters.render(contents, form, fonts=self._fonts, timestamp=timestamp)
        return file, posters.content_type(form)

    def draw_card(
        self, card: cards.Card, form: cards.CardForm, timestamp: int
    ) -> tuple[bytes, str]:
        """Return the paper pass, dated `timestamp` (epoch seconds), and its media type.

        Raises GlyphMissing.
        """
        file = cards.render_card(card, form, fonts=self._fonts, timestamp=timestamp)
        return file, cards.content_type(form)
