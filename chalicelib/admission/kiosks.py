"""Kiosks (粤智助): a person's document is read, their paper pass is printed (JN-30, YK-8).

A kiosk can print everyone's pass. So its requests are charged to quotas and put on the person's
access records before a person is looked up, and answered after two seconds at the earliest. Then an
unknown person, a wrong name and a person erased meanwhile read the same: ``rejected``.

The card is recorded first, then printed if the person is verified. If not, it waits: the stream
function prints it once they are.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from chalicelib.admission.accesses import Accesses, AccessKind, device_access
from chalicelib.admission.recording import CLOCK_TOLERANCE, client_time
from chalicelib.core import ids
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.crypto import BlindIndex
from chalicelib.core.errors import Conflict, NotFound, TooMany, Unavailable
from chalicelib.core.submission import Submission
from chalicelib.identity.card_identities import CardIdentities
from chalicelib.identity.devices import Device
from chalicelib.identity.paper_passes import FileState, PaperPasses, ShownFile
from chalicelib.identity.passes import valid_pass
from chalicelib.identity.people import Holder, Limits, People, PersonRecord, Profile, Verification
from chalicelib.identity.registration import Entry

ANSWER_AFTER = timedelta(seconds=2)
"""The earliest answer, as after a manual check."""
KEPT = timedelta(days=1)
_POLL = timedelta(seconds=1)
_KIOSK_DAY = 500
_DOCUMENT_DAY = 20
_DOCUMENT_AT_KIOSK_DAY = 5
_DAY_S = 86_400
_TRIES = 3


class CardState(StrEnum):
    """The state of a card as the kiosk sees it.

    ``FAILED``: a character of the name cannot be printed.
    """

    PENDING = "pending"
    READY = "ready"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True)
class Card:
    """A card that was asked for at a kiosk.

    `person_id` and `registration` are the person and the version of their registration then.
    `form` is that of a paper pass. `replaces`: the former pass was lost. `serial` is that of the
    printed pass, empty until then. `refused`: it will not be printed.
    """

    card_id: str
    kiosk_id: str
    person_id: str
    registration: int
    form: str
    replaces: bool
    fingerprint: str
    requested_at: datetime
    serial: str = ""
    refused: bool = False

    @property
    def waits(self) -> bool:
        """Whether it is still to be printed."""
        return not self.serial and not self.refused


class Cards(Protocol):
    """The store of the cards of kiosks, implemented in `admission/store`."""

    def put(self, card: Card, until: datetime) -> Card | None:
        """Record a card that waits, deleted after `until`; return the one on record if any.

        Cost: one TransactWriteItems.
        """

    def card(self, kiosk_id: str, card_id: str, now: datetime) -> Card | None:
        """Return a card, None once it has expired. Cost: one strongly consistent GetItem."""

    def waiting(self, person_id: str, now: datetime) -> list[Card]:
        """Return the cards that wait for the person's verification.

        Cost: one strongly consistent Query, and one BatchGetItem if there are any.
        """

    def finish(self, card: Card) -> None:
        """Record that `card` is printed or refused; nothing happens if it was so already.

        Cost: one UpdateItem.
        """


class CardPrinting:
    """Has the passes of verified people drawn for their cards."""

    __slots__ = ("_cards", "_passes", "_people")

    def __init__(self, *, cards: Cards, passes: PaperPasses, people: People) -> None:
        self._cards = cards
        self._passes = passes
        self._people = people

    def print_waiting(self, person_id: str, *, correlation: str, now: datetime) -> int:
        """Print the cards that wait for the person, and return their number. May be repeated."""
        waiting = self._cards.waiting(person_id, now)
        for card in waiting:
            self.print(card, correlation=correlation, now=now)
        return len(waiting)

    def print(self, card: Card, *, correlation: str, now: datetime) -> None:
        """Have the card's file drawn if the person is verified; otherwise it waits.

        The valid pass is printed. One is issued if there is none, or if the card replaces the one
        that was valid when it was asked for. May be repeated. Raises Unavailable.
        """
        for _ in range(_TRIES):
            record = self._people.load(card.person_id)
            if not card.waits or not _is_verified(card, record):
                return
            try:
                serial = self._serial(card, record, correlation=correlation, now=now)
            except (Conflict, NotFound):
                continue  # another request has issued or revoked one: look again
            except TooMany:
                self._cards.finish(replace(card, refused=True))
                return
            self._cards.finish(replace(card, serial=serial))
            return
        raise Unavailable

    def file(self, card: Card, record: PersonRecord, *, now: datetime) -> ShownFile | None:
        """Return the file of a printed card; None if its pass has ended, so that no gate takes it.

        Cost: one Query.
        """
        shown = self._passes.show(Holder(record), now=now)
        if shown.issued is None or shown.issued.serial != card.serial:
            return None
        return next((one for one in shown.files if one.form == card.form), None)

    def _serial(self, card: Card, record: PersonRecord, *, correlation: str, now: datetime) -> str:
        holder, issued = Holder(record), record.paper_pass
        lost = issued is not None and card.replaces and issued.issued_at < card.requested_at
        if valid_pass(record, now) and not lost:
            shown = self._passes.draw_again(holder, card.form, correlation=correlation, now=now)
        else:
            shown = self._passes.issue(
                holder,
                by=card.kiosk_id,
                full_name=self._full_name(holder, now),
                replaces=issued.serial if issued is not None else "",
                correlation=correlation,
                now=now,
            )
        if shown.issued is None:
            raise LookupError("an issued pass is shown")
        return shown.issued.serial

    def _full_name(self, holder: Holder, now: datetime) -> bool:
        """Return the owner's choice for the former pass; False if the name cannot be printed."""
        former = self._passes.show(holder, now=now)
        failed = any(file.state is FileState.FAILED for file in former.files)
        return former.issued is not None and former.issued.full_name and not failed


