"""Draws posters with typst and the project's fonts; loaded by the render worker alone."""

from pathlib import Path
from typing import cast

from chalicelib.rendering.engine import Form, Poster, content_type, render
from chalicelib.venues.catalogue import category
from chalicelib.venues.venue import Venue

# A region is told by its band of colour from afar; neighbours by number differ.
_BANDS = ("#0B6E4F", "#1D4E89", "#8C2F39", "#5B3A8C", "#9A5B00", "#00667A")


class TypstRenderer:
    """See `posters.Renderer`."""

    def __init__(self, fonts: Path) -> None:
        self._fonts = fonts

    def draw(self, venue: Venue, form: str, code_url: str, *, demo: bool) -> tuple[bytes, str]:
        """The file and its content type. Raises GlyphMissing."""
        kind = category(venue.kind)
        form = cast(Form, form)
        poster = Poster(
            code_url=code_url,
            venue_name=venue.name,
            venue_type=kind.names["zh-Hans"] if kind else "",
            region_name=venue.region_name,
            checkpoint="",
            serial="-".join(venue.code[i : i + 4] for i in range(0, 16, 4)),
            demo=demo,
            band=_BANDS[int(venue.region[:4]) % len(_BANDS)],
        )
        # The date that the file states is the venue's, so that the same poster has the same bytes.
        timestamp = int(venue.created_at.timestamp())
        return render(poster, form, fonts=self._fonts, timestamp=timestamp), content_type(form)
