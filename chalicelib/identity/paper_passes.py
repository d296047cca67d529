"""Paper passes (纸质通行码): issued, drawn by the render worker, reissued, revoked (JN-28, YK-8).

A person has at most one valid serial. Issue and reissue are one conditional write on the serial
that the client last saw. The write is the outbox: the stream handler has the files drawn, and those
of a former serial deleted.

A paper pass is valid for a year, unless it is replaced or revoked, or its owner registers another
document. It identifies only. It is no login and shows no colour.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import NamedTuple, Protocol

from chalicelib.core.clock import CHINA, end_of_day, epoch_ms, from_epoch_ms
from chalicelib.core.errors import Conflict, Forbidden, NotFound
from chalicelib.core.ids import Ids
from chalicelib.core.storage import Storage
from chalicelib.identity import passes
from chalicelib.identity.passes import PassState, state_of, valid_pass
from chalicelib.identity.people import (
    Holder,
    IssuedPass,
    Limits,
    People,
    PersonRecord,
    Profile,
)
from chalicelib.identity.registration import require_verified

LIFE = timedelta(days=365)
"""A pass is valid through the day, in China, on which this time after its issue ends."""
LINK_LIFE = timedelta(minutes=15)
FILES_KEPT = timedelta(days=29)  # the bucket deletes objects after 30
HISTORY_KEPT = timedelta(days=730)
"""How long a pass stays in its owner's history, from its issue."""
SUFFIXES = {"card_pdf": "pdf", "sheet_pdf": "pdf", "card_png": "png"}
"""The forms of a paper pass, with the suffixes of their files."""
_ISSUES_A_DAY = 5
_DRAWINGS_A_DAY = 10
_DAY_S = 86_400
_ASK_AGAIN_AFTER = timedelta(seconds=60)
_LOST_AFTER = timedelta(minutes=10)  # takes seconds; a failed one is delivered again in six minutes


ISSUED_BY_OFFICER = "officer"
"""The issuer of passes that an operator has printed for a village or a school."""


class Ending(StrEnum):
    """Why a serial has ended before it expired."""

    REPLACED = "replaced"
    REVOKED = "revoked"


class FileState(StrEnum):
    """The state of a file of a paper pass."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    """A character of the name cannot be printed."""


@dataclass(frozen=True)
class PaperFile:
    """A file of the paper pass `serial`. The bucket deletes it after `expires_at`."""

    form: str
    serial: str
    state: FileState
    requested_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class PassRecord:
    """A paper pass in its owner's history."""

    serial: str
    issued_at: datetime
    expires_at: datetime
    full_name: bool
    issued_by: str
    ended_at: datetime | None = None
    ending: Ending | None = None


class IssuedPasses(Protocol):
    """The store of paper passes and of the states of their files.

    The cost of a write is one TransactWriteItems, unless its docstring says otherwise.
    """

    def issue(
        self,
        person_id: str,
        new: IssuedPass,
        former: IssuedPass | None,
        files: Sequence[PaperFile],
        correlation: str,
    ) -> bool:
        """Record `new` as the person's pass in place of `former`, and request its files.

        Returns False if `former` is no longer the pass on record, or if a guardian issues it whose
        link has ended.
        """

    def revoke(
        self, person_id: str, standing: IssuedPass, *, at: datetime, correlation: str
    ) -> bool:
        """Revoke the pass on record and forget its files; False if it is another, or revoked."""

    def history(self, person_id: str, after: str, page: int) -> Iterator[tuple[str, PassRecord]]:
        """Yield the person's passes, newest first, each with its place in the list.

        `after` is the place after which the list begins, or empty. Cost: one Query for each `page`
        passes.
        """

    def files(self, person_id: str) -> list[PaperFile]:
        """Return the files on record. Cost: one strongly consistent Query."""

    def file(self, person_id: str, form: str) -> PaperFile | None:
        """Return the file of this form, or None. Cost: one strongly consistent GetItem."""

    def request(self, person_id: str, file: PaperFile, correlation: str) -> bool:
        """Request a file of the serial on record; False if there is another. Cost: one PutItem."""

    def finish(self, person_id: str, file: PaperFile, state: FileState) -> bool:
        """Record the result of a drawing; False if the file is another. Cost: one UpdateItem."""


class ShownFile(NamedTuple):
    """A file as its owner sees it; `state` is None if it is to be requested again.

    `url` expires at `expires_at`.
    """

    form: str
    state: FileState | None
    url: str | None
    expires_at: datetime | None


