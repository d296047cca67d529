"""Metrics of scans, recorded where they are counted."""

from collections import Counter
from collections.abc import Iterable

from chalicelib.admission.disclosure import counted
from chalicelib.admission.scan import Scan
from chalicelib.core.metrics import record


def record_new_scans(scans: Iterable[Scan]) -> None:
    """Record how many of the new `scans` were answered at once, and how.

    One line for each outcome in the batch, not for each scan. A batch that is delivered again is
    recorded again: the figures of a venue are exact, metrics are not.
    """
    for outcome, count in Counter(map(counted, scans)).items():
        record({"Scans": count}, outcome=outcome)
