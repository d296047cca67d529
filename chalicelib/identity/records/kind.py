"""The definition of a kind of personal record."""

from datetime import timedelta


class RecordKind:
    """One kind of personal record.

    `name` is its name in keys and lists. `prefix` begins the ids of its records; no two kinds share
    one. `kept_for` is how long a record is kept after it was made; the table then deletes it.
    """

    __slots__ = ("kept_for", "name", "prefix")

    def __init__(self, *, name: str, prefix: str, kept_for: timedelta) -> None:
        self.name = name
        self.prefix = prefix
        self.kept_for = kept_for
