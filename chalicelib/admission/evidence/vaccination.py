"""The vaccination; `observed_at` is the time of the last dose."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.admission.evidence.kind import Kind
from chalicelib.core.clock import CHINA, local_day
from chalicelib.identity.providers import ProviderName

if TYPE_CHECKING:
    from chalicelib.admission.judge import Evidence


def _show(evidence: "Evidence", _: datetime) -> dict[str, Any]:
    last = evidence.observed_at if evidence.doses else None
    return {
        "doses": evidence.doses,
        "last_dose_on": local_day(last, CHINA) if last else None,
    }


KIND = Kind(
    ProviderName.VACCINATION,
    "x",
    ("complete", "partial", "none"),
    reads=("doses",),
    fresh=timedelta(days=1),
    required=lambda policy: policy.vaccination_required,
    fields={
        "doses": (int | None, "", 3),
        "last_dose_on": (date | None, "The day in China.", "2022-04-24"),
    },
    show=_show,
)
