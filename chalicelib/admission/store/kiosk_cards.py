"""The items and store of the cards of kiosks."""

from datetime import datetime

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.admission.kiosks import Card
from chalicelib.core import keys
from chalicelib.core.attributes import (
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
    TextAttribute,
)
from chalicelib.core.errors import Unavailable
from chalicelib.core.table import (
    ABSENT,
    PRESENT,
    ConditionFailed,
    Item,
    Put,
    Raw,
    Table,
)


class CardItem(Item):
    """CARD#id, in the partition of its kiosk. It names nobody: the person by their id."""

    person = UnicodeAttribute(attr_name="pe")
    registration = IntegerAttribute(attr_name="rg")
    form = UnicodeAttribute(attr_name="fo")
    replaces = BooleanAttribute(attr_name="rp", null=True)
    fingerprint = UnicodeAttribute(attr_name="fp")
    requested = EpochMsAttribute(attr_name="rq")
    serial = TextAttribute(attr_name="se")
    refused = BooleanAttribute(attr_name="rf", null=True)
    ttl = EpochSecondsAttribute()


class PersonCardItem(Item):
    """KIOSK#kio#id, in the person's partition: printing and erasure find the card by it."""

    ttl = EpochSecondsAttribute()


def _card(raw: Raw, now: datetime) -> Card | None:
    item = CardItem.read(raw)
    if item.ttl <= now:
        return None
    return Card(
        card_id=item.sk.removeprefix(keys.kiosk_card("", "").sk),
        kiosk_id=keys.device_of(item.pk),
        person_id=item.person,
        registration=item.registration,
        form=item.form,
        replaces=bool(item.replaces),
        fingerprint=item.fingerprint,
        requested_at=item.requested,
        serial=item.serial,
        refused=bool(item.refused),
    )


class CardStore:
    """Cards in the table. See `kiosks.Cards`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, card: Card, until: datetime) -> Card | None:
        """See `Cards.put`."""
        item = CardItem.at(
            keys.kiosk_card(card.kiosk_id, card.card_id),
            person=card.person_id,
            registration=card.registration,
            form=card.form,
            replaces=card.replaces or None,
            fingerprint=card.fingerprint,
            requested=card.requested_at,
            ttl=until,
        )
        try:
            self._table.transact(Put(item, ABSENT), Put(_of_person(card, until)))
        except ConditionFailed:
            standing = self.card(card.kiosk_id, card.card_id, card.requested_at)
            if standing is None:
                raise Unavailable from None
            return standing
        return None

    def card(self, kiosk_id: str, card_id: str, now: datetime) -> Card | None:
        """See `Cards.card`. DynamoDB may delete an item days after its TTL."""
        raw = self._table.get(keys.kiosk_card(kiosk_id, card_id))
        return None if raw is None else _card(raw, now)

    def waiting(self, person_id: str, now: datetime) -> list[Card]:
        """See `Cards.waiting`."""
        span = (keys.PERSON_CARDS, keys.PERSON_CARDS_TO)
        found = self._table.query(keys.person(person_id), span, consistent=True)
        wanted = [keys.kiosk_card(*keys.card_of(raw["sk"]["S"])) for raw in found]
        cards = [_card(raw, now) for raw in self._table.batch_get(wanted)]
        return [card for card in cards if card is not None and card.waits]

    def finish(self, card: Card) -> None:
        """See `Cards.finish`. The condition is that the card waits."""
        item = CardItem
        result = item.refused.set(True) if card.refused else item.serial.set(card.serial)
        waits = item.serial.does_not_exist() & item.refused.does_not_exist()
        try:
            self._table.update(
                keys.kiosk_card(card.kiosk_id, card.card_id), [result], PRESENT & waits
            )
        except ConditionFailed:
            return


def _of_person(card: Card, until: datetime) -> PersonCardItem:
    key = keys.person_card(card.person_id, card.kiosk_id, card.card_id)
    return PersonCardItem.at(key, ttl=until)
