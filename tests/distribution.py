"""How ``make test`` shares the suite between processes: what needs one local cloud stays together.

A unit of work is what one process does in one go: a file, so that what its tests share is made
once; or all that is told on the suite's local cloud, which takes as long as all the rest.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

CLOUD = "cloud"
_CLOUDS_OF_THEIR_OWN = ("tests/cloud/test_survival.py", "tests/cloud/test_complaints.py")


def unit_of(nodeid: str) -> str:
    """The unit that a test belongs to: its file's path, or `CLOUD`."""
    path, _, name = nodeid.partition("::")
    if path in _CLOUDS_OF_THEIR_OWN:
        return path
    on_it = path.startswith("tests/cloud/") or (
        path.startswith("tests/contract/") and "[cloud" in name
    )
    return CLOUD if on_it else path


def longest_first(items: list[pytest.Item]) -> None:
    """Let the local cloud's unit be begun at once: the others fill the time beside it."""
    items.sort(key=lambda item: unit_of(item.nodeid) != CLOUD)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out units in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
