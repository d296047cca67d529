"""The SMS gateway."""

from collections.abc import Mapping

from chalicelib.adapters.partners import Partner, PartnerFault
from chalicelib.core.errors import BadInput, TooMany, Unavailable
from chalicelib.core.logs import logger


class HttpSmsGateway:
    """An SMS gateway over signed HTTP. See `one_time_codes.SmsGateway`."""

    def __init__(self, partner: Partner) -> None:
        self._partner = partner

    def send_code(self, phone: str, code: str, language: str) -> None:
        """Call ``POST /v1/messages``. Raises BadInput ``phone``, TooMany, Unavailable."""
        self._send(phone, "otp", {"code": code}, language)

    def send_replaced(self, phone: str, language: str) -> None:
        """Call ``POST /v1/messages``. Raises BadInput ``phone``, TooMany, Unavailable."""
        self._send(phone, "phone_replaced", {}, language)

    def _send(self, phone: str, template: str, params: Mapping[str, str], language: str) -> None:
        message = {"to": phone, "template": template, "params": params, "language": language}
        try:
            status, answer = self._partner.post("/v1/messages", message)
        except PartnerFault as fault:
            raise Unavailable from fault
        if status == 400 and answer.get("code") == "invalid_number":
            raise BadInput.at("/phone", "phone")
        if status == 429:
            raise TooMany(60)
        if status != 202:
            logger().warning("sms_refused", extra={"status": status})
            raise Unavailable