class ShownPass(NamedTuple):
    """A paper pass as its owner sees it. `issued` is None before the first one."""

    issued: IssuedPass | None
    state: PassState | None
    files: tuple[ShownFile, ...]

    @property
    def pending(self) -> bool:
        """Whether a file is being drawn."""
        return any(file.state is FileState.PENDING for file in self.files)


class HistoryEntry(NamedTuple):
    """A paper pass in the list of its owner."""

    record: PassRecord
    state: PassState


class HistoryPage(NamedTuple):
    """A page of the history; `last` is the place of its last entry, or None at the end."""

    items: tuple[HistoryEntry, ...]
    last: str | None


def printed(serial: str) -> str:
    """Return a serial as it is printed: ``XXXX-XXXX-XXXX``."""
    return "-".join(serial[start : start + 4] for start in range(0, passes.SERIAL, 4))


class PaperPasses:
    """Issues, shows and revokes paper passes.

    The caller has authorised the holder: the actor, a dependant, or a person whom a device serves.
    The record of a dependant is read again, strongly consistent.
    """

    __slots__ = ("_ids", "_issued", "_limits", "_people", "_storage")

    def __init__(
        self, *, issued: IssuedPasses, people: People, limits: Limits, ids: Ids, storage: Storage
    ) -> None:
        self._issued = issued
        self._people = people
        self._limits = limits
        self._ids = ids
        self._storage = storage

    def issue(
        self,
        holder: Holder,
        *,
        full_name: bool,
        replaces: str,
        correlation: str,
        now: datetime,
        by: str = "",
    ) -> ShownPass:
        """Issue a paper pass to `holder` and have its files drawn; return it.

        `replaces` is the serial on record when the issuer last looked, or empty. It may also be
        empty if that one is no longer valid. `by` is the id of the device that issues it, or empty
        for the person or their guardian. A retry returns the pass that the first attempt issued.

        Raises Forbidden ``registration_required``, ``registration_rejected``,
        ``registration_not_verified``; Conflict ``version_conflict`` if another serial is on
        record; TooMany above five a day, by the person and guardians together, or by one device.
        """
        record = self._current(holder)
        profile = _require_approved(record)
        standing = _standing(record, replaces, full_name=full_name, now=now)
        if standing is not None:
            return self._shown(record, standing, now)
        person_id = profile.person_id
        # A device has a quota of its own, so that it cannot use up the person's.
        whom = f"{person_id}/{by}" if by else person_id
        self._limits.charge("paper_pass", whom, limit=_ISSUES_A_DAY, seconds=_DAY_S, now=now)
        issued_at = from_epoch_ms(epoch_ms(now))
        new = IssuedPass(
            serial=self._ids.random()[-passes.SERIAL :],
            issued_at=issued_at,
            expires_at=end_of_day(issued_at + LIFE, CHINA),
            full_name=full_name,
            issued_by=by or holder.guardian_id,
            replaces=replaces,
            document=profile.document_beginning,
        )
        files = [_requested(form, new.serial, now) for form in SUFFIXES]
        if self._issued.issue(person_id, new, record.paper_pass, files, correlation):
            return self._shown(record, new, now)
        # Another request came first. It may have been the same one.
        record = self._people.load(person_id)
        standing = _standing(record, replaces, full_name=full_name, now=now)
        if standing is None:
            raise Conflict("version_conflict")
        return self._shown(record, standing, now)

    def show(self, holder: Holder, *, now: datetime) -> ShownPass:
        """Return the paper pass of `holder`. Cost: one Query, if it is valid."""
        record = self._current(holder)
        if record.paper_pass is None:
            return ShownPass(None, None, ())
        return self._shown(record, record.paper_pass, now)

    def draw_again(
        self, holder: Holder, form: str | None, *, correlation: str, now: datetime
    ) -> ShownPass:
        """Request the file of this form, or each file, unless it is ready or being drawn.

        If the pass is replaced meanwhile, this returns the new one, whose files are being drawn.
        Raises NotFound without a valid pass; Forbidden ``registration_not_verified``,
        ``registration_rejected`` after an edit, because nobody has verified the name that would be
        printed; TooMany above ten a day.
        """
        record = self._current(holder)
        issued, person_id = valid_pass(record, now), holder.person_id
        if issued is None:
            raise NotFound
        _require_approved(record)
        known = {file.form: file for file in self._issued.files(person_id)}
        wanted = [
            one
            for one in SUFFIXES
            if form in (None, one) and not _is_fresh(known.get(one), issued.serial, now)
        ]
        if wanted:
            self._limits.charge(
                "paper_files", person_id, limit=_DRAWINGS_A_DAY, seconds=_DAY_S, now=now
            )
        for one in wanted:
            file = _requested(one, issued.serial, now)
            if not self._issued.request(person_id, file, correlation):
                return self.show(Holder(self._people.load(person_id)), now=now)
        return self._shown(record, issued, now)

    def revoke(self, holder: Holder, serial: str, *, correlation: str, now: datetime) -> ShownPass:
        """Revoke the pass `serial`, which counts at the next scan. A retry changes nothing.

        Raises Conflict ``version_conflict`` if another serial, or none, is on record.
        """
        record, person_id = self._current(holder), holder.person_id
        issued = record.paper_pass
        if issued is None or issued.serial != serial:
            raise Conflict("version_conflict")
        if not issued.revoked and not self._issued.revoke(
            person_id, issued, at=now, correlation=correlation
        ):
            met = self._people.load(person_id).paper_pass
            if met is None or met.serial != serial or not met.revoked:
                raise Conflict("version_conflict")
        return self._shown(record, replace(issued, revoked=True), now)

    def history(self, holder: Holder, *, limit: int, after: str, now: datetime) -> HistoryPage:
        """Return a page of the holder's paper passes, newest first. Cost: one Query."""
        record = self._current(holder)
        found = list(islice(self._issued.history(holder.person_id, after, limit + 1), limit + 1))
        items = tuple(
            HistoryEntry(one, _listed(one, record, now))
            for _, one in found[:limit]
            if now < one.issued_at + HISTORY_KEPT  # deleted later, but gone
        )
        return HistoryPage(items, found[limit - 1][0] if len(found) > limit else None)

    def _current(self, holder: Holder) -> PersonRecord:
        return self._people.load(holder.person_id) if holder.guardian_id else holder.record

    def _shown(self, record: PersonRecord, issued: IssuedPass, now: datetime) -> ShownPass:
        profile = record.profile
        state = state_of(issued, profile, now)
        if profile is None or state is not PassState.VALID:
            return ShownPass(issued, state, ())
        known = {file.form: file for file in self._issued.files(profile.person_id)}
        files = (
            self._shown_file(profile.person_id, issued.serial, form, known.get(form), now)
            for form in SUFFIXES
        )
        return ShownPass(issued, state, tuple(files))

    def _shown_file(
        self, person_id: str, serial: str, form: str, file: PaperFile | None, now: datetime
    ) -> ShownFile:
        if file is None or file.serial != serial or file.expires_at <= now:
            return ShownFile(form, None, None, None)
        if file.state is FileState.PENDING and now - file.requested_at >= _LOST_AFTER:
            return ShownFile(form, None, None, None)
        if file.state is not FileState.READY:
            return ShownFile(form, file.state, None, None)
        filename = f"通行码-{printed(serial)}.{SUFFIXES[form]}"
        link = self._storage.link(object_key(person_id, serial, form), filename, LINK_LIFE)
        return ShownFile(form, file.state, link, now + LINK_LIFE)


