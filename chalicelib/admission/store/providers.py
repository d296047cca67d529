"""The attribute type for lists of providers."""

from pynamodb.attributes import Attribute
from pynamodb.constants import STRING

from chalicelib.admission import evidence
from chalicelib.identity.providers import ProviderName


class ProvidersAttribute(Attribute[tuple[ProviderName, ...]]):
    """Providers in order, stored as one letter each; without providers there is no attribute."""

    attr_type = STRING

    def serialize(self, value: tuple[ProviderName, ...]) -> str | None:
        """Return the letters, or None without providers."""
        return evidence.letters(value) or None

    def deserialize(self, value: str) -> tuple[ProviderName, ...]:
        """Return the providers."""
        return evidence.named(value)
