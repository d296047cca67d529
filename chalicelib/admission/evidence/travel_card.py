"""The travel card of the local day: normal or abnormal only (XC-13, XC-18).

Its code is requested and exchanged in `admission.travel_card`.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.admission.evidence.kind import Kind
from chalicelib.core.clock import CHINA, end_of_day
from chalicelib.identity.providers import ProviderName

if TYPE_CHECKING:
    from chalicelib.admission.judge import Evidence

_OFFICIAL_URL = "https://xc.caict.ac.cn/"


def _show(evidence: "Evidence", _: datetime) -> dict[str, Any]:
    fetched = evidence.fetched_at
    return {
        "valid_until": end_of_day(fetched, CHINA) if fetched else None,
        "official_url": _OFFICIAL_URL,
    }


KIND = Kind(
    ProviderName.TRAVEL_CARD,
    "t",
    ("normal", "abnormal"),
    by_code=True,
    show=_show,
)
