"""How ``make test`` shares the suite between processes.

A unit of work runs in one process. It is either a file, so that shared fixtures are made once, or
all tests on the suite's local cloud, which take as long as all the rest.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

CLOUD = "cloud"
_CLOUDS_OF_THEIR_OWN = ("tests/cloud/test_survival.py", "tests/cloud/test_complaints.py")


def unit_of(nodeid: str) -> str:
    """Return the unit of a test: its file's path, or `CLOUD`."""
    path, _, name = nodeid.partition("::")
    if path in _CLOUDS_OF_THEIR_OWN:
        return path
    on_it = path.startswith("tests/cloud/") or (
        path.startswith("tests/contract/") and "[cloud" in name
    )
    return CLOUD if on_it else path


def longest_first(items: list[pytest.Item]) -> None:
    """Sort the local cloud's unit first; the other processes run the rest beside it."""
    items.sort(key=lambda item: unit_of(item.nodeid) != CLOUD)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out units in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
