"""Scans, their ids, and the protocol of their store."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

from chalicelib.admission.judge import Outcome, Verdict
from chalicelib.core import ids
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.venues.venue import Directory, Venue

_MOMENT = re.compile("[0-9a-f]{12}")
QUESTION_LIFE = timedelta(seconds=40)
"""How long after the scan that a question was asked for other scans join it.

It outlasts every retry: a question that lasts longer is lost. A good answer counts as fresh for
longer (`policy.Policy.fresh`), so that it suffices for each scan that has joined. Bad news that had
come before a scan joined is asked for once more (`waiting.Judged.outdated`).
"""
_LAST_MS = epoch_ms(datetime(9999, 12, 31, tzinfo=UTC))  # the last that has a local day everywhere


class Method(StrEnum):
    """The method of check-in."""

    VISITOR = "visitor"
    FAST = "fast"
    STAFF = "staff"
    MANUAL = "manual"
    PAPER = "paper"


Means = Literal["visitor", "fast", "staff", "manual", "paper"]
"""The name of a method in the API."""
PassKind = Literal["live", "companion", "paper"]
"""The kind of pass that staff scanned: a companion shows a dependant's pass on their phone."""


class Direction(StrEnum):
    """The direction of the visit."""

    ENTRY = "entry"
    EXIT = "exit"


class EvidenceLevel(StrEnum):
    """Evidence of presence beyond the method; a scan alone does not prove presence."""

    LOCATION = "location"
    STAFF = "staff"
    GATE = "gate"


@dataclass(frozen=True)
class Scan:
    """A recorded visit: person, venue, time, method, evidence and outcome.

    `at` is the client's time, from its nonce; `received_at` is the server's. `first_outcome` is
    what the visitor saw first, `verdict` is the current one. `version` counts the changes since the
    scan was created. `staff_id` is the staff member who scanned the pass or made the manual check;
    empty for a visitor's own scan.

    Empty if unknown: `checkpoint_id`, the entrance or exit; `guardian_id`, the person who scanned
    on the visitor's behalf, or showed their pass; `evidence_level`; `device_id`, the recording
    device; `location_cell`, where the visitor's phone was (`location.cell_of`). `annulled_at` is
    the time of annulment, or None. `measured_at` is when the temperature was measured by the phone
    that added it to the scan (`temperatures`), or None. From `expires_at` on the scan is gone,
    even if it is still stored; None for scans of releases up to 0.2.0.

    `subject_id` is the shadow subject by whose answers the manual check of a registered person is
    judged; empty for all other scans (see `judged_by`).

    An erasure of the visitor makes a scan anonymous (`anonymous`): it then has no `person_id`.

    The constructor takes every field, because this is a record. `recording.Recorder` creates scans.
    """

    venue_id: str
    at: datetime
    digest: str
    person_id: str
    nonce: str
    fingerprint: str
    received_at: datetime
    verdict: Verdict
    first_outcome: Outcome
    correlation: str
    method: Method = Method.VISITOR
    staff_id: str = ""
    temperature: str = ""
    version: int = 0
    checkpoint_id: str = ""
    direction: Direction = Direction.ENTRY
    guardian_id: str = ""
    evidence_level: EvidenceLevel | None = None
    device_id: str = ""
    annulled_at: datetime | None = None
    expires_at: datetime | None = None
    location_cell: str = ""
    subject_id: str = ""
    measured_at: datetime | None = None

    @property
    def judged_by(self) -> str:
        """The id of the person by whose answers the scan is judged.

        That is the visitor. A manual check is judged by its shadow subject, so that a registered
        person is asked about, and answered, as everybody else is.
        """
        return self.subject_id or self.person_id

    @property
    def waits(self) -> bool:
        """Whether answers are missing, and the decision may change."""
        return bool(self.verdict.needs)

    @property
    def is_late(self) -> bool:
        """Whether a paired phone of staff sent it after the fact (`late_scans`)."""
        return self.device_id.startswith("phn_")

    @property
    def happened_at(self) -> datetime:
        """The time of the visit: `at`, but not after its receipt, as a fast clock would have it."""
        return min(self.at, self.received_at)

    @property
    def scan_id(self) -> str:
        """The id: venue, time and hash. The scan's key is computed from it, without an index."""
        return ScanReference(self.venue_id, self.at, self.digest).scan_id

    def expired(self, now: datetime) -> bool:
        """Return whether the scan is gone at `now`. DynamoDB deletes it up to days later."""
        return self.expires_at is not None and self.expires_at <= now

    def anonymous(self) -> "Scan":
        """Return the next version, without the visitor, their evidence, and what leads to them.

        The scan must be decided, because an anonymous scan waits for nobody's answers. Venue, time,
        method, direction, outcome with its reasons, staff member and device stay, so that the
        figures do not change.
        """
        verdict = replace(self.verdict, evidence={}, needs=())
        return replace(
            self,
            person_id="",
            guardian_id="",
            nonce="",
            fingerprint="",
            correlation="",
            temperature="",
            measured_at=None,
            evidence_level=None,
            location_cell="",
            subject_id="",
            verdict=verdict,
            version=self.version + 1,
        )


