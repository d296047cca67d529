"""The travel card: told for a code that the carrier sends to the person's phone, once a local day.

It may be done at home and registers no visit; done on the result's page, it joins the scan (XC-13).
Normal or abnormal is all that is asked for, kept and shown: no city (XC-18). The code is exchanged
while the person waits, because a code must not lie in a queue.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.admission.judge import same_day
from chalicelib.admission.policy import Policies
from chalicelib.admission.scan import Scans
from chalicelib.admission.scanning import find, reconsider, require_may_scan
from chalicelib.core import ids
from chalicelib.core.clock import CHINA, epoch_ms, local_day
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import NotFound, Unavailable, Unprocessable
from chalicelib.identity.people import Actor, Limits, People, Snapshot
from chalicelib.identity.providers import Answer, ProviderName
from chalicelib.venues.venue import Directory

RESEND_AFTER = timedelta(seconds=60)
_CODES_A_DAY = 5
_TRIES_AN_HOUR = 10
_JOINS_SCAN_FOR = timedelta(minutes=15)
_CLOCK_TOLERANCE = timedelta(minutes=5)
_CARD = ProviderName.TRAVEL_CARD


class TravelCards(Protocol):
    """The carriers' travel card."""

    def send_code(self, phone: str, *, request_id: str) -> None:
        """Have a code sent to `phone` (E.164), free of charge.

        Raises Unprocessable ``travel_card_no_phone`` for a number that is no carrier's, TooMany,
        Unavailable.
        """

    def exchange(self, phone: str, code: str, *, request_id: str) -> Answer | None:
        """The card for the code that was sent, or None when the code is wrong, late or used.

        The same `request_id` gets the same answer. Raises TooMany, Unavailable.
        """


def request_code(
    actor: Actor, *, now: datetime, cards: TravelCards, limits: Limits, vault: Vault
) -> Snapshot | None:
    """Have the carrier send a code; or answer the card, when the day's is known already.

    Raises Forbidden (registration), Unprocessable ``travel_card_no_phone``, Unavailable, and
    TooMany above one a minute or five a day.
    """
    require_may_scan(actor)
    known = of_today(actor, now)
    if known is not None:
        return known
    phone, person_id = _phone(actor, vault), actor.person_id
    seconds = int(RESEND_AFTER.total_seconds())
    limits.charge("card-minute", person_id, limit=1, seconds=seconds, now=now)
    limits.charge("card-day", person_id, limit=_CODES_A_DAY, seconds=86_400, now=now)
    cards.send_code(phone, request_id=ids.derive("travel-card", person_id, str(epoch_ms(now))))
    return None


def enter_code(
    actor: Actor,
    code: str,
    *,
    scan_id: str | None,
    now: datetime,
    cards: TravelCards,
    index: BlindIndex,
    limits: Limits,
    vault: Vault,
    people: People,
    directory: Directory,
    policies: Policies,
    scans: Scans,
) -> Snapshot:
    """Exchange the code for the day's card; a second time that day the known one is answered.

    `scan_id`: the scan of the actor's on whose page the code was entered, and which is judged
    again with the card, if it is at most 15 minutes old; an answer that got lost is sent again.
    Raises Forbidden (registration), Unprocessable ``travel_card_code_wrong``, NotFound,
    Unavailable, and TooMany above ten tries an hour.
    """
    require_may_scan(actor)
    if scan_id is not None:
        found = find(scan_id, now=now, directory=directory, scans=scans)
        if found is None or found.scan.person_id != actor.person_id:
            raise NotFound
        if now - found.scan.received_at > _JOINS_SCAN_FOR or not found.scan.verdict.lacks_card:
            scan_id = None
    card = of_today(actor, now)
    if card is None:
        phone, person_id = _phone(actor, vault), actor.person_id
        limits.charge("card-try", person_id, limit=_TRIES_AN_HOUR, seconds=3600, now=now)
        day = local_day(now, CHINA).isoformat()
        # By a keyed hash: the code itself could be guessed from a plain one.
        request_id = index.of("travel-card", f"{person_id}:{day}:{code}")
        answer = cards.exchange(phone, code, request_id=request_id)
        if answer is None:
            raise Unprocessable("travel_card_code_wrong")
        if answer.observed_at is not None and answer.observed_at - now > _CLOCK_TOLERANCE:
            raise Unavailable
        registration = actor.profile.registration
        card = Snapshot(_CARD, answer.state, answer.observed_at, now, registration)
        people.save_snapshot(person_id, card)
    if scan_id is not None:
        person = replace(actor.record, snapshots={**actor.record.snapshots, _CARD: card})
        reconsider(
            scan_id, person, final=False, card=True, now=now,
            people=people, directory=directory, policies=policies, scans=scans,
        )  # fmt: skip
    return card


def of_today(actor: Actor, now: datetime) -> Snapshot | None:
    """The card of the local day, if the actor has it."""
    card = actor.record.current(_CARD)
    return card if card and same_day(card.fetched_at, now) else None


def _phone(actor: Actor, vault: Vault) -> str:
    return vault.open(actor.profile.phone, f"{actor.person_id}/phone")
