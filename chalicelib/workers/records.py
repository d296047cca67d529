"""A record of the table's stream, as Lambda delivers it."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from chalicelib.core.keys import Key
from chalicelib.core.table import Raw


class Change(Protocol):
    """What a record means to a subscription."""

    @property
    def correlation(self) -> str:
        """The correlation id of the request that made the change."""


Meaning = TypeVar("Meaning", bound=Change)


class Record:
    """A put or an update of an item: its key, its place in the stream, and its two images.

    `sequence` is a decimal text of up to 40 digits; `old` is None for a new item.
    """

    __slots__ = ("_read", "key", "new", "old", "sequence")

    def __init__(self, *, key: Key, sequence: str, new: Raw, old: Raw | None) -> None:
        self.key = key
        self.sequence = sequence
        self.new = new
        self.old = old
        self._read: dict[Any, Any] = {}

    @classmethod
    def parse(cls, record: Mapping[str, Any]) -> "Record | None":
        """Return the record, or None for a removal: retention and erasure start nothing."""
        body = record["dynamodb"]
        if "NewImage" not in body:
            return None
        return cls(
            key=Key(body["Keys"]["pk"]["S"], body["Keys"]["sk"]["S"]),
            sequence=body["SequenceNumber"],
            new=_image(body["NewImage"]),
            old=_image(body["OldImage"]) if body.get("OldImage") else None,
        )

    def read(self, reader: "Callable[[Record], Meaning | None]") -> Meaning | None:
        """Return what `reader` makes of the record; subscriptions with one reader share it."""
        if reader not in self._read:
            self._read[reader] = reader(self)
        meaning: Meaning | None = self._read[reader]
        return meaning


class Subscription(NamedTuple):
    """What the stream function does about one kind of record.

    `matches` tells by the key alone whether a record is of the kind. `read` returns what it means,
    or None when there is nothing to do; it raises on what it cannot read. `act` calls one method of
    one object of the container with that, and returns what the log says beside ``dispatched``, or
    None to log nothing. It may run twice.
    """

    matches: Callable[[Key], bool]
    read: Callable[[Record], Any]
    act: Callable[[Any], Mapping[str, object] | None]


def _image(image: Mapping[str, Any]) -> Raw:
    """An image as the table's own answers look: in events, bytes come as base64."""
    return {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else dict(value)
        for name, value in image.items()
    }
