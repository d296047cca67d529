"""One-time codes by text message, which prove that the caller owns a phone."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.core import ids
from chalicelib.core.crypto import BlindIndex
from chalicelib.core.errors import BadInput, TooMany, Unavailable
from chalicelib.core.ids import Ids
from chalicelib.core.metrics import record, text_message
from chalicelib.core.networks import network_of
from chalicelib.core.phones import takes_text_messages
from chalicelib.identity.limiting import Limit, charged
from chalicelib.identity.people import Codes, Guess, GuessState, Limits, SentCode

CODE_LIFE = timedelta(minutes=5)
RESEND_AFTER = timedelta(seconds=60)
_HOUR_S, _DAY_S = 3600, 86_400
_CODES_AN_HOUR_FROM_ONE_NETWORK = 600  # a venue's Wi-Fi may share one address
_CODES_A_DAY = 10  # to a phone, asked for by one network
_CODES_AN_HOUR_TO_ONE_PHONE = 20
_CODES_A_DAY_TO_ONE_PHONE = 100
_TRIES = 8


class SmsGateway(Protocol):
    """A gateway for text messages, which are free of charge for their recipients (XC-23)."""

    def send_code(self, phone: str, code: str, language: str) -> None:
        """Send a one-time code. Cost: one request.

        Raises BadInput for a number that cannot be reached, TooMany, Unavailable.
        """

    def send_replaced(self, phone: str, language: str) -> None:
        """Tell the owner of `phone` that another one replaces it in their account.

        Cost and errors as of `send_code`.
        """


class OneTimeCodes:
    """Sends and verifies one-time codes.

    `countries` are those whose numbers get text messages, as ISO 3166 codes; the deployment sends
    at most `a_day` codes a day.
    """

    __slots__ = ("_a_day", "_codes", "_countries", "_ids", "_index", "_limits", "_sms")

    def __init__(
        self,
        *,
        codes: Codes,
        limits: Limits,
        index: BlindIndex,
        ids: Ids,
        sms: SmsGateway,
        countries: Collection[str],
        a_day: int,
    ) -> None:
        """Keep the collaborators, and what a deployment allows."""
        self._codes = codes
        self._limits = limits
        self._index = index
        self._ids = ids
        self._sms = sms
        self._countries = countries
        self._a_day = a_day

    def send(
        self, phone: str, *, address: str, language: str, now: datetime, nonce: str = ""
    ) -> timedelta:
        """Send a code to `phone` (E.164), and return after what time another may be asked for.

        The response does not reveal known numbers. A retry with the same `nonce` sends nothing and
        returns the rest of the time. The code sent before stays valid for everybody, and the last
        one that each network asked for stays valid there, so that no number of strangers' requests
        voids a code that its owner is typing.

        Limits count by the caller's network (`network_of` their `address`) and phone: one a minute,
        ten a day. The far higher ones of the phone alone, 20 an hour and 100 a day, and those of
        network and deployment bound cost. What the gateway does not take is refunded, and voids no
        code.

        Raises BadInput ``phone`` for a number that gets no text messages; TooMany above a limit;
        Unavailable if the gateway does not accept the message.
        """
        if not takes_text_messages(phone, self._countries):
            raise BadInput.at("/phone", "phone")
        blind, network = self._index.of("phone", phone), self._network(address)
        # With the phone, or a nonce that is repeated for many phones would be charged once.
        attempt = ids.derive("otp", nonce, blind) if nonce else self._ids.random()
        former = self._codes.get(blind)
        if former is not None and former.nonce == attempt:
            return max(timedelta(), former.expires_at - CODE_LIFE + RESEND_AFTER - now)
        source, resend_s = f"{network}/{blind}", int(RESEND_AFTER.total_seconds())
        code = self._ids.digits(6)
        # A retry must not be refused by its own attempt. The other limits count it again: a nonce
        # that is repeated on purpose, or for a number that the gateway refuses, is not free.
        minute = Limit("otp-minute", source, 1, resend_s)
        limits = (
            Limit("otp-source-day", source, _CODES_A_DAY, _DAY_S),
            Limit("otp-address", network, _CODES_AN_HOUR_FROM_ONE_NETWORK, _HOUR_S),
            Limit("otp-hour", blind, _CODES_AN_HOUR_TO_ONE_PHONE, _HOUR_S),
            Limit("otp-day", blind, _CODES_A_DAY_TO_ONE_PHONE, _DAY_S),
        )
        with (
            charged(self._limits, minute, by=attempt, now=now),
            charged(self._limits, *limits, by=self._ids.random(), now=now),
            self._ceiling(now),
        ):
            with text_message("login"):
                self._sms.send_code(phone, code, language)
            self._put(blind, code, attempt, network, now)
        return RESEND_AFTER

    @contextmanager
    def _ceiling(self, now: datetime) -> Iterator[None]:
        """Charge the deployment for a code. A refusal counts as a fault of text messages."""
        entered, ceiling = False, Limit("otp-deployment", "all", self._a_day, _DAY_S)
        try:
            with charged(self._limits, ceiling, by=self._ids.random(), now=now):
                entered = True
                yield
        except TooMany:
            if not entered:
                record({"TextMessageFaults": 1}, purpose="login")
            raise

    def issue(self, phone: str, *, now: datetime) -> str:
        """Store and return a new code for `phone`; send nothing.

        Operators log in an invented person with it (infra/smoke.py). Cost: one GetItem, one
        PutItem.
        """
        blind, code = self._index.of("phone", phone), self._ids.digits(6)
        self._put(blind, code, "", "", now)
        return code

    def check(self, phone: str, code: str, *, address: str, now: datetime) -> GuessState:
        """Return whether `spend` would accept `code`, which stays unused; see `Codes.check`."""
        blind = self._index.of("phone", phone)
        return self._codes.check(
            blind, self._digest(blind, code), network=self._network(address), now=now
        )

    def spend(self, phone: str, code: str, *, address: str, by: str, now: datetime) -> Guess:
        """Use up `code` for `by`; see `Codes.spend`. It is one of the last two sent to `phone`,
        or the last one that the network of `address` asked for.
        """
        blind = self._index.of("phone", phone)
        return self._codes.spend(
            blind, self._digest(blind, code), network=self._network(address), by=by, now=now
        )

    def _put(self, blind: str, code: str, nonce: str, network: str, now: datetime) -> None:
        """Record a code. Raises Unavailable if other ones come at the same time."""
        digest, expires_at = self._digest(blind, code), now + CODE_LIFE
        for _ in range(_TRIES):
            last = self._codes.get(blind)
            earlier = _still_valid(last, network, now) if last else ()
            sent = SentCode(digest, expires_at, nonce, network=network, earlier=earlier)
            if self._codes.put(blind, sent, last):
                return
        raise Unavailable

    def _network(self, address: str) -> str:
        return self._index.of("address", network_of(address))

    def _digest(self, blind: str, code: str) -> str:
        return self._index.of("otp", f"{blind}:{code}")


def _still_valid(last: SentCode, network: str, now: datetime) -> tuple[SentCode, ...]:
    """Return the codes that stay valid beside a new one for `network`, the newest first.

    That is the last one, and of each other network the last one that it asked for.
    """
    if last.used:
        return ()
    seen, kept = {network, ""}, []
    for place, one in enumerate((last._replace(earlier=()), *last.earlier)):
        if one.expires_at > now and (place == 0 or one.network not in seen):
            kept.append(one)
        seen.add(one.network)
    return tuple(kept)
