"""New and changed scans: keep the pointers to abnormal scans up to date."""

from typing import TYPE_CHECKING

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Subscription
from chalicelib.workers.scan_changes import scan_change

if TYPE_CHECKING:
    from chalicelib.insight.counters import ScanChange


def _follow(change: "ScanChange") -> None:
    container().abnormal_pointers.follow(change)


SUBSCRIPTION = Subscription(keys.is_scan, scan_change, _follow)
