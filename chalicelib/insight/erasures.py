"""Erasure: a person has all their data removed (GO-6).

A request waits for 24 hours, in which it can be cancelled. Then a scheduled run erases: first the
profile and what leads to it, so that nobody logs in any more, then everything else. Each step looks
for what is still there and removes it, so that a run that dies is continued by the next one. A
second sweep, 15 minutes later, removes what was being written during the first.

Each removal is counted on a receipt in the same transaction. The receipt names nobody. Everyone
with its id may read it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from chalicelib.admission.scan import Scan, Scans
from chalicelib.admission.shadows import shadows_of
from chalicelib.admission.waiting import WaitingScans
from chalicelib.core import ids
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import Conflict, Forbidden, NotFound, Unavailable
from chalicelib.core.ids import Ids
from chalicelib.core.logs import logger
from chalicelib.core.normalisation import person_name
from chalicelib.identity import personal, strength
from chalicelib.identity.dependants import Dependants
from chalicelib.identity.people import (
    Actor,
    Holder,
    People,
    PersonRecord,
    Profile,
    Role,
    Verification,
)
from chalicelib.identity.strength import Action
from chalicelib.venues.staffing import Staff
from chalicelib.venues.venue import Directory, Venue, Venues

COOLING_OFF = timedelta(hours=24)
SWEPT_AGAIN_AFTER = timedelta(minutes=15)
RECEIPT_KEPT_FOR = timedelta(days=3 * 365)
VISITS_KEPT_FOR = timedelta(days=28)
"""The longest time for which a policy keeps scans."""
BACKUPS_KEPT_FOR = timedelta(days=35)
"""The time that point-in-time recovery of DynamoDB reaches back."""
_TRIES = 8


class State(StrEnum):
    """The state of an erasure."""

    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    ERASING = "erasing"
    ERASED = "erased"


class Category(StrEnum):
    """What an erasure removes, as counted on the receipt."""

    ACCOUNT = "account"
    ANSWERS = "answers"
    RECORDS = "records"
    RIGHTS = "rights"
    FAMILY = "family"
    PASSES = "passes"
    VISITS = "visits"
    ACCESSES = "accesses"
    FILES = "files"


class Kept(StrEnum):
    """What is kept after an erasure, and on which ground."""

    VISITS = "visits"
    FIGURES = "figures"
    ACTIONS = "actions"
    BACKUPS = "backups"
    RECEIPT = "receipt"


class Erasure(NamedTuple):
    """An erasure and its receipt.

    `acted`: the person has acted for others, as staff or as a guardian. `erased_at` is None until
    everything is erased; `counts` says what was removed. `by_guardian`: a guardian asked for it,
    for a person who did not log in.
    """

    receipt_id: str
    state: State
    requested_at: datetime
    due_at: datetime
    acted: bool
    erased_at: datetime | None = None
    counts: Mapping[Category, int] = {}
    by_guardian: bool = False

    def kept(self) -> dict[Kept, datetime | None]:
        """Return what is kept, and until when at the latest; None is without an end."""
        kept = {
            Kept.VISITS: self.due_at + VISITS_KEPT_FOR,
            Kept.FIGURES: None,
            Kept.ACTIONS: None,
            Kept.BACKUPS: self.due_at + BACKUPS_KEPT_FOR,
            Kept.RECEIPT: self.due_at + RECEIPT_KEPT_FOR,
        }
        return {what: until for what, until in kept.items() if self.acted or what != Kept.ACTIONS}


class Traces(NamedTuple):
    """Where a person's data is, beside their own partition.

    Blind indexes of phones and of documents, and the ids of shadow subjects of the same name and
    number. They are kept on the due list until everything is erased, because the profile, from
    which they follow, is erased first.
    """

    phones: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    shadows: tuple[str, ...] = ()

    def __or__(self, other: "Traces") -> "Traces":
        return Traces(*(tuple(sorted({*a, *b})) for a, b in zip(self, other, strict=True)))

    def without_owners(self, person_id: str, people: People) -> "Traces":
        """Return the traces without those that another person owns by now.

        A person who registers again between the two sweeps is another person, and keeps their data.
        Cost: one GetItem for each phone and document.
        """
        phones = tuple(one for one in self.phones if people.by_phone(one) in (None, person_id))
        documents = tuple(
            one for one in self.documents if people.by_document(one) in (None, person_id)
        )
        return Traces(phones, documents, self.shadows if documents == self.documents else ())


class Step(StrEnum):
    """What a due erasure waits for: to be begun or continued, or to be swept a second time."""

    WAITING = "waiting"
    ERASING = "erasing"
    SWEEPING = "sweeping"


class Due(NamedTuple):
    """An erasure on the due list."""

    person_id: str
    receipt_id: str
    due_at: datetime
    step: Step
    traces: Traces


class Erasures(Protocol):
    """The store of erasures, implemented in `insight/store`.

    Each removal is counted on the receipt in its own transaction. It removes what is there, and may
    be repeated. Raises Unavailable if what is to be removed changes faster.
    """

    def schedule(self, person_id: str, erasure: Erasure) -> Erasure:
        """Record an erasure, and return it, or the one that is on record and not cancelled.

        Cost: one TransactWriteItems of three items, and one GetItem if there is one already.
        """

    def of(self, person_id: str) -> Erasure | None:
        """Return the person's erasure, without counts. Cost: one strongly consistent GetItem."""

    def cancel(self, person_id: str, erasure: Erasure) -> bool:
        """Cancel a scheduled erasure; False if it has begun. Cost: one TransactWriteItems."""

    def receipt(self, receipt_id: str) -> Erasure | None:
        """Return an erasure by its receipt. Cost: one strongly consistent GetItem."""

    def due(self, now: datetime) -> Iterator[Due]:
        """Yield the erasures that are due, the oldest first. Cost: one Query per 25."""

    def begin(self, due: Due, traces: Traces) -> bool:
        """Record that the erasure goes on with these traces; False if it was cancelled.

        Cost: one TransactWriteItems.
        """

    def postpone(self, due: Due, until: datetime, step: Step) -> bool:
        """Move the erasure to another time and step; False if it was cancelled or moved.

        Cost: one TransactWriteItems.
        """

    def finish(self, due: Due, now: datetime) -> None:
        """Take the erasure off the due list and complete its receipt. Cost: one TransactWriteItems.

        Nothing happens if another run has done it.
        """

    def venues_of(self, person_id: str) -> list[str]:
        """Return the ids of all venues where the person has a right, in force or not."""

    def dependants_of(self, person_id: str) -> list[str]:
        """Return the ids of all dependants of the person, by links in force or not.

        Cost: one strongly consistent GetItem.
        """

    def erase_account(
        self, receipt_id: str, profile: Profile, *, phone: str, document: str
    ) -> bool:
        """Erase a profile with its phone, document and platform accounts, in one transaction.

        `phone` and `document` are blind indexes, or empty if the person does not own them. Returns
        False if any of it has changed, or if the person is a venue's initial administrator.
        """

    def erase_family(self, receipt_id: str, person_id: str) -> None:
        """Erase the person's family links on both sides."""

    def erase_rights(self, receipt_id: str, person_id: str) -> None:
        """Erase the person from the lists of venues' staff."""

    def erase_partition(self, receipt_id: str, person_id: str) -> None:
        """Erase every item of a person's partition."""

    def erase_accesses(self, receipt_id: str, document: str) -> None:
        """Erase the accesses to the owner of a document, by its blind index."""

    def erase_invitations(self, receipt_id: str, phone: str) -> None:
        """Erase invitations and the one-time code of a phone, by its blind index."""

    def make_anonymous(self, receipt_id: str, scan: Scan, venue: Venue) -> bool:
        """Store the anonymous version of a scan; False if the scan has changed."""

    def count_files(self, receipt_id: str, step: Step, count: int) -> None:
        """Record how many files a step removes, unless it is recorded."""