@dataclass(frozen=True)
class ScanReference:
    """The content of a scan's id: venue, time and hash."""

    venue_id: str
    at: datetime
    digest: str

    @property
    def scan_id(self) -> str:
        """The scan's id."""
        venue = self.venue_id.removeprefix("ven_")
        return f"scn_{venue}_{epoch_ms(self.at):012x}_{self.digest}"

    @classmethod
    def parse(cls, scan_id: str) -> "ScanReference | None":
        """Return the content of an id, or None if it is malformed."""
        head, *values = scan_id.split("_")
        if head != "scn" or len(values) != 3:
            return None
        venue, moment, digest = values
        if not (ids.is_code(venue) and _MOMENT.fullmatch(moment) and ids.is_code(digest)):
            return None
        at_ms = int(moment, 16)
        return None if at_ms > _LAST_MS else cls(f"ven_{venue}", from_epoch_ms(at_ms), digest)


class Scans(Protocol):
    """The store of scans; implemented by `store.ScanStore`."""

    def put(self, scan: Scan, venue: Venue) -> Scan | None:
        """Record a scan. Return the scan that is already stored under its key, or None.

        Cost: one conditional PutItem.
        """

    def get(self, reference: ScanReference, venue: Venue) -> Scan | None:
        """Return the scan, or None. Cost: one strongly consistent GetItem."""

    def get_many(self, references: Sequence[ScanReference], venue: Venue) -> list[Scan]:
        """Return the stored scans among `references`, in their order.

        Cost: one strongly consistent BatchGetItem per 100 references.
        """

    def change(self, scan: Scan, venue: Venue) -> bool:
        """Store version `scan.version`. Return False if it is not the next one.

        Cost: one conditional PutItem.
        """

    def of_day(self, venue: Venue, day: date) -> Iterator[Scan]:
        """Yield all scans of a venue's local day, shard by shard, by time within a shard.

        Cost: one strongly consistent Query per shard.
        """

    def in_partition(self, partition: str) -> Iterator[Scan]:
        """Yield the scans of one shard of a venue's local day, by time.

        Cost: one strongly consistent Query for each megabyte.
        """

    def visits(self, person_id: str) -> Iterator[ScanReference]:
        """Yield references of a person's scans, the oldest first.

        A scan of the last second may be missing, and an expired one may be there. Cost: one Query
        of the index for each megabyte.
        """

    def visits_at(self, person_id: str, at: datetime) -> list[ScanReference]:
        """Return references of a person's scans of one millisecond, `at`, at all venues.

        A scan of the last second may be missing. Cost: one Query of the index.
        """

    def await_answers(self, scan: Scan, now: datetime) -> bool:
        """Record that the scan waits for its `verdict.needs`; return whether to ask for them.

        False: the scan has joined a question under way that asks all of them; see `QUESTION_LIFE`.
        Repeated for the scan that the question was asked for, it is True again, because a crash may
        have lost the message. Cost: one UpdateItem; another one to replace a lost question.
        """

    def stop_waiting(self, person_id: str, scan_ids: Collection[str]) -> None:
        """Record that scans wait no longer. Cost: one UpdateItem."""

    def end_question(self, person_id: str, scan_ids: Collection[str]) -> bool:
        """Record that no scan waits and no question is under way.

        Return False, and change nothing, if others than `scan_ids` wait. Cost: one DeleteItem.
        """

    def give_up(self, person_id: str, asked_at: datetime, scan_ids: Collection[str]) -> bool:
        """End the question of `asked_at` without its answers, so that the next scan asks again.

        `asked_at` is when the scan was received for which it was asked. `scan_ids` wait on. Return
        False, and change nothing, if others wait: they have joined meanwhile. Cost: one UpdateItem.
        """


class FoundScan(NamedTuple):
    """A scan and its venue."""

    scan: Scan
    venue: Venue


class ScanFinder:
    """The lookup of scans by id."""

    __slots__ = ("_directory", "_scans")

    def __init__(self, *, directory: Directory, scans: Scans) -> None:
        self._directory = directory
        self._scans = scans

    def find(self, scan_id: str, now: datetime) -> FoundScan | None:
        """Return the scan with its venue, or None if the id is unknown, expired or malformed."""
        reference = ScanReference.parse(scan_id)
        venue = self._directory.venue(reference.venue_id, now) if reference else None
        scan = self._scans.get(reference, venue) if reference and venue else None
        return FoundScan(scan, venue) if scan and venue and not scan.expired(now) else None
