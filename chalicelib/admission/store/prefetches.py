"""Items of prefetch requests."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.admission.prefetching import Prefetch
from chalicelib.admission.store.providers import ProvidersAttribute
from chalicelib.core import keys
from chalicelib.core.attributes import (
    EpochMsAttribute,
    EpochSecondsAttribute,
    IntegerAttribute,
)
from chalicelib.core.table import ABSENT, ConditionFailed, Item, Raw, Table

_PREFETCH_EVERY = timedelta(seconds=60)
_LIFE = timedelta(days=1)


class PrefetchItem(Item):
    """PREFETCH: the providers to ask about a registration, the time, and the correlation id."""

    wanted = ProvidersAttribute(attr_name="wa")
    asked = EpochMsAttribute(attr_name="as")
    registration = IntegerAttribute(attr_name="rg")
    correlation = UnicodeAttribute(attr_name="ci")
    ttl = EpochSecondsAttribute()


def read_prefetch(raw: Raw) -> Prefetch:
    """Return the prefetch request in a stream image."""
    item = PrefetchItem.read(raw)
    return Prefetch(
        person_id=keys.person_of(item.pk),
        wanted=item.wanted,
        asked_at=item.asked,
        registration=item.registration,
        correlation=item.correlation,
    )


class PrefetchStore:
    """Prefetch requests in the table. See `prefetching.Prefetches`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def ask(self, prefetch: Prefetch) -> datetime:
        """See `Prefetches.ask`."""
        item = PrefetchItem.at(
            keys.prefetch(prefetch.person_id),
            wanted=prefetch.wanted,
            asked=prefetch.asked_at,
            registration=prefetch.registration,
            correlation=prefetch.correlation,
            ttl=prefetch.asked_at + _LIFE,
        )
        before = prefetch.asked_at - _PREFETCH_EVERY
        due = (PrefetchItem.asked <= before) | (PrefetchItem.registration < prefetch.registration)
        try:
            self._table.put(item, ABSENT | due)
        except ConditionFailed as failure:
            return read_prefetch(failure.met[0]).asked_at if failure.met[0] else prefetch.asked_at
        return prefetch.asked_at
