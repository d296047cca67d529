"""The travel card, obtained once a local day with a code sent to the person's phone.

Entered at home, the code records no visit; entered on the result's page, the card is added to the
scan (XC-13). Only normal or abnormal is requested, kept and shown: no city (XC-18). The code is
exchanged during the request, because a code must not be stored in a queue.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.admission.eligibility import require_may_scan
from chalicelib.admission.judge import same_day
from chalicelib.admission.waiting import WaitingScans
from chalicelib.core import ids
from chalicelib.core.clock import CHINA, epoch_ms, local_day
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Unavailable, Unprocessable
from chalicelib.core.ids import Ids
from chalicelib.core.metrics import text_message
from chalicelib.identity import personal
from chalicelib.identity.limiting import Limit, charged
from chalicelib.identity.people import Actor, Limits, People, Snapshot
from chalicelib.identity.providers import Answer, ProviderName

RESEND_AFTER = timedelta(seconds=60)
_CODES_A_DAY = 5
_TRIES_AN_HOUR = 10
_CLOCK_TOLERANCE = timedelta(minutes=5)
_CARD = ProviderName.TRAVEL_CARD


class TravelCards(Protocol):
    """The carriers' travel card service."""

    def send_code(self, phone: str, *, request_id: str) -> None:
        """Have a code sent to `phone` (E.164), free of charge.

        Raises Unprocessable ``travel_card_no_phone`` for a number of no carrier, TooMany,
        Unavailable.
        """

    def exchange(self, phone: str, code: str, *, request_id: str) -> Answer | None:
        """Return the card for the code, or None if the code is wrong, expired or used.

        The same `request_id` gets the same answer. Raises TooMany, Unavailable.
        """


class TravelCardEntry:
    """The entry of the travel card by the carrier's code."""

    __slots__ = ("_cards", "_ids", "_index", "_limits", "_people", "_vault", "_waiting")

    def __init__(
        self,
        *,
        cards: TravelCards,
        ids: Ids,
        index: BlindIndex,
        limits: Limits,
        vault: Vault,
        people: People,
        waiting: WaitingScans,
    ) -> None:
        self._cards = cards
        self._ids = ids
        self._index = index
        self._limits = limits
        self._vault = vault
        self._people = people
        self._waiting = waiting

    def request_code(self, actor: Actor, now: datetime) -> Snapshot | None:
        """Have the carrier send a code, or return the day's card if it is known.

        Raises Forbidden (registration), Unprocessable ``travel_card_no_phone``, Unavailable, and
        TooMany above one a minute or five a day. The limits are the person's own, and what the
        carrier does not answer is refunded.
        """
        require_may_scan(actor.profile)
        known = of_today(actor, now)
        if known is not None:
            return known
        if not actor.profile.phone:  # their phone was given to its next owner (`accounts`)
            raise Unprocessable("travel_card_no_phone")
        phone, person_id = self._phone(actor), actor.person_id
        request_id = ids.derive("travel-card", person_id, str(epoch_ms(now)))
        limits = (
            Limit("card-minute", person_id, 1, int(RESEND_AFTER.total_seconds())),
            Limit("card-day", person_id, _CODES_A_DAY, 86_400),
        )
        with (
            charged(self._limits, *limits, by=self._ids.random(), now=now),
            text_message("travel_card"),
        ):
            self._cards.send_code(phone, request_id=request_id)
        return None

    def enter_code(
        self, actor: Actor, code: str, *, scan_id: str | None, now: datetime
    ) -> Snapshot:
        """Exchange the code for the day's card, or return the day's card if it is known.

        `scan_id`: the actor's scan on whose page the code was entered. It is judged again with the
        card if it is at most 15 minutes old. A retry after a lost response does the same. Raises
        Forbidden (registration), Unprocessable ``travel_card_code_wrong``, NotFound, Unavailable,
        and TooMany above ten tries an hour.
        """
        require_may_scan(actor.profile)
        joins = scan_id is not None and self._waiting.takes_card(actor, scan_id, now)
        card = of_today(actor, now) or self._exchange(actor, code, now)
        if scan_id is not None and joins:
            person = replace(actor.record, snapshots={**actor.record.snapshots, _CARD: card})
            self._waiting.reconsider(scan_id, person, now=now, card=True)
        return card

    def _exchange(self, actor: Actor, code: str, now: datetime) -> Snapshot:
        if not actor.profile.phone:  # no code was sent to them
            raise Unprocessable("travel_card_code_wrong")
        phone, person_id = self._phone(actor), actor.person_id
        day = local_day(now, CHINA).isoformat()
        # A keyed hash, because the code could be guessed from a plain one.
        request_id = self._index.of("travel-card", f"{person_id}:{day}:{code}")
        tries = Limit("card-try", person_id, _TRIES_AN_HOUR, 3600)
        with charged(self._limits, tries, by=self._ids.random(), now=now):
            answer = self._cards.exchange(phone, code, request_id=request_id)
        if answer is None:
            raise Unprocessable("travel_card_code_wrong")
        if answer.observed_at is not None and answer.observed_at - now > _CLOCK_TOLERANCE:
            raise Unavailable
        registration = actor.profile.registration
        card = Snapshot(_CARD, answer.state, answer.observed_at, now, registration)
        self._people.save_answers(person_id, [card])
        return card

    def _phone(self, actor: Actor) -> str:
        return personal.PHONE.open(self._vault, actor.profile.phone, actor.person_id)


def of_today(actor: Actor, now: datetime) -> Snapshot | None:
    """Return the actor's card of the local day, or None."""
    card = actor.record.current(_CARD)
    return card if card and same_day(card.fetched_at, now) else None
