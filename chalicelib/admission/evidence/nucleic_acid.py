"""The latest nucleic acid result within 14 days (JN-31)."""

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.admission.evidence.kind import Kind
from chalicelib.identity.providers import ProviderName

if TYPE_CHECKING:
    from chalicelib.admission.judge import Evidence
    from chalicelib.admission.policy import Policy

_RECENT = timedelta(hours=48)


def _show(evidence: "Evidence", at: datetime) -> dict[str, Any]:
    observed = evidence.observed_at
    recent = observed is not None and at - observed <= _RECENT
    shown: dict[str, Any] = {"within_48h": recent, "within_hours": _age(evidence, at)}
    if recent and evidence.state == "negative":
        shown["text"] = "state.negative_48h"
    return shown


def _age(evidence: "Evidence", at: datetime) -> int | None:
    """Return the age of the result in whole hours, rounded up; None without a result."""
    observed = evidence.observed_at
    if observed is None or evidence.state not in KIND.states:
        return None
    return max(0, math.ceil((at - observed) / timedelta(hours=1)))


def _good(evidence: "Evidence", policy: "Policy", at: datetime) -> bool:
    """Return whether the result is negative, and not older than policy allows."""
    observed, hours = evidence.observed_at, policy.nucleic_acid_hours
    if evidence.state != "negative" or observed is None:
        return False
    return hours is None or at - observed <= timedelta(hours=hours)


KIND = Kind(
    ProviderName.NUCLEIC_ACID,
    "n",
    ("negative", "positive"),
    fresh=timedelta(minutes=1),
    shown_for=timedelta(days=14),
    good=_good,
    required=lambda policy: policy.nucleic_acid_hours is not None,
    show=_show,
    in_health=False,  # it has a route of its own
)
