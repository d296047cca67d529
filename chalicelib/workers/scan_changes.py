"""The content of a scan's stream record, for the figures and the subscriptions about scans."""

from typing import TYPE_CHECKING

from chalicelib.workers.records import Record

if TYPE_CHECKING:
    from chalicelib.insight.counters import ScanChange


def scan_change(record: Record) -> "ScanChange":
    """Return the scan before and after the change."""
    from chalicelib.admission.store.scans import read_scan
    from chalicelib.insight.counters import ScanChange

    before = read_scan(record.old) if record.old else None
    return ScanChange(record.key.pk, record.sequence, before, read_scan(record.new))
