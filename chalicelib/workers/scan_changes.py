"""The content of the stream records of scans and fences."""

from typing import TYPE_CHECKING

from chalicelib.workers.records import Record

if TYPE_CHECKING:
    from chalicelib.insight.counters import FencePassed, ScanChange


def scan_change(record: Record) -> "ScanChange":
    """Return the scan before and after the change."""
    from chalicelib.admission.store.scans import read_scan
    from chalicelib.insight.counters import ScanChange

    before = read_scan(record.old) if record.old else None
    return ScanChange(record.key.pk, record.sequence, before, read_scan(record.new))


def fence_passed(record: Record) -> "FencePassed":
    """Return the fence that was put."""
    from chalicelib.insight.counters import FencePassed
    from chalicelib.insight.store.reconciliations import read_fence

    return FencePassed(record.key.pk, record.sequence, read_fence(record.new).nonce)
