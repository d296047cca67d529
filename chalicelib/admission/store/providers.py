"""How items list providers."""

from pynamodb.attributes import Attribute
from pynamodb.constants import STRING

from chalicelib.identity.providers import ProviderName

_LETTERS = {
    ProviderName.IDENTITY: "i",
    ProviderName.HEALTH_CODE: "h",
    ProviderName.NUCLEIC_ACID: "n",
    ProviderName.VACCINATION: "x",
}
_PROVIDERS = {letter: provider for provider, letter in _LETTERS.items()}


class ProvidersAttribute(Attribute[tuple[ProviderName, ...]]):
    """Providers in order, stored as a letter each; none is stored as no attribute."""

    attr_type = STRING

    def serialize(self, value: tuple[ProviderName, ...]) -> str | None:
        """Return the letters, None when there are none."""
        return "".join(_LETTERS[provider] for provider in value) or None

    def deserialize(self, value: str) -> tuple[ProviderName, ...]:
        """Return the providers."""
        return tuple(_PROVIDERS[letter] for letter in value)
