"""What the application knows of a type of identity document."""

from collections.abc import Callable

from chalicelib.identity.providers import ProviderName


def mask_middle(number: str) -> str:
    """Return a number as its owner may see it: the first four and the last two characters."""
    return f"{number[:4]}{'*' * max(0, len(number) - 6)}{number[-2:]}"


class DocumentType:
    """One type of identity document.

    `name` is its name in requests, items and messages to providers; the text ``field.<name>``
    refuses a number. `canonical` makes the one form in which a number is sealed, indexed and sent
    to providers, however it was typed; it raises ValueError, which does not quote the number.
    `pattern` is a regular expression (ECMA 262) for that form, and `example` a number; both are for
    the OpenAPI document only. `mask` makes what its owner may see. `verified_by` is the provider
    who is asked whether name and number belong together.
    """

    __slots__ = ("canonical", "example", "mask", "name", "pattern", "verified_by")

    def __init__(
        self,
        *,
        name: str,
        example: str,
        pattern: str,
        canonical: Callable[[str], str],
        verified_by: ProviderName,
        mask: Callable[[str], str] = mask_middle,
    ) -> None:
        self.name = name
        self.example = example
        self.pattern = pattern
        self.canonical = canonical
        self.mask = mask
        self.verified_by = verified_by
