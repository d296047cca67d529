"""Set-up of every suite: no test reaches a real AWS account or sees the caller's shell."""

import inspect
import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.shell import SHELL, TESTING

if TYPE_CHECKING:
    from infra.local.place import LocalCloud, Place

# moto answers for AWS's own hosts only: calls to other endpoints use the network.
for variable in [*os.environ]:
    if variable.startswith(SHELL):
        del os.environ[variable]
os.environ.update(TESTING)


def _run(test: Callable[[], object]) -> None:
    test()


# CPython keeps Python's frames in chunks of 16 kB and frees a chunk as soon as it is empty. A loop
# whose calls cross the edge of a chunk therefore allocates memory at every call. A frame as large
# as this one gets a chunk of a megabyte, in which a test's frames have room.
_run.__code__ = _run.__code__.replace(co_stacksize=70_000)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Run a test on top of a large frame, which saves up to half of its time."""
    wanted = inspect.signature(pyfuncitem.obj).parameters
    given = {name: value for name, value in pyfuncitem.funcargs.items() if name in wanted}
    _run(lambda: pyfuncitem.obj(**given))
    return True


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Return the scheduler that shares the tests between processes."""
    from tests.distribution import Scheduling

    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start the longest unit first, if there are several processes."""
    if hasattr(config, "workerinput"):
        from tests.distribution import longest_first

        longest_first(items)


@pytest.fixture(scope="session")
def cloud_place(tmp_path_factory: pytest.TempPathFactory) -> "Place":
    """Return the place of the tests' own local cloud: a new folder and free ports."""
    from tests.cloud.driver import free_place

    return free_place(tmp_path_factory.mktemp("cloud"))


@pytest.fixture(scope="session")
def cloud(cloud_place: "Place") -> "Iterator[LocalCloud]":
    """Yield the application deployed on a local cloud without data; deleted at the end."""
    from infra.local.cloud import start, wipe

    try:
        yield start(place=cloud_place, seeded=False)
    finally:
        wipe(place=cloud_place)
        shutil.rmtree(cloud_place.home)
