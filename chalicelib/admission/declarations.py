"""Health declarations and arrivals, by people and their guardians (YK-36, YK-37, XC-8).

A declaration is delivered to the health code provider from the stream, which sees the put
(`declaration_delivery`). A new arrival's declaration is an arrival as well.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from chalicelib.admission.declaration_form import (
    Declaration,
    DeclarationForms,
    Form,
    read_contents,
    write_contents,
)
from chalicelib.admission.eligibility import require_may_scan
from chalicelib.admission.recording import CLOCK_TOLERANCE, client_time
from chalicelib.admission.waiting import WaitingScans
from chalicelib.core import ids
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Conflict
from chalicelib.core.submission import Submission
from chalicelib.identity import personal, records
from chalicelib.identity.people import Holder, Limits, People, Profile
from chalicelib.identity.personal_records import (
    PersonalRecord,
    PersonalRecords,
    RecordReference,
    page_of,
)
from chalicelib.identity.registration import require_verified

_A_DAY = 20
_DECLARATION, _ARRIVAL = "declaration", "arrival"


class Filed(NamedTuple):
    """A record with its answers and the form that they answer; None for a form of the future.

    `created` is False for a retry.
    """

    record: PersonalRecord
    given: Declaration
    form: Form | None
    created: bool = False

    @property
    def guardian(self) -> str:
        """The id of the guardian who made it; empty if the person did."""
        return self.record.guardian_id


class FiledPage(NamedTuple):
    """A page of records, newest first, and the guardians who made some of them, by id.

    `last` is the position of the last one if more follow.
    """

    filed: list[Filed]
    guardians: Mapping[str, Profile]
    last: str | None


class FormInForce(NamedTuple):
    """The form in force, and until when the version before is accepted; None if it is not."""

    form: Form
    former_until: datetime | None


class Declarations:
    """Takes and shows declarations and arrivals."""

    __slots__ = ("_forms", "_index", "_limits", "_people", "_records", "_vault", "_waiting")

    def __init__(
        self,
        *,
        records: PersonalRecords,
        people: People,
        forms: DeclarationForms,
        limits: Limits,
        waiting: WaitingScans,
        index: BlindIndex,
        vault: Vault,
    ) -> None:
        self._records = records
        self._people = people
        self._forms = forms
        self._limits = limits
        self._waiting = waiting
        self._index = index
        self._vault = vault

    def form(self, now: datetime) -> FormInForce:
        """Return the form in force."""
        return FormInForce(self._forms.current(now), self._forms.former_until(now))

    def declare(
        self, holder: Holder, given: Declaration, submission: Submission, *, scan_id: str | None
    ) -> Filed:
        """Record a health declaration; with an arrival, that too, in the same transaction.

        `scan_id`: the holder's scan on whose screen it was made, which takes the colour that
        follows for 15 minutes. The registration must be verified. A retry returns the declaration
        of its nonce and is not charged. Raises BadInput, Forbidden (registration), NotFound for
        another person's scan, Unprocessable ``clock_skewed``, Conflict ``form_changed``,
        ``nonce_reused``, TooMany above 20 a day.
        """
        return self._file(_DECLARATION, holder, given, submission, scan_id)

    def arrive(self, holder: Holder, given: Declaration, submission: Submission) -> Filed:
        """Record an arrival in the province; errors are those of `declare`."""
        return self._file(_ARRIVAL, holder, given, submission, None)

    def declared(self, holder: Holder, *, limit: int, after: str, now: datetime) -> FiledPage:
        """Return a page of the declarations of `holder`; see `_page`."""
        return self._page(_DECLARATION, holder, limit=limit, after=after, now=now)

    def arrived(self, holder: Holder, *, limit: int, after: str, now: datetime) -> FiledPage:
        """Return a page of the arrivals of `holder`; see `_page`."""
        return self._page(_ARRIVAL, holder, limit=limit, after=after, now=now)

    def _file(
        self,
        kind: str,
        holder: Holder,
        given: Declaration,
        submission: Submission,
        scan_id: str | None,
    ) -> Filed:
        require_may_scan(holder.profile)
        at = client_time(submission.nonce, submission.now, CLOCK_TOLERANCE)
        # Keyed, because the few answers that are likely could be guessed from a plain digest.
        fingerprint = self._index.of("record", submission.fingerprint)
        submission = submission._replace(fingerprint=fingerprint)
        reference = _reference(kind, kind, holder, submission, at)
        standing = self._records.get(holder.person_id, reference)
        if standing is None:
            if kind == _DECLARATION:
                # It goes to the provider under a number, which might be another person's.
                require_verified(holder.profile)
            given = self._forms.check(given, submission.now)
            joins = scan_id is not None and self._waiting.takes_colour(
                holder, scan_id, submission.now
            )
            self._limits.charge(
                kind, holder.person_id, limit=_A_DAY, seconds=86_400, now=submission.now
            )
            record = self._record(reference, holder, given, submission)
            if scan_id and joins:
                record = replace(record, scan_id=scan_id)
            others = []
            if kind == _DECLARATION and given.arrival is not None:
                arrival = given._replace(health=None)
                also = _reference(_ARRIVAL, kind, holder, submission, at)
                others.append(self._record(also, holder, arrival, submission))
            standing = self._records.put(record, *others)
            if standing is None:
                return Filed(record, given, self._forms.find(given.form_version), created=True)
        if standing.fingerprint != fingerprint:
            raise Conflict("nonce_reused")
        return self._filed(standing)

    def _record(
        self, reference: RecordReference, holder: Holder, given: Declaration, by: Submission
    ) -> PersonalRecord:
        person_id, text = holder.person_id, write_contents(given)
        return PersonalRecord(
            person_id=person_id,
            kind=reference.kind,
            at=reference.at,
            digest=reference.digest,
            contents=personal.RECORD.seal(self._vault, text, person_id, now=by.now),
            recorded_at=by.now,
            nonce=by.nonce,
            fingerprint=by.fingerprint,
            correlation=by.correlation,
            until=by.now + records.of(reference.kind).kept_for,
            guardian_id=holder.guardian_id,
        )

    def _page(
        self, kind: str, holder: Holder, *, limit: int, after: str, now: datetime
    ) -> FiledPage:
        """Return a page of records after the position `after`, newest first.

        Cost: one Query, and one BatchGetItem if guardians made some of them.
        """
        page = page_of(self._records, holder.person_id, kind, limit=limit, after=after, now=now)
        filed = [self._filed(record) for record in page.records]
        guardians = {record.guardian_id for record in page.records} - {""}
        return FiledPage(filed, self._people.profiles(guardians), page.last)

    def _filed(self, record: PersonalRecord) -> Filed:
        text = personal.RECORD.open(self._vault, record.contents, record.person_id)
        given = read_contents(text)
        return Filed(record, given, self._forms.find(given.form_version))


def _reference(
    kind: str, made_as: str, holder: Holder, submission: Submission, at: datetime
) -> RecordReference:
    """Return the reference of a record of `kind`, made by a request for a record of `made_as`."""
    actor_id = holder.guardian_id or holder.person_id
    digest = ids.derive("record", kind, made_as, actor_id, holder.person_id, submission.nonce)
    return RecordReference(kind, at, digest)
