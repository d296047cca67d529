"""A second `make run` does not stop the first one's cloud."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from infra.local import cloud as local
from infra.local.client import wait_for
from infra.local.place import Place
from tests.cloud.driver import command, free_place, process_of, run

pytestmark = pytest.mark.cloud
RUN = ("infra.local.cloud", "run")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place where nothing runs; wiped at the end."""
    place = free_place(tmp_path / "home")
    yield place
    local.wipe(place=place)


def answers(place: Place) -> bool:
    """Whether the emulated AWS answers."""
    try:
        return urllib3.request("GET", f"{place.endpoint_url}/_ministack/health").status == 200
    except urllib3.exceptions.HTTPError:
        return False


def until_it_waits(first: "subprocess.Popen[str]") -> str:
    """Read what the first run prints until it only waits for Ctrl-C."""
    said = ""
    assert first.stdout is not None
    for line in first.stdout:
        said += line
        if "Ctrl-C stops it" in line:
            break
    return said


def test_a_second_make_run_says_where_it_runs_and_leaves_it_running(place: Place) -> None:
    with command(place, *RUN) as first:
        try:
            assert f"{place.sandbox_url}/sandbox/inbox" in until_it_waits(first)
            emulator = process_of(place, "emulator")
            status, said = run(place, *RUN)
            assert status == 0
            assert f"Process {first.pid} keeps it running" in said
            assert place.endpoint_url in said
            assert process_of(place, "emulator") == emulator
            assert answers(place)
            assert not [*place.home.glob("tmp/*/*.zip")]  # a copy for each worker would add up
            first.send_signal(signal.SIGINT)
            first.communicate(timeout=60)
        finally:
            first.kill()
    assert first.returncode == 0
    wait_for(lambda: answers(place), lambda alive: not alive)


def test_a_keeper_that_was_killed_is_succeeded(place: Place) -> None:
    """The lock ends with its process."""
    with local._keeping(place) as keeper:
        assert keeper is None
        with local._keeping(place) as other:
            assert other is not None
    with local._keeping(place) as keeper:
        assert keeper is None
