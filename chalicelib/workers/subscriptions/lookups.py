"""New scans that lack answers: ask the providers, and schedule the end of the wait."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.bootstrap import container
from chalicelib.core import keys
from chalicelib.workers.records import Subscription
from chalicelib.workers.scan_changes import scan_change

if TYPE_CHECKING:
    from chalicelib.insight.counters import ScanChange


def _start(change: "ScanChange") -> Mapping[str, object] | None:
    if change.old is not None:
        return None
    container().lookup_requests.start(change.new, container().clock.now())
    return {"what": "lookups", "asked": change.new.verdict.needs}


SUBSCRIPTION = Subscription(keys.is_scan, scan_change, _start)
