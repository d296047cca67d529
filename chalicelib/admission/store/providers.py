"""How items list providers."""

from pynamodb.attributes import Attribute
from pynamodb.constants import STRING

from chalicelib.admission import evidence
from chalicelib.identity.providers import ProviderName


class ProvidersAttribute(Attribute[tuple[ProviderName, ...]]):
    """Providers in order, stored as a letter each; none is stored as no attribute."""

    attr_type = STRING

    def serialize(self, value: tuple[ProviderName, ...]) -> str | None:
        """Return the letters, None when there are none."""
        return evidence.letters(value) or None

    def deserialize(self, value: str) -> tuple[ProviderName, ...]:
        """Return the providers."""
        return evidence.named(value)