class Files(Protocol):
    """The files of a person, implemented by `adapters.storage`."""

    def list(self, prefix: str) -> Sequence[str]:
        """Return the keys that begin with `prefix`. Cost: one ListObjectsV2 per 1,000 keys."""

    def remove(self, keys: Sequence[str]) -> None:
        """Delete objects, at most 1,000; those that do not exist are ignored."""


class HandOvers:
    """Which venues a person must hand over before an erasure."""

    __slots__ = ("_staff", "_venues")

    def __init__(self, *, venues: Venues, staff: Staff) -> None:
        self._venues = venues
        self._staff = staff

    def of(self, person_id: str, venue_ids: Collection[str]) -> list[str]:
        """Return the names of the venues of which the person is the initial or only administrator.

        Cost: one BatchGetItem, and one Query for each venue of another initial administrator.
        """
        found = self._venues.venues(sorted(venue_ids))
        return [venue.name for venue in found if self._depends_on(person_id, venue)]

    def _depends_on(self, person_id: str, venue: Venue) -> bool:
        if venue.applicant == person_id:
            return True
        chiefs = [
            member.person_id
            for member in self._staff.members(venue.venue_id)
            if member.role is Role.ADMINISTRATOR
        ]
        return chiefs == [person_id]


class ErasureRequests:
    """Requests, cancellations and receipts of erasures."""

    __slots__ = ("_erasures", "_hand_overs", "_ids")

    def __init__(self, *, erasures: Erasures, hand_overs: HandOvers, ids: Ids) -> None:
        self._erasures = erasures
        self._hand_overs = hand_overs
        self._ids = ids

    def request(self, actor: Actor, holder: Holder, now: datetime) -> Erasure:
        """Schedule the erasure of `holder` in 24 hours, and return it; the same one if repeated.

        One that a guardian asked for before the record became the person's own is replaced.
        Raises Forbidden ``own_account`` for a dependant who logs in, StrongerLogin for a session
        that `strength.RULES` does not admit, and Conflict ``hand_over_first`` if a venue would be
        without its administrator.
        """
        strength.require(actor, Action.ERASE)
        _require_own(holder)
        standing = self._erasures.of(holder.person_id)
        if standing is not None and standing.state is not State.CANCELLED:
            void = _is_void(standing, holder.record)
            if not (void and self._erasures.cancel(holder.person_id, standing)):
                return standing
        venue_ids = self._erasures.venues_of(holder.person_id)
        names = "、".join(self._hand_overs.of(holder.person_id, venue_ids))
        if names:
            raise Conflict("hand_over_first", venues=names)
        record = holder.record
        erasure = Erasure(
            f"rcp_{self._ids.random()}",
            State.SCHEDULED,
            now,
            now + COOLING_OFF,
            acted=bool(venue_ids or record.dependants),
            by_guardian=bool(holder.guardian_id),
        )
        return self._erasures.schedule(holder.person_id, erasure)

    def show(self, holder: Holder) -> Erasure:
        """Return the erasure of `holder`. Raises NotFound."""
        found = self._erasures.of(holder.person_id)
        if found is None:
            raise NotFound
        return found

    def cancel(self, holder: Holder) -> Erasure:
        """Cancel the erasure of `holder`, and return it. Raises NotFound if there is none.

        A guardian may cancel what another guardian has asked for. Raises Forbidden ``own_account``
        for a dependant who logs in.
        """
        _require_own(holder)
        found = self.show(holder)
        if found.state is State.CANCELLED:
            return found
        if not self._erasures.cancel(holder.person_id, found):
            raise NotFound
        return found._replace(state=State.CANCELLED)

    def receipt(self, receipt_id: str) -> Erasure:
        """Return an erasure by its receipt. Raises NotFound."""
        # An invalid id may be too long for a key, which DynamoDB reports as a ValidationException.
        found = self._erasures.receipt(receipt_id) if ids.is_id(receipt_id, "rcp") else None
        if found is None:
            raise NotFound
        return found


