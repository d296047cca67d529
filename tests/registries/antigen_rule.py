"""A rule of a policy, and what the table of decisions does with it."""

from dataclasses import dataclass, field

from chalicelib.admission.judge import UNKNOWN, Case, Outcome, Rule
from chalicelib.admission.policy import Policy, switch
from chalicelib.identity.providers import ProviderName


@dataclass(frozen=True)
class PolicyWithAntigen(Policy):
    """`Policy` with the field that would be added to it."""

    antigen_required: bool = field(
        default=False, metadata=switch("antigen_required", "whether an antigen test is required")
    )


_ANTIGEN = ProviderName("antigen")


def _is_positive(case: Case) -> bool:
    return case.evidence.get(_ANTIGEN, UNKNOWN).state == "positive"


ROW = Rule(
    "Antigen test positive",
    _is_positive,
    Outcome.REFUSE,
    lambda _: ("antigen_positive",),
    ("report_to_community",),
)
