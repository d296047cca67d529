"""What cannot be done is told in a sentence that says what to do; never a traceback."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import cloud as local
from infra.local.place import Place
from tests.cloud.driver import free_place, run
from tests.support import ROOT

pytestmark = pytest.mark.cloud


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A place where nothing runs; wiped at the end."""
    place = free_place(tmp_path / "home")
    yield place
    local.wipe(place=place)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def complaint(said: str) -> str:
    """What was said beside the progress, as one line; a traceback is none."""
    assert "Traceback" not in said
    return said.strip().splitlines()[-1]


@pytest.mark.parametrize("command", [("infra.local.cloud", "run"), ("infra.local.demo",)])
def test_a_taken_port_is_named_with_the_variable_that_chooses_another(
    place: Place, taken: int, command: tuple[str, ...]
) -> None:
    status, said = run(replace(place, port=taken), *command)
    assert status == 1
    sentence = complaint(said)
    assert sentence.startswith(f"Port {taken} is taken")
    assert "VENUECODE_PORT" in sentence


def test_the_partners_port_has_a_variable_of_its_own(place: Place, taken: int) -> None:
    status, said = run(replace(place, sandbox_port=taken), "infra.local.cloud", "run")
    assert status == 1
    sentence = complaint(said)
    assert sentence.startswith(f"Port {taken} is taken")
    assert "VENUECODE_SANDBOX_PORT" in sentence


def test_a_port_that_is_none_is_refused(place: Place) -> None:
    status, said = run(replace(place, port=70000), "infra.local.cloud", "run")
    assert status == 1
    assert complaint(said).startswith("VENUECODE_PORT is '70000'")


def test_an_emulator_that_does_not_start_is_told_with_where_to_look(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ministack.py").write_text("raise ImportError('not installed')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    status, said = run(place, "infra.local.cloud", "run")
    assert status == 1
    assert complaint(said) == (
        f"The local cloud did not start: the end of {place.home}/log/emulator.log says why."
    )
    assert "not installed" in (place.home / "log/emulator.log").read_text()


def test_nothing_to_stop_is_no_failure(place: Place) -> None:
    assert run(place, "infra.local.cloud", "down") == (0, "It was not running.\n")


def test_an_operators_command_without_a_deployment_says_so(place: Place) -> None:
    status, said = run(place, "infra.ops", "recount")
    assert status == 1
    assert said.startswith("There is no stack venuecode-local to be found")
    assert complaint(said).startswith("Deploy it first")


def test_without_python_make_says_what_to_install(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements-local.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path)
    made = subprocess.run(
        ["/usr/bin/make", "run", "PYTHON=/nowhere/python3"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2
    assert made.stdout == "Python 3.11 or newer is needed: apt-get install python3 python3-venv\n"


def test_the_suite_sees_nothing_of_the_shell_that_started_it() -> None:
    """Neither of a make around it, nor of another local cloud, nor of somebody's AWS account."""
    shell = {
        "MAKELEVEL": "1",
        "MAKEFLAGS": "w",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_PROFILE": "nobody",
        "VENUECODE_HOME": "/nowhere",
        "VENUECODE_PORT": "none",
    }
    tests = (test_without_python_make_says_what_to_install, test_nothing_to_stop_is_no_failure)
    path = Path(__file__).relative_to(ROOT)
    ended = subprocess.run(  # noqa: S603 (pytest and tests of this file)
        [sys.executable, "-m", "pytest", "-q", "--numprocesses", "1"]
        + [f"{path}::{test.__name__}" for test in tests],
        cwd=ROOT,
        env={**os.environ, **shell},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
