"""The items and store of consent codes.

``CONSENT#blind`` finds the person who made a code. Their ``OWN#CONSENT`` item holds the one code
that is valid; using it up deletes that item. ``CONSENT#blind`` stays, for a retry of that use.
"""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import EpochSecondsAttribute
from chalicelib.core.table import Delete, Item, LeadItem, Put, Table

_LEFTOVER = timedelta(days=1)


class GiverItem(Item):
    """CONSENT#blind: the person who made the code."""

    person = UnicodeAttribute(attr_name="pe")
    ttl = EpochSecondsAttribute()


class ConsentItem(Item):
    """PER#per · OWN#CONSENT: the valid code."""

    code = UnicodeAttribute(attr_name="cd")
    expires = EpochSecondsAttribute(attr_name="ex")
    ttl = EpochSecondsAttribute()


class ConsentStore:
    """Consent codes in the table. See `consents.Consents`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, person_id: str, blind: str, expires_at: datetime) -> None:
        """See `Consents.put`. The items of a former code stay until their TTL, without effect."""
        ttl = expires_at + _LEFTOVER
        giver = keys.consent(blind)
        self._table.transact(
            Put(GiverItem.at(giver, person=person_id, ttl=ttl)),
            Put(LeadItem.at(keys.lead(person_id, giver.pk), ttl=ttl)),
            Put(
                ConsentItem.at(
                    keys.valid_consent(person_id), code=blind, expires=expires_at, ttl=ttl
                )
            ),
        )

    def giver(self, blind: str) -> str | None:
        """See `Consents.giver`."""
        raw = self._table.get(keys.consent(blind))
        return None if raw is None else GiverItem.read(raw).person


def spending(person_id: str, blind: str, now: datetime) -> Delete:
    """Return the write that uses up a person's code, if it is valid at `now`."""
    valid = (ConsentItem.code == blind) & (ConsentItem.expires > now)
    return Delete(keys.valid_consent(person_id), valid)
