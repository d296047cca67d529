"""The exit-entry administration: permits, passports, cards of foreign residents (YK-30)."""

from chalicelib.admission.evidence.kind import Kind
from chalicelib.identity.providers import ProviderName

KIND = Kind(
    ProviderName.EXIT_ENTRY,
    "e",
    ("match", "mismatch"),
    reads=("reason",),
    verifies=True,
)