class CardShown(NamedTuple):
    """A card as its kiosk sees it. `url` expires at `expires_at`; None unless it is ready.

    `poll_after` is None when the state is final.
    """

    card_id: str
    form: str
    state: CardState
    poll_after: timedelta | None = None
    url: str | None = None
    expires_at: datetime | None = None


class KioskCards:
    """The cards of a kiosk."""

    __slots__ = (
        "_accesses",
        "_cards",
        "_identities",
        "_index",
        "_limits",
        "_people",
        "_printing",
    )

    def __init__(
        self,
        *,
        printing: CardPrinting,
        identities: CardIdentities,
        cards: Cards,
        people: People,
        limits: Limits,
        accesses: Accesses,
        index: BlindIndex,
    ) -> None:
        self._printing = printing
        self._identities = identities
        self._cards = cards
        self._people = people
        self._limits = limits
        self._accesses = accesses
        self._index = index

    def request(
        self, kiosk: Device, entry: Entry, form: str, *, replaces: bool, submission: Submission
    ) -> CardShown:
        """Ask for the card of the person whose document was read; the answer is pending.

        A retry returns the card of its nonce and is not charged. The fingerprint is made here.
        Raises Unprocessable ``clock_skewed`` for a nonce more than ten minutes off, Conflict
        ``nonce_reused``, Unavailable. Raises TooMany above 500 cards a day for the kiosk, five for
        the document at this kiosk, and 20 for the document at all kiosks.
        """
        now = submission.now
        card_id = f"crd_{ids.derive('card', kiosk.device_id, submission.nonce)}"
        fingerprint = self._fingerprint(entry, form, replaces=replaces)
        card = self._cards.card(kiosk.device_id, card_id, now)
        if card is None:
            client_time(submission.nonce, now, CLOCK_TOLERANCE)
            person = self._found(kiosk, entry, submission)
            card = Card(
                card_id,
                kiosk.device_id,
                person.person_id,
                person.registration,
                form,
                replaces,
                fingerprint,
                requested_at=from_epoch_ms(epoch_ms(now)),
            )
            card = self._cards.put(card, now + KEPT) or card
        if card.fingerprint != fingerprint:
            raise Conflict("nonce_reused")
        self._printing.print(card, correlation=submission.correlation, now=now)
        return CardShown(card_id, form, CardState.PENDING, _rest(card, now))

    def card(self, kiosk: Device, card_id: str, *, now: datetime) -> CardShown:
        """Return a card of this kiosk. Raises NotFound.

        Cost: one GetItem and one Query, strongly consistent; one more Query if it is printed.
        """
        # An invalid id may be too long for a key, which DynamoDB reports as a ValidationException.
        card = None
        if ids.is_id(card_id, "crd"):
            card = self._cards.card(kiosk.device_id, card_id, now)
        if card is None:
            raise NotFound
        shown = self._shown(card, self._people.load(card.person_id), now)
        if now - card.requested_at < ANSWER_AFTER:
            return CardShown(card_id, card.form, CardState.PENDING, _rest(card, now))
        return shown

    def _found(self, kiosk: Device, entry: Entry, submission: Submission) -> Profile:
        blind, now = self._identities.blind(entry), submission.now
        # The narrowest first: one kiosk, or a stranger at it, must not use up the document's quota
        # at all others.
        for what, whom, limit in (
            ("kiosk", kiosk.device_id, _KIOSK_DAY),
            ("document-at-kiosk", f"{kiosk.device_id}/{blind}", _DOCUMENT_AT_KIOSK_DAY),
            ("kiosk-document", blind, _DOCUMENT_DAY),
        ):
            self._limits.charge(what, whom, limit=limit, seconds=_DAY_S, now=now)
        access = device_access(AccessKind.KIOSK, kiosk.device_id, kiosk.name, submission)
        self._accesses.record(blind, access)
        return self._identities.of(entry, blind, correlation=submission.correlation, now=now)

    def _shown(self, card: Card, record: PersonRecord, now: datetime) -> CardShown:
        def as_(state: CardState) -> CardShown:
            waits = _POLL if state is CardState.PENDING else None
            return CardShown(card.card_id, card.form, state, waits)

        profile = record.profile
        if card.refused or profile is None or profile.registration != card.registration:
            return as_(CardState.REJECTED)
        if profile.verification is Verification.PENDING:
            return as_(CardState.PENDING)
        if profile.verification is not Verification.VERIFIED:
            return as_(CardState.REJECTED)
        if not card.serial:
            return as_(CardState.PENDING)
        file = self._printing.file(card, record, now=now)
        if file is None:
            return as_(CardState.REJECTED)
        if file.state is FileState.READY:
            shown = as_(CardState.READY)
            return shown._replace(url=file.url, expires_at=file.expires_at)
        return as_(CardState.FAILED if file.state is FileState.FAILED else CardState.PENDING)

    def _fingerprint(self, entry: Entry, form: str, *, replaces: bool) -> str:
        """Return a keyed hash of a request: from a bare one, name and number could be guessed."""
        contents = {
            "document_number": entry.number,
            "document_type": entry.document_type,
            "form": form,
            "name": entry.name,
            "replace": replaces,
        }
        return self._index.of("kiosk_card", json.dumps(contents, ensure_ascii=False))


def _is_verified(card: Card, record: PersonRecord) -> bool:
    profile = record.profile
    return (
        profile is not None
        and profile.registration == card.registration
        and profile.verification is Verification.VERIFIED
    )


def _rest(card: Card, now: datetime) -> timedelta:
    return max(card.requested_at + ANSWER_AFTER - now, _POLL)
