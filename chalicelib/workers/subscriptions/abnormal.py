"""A scan became abnormal, or no longer is: the list of abnormal scans points at it or not."""

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
