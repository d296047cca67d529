"""The deployed application from outside: over HTTP, by text message, as an operator.

Nothing in the application is replaced. Visitors are invented and known to the sandbox.
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.adapters import aws
from chalicelib.bootstrap import Container
from chalicelib.core.aws import session
from chalicelib.insight.counters import Figures
from infra.local.client import Api, Http, Person, Reply, Sandbox, fresh_nonce, wait_for
from infra.local.place import LocalCloud, Place, environment
from infra.ops import deployment, recount
from infra.ops.deployment import Deployment
from tests.support import ROOT, resident_id, social_credit_code

_FAMILIES = "欧阳司马上官诸葛夏侯皇甫尉迟公孙"


def free_place(home: Path) -> Place:
    """Return a place for a local cloud, on three free ports."""
    with socket.socket() as first, socket.socket() as second, socket.socket() as third:
        ports = []
        for listener in (first, second, third):
            listener.bind(("127.0.0.1", 0))
            ports.append(int(listener.getsockname()[1]))
    return Place(home, *ports)


@contextlib.contextmanager
def directed_to(place: Place) -> Iterator[None]:
    """Have the operator's commands and the application in this process use `place`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**addresses(place), **environment(place)}.items():
            patch.setenv(name, value)
        patch.setattr("boto3.DEFAULT_SESSION", None)
        _forget_clients()
        yield
    _forget_clients()


@contextlib.contextmanager
def operating(place: Place) -> Iterator[Deployment]:
    """Yield the deployment at `place` as the operator's commands see it, in this process."""
    with directed_to(place):
        yield deployment.find("local")


def _forget_clients() -> None:
    """Drop the application's cached clients, which stay with their first endpoint."""
    aws.client.cache_clear()
    session.cache_clear()


def addresses(place: Place) -> dict[str, str]:
    """Return the variables that direct the project's commands to `place`."""
    return {
        "VENUECODE_HOME": str(place.home),
        "VENUECODE_PORT": str(place.port),
        "VENUECODE_SANDBOX_PORT": str(place.sandbox_port),
        "VENUECODE_CLIENT_PORT": str(place.client_port),
    }


def command(
    place: Place, module: str, *arguments: str, cwd: Path | None = None
) -> "subprocess.Popen[str]":
    """Start ``python -m module`` on `place`, in English; stdout and stderr are merged."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
    settings = {**addresses(place), "PYTHONPATH": path, "COLUMNS": "200", "LC_ALL": "C.UTF-8"}
    return subprocess.Popen(  # noqa: S603 (the project's own commands)
        [sys.executable, "-m", module, *arguments],
        cwd=cwd or ROOT,
        env={**inherited, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(place: Place, module: str, *arguments: str, cwd: Path | None = None) -> tuple[int, str]:
    """Run ``python -m module`` on `place` to its end; return its exit status and output."""
    with command(place, module, *arguments, cwd=cwd) as process:
        try:
            said, _ = process.communicate(timeout=180)
        finally:
            process.kill()  # no effect if it has ended
    return process.returncode, said


def process_of(place: Place, name: str) -> int:
    """Return the process id of the ``emulator``, the ``sandbox`` or the ``website`` at `place`."""
    pid = int((place.home / f"run/{name}.pid").read_text())
    assert f"infra.local.{name}" in Path(f"/proc/{pid}/cmdline").read_text()
    return pid


def workers_of(emulator: int) -> list[int]:
    """Return the processes that run functions: the emulator's children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == emulator and state != "Z":
                found.append(int(stat.parent.name))
    return found


