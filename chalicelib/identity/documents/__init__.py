"""The types of identity document that people register with; a module each.

A new type is a module beside `resident_id`, with its `TYPE`, and the text ``field.<name>``.
"""

from chalicelib.core.registry import members
from chalicelib.identity.documents.base import DocumentType

TYPES: tuple[DocumentType, ...] = tuple(members(__name__, __path__, "TYPE", beside="base"))


def find(name: str) -> DocumentType | None:
    """Return the type of this name, or None."""
    return next((one for one in TYPES if one.name == name), None)


def of(name: str) -> DocumentType:
    """Return the type of this name. Raises KeyError for one that is not registered."""
    found = find(name)
    if found is None:
        raise KeyError(name)
    return found
