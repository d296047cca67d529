"""The registry of types of identity document, a module for each.

To add a type: a module beside `resident_id` with its `TYPE`, and the text ``field.<name>``.
"""

from chalicelib.core.registry import members
from chalicelib.identity.documents.base import DocumentType

TYPES: tuple[DocumentType, ...] = tuple(members(__name__, __path__, "TYPE", beside="base"))


def find(name: str) -> DocumentType | None:
    """Return the type with this name, or None."""
    return next((one for one in TYPES if one.name == name), None)


def of(name: str) -> DocumentType:
    """Return the type with this name. Raises KeyError for an unknown name."""
    found = find(name)
    if found is None:
        raise KeyError(name)
    return found
