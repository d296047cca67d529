"""The colour of the health code; its texts are shown to the person themselves (YK-34)."""

from datetime import timedelta

from chalicelib.admission.evidence.kind import Kind
from chalicelib.identity.providers import ProviderName

KIND = Kind(
    ProviderName.HEALTH_CODE,
    "h",
    ("green", "yellow", "red", "light_green"),
    reads=("reason", "group", "lifting"),
    fresh=timedelta(minutes=10),
    required=lambda _: True,
)
