"""One-time codes by text message, which prove that the caller owns a phone."""

from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.core.crypto import BlindIndex
from chalicelib.core.ids import Ids
from chalicelib.core.metrics import text_message
from chalicelib.identity.people import Codes, Limits

CODE_LIFE = timedelta(minutes=5)
RESEND_AFTER = timedelta(seconds=60)
_CODES_A_DAY = 10
_CODES_AN_HOUR_FROM_ONE_ADDRESS = 600  # a venue's Wi-Fi may share one address


class SmsGateway(Protocol):
    """A gateway for text messages, which are free of charge for their recipients (XC-23)."""

    def send_code(self, phone: str, code: str, language: str) -> None:
        """Send a one-time code. Cost: one request.

        Raises BadInput for a number that cannot be reached, TooMany, Unavailable.
        """


class OneTimeCodes:
    """Sends and verifies one-time codes."""

    __slots__ = ("_codes", "_ids", "_index", "_limits", "_sms")

    def __init__(
        self, *, codes: Codes, limits: Limits, index: BlindIndex, ids: Ids, sms: SmsGateway
    ) -> None:
        self._codes = codes
        self._limits = limits
        self._index = index
        self._ids = ids
        self._sms = sms

    def send(self, phone: str, *, address: str, language: str, now: datetime) -> None:
        """Send a one-time code to `phone` (E.164). The response does not reveal known numbers.

        Raises TooMany above one a minute or ten a day for a phone, and 600 an hour for the caller's
        network `address`; Unavailable if the gateway does not accept the message.
        """
        blind = self._index.of("phone", phone)
        self._limits.charge(
            "otp-address",
            self._index.of("address", address),
            limit=_CODES_AN_HOUR_FROM_ONE_ADDRESS,
            seconds=3600,
            now=now,
        )
        resend_s = int(RESEND_AFTER.total_seconds())
        self._limits.charge("otp-minute", blind, limit=1, seconds=resend_s, now=now)
        self._limits.charge("otp-day", blind, limit=_CODES_A_DAY, seconds=86_400, now=now)
        code = self.issue(phone, now=now)
        with text_message("login"):
            self._sms.send_code(phone, code, language)

    def issue(self, phone: str, *, now: datetime) -> str:
        """Store and return a new code for `phone`, which replaces earlier ones; send nothing.

        Operators log in an invented person with it (infra/smoke.py). Cost: one PutItem.
        """
        blind, code = self._index.of("phone", phone), self._ids.digits(6)
        self._codes.put(blind, self._digest(blind, code), now + CODE_LIFE)
        return code

    def spend(self, phone: str, code: str, *, now: datetime) -> bool:
        """Use up `code`; return whether it is the last one sent to `phone`, valid and unused."""
        blind = self._index.of("phone", phone)
        return self._codes.spend(blind, self._digest(blind, code), now)

    def _digest(self, blind: str, code: str) -> str:
        return self._index.of("otp", f"{blind}:{code}")