def kill(*pids: int) -> None:
    """Send SIGKILL to these processes; ignore those that have ended."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass
class Deployed:
    """The application on a local cloud. `told` holds the confidential values sent to it."""

    cloud: LocalCloud
    place: Place
    deployment: Deployment
    told: set[str] = field(default_factory=set)
    _people: int = 0
    _venues: int = 0

    def __post_init__(self) -> None:
        self.http = Http(self.cloud.base_url)
        self.api = Api(self.http, language="en")
        self.sandbox = Sandbox(Http(self.cloud.sandbox_url))

    def parts(self) -> Container:
        """Return a new container, as an operator's command has it."""
        return self.deployment.container()

    def fetch(self, method: str, url: str, body: bytes | None = None) -> Reply:
        """Send one request to any URL, without retries or redirects."""
        return self.http.fetch(method, url, body)

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """Send one request to the API."""
        return self.api.call(method, path, body, **options)

    @contextlib.contextmanager
    def fault(self, partner: str, mode: str) -> Iterator[None]:
        """Make a partner refuse, hang, answer garbage or an error during the block."""
        self.sandbox.fault(partner, mode)
        try:
            yield
        finally:
            self.sandbox.fault(partner, "none")

    def visitor(self, **said: object) -> "Visitor":
        """Return a new person who has logged in; `said` are the providers' answers about them."""
        self._people += 1
        visitor = Visitor(
            self,
            phone=f"+861370000{self._people:04d}",
            name=_name(self._people),
            number=resident_id(self._people),
        )
        self.told |= {visitor.phone, visitor.phone[3:], visitor.name, visitor.number}
        visitor.say(**{"health_code": "green", "nucleic_acid": "negative", **said})
        visitor.log_in()
        return visitor

    def verified(self, **said: object) -> "Visitor":
        """Return a person whose registration is approved."""
        visitor = self.visitor(**said)
        visitor.register().expect(202)
        assert visitor.verification() == "verified"
        return visitor

    def application(self, **changes: Any) -> dict[str, Any]:
        """Return a valid application for a venue's code, with `changes`."""
        self._venues += 1
        body: dict[str, Any] = {
            "nonce": fresh_nonce(),
            "name": f"信宜市第{self._venues}文化馆",
            "type": "other",
            "region": "440983",
            "street": "东镇街道",
            "address": f"人民路{self._venues}号",
            "number": {"type": "uscc", "value": social_credit_code(self._venues)},
            "contact": {"name": "端木主任", "phone": "+8613900000999"},
        } | changes
        contact: dict[str, str] = body["contact"]
        self.told |= {contact["name"], contact["phone"], contact["phone"][3:]}
        return body

    def records(self, venue_id: str) -> recount.Comparison:
        """Return counters and records of the venue's present day."""
        (comparison,) = recount.compare(self.parts(), [venue_id], None)
        return comparison

    def counted(self, venue_id: str) -> Figures:
        """Wait until counters equal records and no scan is pending; return the day's figures."""
        seen = wait_for(
            lambda: self.records(venue_id), lambda one: one.equal and not one.records[""].pending
        )
        return seen.counted[""]

    def leaks(self) -> list[str]:
        """Return the confidential values found in log files."""
        return leaks(self.place.home / "log", self.told)


class Visitor(Person):
    """A person with a phone, known to the sandbox partners."""

    def __init__(self, world: Deployed, phone: str, name: str, number: str) -> None:
        super().__init__(world.api, phone, name, number)
        self.world = world
        self.venue: dict[str, Any] = {}

    def say(self, **said: object) -> None:
        """Enter the person into the providers' data, or change their answers."""
        known = {"document_number": self.number, "name": self.name}
        self.world.sandbox.call("POST", "people", known | said)

    def text_code(self) -> str:
        """Return the code of the last text message."""
        code = self.world.sandbox.inbox(self.phone)
        self.world.told.add(code)
        return code

    def keep(self, login: Mapping[str, str]) -> None:
        """Keep the tokens, and add them to the confidential values."""
        super().keep(login)
        self.world.told |= {self.token, self.refresh_token}

    def register(self, version: int = 0, *, name: str | None = None, **options: Any) -> Reply:
        """Send the registration with the person's name and number, or another name."""
        self.world.told.add(name or self.name)
        return super().register(version, name=name, **options)

    def verification(self) -> str:
        """Wait until the registration is verified or rejected; return which."""
        return str(self.verified_registration()["verification"])

    def issue(self, **changes: Any) -> "Visitor":
        """Apply for a venue's code; the venue becomes the person's `venue`."""
        self.venue = self.apply(self.world.application(**changes)).expect(201)
        return self

    def final(self, screen: Mapping[str, Any]) -> Any:
        """Poll the scan's screen until no answer is expected any more; return it."""
        return self.final_screen(screen["scan_id"])

    def figures(self) -> Figures:
        """Return the day's figures of the person's venue, from the API."""
        shown = self.statistics(self.venue["venue_id"])
        names = ("checked", "passed", "abnormal", "pending", "own_scans")
        return Figures(*(shown[name] for name in names))


def leaks(folder: Path, told: set[str]) -> list[str]:
    """Return which of `told` occur in a file of `folder`, each with the file's name.

    Finds them plain, escaped as in JSON, or quoted as in a URL. Short alphanumeric values, such as
    one-time codes, count only as a whole word: six digits occur in many longer numbers.
    """
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = path.read_text("utf-8", errors="replace")
        words = set(re.findall(r"[0-9A-Za-z+]+", text))
        for secret in sorted(told):
            if len(secret) < 10 and secret.isalnum() and secret.isascii():
                leaked = secret in words
            else:
                leaked = any(form in text for form in _written(secret))
            if leaked:
                found.append(f"{path.name}: {secret}")
    return found


def _written(secret: str) -> set[str]:
    """Return the forms in which a log may contain the value."""
    escaped = json.dumps(secret)[1:-1]
    return {
        secret,
        escaped,
        escaped.upper().replace("\\U", "\\u"),
        quote(secret),
    }


def texts(explained: list[dict[str, str]]) -> list[str]:
    """Return the codes of a screen's reasons or next steps."""
    return [entry["code"] for entry in explained]


def _name(serial: int) -> str:
    """Return an invented name with a two-character family name that is not in the seed."""
    family = _FAMILIES[serial % 8 * 2 :][:2]
    given = "甲乙丙丁戊己庚辛壬癸"
    return family + given[serial // 80 % 10] + given[serial // 8 % 10]
