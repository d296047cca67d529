"""What a scan is, and where scans are kept."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from chalicelib.admission.judge import Outcome, Verdict
from chalicelib.core import ids
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.venues.venue import Directory, Venue

_MOMENT = re.compile("[0-9a-f]{12}")
_LAST_MS = epoch_ms(datetime(9999, 12, 31, tzinfo=UTC))  # of what has a local day everywhere


class Method(StrEnum):
    """How a visit came on record."""

    VISITOR = "visitor"
    FAST = "fast"
    STAFF = "staff"
    MANUAL = "manual"


class Direction(StrEnum):
    """Which way the visitor goes."""

    ENTRY = "entry"
    EXIT = "exit"


class EvidenceLevel(StrEnum):
    """What shows that the visitor was there, beyond the method: a scan is not presence."""

    LOCATION = "location"
    STAFF = "staff"
    GATE = "gate"


@dataclass(frozen=True)
class Scan:
    """A visit on record: who, where, when, by which means, on what evidence, with what outcome.

    `at` is the client's time, from its nonce; `received_at` ours. `first_outcome` is what the
    visitor saw first, `verdict` what stands now. `version` counts the changes since the put.
    `staff_id` is who scanned a visitor's pass or checked them by hand; empty for a visitor's own
    scan.

    Empty unless known: `checkpoint_id`, the entrance or exit; `guardian_id`, who scanned on the
    person's behalf; `evidence_level`; `device_id`, what recorded it. `annulled_at` is when it was
    annulled, or None.

    Its constructor takes a value for each field, for it is a record; `recording.Recorder` makes it.
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

    @property
    def scan_id(self) -> str:
        """Venue, time and hash: its keys are computed from it, and no index is needed."""
        return ScanReference(self.venue_id, self.at, self.digest).scan_id


@dataclass(frozen=True)
class ScanReference:
    """What a scan's id says."""

    venue_id: str
    at: datetime
    digest: str

    @property
    def scan_id(self) -> str:
        """The id that says it."""
        venue = self.venue_id.removeprefix("ven_")
        return f"scn_{venue}_{epoch_ms(self.at):012x}_{self.digest}"

    @classmethod
    def parse(cls, scan_id: str) -> "ScanReference | None":
        """The parts of an id, or None for what is none."""
        head, *parts = scan_id.split("_")
        if head != "scn" or len(parts) != 3:
            return None
        venue, moment, digest = parts
        if not (ids.is_code(venue) and _MOMENT.fullmatch(moment) and ids.is_code(digest)):
            return None
        at_ms = int(moment, 16)
        return None if at_ms > _LAST_MS else cls(f"ven_{venue}", from_epoch_ms(at_ms), digest)


class Scans(Protocol):
    """Scans on record; `store.ScanStore` is the real one."""

    def put(self, scan: Scan, venue: Venue) -> Scan | None:
        """Record a scan: one conditional put. Answers the one that stands there already."""

    def get(self, reference: ScanReference, venue: Venue) -> Scan | None:
        """A scan by its id; consistent."""

    def get_many(self, references: Sequence[ScanReference], venue: Venue) -> list[Scan]:
        """Return those scans that are on record, in the order of `references`.

        Cost: one consistent BatchGetItem for each 100.
        """

    def change(self, scan: Scan, venue: Venue) -> bool:
        """Record version `scan.version`; False when it is not the next one."""

    def of_day(self, venue: Venue, day: date) -> Iterator[Scan]:
        """All scans of a venue's day, shard by shard, in order within a shard."""

    def await_answer(self, scan: Scan) -> None:
        """Put a pending marker under the person: the scan waits for an answer."""

    def stop_waiting(self, person_id: str, scan_id: str) -> None:
        """Remove the pending marker."""


class FoundScan(NamedTuple):
    """A scan and its venue."""

    scan: Scan
    venue: Venue


class ScanFinder:
    """Finds scans by their ids."""

    __slots__ = ("_directory", "_scans")

    def __init__(self, *, directory: Directory, scans: Scans) -> None:
        self._directory = directory
        self._scans = scans

    def find(self, scan_id: str, now: datetime) -> FoundScan | None:
        """Return the scan with its venue, or None when there is none or the id is malformed."""
        reference = ScanReference.parse(scan_id)
        venue = self._directory.venue(reference.venue_id, now) if reference else None
        scan = self._scans.get(reference, venue) if reference and venue else None
        return FoundScan(scan, venue) if scan and venue else None
