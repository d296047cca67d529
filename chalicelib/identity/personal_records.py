"""Personal records: what a person has on file, and the protocol of their store.

A record's key follows from the person, its kind, its time and a hash, so that a retry meets its own
item. Its contents are one sealed text. Records are not read at the door.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.core import ids, keys
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.identity import records

_MOMENT = re.compile("[0-9a-f]{12}")


class RecordReference(NamedTuple):
    """The content of a record's id: kind, time and hash."""

    kind: str
    at: datetime
    digest: str

    @property
    def record_id(self) -> str:
        """The record's id, unique among the records of a person."""
        return f"{records.of(self.kind).prefix}_{epoch_ms(self.at):012x}_{self.digest}"

    @classmethod
    def parse(cls, record_id: str) -> "RecordReference | None":
        """Return the content of an id, or None if it is malformed."""
        prefix, *values = record_id.split("_")
        kind = records.with_prefix(prefix)
        if kind is None or len(values) != 2:
            return None
        moment, digest = values
        if not (_MOMENT.fullmatch(moment) and ids.is_code(digest)):
            return None
        at_ms = int(moment, 16)
        return None if at_ms > keys.LAST_MS else cls(kind.name, from_epoch_ms(at_ms), digest)


@dataclass(frozen=True)
class PersonalRecord:
    """A record of a person.

    `at` is the time of the fact by the client's nonce, `recorded_at` the server's. `contents` is
    sealed (`personal.RECORD`). `fingerprint` is a keyed digest of what was sent. `guardian_id` is
    the guardian who made it for a dependant; empty if the person made it, or an officer. `scan_id`
    is the scan on whose screen it was made, which takes the colour that follows; empty for none.
    `until` is the time of its deletion.
    """

    person_id: str
    kind: str
    at: datetime
    digest: str
    contents: bytes
    recorded_at: datetime
    nonce: str
    fingerprint: str
    correlation: str
    until: datetime
    guardian_id: str = ""
    scan_id: str = ""

    @property
    def record_id(self) -> str:
        """The record's id."""
        return RecordReference(self.kind, self.at, self.digest).record_id


class PersonalRecords(Protocol):
    """The store of personal records, implemented in `identity/store`."""

    def put(self, record: PersonalRecord, *others: PersonalRecord) -> PersonalRecord | None:
        """Record all of them, or return the record that is already stored under the first key.

        Cost: one conditional PutItem, or one TransactWriteItems if there are `others`. Raises
        StoreError if only another one is already stored.
        """

    def get(self, person_id: str, reference: RecordReference) -> PersonalRecord | None:
        """Return the person's record, or None. Cost: one strongly consistent GetItem."""

    def of(self, person_id: str, kind: str, after: str, page: int) -> Iterator[PersonalRecord]:
        """Yield the person's records of a kind after the id `after`, newest first.

        `after` is empty for the beginning. Cost: one Query per `page` records, eventually
        consistent.
        """


class RecordPage(NamedTuple):
    """A page of records, newest first; `last` is the id of its last one if more follow."""

    records: Sequence[PersonalRecord]
    last: str | None


def page_of(
    records: PersonalRecords, person_id: str, kind: str, *, limit: int, after: str, now: datetime
) -> RecordPage:
    """Return a page of the person's records of a kind after the id `after`. Cost: one Query.

    An expired record is gone, even if it is still stored. So a page may hold fewer than `limit`.
    """
    found = list(islice(records.of(person_id, kind, after, limit + 1), limit + 1))
    last = found[limit - 1].record_id if len(found) > limit else None
    return RecordPage([one for one in found[:limit] if one.until > now], last)
