"""The protocol of the storage of rendered files."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol


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
