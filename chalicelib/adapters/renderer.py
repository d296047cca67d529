"""Renders posters with typst and the project's fonts. Only the render worker imports it."""

from pathlib import Path

from chalicelib.rendering.engine import Form, Poster, content_type, render


class TypstRenderer:
    """See `posters.Renderer`. `fonts` is the folder of the render layer."""

    def __init__(self, fonts: Path) -> None:
        self._fonts = fonts

    def draw(self, contents: Poster, form: Form, timestamp: int) -> tuple[bytes, str]:
        """See `posters.Renderer`."""
        file = render(contents, form, fonts=self._fonts, timestamp=timestamp)
        return file, content_type(form)
