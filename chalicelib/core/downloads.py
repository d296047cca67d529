"""Files under the deployment's own host: mini-programs download from registered hosts only.

A link names its file in a signed token. The API function sends the file, because WeChat checks the
host of every address that it loads and registers none of S3's (docs/decisions/0153).
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.core.clock import Clock
from chalicelib.core.crypto import Tokens
from chalicelib.core.errors import NotFound, Unauthenticated
from chalicelib.core.storage import FileSource

MOST_BYTES = 4_400_000
"""A response of Lambda is at most 6 MB (*Lambda quotas*), of which base64 takes a quarter."""


class Download(NamedTuple):
    """A file to send, or for a large one, the address of the bucket in `elsewhere`."""

    data: bytes
    media_type: str
    filename: str
    elsewhere: str = ""


class Downloads:
    """Makes and opens links of the form ``<url>/v1/files/<token>``."""

    __slots__ = ("_clock", "_files", "_tokens", "_url")

    def __init__(self, *, files: FileSource, tokens: Tokens, clock: Clock, url: str) -> None:
        self._files = files
        self._tokens = tokens
        self._clock = clock
        self._url = url

    def link(self, key: str, filename: str, life: timedelta) -> str:
        """Return a link to the file under `key`, valid for `life`. Cost: no call."""
        claims = {"key": key, "name": filename}
        token = self._tokens.issue("file", claims, now=self._clock.now(), life=life)
        return f"{self._url}/v1/files/{token}"

    def open(self, token: str, *, now: datetime) -> Download:
        """Return the file that a link names.

        Raises NotFound for a forged or expired link and a deleted file; Unavailable. Cost: one
        GetObject.
        """
        try:
            claims = self._tokens.verify("file", token, now=now)
        except Unauthenticated:
            raise NotFound from None
        key, filename = str(claims["key"]), str(claims["name"])
        found = self._files.get(key, at_most=MOST_BYTES)
        if found is None:
            raise NotFound
        if found.data is None:
            left = timedelta(seconds=int(claims["exp"]) - int(now.timestamp()))
            return Download(b"", "", filename, self._files.link(key, filename, left))
        return Download(found.data, found.media_type, filename)
