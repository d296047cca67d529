"""What the page behind a printed code says to a plain camera or the wrong app (XC-17, SD-3)."""

from datetime import datetime
from typing import NamedTuple

from chalicelib.core import ids
from chalicelib.venues.codes import CodeState
from chalicelib.venues.venue import Directory, Venue


class LandingPage(NamedTuple):
    """What a code leads to: `state` and `venue` are None for a code that we do not know.

    `demo` marks the page 演示.
    """

    state: CodeState | None
    venue: Venue | None
    demo: bool


class Landing:
    """Finds what a printed code leads to."""

    __slots__ = ("_demo", "_directory")

    def __init__(self, *, directory: Directory, demo: bool) -> None:
        self._directory = directory
        self._demo = demo

    def page(self, text: str, *, now: datetime) -> LandingPage:
        """Return what the page of the code in `text`, as a person typed it, has to say."""
        value = ids.fold(text)
        code = self._directory.code(value, now) if ids.is_code(value) else None
        venue = self._directory.venue(code.venue_id, now) if code else None
        if code is None or venue is None:
            return LandingPage(None, None, self._demo)
        return LandingPage(code.state, venue, self._demo)
