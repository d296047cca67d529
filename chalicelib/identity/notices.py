"""Notices that medical observation has ended (解除医学观察告知书, YK-37).

Officers issue them, until they have routes of their own by an operator's command.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from chalicelib.core import ids
from chalicelib.core.clock import CHINA, start_of_day
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.identity import documents, personal, records
from chalicelib.identity.people import Holder, People
from chalicelib.identity.personal_records import (
    PersonalRecord,
    PersonalRecords,
    page_of,
)

_KIND = "notice"


class Notice(NamedTuple):
    """A notice: the days in China on which observation began and ended, and who issued it."""

    began_on: date
    ended_on: date
    authority: str


class Issued(NamedTuple):
    """A notice on file."""

    record: PersonalRecord
    notice: Notice


class NoticePage(NamedTuple):
    """A page of notices, newest first; `last` is the position of its last one if more follow."""

    notices: Sequence[Issued]
    last: str | None


class Notices:
    """Issues and shows notices."""

    __slots__ = ("_index", "_people", "_records", "_vault")

    def __init__(
        self, *, records: PersonalRecords, people: People, index: BlindIndex, vault: Vault
    ) -> None:
        self._records = records
        self._people = people
        self._index = index
        self._vault = vault

    def issue(
        self, document_type: str, number: str, notice: Notice, *, correlation: str, now: datetime
    ) -> bool:
        """Issue a notice to the owner of a document; False if nobody has registered it.

        The same notice to the same person is issued once. `number` is in canonical form.
        """
        person_id = self._people.by_document(documents.blind(self._index, document_type, number))
        if person_id is None:
            return False
        text = _write(notice)
        fingerprint = self._index.of("record", text)
        self._records.put(
            PersonalRecord(
                person_id=person_id,
                kind=_KIND,
                at=start_of_day(notice.ended_on, CHINA),
                digest=ids.derive("record", _KIND, person_id, fingerprint),
                contents=personal.RECORD.seal(self._vault, text, person_id, now=now),
                recorded_at=now,
                nonce="",
                fingerprint=fingerprint,
                correlation=correlation,
                until=now + records.of(_KIND).kept_for,
            )
        )
        return True

    def page(self, holder: Holder, *, limit: int, after: str, now: datetime) -> NoticePage:
        """Return a page of the notices of `holder` after the position `after`, newest first.

        Cost: one Query.
        """
        page = page_of(self._records, holder.person_id, _KIND, limit=limit, after=after, now=now)
        return NoticePage([self._issued(record) for record in page.records], page.last)

    def _issued(self, record: PersonalRecord) -> Issued:
        stored = json.loads(personal.RECORD.open(self._vault, record.contents, record.person_id))
        began, ended = map(date.fromisoformat, (stored["began_on"], stored["ended_on"]))
        return Issued(record, Notice(began, ended, stored["authority"]))


def _write(notice: Notice) -> str:
    stored = {
        "began_on": notice.began_on.isoformat(),
        "ended_on": notice.ended_on.isoformat(),
        "authority": notice.authority,
    }
    return json.dumps(stored, ensure_ascii=False)
