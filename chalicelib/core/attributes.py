"""Attribute types of items, in addition to PynamoDB's own.

An attribute converts a value to its stored form and back. Items, conditions and update actions use
the same conversion.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from pynamodb.attributes import Attribute, BinaryAttribute
from pynamodb.constants import NUMBER, STRING

from chalicelib.core.clock import epoch_ms, from_epoch_ms

E = TypeVar("E", bound=StrEnum)


class IntegerAttribute(Attribute[int]):
    """An integer."""

    attr_type = NUMBER

    def serialize(self, value: int) -> str:
        """Return the decimal text of `value`."""
        return str(value)

    def deserialize(self, value: str) -> int:
        """Return the number."""
        return int(value)


class EpochMsAttribute(Attribute[datetime]):
    """An aware datetime, stored as whole milliseconds since 1970 (UTC)."""

    attr_type = NUMBER

    def serialize(self, value: datetime) -> str:
        """Return the milliseconds as decimal text."""
        return str(epoch_ms(value))

    def deserialize(self, value: str) -> datetime:
        """Return the moment in UTC."""
        return from_epoch_ms(int(value))


class EpochSecondsAttribute(Attribute[datetime]):
    """An aware datetime, stored as seconds since 1970 (UTC), rounded down; the format of TTLs."""

    attr_type = NUMBER

    def serialize(self, value: datetime) -> str:
        """Return the seconds as decimal text."""
        return str(epoch_ms(value) // 1000)

    def deserialize(self, value: str) -> datetime:
        """Return the moment in UTC."""
        return datetime.fromtimestamp(int(value), UTC)


class EnumAttribute(Attribute[E]):
    """A member of `enum`, stored as its value, or as its code in `codes`.

    A member with an empty code is stored as no attribute: declare it as the `default`, with
    ``null=True``. Reading an unknown value raises ValueError.
    """

    attr_type = STRING

    def __init__(
        self, enum: type[E], *, codes: Mapping[E, str] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._codes = {one: (codes[one] if codes else one.value) for one in enum}
        self._members = {code: one for one, code in self._codes.items()}

    def serialize(self, value: E) -> str | None:
        """Return the member's stored form."""
        return self._codes[value] or None

    def deserialize(self, value: str) -> E:
        """Return the member."""
        try:
            return self._members[value]
        except KeyError:
            raise ValueError(f"{self.attr_name}: {value!r} is not a known value") from None


class TextAttribute(Attribute[str]):
    """A text that may be empty: ``""`` is stored as no attribute."""

    attr_type = STRING

    def __init__(self, **options: Any) -> None:
        super().__init__(null=True, default="", **options)

    def serialize(self, value: str) -> str | None:
        """Return the text, or None if it is empty."""
        return value or None


class SealedAttribute(BinaryAttribute):
    """A personal field, sealed by `crypto.Vault`. With ``null=True``, b"" is no attribute.

    Every sealed field is declared with this class, so that exports and erasures find all of them in
    the attributes of the item classes.
    """

    def __init__(self, *, null: bool = False, **options: Any) -> None:
        default = b"" if null else None
        super().__init__(legacy_encoding=False, null=null, default=default, **options)

    def serialize(self, value: bytes) -> bytes | None:
        """Return the bytes, or None if there are none."""
        return value or None
