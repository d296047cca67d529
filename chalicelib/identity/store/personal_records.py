"""Items of personal records."""

from collections.abc import Iterator

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EpochMsAttribute,
    EpochSecondsAttribute,
    SealedAttribute,
    TextAttribute,
)
from chalicelib.core.clock import epoch_ms
from chalicelib.core.keys import Key
from chalicelib.core.table import ABSENT, ConditionFailed, Item, Put, Raw, Table
from chalicelib.identity.personal_records import PersonalRecord, RecordReference


class PersonalRecordItem(Item):
    """REC#kind: a record of a person; its contents are sealed."""

    moment = EpochMsAttribute(attr_name="at")
    contents = SealedAttribute(attr_name="co")
    recorded = EpochMsAttribute(attr_name="ra")
    nonce = TextAttribute(attr_name="no")
    fingerprint = UnicodeAttribute(attr_name="bh")
    correlation = UnicodeAttribute(attr_name="ci")
    guardian = TextAttribute(attr_name="gu")
    joined = TextAttribute(attr_name="sc")
    ttl = EpochSecondsAttribute()


def read_record(raw: Raw) -> PersonalRecord:
    """Return the record in a raw item, from a read or from the stream."""
    item = PersonalRecordItem.read(raw)
    _, kind, _, digest = item.sk.split("#")
    return PersonalRecord(
        person_id=keys.person_of(item.pk),
        kind=kind,
        at=item.moment,
        digest=digest,
        contents=item.contents,
        recorded_at=item.recorded,
        nonce=item.nonce,
        fingerprint=item.fingerprint,
        correlation=item.correlation,
        until=item.ttl,
        guardian_id=item.guardian,
        scan_id=item.joined,
    )


class PersonalRecordStore:
    """Personal records in the table. See `personal_records.PersonalRecords`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, record: PersonalRecord, *others: PersonalRecord) -> PersonalRecord | None:
        """See `PersonalRecords.put`. A failed condition without the old item: one GetItem more."""
        try:
            if others:
                self._table.transact(*(Put(_item(one), ABSENT) for one in (record, *others)))
            else:
                self._table.put(_item(record), ABSENT)
        except ConditionFailed as failure:
            if failure.met[0]:
                return read_record(failure.met[0])
            reference = RecordReference(record.kind, record.at, record.digest)
            standing = self.get(record.person_id, reference)
            if standing is None:
                raise
            return standing
        return None

    def get(self, person_id: str, reference: RecordReference) -> PersonalRecord | None:
        """See `PersonalRecords.get`."""
        raw = self._table.get(_key(person_id, reference))
        return None if raw is None else read_record(raw)

    def of(self, person_id: str, kind: str, after: str, page: int) -> Iterator[PersonalRecord]:
        """See `PersonalRecords.of`."""
        begin = keys.records(kind)
        place = RecordReference.parse(after) if after else None
        start = f"{_key(person_id, place).sk}~" if place else begin
        for raw in self._table.query(keys.person(person_id), (start, f"{begin}~"), page=page):
            yield read_record(raw)


def _key(person_id: str, reference: RecordReference) -> Key:
    return keys.record(person_id, reference.kind, epoch_ms(reference.at), reference.digest)


def _item(record: PersonalRecord) -> PersonalRecordItem:
    reference = RecordReference(record.kind, record.at, record.digest)
    return PersonalRecordItem.at(
        _key(record.person_id, reference),
        moment=record.at,
        contents=record.contents,
        recorded=record.recorded_at,
        nonce=record.nonce,
        fingerprint=record.fingerprint,
        correlation=record.correlation,
        guardian=record.guardian_id,
        joined=record.scan_id,
        ttl=record.until,
    )
