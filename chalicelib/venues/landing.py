"""The landing page of a printed code, for a camera or another app (XC-17, SD-3)."""

from datetime import datetime
from typing import NamedTuple

from chalicelib.venues import codes
from chalicelib.venues.codes import CodeState
from chalicelib.venues.venue import Directory, Venue


class LandingPage(NamedTuple):
    """The contents of a landing page. `state` and `venue` are None for an unknown code.

    `demo` marks the page 演示.
    """

    state: CodeState | None
    venue: Venue | None
    demo: bool


class Landing:
    """Finds the landing page of a printed code."""

    __slots__ = ("_demo", "_directory")

    def __init__(self, *, directory: Directory, demo: bool) -> None:
        self._directory = directory
        self._demo = demo

    def page(self, text: str, *, now: datetime) -> LandingPage:
        """Return the landing page of the code in `text`, as it was printed or typed."""
        value = codes.typed(text)
        code = self._directory.code(value, now) if value else None
        venue = self._directory.venue(code.venue_id, now) if code else None
        if code is None or venue is None:
            return LandingPage(None, None, self._demo)
        return LandingPage(code.state, venue, self._demo)
