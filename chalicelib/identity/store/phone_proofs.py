"""The item and store of phone proofs that carry no time."""

from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import EpochMsAttribute
from chalicelib.core.table import ABSENT, ConditionFailed, Item, Table
from chalicelib.identity.people import REPLAY


class PhoneProofItem(Item):
    """PROOF: who showed it first, and when. It has no end, because the proof has none."""

    by = UnicodeAttribute(attr_name="by")
    at_ = EpochMsAttribute(attr_name="at")


class PhoneProofStore:
    """Phone proofs in the table. See `logins.PhoneProofs`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, blind: str, by: str, *, now: datetime) -> bool:
        """See `logins.PhoneProofs.claim`. The condition is that there is no item."""
        key = keys.phone_proof(blind)
        try:
            self._table.put(PhoneProofItem.at(key, by=by, at_=now), ABSENT)
        except ConditionFailed as failure:
            met = failure.met[0] or self._table.get(key)
            item = PhoneProofItem.read(met) if met else None
            return item is not None and item.by == by and abs(now - item.at_) <= REPLAY
        return True
