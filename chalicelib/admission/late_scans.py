"""Scans that a guard's phone made offline, and sends later (GO-1).

They are recorded with the time at which they happened, judged, and counted. But their passes are no
longer live, so that nothing of the person's health is answered: not at the upload, and not later on
a screen or list of staff (`disclosure`). The visitor sees the scan as any other.
"""

from datetime import datetime
from typing import NamedTuple

from chalicelib.admission.recording import OFFLINE, client_time
from chalicelib.admission.scanning import Scanning
from chalicelib.admission.staff_phones import StaffPhones, Upload
from chalicelib.core.submission import Submission
from chalicelib.identity import passes
from chalicelib.identity.paper_passes import IssuedPasses
from chalicelib.identity.people import Actor
from chalicelib.venues.venue import Venue

_PAGE = 20
"""Passes of a person that a Query reads; most people have one in seven days."""


class LateScan(NamedTuple):
    """The response to an upload; `created` is False for a retry."""

    scan_id: str
    scanned_at: datetime
    received_at: datetime
    created: bool


class LateScans:
    """The recording of late uploads."""

    __slots__ = ("_issued", "_phones", "_scanning")

    def __init__(self, *, phones: StaffPhones, scanning: Scanning, issued: IssuedPasses) -> None:
        self._phones = phones
        self._scanning = scanning
        self._issued = issued

    def record(
        self, actor: Actor, venue: Venue, upload: Upload, signature: str, submission: Submission
    ) -> LateScan:
        """Record a visit of at most seven days ago, at the time in the nonce.

        The pass was live then, by the time of its minting, and not revoked. The phone was paired
        then, up to the 90 seconds for which a pass is live. Raises Forbidden ``device_not_paired``,
        and what `Scanning.scan_pass` raises. Cost: beside `scan_pass`, one GetItem; one Query for a
        paper pass that has ended.
        """
        made_at = client_time(submission.nonce, submission.now, OFFLINE)
        self._phones.require_signed(actor, upload, signature, made_at + passes.ACCEPTED)
        scan, created = self._scanning.record_late(
            actor, venue, upload, submission, ended_serial=self._ended_serial
        )
        return LateScan(scan.scan_id, scan.happened_at, scan.received_at, created)

    def _ended_serial(self, person_id: str, at: datetime) -> str:
        """Return the serial of the paper pass that was valid at `at` and has ended since, or "".

        A person has one valid pass at a time: the newest that was issued before.
        """
        for _, issued in self._issued.history(person_id, "", _PAGE):
            if issued.issued_at <= at:
                ended = issued.ended_at is not None and at < issued.ended_at
                return issued.serial if ended and at < issued.expires_at else ""
        return ""
