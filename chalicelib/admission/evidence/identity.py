"""The identity check: whether name and number match (JN-18)."""

from chalicelib.admission.evidence.kind import Kind
from chalicelib.identity.providers import ProviderName

KIND = Kind(
    ProviderName.IDENTITY,
    "i",
    ("match", "mismatch"),
    reads=("reason",),
    verifies=True,
)
