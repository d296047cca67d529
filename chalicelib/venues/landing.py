"""The landing page of a printed code, for a camera or another app (XC-17, SD-3).

The verification files of WeChat and Alipay lie beside the pages: each platform opens its
mini-program for a printed code only after it has read its file there.
"""

from datetime import datetime
from typing import NamedTuple

from chalicelib.venues import codes
from chalicelib.venues.channels import CheckInOptions, RegionOptions
from chalicelib.venues.codes import CodeState
from chalicelib.venues.venue import Directory, Venue

_NONE = CheckInOptions((), paper_passes=False)


class LandingPage(NamedTuple):
    """The contents of a landing page. `state` and `venue` are None for an unknown code.

    `options` are those of the venue's region. `for_staff` marks the page of a
    join code, `demo` marks the page 演示. If `file` is not empty, a verification file stands here.
    """

    state: CodeState | None
    venue: Venue | None
    options: CheckInOptions
    for_staff: bool
    demo: bool
    file: str = ""


class Landing:
    """Finds the landing page of a printed code.

    `files` are the verification files: their contents by name.
    """

    __slots__ = ("_demo", "_directory", "_files", "_options")

    def __init__(
        self, *, directory: Directory, options: RegionOptions, files: dict[str, str], demo: bool
    ) -> None:
        self._directory = directory
        self._options = options
        self._files = files
        self._demo = demo

    def file(self, name: str) -> str:
        """Return the contents of a verification file, or an empty text."""
        return self._files.get(name, "")

    def page(self, text: str, *, now: datetime) -> LandingPage:
        """Return the landing page of the code in `text`, as it was printed or typed.

        A join code is not looked up: the page is the same for each, so that nobody can guess codes
        here. Cost: two GetItem and a BatchGetItem if not cached.
        """
        if file := self.file(text):
            return LandingPage(None, None, _NONE, for_staff=False, demo=self._demo, file=file)
        value = codes.typed(text)
        code = self._directory.code(value, now) if value else None
        venue = self._directory.venue(code.venue_id, now) if code else None
        options = self._options.of(venue.region, now) if venue else _NONE
        state = code.state if code and venue else None
        return LandingPage(state, venue, options, for_staff=codes.is_join(text), demo=self._demo)


def verification_files(text: str) -> dict[str, str]:
    """Return the files of the setting ``VC_CODE_FILES``: contents by name.

    The setting holds ``name=contents`` for each file, with spaces between them. Raises ValueError
    for any other text.
    """
    files = {}
    for entry in text.split():
        name, equals, contents = entry.partition("=")
        if not name or not equals or not contents or "/" in name:
            raise ValueError("VC_CODE_FILES must be name=contents, with spaces between files")
        files[name] = contents
    return files
