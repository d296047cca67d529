"""The carriers' travel card over signed HTTP: ``/v1/travel_card/codes`` and ``…/exchanges``.

Only the state and its time are read. The cities that some carriers send are discarded (XC-18).
"""

from typing import Any

from chalicelib.adapters.partners import Partner, PartnerFault
from chalicelib.adapters.providers.http import read_answer
from chalicelib.core.errors import TooMany, Unavailable, Unprocessable
from chalicelib.core.logs import logger
from chalicelib.identity.providers import Answer, ProviderFault, ProviderName

_RETRY_S = 60


class HttpTravelCards:
    """The travel card over the signed protocol. See `travel_card.TravelCards`."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner

    def send_code(self, phone: str, *, request_id: str) -> None:
        """See `travel_card.TravelCards`. Raises TooMany for a 429, Unavailable for other faults."""
        status, answer = self._post("codes", {"request_id": request_id, "phone": phone})
        if status == 400 and answer.get("code") == "invalid_number":
            raise Unprocessable("travel_card_no_phone")
        if status != 202 or answer.get("status") != "sent":
            raise _refused(status)

    def exchange(self, phone: str, code: str, *, request_id: str) -> Answer | None:
        """See `travel_card.TravelCards`. Raises TooMany for a 429, Unavailable for other faults."""
        body = {"request_id": request_id, "phone": phone, "code": code}
        status, answer = self._post("exchanges", body)
        if status == 422 and answer.get("code") == "invalid_code":
            return None
        if status != 200 or answer.get("status") != "answer":
            raise _refused(status)
        try:
            return read_answer(ProviderName.TRAVEL_CARD, answer)
        except ProviderFault as fault:
            logger().warning("travel_card_garbage")
            raise Unavailable from fault

    def _post(self, what: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            return self._partner.post(f"/v1/travel_card/{what}", body)
        except PartnerFault as fault:
            raise Unavailable from fault


def _refused(status: int) -> Exception:
    if status == 429:
        return TooMany(_RETRY_S)
    logger().warning("travel_card_refused", extra={"status": status})
    return Unavailable()
