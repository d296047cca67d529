"""A kind of provider: the module that would stand in `chalicelib/admission/evidence/`."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.admission.evidence.kind import Kind
from chalicelib.admission.judge import Evidence
from chalicelib.admission.policy import Policy
from chalicelib.identity.providers import ProviderName
from tests.registries.antigen_rule import PolicyWithAntigen


def _show(evidence: Evidence, at: datetime) -> dict[str, Any]:
    observed = evidence.observed_at
    return {"hours_ago": None if observed is None else int((at - observed) / timedelta(hours=1))}


def _required(policy: Policy) -> bool:
    return isinstance(policy, PolicyWithAntigen) and policy.antigen_required


KIND = Kind(
    ProviderName("antigen"),
    "a",
    ("negative", "positive"),
    fresh=timedelta(minutes=30),
    shown_for=timedelta(days=2),
    required=_required,
    fields={"hours_ago": (int | None, "The age of the result, in hours.", 3)},
    show=_show,
)
"""An antigen test that somebody made at home and reported."""

TEXTS = {
    "reason.antigen_pending": "The antigen test is being fetched.",
    "reason.antigen_positive": "Antigen test: positive.",
}
