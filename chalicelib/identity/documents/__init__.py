"""The registry of types of identity document, a module for each.

To add a type: a module beside `resident_id` with its `TYPE`, and the texts ``field.<name>`` and
``document_type.<name>``.
"""

from datetime import date
from typing import TYPE_CHECKING

from chalicelib.core.registry import members
from chalicelib.identity.documents.base import DocumentType

if TYPE_CHECKING:
    from chalicelib.core.crypto import BlindIndex

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


def blind(index: "BlindIndex", name: str, number: str) -> str:
    """Return the blind index of a document's canonical `number`.

    Equal numbers of two types are two documents, unless the types share their numbers. Raises
    KeyError for an unknown type.
    """
    return index.of(of(name).numbered_as, number)


def is_unborn(name: str, number: str, today: date) -> bool:
    """Return whether a canonical number carries a birth date after `today` (the day in China)."""
    born = of(name).birth_date(number)
    return born is not None and born > today
