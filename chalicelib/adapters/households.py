"""The register of households, over signed HTTP: ``POST /v1/household/checks``."""

from dataclasses import asdict
from datetime import date

from chalicelib.adapters.partners import Partner, PartnerFault
from chalicelib.core.errors import TooMany, Unavailable
from chalicelib.core.logs import logger
from chalicelib.identity.providers import Subject

_RETRY_S = 60


class HttpHouseholds:
    """The register over the signed protocol. See `households.Households`."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner

    def same_household(
        self, guardian: Subject, child: Subject, *, request_id: str, born: date | None = None
    ) -> bool:
        """See `households.Households`."""
        body = {
            "request_id": request_id,
            "guardian": asdict(guardian),
            "child": asdict(child) | ({"birth_date": born.isoformat()} if born else {}),
        }
        try:
            status, answer = self._partner.post("/v1/household/checks", body)
        except PartnerFault as fault:
            raise Unavailable from fault
        same = answer.get("same_household")
        if status == 200 and answer.get("status") == "answer" and isinstance(same, bool):
            return same
        if status == 429:
            raise TooMany(_RETRY_S)
        logger().warning("household_refused", extra={"status": status})
        raise Unavailable
