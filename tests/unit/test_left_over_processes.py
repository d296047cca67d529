"""`make down` ends a local cloud whose folder was deleted while it ran (issue 10)."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.local import cloud as local
from infra.local.place import Place

LISTENS = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def listening(home: Path, name: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a process with the command and the environment of the local cloud's `name`."""
    with subprocess.Popen(  # noqa: S603 (this interpreter)
        [sys.executable, "-c", LISTENS, f"infra.local.{name}"],
        env={**os.environ, "VENUECODE_HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())
        process.kill()


@pytest.mark.parametrize("name", ["emulator", "sandbox", "website"])
def test_what_runs_is_stopped_although_its_folder_was_deleted(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True)
    with listening(home, name) as (process, port):
        (home / f"run/{name}.pid").write_text(str(process.pid))
        shutil.rmtree(home)
        home.mkdir()
        assert local.stop(place=Place(home, port, port, port))
        assert process.wait(timeout=10) != 0
        with socket.create_server(("127.0.0.1", port)):
            pass
        assert not local.stop(place=Place(home, port, port, port))


def test_what_its_folder_names_is_not_left_over(tmp_path: Path) -> None:
    """A second start finds what runs, and does not stop it."""
    home = tmp_path / "home"
    (home / "run").mkdir(parents=True)
    with listening(home, "emulator") as (process, port):
        place = Place(home, port, port, port)
        assert local._left_over(place, "emulator") == process.pid
        (home / "run/emulator.pid").write_text(str(process.pid))
        assert local._left_over(place, "emulator") is None
        assert local.running(place, "emulator") == process.pid


def test_the_local_cloud_of_another_folder_is_left_running(tmp_path: Path) -> None:
    with listening(tmp_path / "theirs", "emulator") as (process, port):
        assert not local.stop(place=Place(tmp_path / "mine", port, port, port))
        assert process.poll() is None
