"""The health code's colour; its texts are shown only to the person (YK-34)."""

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