def _is_void(erasure: Erasure, record: PersonRecord) -> bool:
    """Return whether a guardian asked for it, and the record has become its person's own since."""
    profile = record.profile
    return erasure.by_guardian and profile is not None and profile.logs_in


def _require_own(holder: Holder) -> None:
    """Leave it to people who log in. Raises Forbidden ``own_account`` for their guardians."""
    if holder.guardian_id and holder.profile.logs_in:
        raise Forbidden("own_account")


class AnonymousVisits:
    """Removes a person from their scans."""

    __slots__ = ("_directory", "_erasures", "_scans", "_waiting")

    def __init__(
        self, *, scans: Scans, directory: Directory, erasures: Erasures, waiting: WaitingScans
    ) -> None:
        self._scans = scans
        self._directory = directory
        self._erasures = erasures
        self._waiting = waiting

    def forget(self, person_id: str, receipt_id: str, record: PersonRecord, now: datetime) -> None:
        """Make the person's scans anonymous; those that wait are first decided by `record`.

        Cost: one Query, and for each scan one GetItem and one TransactWriteItems.
        """
        for reference in self._scans.visits(person_id):
            venue = self._directory.venue(reference.venue_id, now)
            if venue is None:
                raise LookupError("a scan of an unknown venue")
            for _ in range(_TRIES):
                scan = self._scans.get(reference, venue)
                if scan is None or scan.person_id != person_id:
                    break  # the index lags behind
                if scan.waits and not scan.expired(now):
                    self._waiting.reconsider(scan.scan_id, record, now=now, final=True)
                    continue
                if self._erasures.make_anonymous(receipt_id, scan, venue):
                    break
            else:
                raise Unavailable


