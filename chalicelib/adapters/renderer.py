"""Renders posters and paper passes with typst and the project's fonts.

Only the render worker imports it.
"""

from pathlib import Path

from chalicelib.rendering import cards, posters


class TypstRenderer:
    """Implements `posters.Renderer` and `card_rendering.CardRenderer`.

    `fonts` is the folder of the render layer.
    """

    def __init__(self, fonts: Path) -> None:
        self._fonts = fonts

    def draw(
        self, contents: posters.Poster, form: posters.Form, timestamp: int
    ) -> tuple[bytes, str]:
        """See `posters.Renderer`."""
        file = posters.render(contents, form, fonts=self._fonts, timestamp=timestamp)
        return file, posters.content_type(form)

    def draw_card(
        self, card: cards.Card, form: cards.CardForm, timestamp: int
    ) -> tuple[bytes, str]:
        """See `card_rendering.CardRenderer`."""
        file = cards.render_card(card, form, fonts=self._fonts, timestamp=timestamp)
        return file, cards.content_type(form)
