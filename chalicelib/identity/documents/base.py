"""The definition of a type of identity document."""

from collections.abc import Callable

from chalicelib.identity.providers import ProviderName


def mask_middle(number: str) -> str:
    """Return a masked number: the first four and the last two characters."""
    return f"{number[:4]}{'*' * max(0, len(number) - 6)}{number[-2:]}"


class DocumentType:
    """One type of identity document.

    `name` is its name in requests, items and messages to providers. The text ``field.<name>``
    reports an invalid number. `canonical` converts a number to the form in which it is sealed,
    indexed and sent to providers; it raises ValueError, which does not quote the number. `pattern`
    (a regular expression of ECMA 262 for the canonical form) and `example` are for the OpenAPI
    document only. `mask` masks a number for its owner. `verified_by` is the provider that verifies
    that name and number match.
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
