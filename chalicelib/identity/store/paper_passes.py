"""The history of paper passes, the states of their files, and the store of both."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.attributes import (
    EnumAttribute,
    EpochMsAttribute,
    EpochSecondsAttribute,
    TextAttribute,
)
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.table import (
    ABSENT,
    Change,
    Check,
    ConditionFailed,
    Delete,
    Item,
    Put,
    Raw,
    Table,
)
from chalicelib.identity.paper_passes import (
    HISTORY_KEPT,
    SUFFIXES,
    Ending,
    FileState,
    PaperFile,
    PassRecord,
)
from chalicelib.identity.people import IssuedPass
from chalicelib.identity.store.family_items import link_stands
from chalicelib.identity.store.issued_pass import PaperPassItem, pass_item


class PassHistoryItem(Item):
    """PASS#lms#serial: a paper pass in its owner's history."""

    expires = EpochSecondsAttribute(attr_name="ex")
    full_name = BooleanAttribute(attr_name="fn", null=True)
    issued_by = TextAttribute(attr_name="by")
    ended = EpochMsAttribute(attr_name="en", null=True)
    ending = EnumAttribute(Ending, attr_name="rs", null=True)
    correlation = TextAttribute(attr_name="ci")
    ttl = EpochSecondsAttribute()


class PaperFileItem(Item):
    """PAPER#form: a file of the paper pass `serial`."""

    serial = UnicodeAttribute(attr_name="se")
    state = EnumAttribute(FileState, attr_name="st")
    requested = EpochMsAttribute(attr_name="rq")
    correlation = UnicodeAttribute(attr_name="ci")
    ttl = EpochSecondsAttribute()


def read_pass_record(raw: Raw) -> tuple[str, PassRecord, str]:
    """Return the owner's id, the pass, and the correlation id of its last change."""
    item = PassHistoryItem.read(raw)
    record = PassRecord(
        serial=item.sk.rpartition("#")[2],
        issued_at=from_epoch_ms(keys.issued_at_ms(item.sk)),
        expires_at=item.expires,
        full_name=bool(item.full_name),
        issued_by=item.issued_by,
        ended_at=item.ended,
        ending=item.ending,
    )
    return keys.person_of(item.pk), record, item.correlation


def read_paper_file(raw: Raw) -> tuple[str, PaperFile, str]:
    """Return the owner's id, the file, and the correlation id of its request."""
    item = PaperFileItem.read(raw)
    file = PaperFile(
        form=item.sk.removeprefix(keys.PAPER_FILES),
        serial=item.serial,
        state=item.state,
        requested_at=item.requested,
        expires_at=item.ttl,
    )
    return keys.person_of(item.pk), file, item.correlation


class PaperPassStore:
    """Paper passes in the table. See `paper_passes.IssuedPasses`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def issue(
        self,
        person_id: str,
        new: IssuedPass,
        former: IssuedPass | None,
        files: Sequence[PaperFile],
        correlation: str,
    ) -> bool:
        """See `IssuedPasses.issue`. The condition is on the serial alone: a revoked pass stays.

        A guardian's link is a condition too, because it may have ended since the request began, and
        its end has looked for their pass already.
        """
        known = ABSENT if former is None else PaperPassItem.serial == former.serial
        writes: list[Put | Change | Check] = [
            Put(pass_item(person_id, new), known),
            Put(
                PassHistoryItem.at(
                    keys.issued_pass(person_id, epoch_ms(new.issued_at), new.serial),
                    expires=new.expires_at,
                    full_name=new.full_name or None,
                    issued_by=new.issued_by,
                    correlation=correlation,
                    ttl=new.issued_at + HISTORY_KEPT,
                )
            ),
            *(Put(_file_item(person_id, file, correlation)) for file in files),
        ]
        if former is not None:
            writes.append(_end(person_id, former, Ending.REPLACED, new.issued_at, correlation))
        if new.by_guardian:
            writes.append(link_stands(new.issued_by, person_id))
        return self._table.try_transact(*writes)

    def revoke(
        self, person_id: str, standing: IssuedPass, *, at: datetime, correlation: str
    ) -> bool:
        """See `IssuedPasses.revoke`."""
        stands = (PaperPassItem.serial == standing.serial) & PaperPassItem.revoked.does_not_exist()
        return self._table.try_transact(
            Change(keys.paper_pass(person_id), [PaperPassItem.revoked.set(True)], stands),
            _end(person_id, standing, Ending.REVOKED, at, correlation),
            *(Delete(keys.paper_file(person_id, form)) for form in SUFFIXES),
        )

    def history(self, person_id: str, after: str, page: int) -> Iterator[tuple[str, PassRecord]]:
        """See `IssuedPasses.history`."""
        # The place is the sort key without its prefix; no sort key lies between it and "place!".
        start = f"{keys.PASSES}{after}!" if after else keys.PASSES
        found = self._table.query(keys.person(person_id), (start, keys.PASSES_TO), page=page)
        for raw in found:
            yield raw["sk"]["S"].removeprefix(keys.PASSES), read_pass_record(raw)[1]

    def files(self, person_id: str) -> list[PaperFile]:
        """See `IssuedPasses.files`."""
        span = (keys.PAPER_FILES, keys.PAPER_FILES_TO)
        found = self._table.query(keys.person(person_id), span, consistent=True)
        return [read_paper_file(raw)[1] for raw in found]

    def file(self, person_id: str, form: str) -> PaperFile | None:
        """See `IssuedPasses.file`."""
        raw = self._table.get(keys.paper_file(person_id, form))
        return None if raw is None else read_paper_file(raw)[1]

    def request(self, person_id: str, file: PaperFile, correlation: str) -> bool:
        """See `IssuedPasses.request`."""
        try:
            self._table.put(
                _file_item(person_id, file, correlation),
                ABSENT | (PaperFileItem.serial == file.serial),
            )
        except ConditionFailed:
            return False
        return True

    def finish(self, person_id: str, file: PaperFile, state: FileState) -> bool:
        """See `IssuedPasses.finish`."""
        pending = (PaperFileItem.serial == file.serial) & (PaperFileItem.state == FileState.PENDING)
        try:
            self._table.update(
                keys.paper_file(person_id, file.form), [PaperFileItem.state.set(state)], pending
            )
        except ConditionFailed:
            return False
        return True


def _file_item(person_id: str, file: PaperFile, correlation: str) -> PaperFileItem:
    return PaperFileItem.at(
        keys.paper_file(person_id, file.form),
        serial=file.serial,
        state=file.state,
        requested=file.requested_at,
        correlation=correlation,
        ttl=file.expires_at,
    )


def _end(
    person_id: str, issued: IssuedPass, ending: Ending, at: datetime, correlation: str
) -> Change:
    """Return the write that ends a pass in the history; the first ending stays.

    It writes a whole item, because the history may have been deleted by its TTL.
    """
    item = PassHistoryItem
    return Change(
        keys.issued_pass(person_id, epoch_ms(issued.issued_at), issued.serial),
        [
            item.v.set(item.v | item.FORMAT),
            item.expires.set(item.expires | issued.expires_at),
            item.ended.set(item.ended | at),
            item.ending.set(item.ending | ending),
            item.correlation.set(correlation),
            item.ttl.set(item.ttl | issued.issued_at + HISTORY_KEPT),
        ],
    )
