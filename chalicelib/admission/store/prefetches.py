"""Items of prefetch requests."""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.admission import evidence
from chalicelib.admission.snapshots import Prefetch
from chalicelib.core import keys
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.keys import Key
from chalicelib.core.table import ABSENT, ConditionFailed, Item, Raw, Table

_PREFETCH_EVERY = timedelta(seconds=60)
_LIFE = timedelta(days=1)


class PrefetchItem(Item):
    """PREFETCH: which providers were to be asked about a registration, when, and by whose doing."""

    wanted = UnicodeAttribute(attr_name="wa")
    asked = NumberAttribute(attr_name="as")
    registration = NumberAttribute(attr_name="rg")
    correlation = UnicodeAttribute(attr_name="ci")
    ttl = NumberAttribute()


def is_prefetch(key: Key) -> bool:
    """Whether `key` is a prefetch's."""
    return key.pk.startswith("PER#") and key.sk == keys.prefetch("").sk


def read_prefetch(raw: Raw) -> Prefetch:
    """The prefetch in an image of the stream."""
    item = PrefetchItem.read(raw)
    return Prefetch(
        person_id=item.pk.removeprefix("PER#"),
        wanted=evidence.named(item.wanted),
        asked_at=from_epoch_ms(int(item.asked)),
        registration=int(item.registration),
        correlation=item.correlation,
    )


class PrefetchStore:
    """Prefetches in the table. See `snapshots.Prefetches`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def ask(self, prefetch: Prefetch) -> datetime:
        """One conditional put; a wish of the last minute stands."""
        ttl = int((prefetch.asked_at + _LIFE).timestamp())
        item = PrefetchItem.at(
            keys.prefetch(prefetch.person_id),
            wanted=evidence.letters(prefetch.wanted),
            asked=epoch_ms(prefetch.asked_at),
            registration=prefetch.registration,
            correlation=prefetch.correlation,
            ttl=ttl,
        )
        before = epoch_ms(prefetch.asked_at - _PREFETCH_EVERY)
        due = (PrefetchItem.asked <= before) | (PrefetchItem.registration < prefetch.registration)
        try:
            self._table.put(item, ABSENT | due)
        except ConditionFailed as failure:
            return read_prefetch(failure.met[0]).asked_at if failure.met[0] else prefetch.asked_at
        return prefetch.asked_at