class Erasing:
    """Carries out the erasures that are due."""

    __slots__ = (
        "_dependants",
        "_erasures",
        "_files",
        "_hand_overs",
        "_index",
        "_people",
        "_vault",
        "_visits",
    )

    def __init__(
        self,
        *,
        erasures: Erasures,
        people: People,
        visits: AnonymousVisits,
        files: Files,
        hand_overs: HandOvers,
        dependants: Dependants,
        index: BlindIndex,
        vault: Vault,
    ) -> None:
        """Keep the collaborators: many parameters because a person is in every area."""
        self._dependants = dependants
        self._erasures = erasures
        self._people = people
        self._visits = visits
        self._files = files
        self._hand_overs = hand_overs
        self._index = index
        self._vault = vault

    def run(self, now: datetime, enough: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Carry out all erasures that are due at `now`. Return how many had which result.

        It stops early when `enough` returns True; the next run continues. One that fails is
        logged and stays on the list, and the others are carried out.
        """
        results: dict[str, int] = {}
        for due in self._erasures.due(now):
            if enough():
                break
            try:
                result = self._carry_out(due, now)
            except Exception:
                logger().exception("erasure_failed", extra={"step": due.step})
                result = "failed"
            results[result] = results.get(result, 0) + 1
        return results

    def _carry_out(self, due: Due, now: datetime) -> str:
        record = self._people.subject(due.person_id)
        if due.step is Step.WAITING:
            asked = self._erasures.of(due.person_id)
            if asked is not None and _is_void(asked, record):
                return "void" if self._erasures.cancel(due.person_id, asked) else "gone"
        if due.step is not Step.SWEEPING:
            venue_ids = self._erasures.venues_of(due.person_id)
            if self._hand_overs.of(due.person_id, venue_ids):
                later = self._erasures.postpone(due, now + COOLING_OFF, Step.WAITING)
                return "postponed" if later else "gone"
        traces = due.traces | self._traces(record.profile)
        if not self._erasures.begin(due, traces):
            return "gone"
        if due.step is Step.WAITING:
            due = due._replace(step=Step.ERASING)
        due = due._replace(traces=traces)
        due = self._erase_account(due)
        self._erase_rest(due, record, now)
        if due.step is Step.SWEEPING:
            self._erasures.finish(due, now)
            return "erased"
        self._erasures.postpone(due, now + SWEPT_AGAIN_AFTER, Step.SWEEPING)
        return "swept"

    def _erase_account(self, due: Due) -> Due:
        """Erase profile, phone, document and accounts; return `due` with all traces of them."""
        person_id = due.person_id
        for _ in range(_TRIES):
            profile = self._people.load(person_id).profile
            if profile is None or profile.shadow_until is not None:
                return due
            mine = self._traces(profile)
            if not {*mine.phones} <= {*due.traces.phones} or not (
                {*mine.documents} <= {*due.traces.documents}
            ):  # changed since the erasure began
                due = due._replace(traces=due.traces | mine)
                if not self._erasures.begin(due, due.traces):
                    raise Unavailable
            phone = next(iter(mine.phones), "")
            document = next(iter(mine.documents), "")
            if self._erasures.erase_account(
                due.receipt_id,
                profile,
                phone=phone if phone and self._people.by_phone(phone) == person_id else "",
                document=document
                if document and self._people.by_document(document) == person_id
                else "",
            ):
                return due
        raise Unavailable

    def _erase_rest(self, due: Due, record: PersonRecord, now: datetime) -> None:
        receipt_id, erasures = due.receipt_id, self._erasures
        traces = due.traces.without_owners(due.person_id, self._people)
        # Before the links end, and again after: a run that dies in between is made up for.
        # Not those of `record`: without a profile, as when a run goes on, no link is in force.
        dependants = erasures.dependants_of(due.person_id)
        self._release(due, dependants, now)
        erasures.erase_family(receipt_id, due.person_id)
        self._release(due, dependants, now)
        erasures.erase_rights(receipt_id, due.person_id)
        for person_id in (due.person_id, *traces.shadows):
            known = record if person_id == due.person_id else self._people.subject(person_id)
            self._visits.forget(person_id, receipt_id, known, now)
            erasures.erase_partition(receipt_id, person_id)
        for document in traces.documents:
            erasures.erase_accesses(receipt_id, document)
        for phone in traces.phones:
            erasures.erase_invitations(receipt_id, self._index.moved(phone))
        self._erase_files(due)

    def _release(self, due: Due, dependants: Sequence[str], now: datetime) -> None:
        for dependant_id in dependants:
            self._dependants.release(
                due.person_id, dependant_id, correlation=due.receipt_id, now=now
            )

    def _erase_files(self, due: Due) -> None:
        folders = (f"{folder}/{due.person_id}/" for folder in ("cards", "exports"))
        found = [key for folder in folders for key in self._files.list(folder)]
        if found:
            # Counted first: what a run that dies has deleted is not found again.
            self._erasures.count_files(due.receipt_id, due.step, len(found))
        for start in range(0, len(found), 1000):
            self._files.remove(found[start : start + 1000])

    def _traces(self, profile: Profile | None) -> Traces:
        """Return the traces of a person; a number whose claim was rejected belongs to another."""
        if profile is None or profile.shadow_until is not None:
            return Traces()
        person_id = profile.person_id
        phones: tuple[str, ...] = ()
        if profile.phone:
            phone = personal.PHONE.open(self._vault, profile.phone, person_id)
            phones = (self._index.of("phone", phone),)
        if not profile.document_blind or profile.verification is Verification.REJECTED:
            return Traces(phones)
        name = personal.NAME.open(self._vault, profile.name, person_id)
        number = personal.DOCUMENT.open(self._vault, profile.document, person_id)
        # Earlier versions looked people up under the name as it was typed.
        shadows = tuple(
            shadow
            for spelling in dict.fromkeys((name, person_name(name)))
            for shadow in shadows_of(self._index, profile.document_type, number, spelling)
        )
        return Traces(phones, (profile.document_blind,), shadows)
