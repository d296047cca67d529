"""One letter for each provider, as items list them."""

from chalicelib.identity.providers import ProviderName

SHORT = {"identity": "i", "health_code": "h", "nucleic_acid": "n", "vaccination": "x"}
LONG = {short: ProviderName(name) for name, short in SHORT.items()}