def object_key(person_id: str, serial: str, form: str) -> str:
    """Return the key of a file in the bucket; erasure finds the files by ``cards/<person>/``."""
    return f"cards/{person_id}/{serial}/{form}.{SUFFIXES[form]}"


def _require_approved(record: PersonRecord) -> Profile:
    profile = record.profile
    if profile is None or profile.shadow_until is not None:
        raise Forbidden("registration_required")
    require_verified(profile)
    return profile


def _standing(
    record: PersonRecord, replaces: str, *, full_name: bool, now: datetime
) -> IssuedPass | None:
    """Return the valid pass that an earlier attempt of this request issued; None to issue one.

    Raises Conflict ``version_conflict``.
    """
    issued = record.paper_pass
    if issued is None:
        if replaces:
            raise Conflict("version_conflict")
        return None
    valid = state_of(issued, record.profile, now) is PassState.VALID
    if replaces == issued.serial or (not replaces and not valid):
        return None
    if valid and (issued.replaces, issued.full_name) == (replaces, full_name):
        return issued
    raise Conflict("version_conflict")


def _requested(form: str, serial: str, now: datetime) -> PaperFile:
    return PaperFile(form, serial, FileState.PENDING, now, now + FILES_KEPT)


def _is_fresh(file: PaperFile | None, serial: str, now: datetime) -> bool:
    if file is None or file.serial != serial:
        return False
    if file.state is FileState.READY:
        return file.expires_at > now
    return file.state is FileState.PENDING and now - file.requested_at < _ASK_AGAIN_AFTER


def _listed(one: PassRecord, record: PersonRecord, now: datetime) -> PassState:
    current = record.paper_pass
    if current is not None and current.serial == one.serial:
        return state_of(current, record.profile, now)
    return PassState.REPLACED if one.ending is None else PassState(one.ending.value)
