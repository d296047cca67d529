"""The item and store of wrapped data keys."""

from pynamodb.attributes import BinaryAttribute

from chalicelib.core import keys
from chalicelib.core.errors import Unavailable
from chalicelib.core.table import ABSENT, ConditionFailed, Item, Table


class WrappedKeyItem(Item):
    """DATAKEY#id."""

    wrapped = BinaryAttribute(attr_name="wk", legacy_encoding=False)


class WrappedKeyStore:
    """Data keys of personal fields, wrapped by KMS. See `adapters.keys.WrappedKeys`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, key_id: str) -> bytes | None:
        """See `WrappedKeys.get`."""
        raw = self._table.get(keys.data_key(key_id))
        return None if raw is None else WrappedKeyItem.read(raw).wrapped

    def put_if_absent(self, key_id: str, wrapped: bytes) -> bytes:
        """See `WrappedKeys.put_if_absent`. If the condition fails, reads the key on record."""
        try:
            self._table.put(WrappedKeyItem.at(keys.data_key(key_id), wrapped=wrapped), ABSENT)
        except ConditionFailed:
            kept = self.get(key_id)
            if kept is None:
                raise Unavailable from None
            return kept
        return wrapped
