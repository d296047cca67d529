"""The registry of births: medical certificates of birth (YK-30)."""

from chalicelib.admission.evidence.kind import Kind
from chalicelib.identity.providers import ProviderName

KIND = Kind(
    ProviderName.BIRTH_REGISTRY,
    "b",
    ("match", "mismatch"),
    reads=("reason",),
    verifies=True,
)
