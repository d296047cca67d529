"""The protocol of the storage of rendered files."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol
from urllib.parse import quote


class Storage(Protocol):
    """The storage of rendered files, implemented by `adapters.storage`."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store a private object. Raises Unavailable."""

    def link(self, key: str, filename: str, life: timedelta) -> str:
        """Return a link, valid for `life`, that downloads the object as `filename` (UTF-8)."""

    def remove(self, keys: Sequence[str]) -> None:
        """Delete objects, at most 1,000; those that do not exist are ignored.

        Raises Unavailable; some of them may be deleted then.
        """


class StoredFile(NamedTuple):
    """A file of the bucket; `data` is None if there is more than was asked for."""

    data: bytes | None
    media_type: str


class FileSource(Protocol):
    """Where links lead, implemented by `adapters.storage`."""

    def get(self, key: str, *, at_most: int) -> StoredFile | None:
        """Return a stored file, without more than `at_most` bytes. Raises Unavailable."""

    def link(self, key: str, filename: str, life: timedelta) -> str:
        """See `Storage`."""


def disposition(filename: str) -> str:
    """Return the header that downloads a file as `filename` (RFC 6266, RFC 8187)."""
    return f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
