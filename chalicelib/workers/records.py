"""Records of the table's stream, as Lambda delivers them."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from chalicelib.core.keys import Key
from chalicelib.core.table import Raw


class Change(Protocol):
    """The content of a record, as a subscription reads it."""

    @property
    def correlation(self) -> str:
        """The correlation id of the request that made the change."""


Meaning = TypeVar("Meaning", bound=Change)


class Record:
    """A put or an update of an item: its key, its sequence number, and its two images.

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
        """Return the record, or None for a removal, because expiry and erasure dispatch nothing."""
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
        """Return the result of `reader` on the record.

        It is cached for subscriptions that share a reader.
        """
        if reader not in self._read:
            self._read[reader] = reader(self)
        meaning: Meaning | None = self._read[reader]
        return meaning


class Subscription(NamedTuple):
    """The reaction of the stream function to one kind of record.

    `matches` decides by the key alone. `read` returns the record's content, or None if there is
    nothing to do; it raises if it cannot read the record. `act` calls one method of one object of
    the container with that content. It returns the fields logged with ``dispatched``, or None to
    log nothing, and may run twice.
    """

    matches: Callable[[Key], bool]
    read: Callable[[Record], Any]
    act: Callable[[Any], Mapping[str, object] | None]


def _image(image: Mapping[str, Any]) -> Raw:
    """Return an image in the form of the table's own answers; in events, bytes are base64."""
    return {
        name: {"B": base64.b64decode(value["B"])} if "B" in value else dict(value)
        for name, value in image.items()
    }
