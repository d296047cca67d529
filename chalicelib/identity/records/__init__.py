"""The registry of kinds of record that a person has on file, a module for each.

To add a kind: a module beside `declaration` with its `KIND`. All kinds share one store,
`personal_records.PersonalRecords`.
"""

from chalicelib.core.registry import members
from chalicelib.identity.records.kind import RecordKind

KINDS: tuple[RecordKind, ...] = tuple(members(__name__, __path__, "KIND", beside="kind"))


def of(name: str) -> RecordKind:
    """Return the kind with this name. Raises KeyError if it is not registered."""
    return {kind.name: kind for kind in KINDS}[name]


def with_prefix(prefix: str) -> RecordKind | None:
    """Return the kind whose ids begin with `prefix`, or None."""
    return next((kind for kind in KINDS if kind.prefix == prefix), None)
