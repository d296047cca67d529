"""The deployed application as the world meets it: over HTTP, by text message, as an operator.

Nothing in the application is replaced. Visitors are made up; the sandbox partners are told of them.
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
import urllib3

from chalicelib.adapters import aws
from chalicelib.bootstrap import Container
from chalicelib.core.aws import session
from chalicelib.insight.counters import Figures
from infra.local.client import now_ms, uuid7, wait_for
from infra.local.place import LocalCloud, Place, environment
from infra.ops import deployment, recount
from infra.ops.deployment import Deployment
from tests.support import ROOT, resident_id, social_credit_code

_FAMILIES = "欧阳司马上官诸葛夏侯皇甫尉迟公孙"


def free_place(home: Path) -> Place:
    """A place for a local cloud, on two ports that nobody listens on."""
    with socket.socket() as first, socket.socket() as second:
        ports = []
        for listener in (first, second):
            listener.bind(("127.0.0.1", 0))
            ports.append(int(listener.getsockname()[1]))
    return Place(home, *ports)


@contextlib.contextmanager
def operating(place: Place) -> Iterator[Deployment]:
    """The deployment at `place` as its operator's commands see it, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**addresses(place), **environment(place)}.items():
            patch.setenv(name, value)
        patch.setattr("boto3.DEFAULT_SESSION", None)
        _forget_clients()
        yield deployment.find("local")
    _forget_clients()


def _forget_clients() -> None:
    """The application's clients keep to the endpoint that they were made for."""
    aws.client.cache_clear()
    session.cache_clear()


def addresses(place: Place) -> dict[str, str]:
    """The variables that lead the project's commands to `place`."""
    return {
        "VENUECODE_HOME": str(place.home),
        "VENUECODE_PORT": str(place.port),
        "VENUECODE_SANDBOX_PORT": str(place.sandbox_port),
    }


def command(
    place: Place, module: str, *arguments: str, cwd: Path | None = None
) -> "subprocess.Popen[str]":
    """Start ``python -m module`` on `place`; both of its outputs come as one."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
    settings = {**addresses(place), "PYTHONPATH": path, "COLUMNS": "200"}
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
    """Run ``python -m module`` on `place` to its end: its exit status and all that it said."""
    with command(place, module, *arguments, cwd=cwd) as process:
        try:
            said, _ = process.communicate(timeout=180)
        finally:
            process.kill()  # nothing happens if it has ended
    return process.returncode, said


def process_of(place: Place, name: str) -> int:
    """The process id of the ``emulator`` or the ``sandbox`` at `place`."""
    pid = int((place.home / f"run/{name}.pid").read_text())
    assert f"infra.local.{name}" in Path(f"/proc/{pid}/cmdline").read_text()
    return pid


def workers_of(emulator: int) -> list[int]:
    """The processes that run functions: the emulator's children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == emulator and state != "Z":
                found.append(int(stat.parent.name))
    return found


def kill(*pids: int) -> None:
    """SIGKILL processes of ours; those that are gone already are fine."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP; header names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code; empty where there is no problem."""
        return str(self.json["code"]) if "problem" in self.headers["Content-Type"] else ""

    def expect(self, status: int, code: str = "") -> Any:
        """The body, if the answer is the one that the story goes on with."""
        assert (self.status, self.code) == (status, code), self.body[:600].decode()
        return self.json


@dataclass
class Deployed:
    """The application on a local cloud. What it was told in confidence is kept in `told`."""

    cloud: LocalCloud
    place: Place
    deployment: Deployment
    told: set[str] = field(default_factory=set)
    _people: int = 0
    _venues: int = 0
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(timeout=30.0, retries=False)
    )

    def parts(self) -> Container:
        """The application's parts, as an operator's command has them; with nothing remembered."""
        return self.deployment.container()

    def fetch(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request to wherever, neither repeated nor redirected nor unpacked."""
        answer = self._pool.request(
            method, url, body=body, headers=dict(headers or {}), redirect=False
        )
        return Reply(answer.status, answer.headers, answer.data)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request to the API."""
        sent = {"Accept-Language": "en"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if token:
            sent["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        url = self.cloud.base_url + path
        return self.fetch(method, url, body=data, headers=sent | dict(headers or {}))

    def sandbox(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the sandbox's own side."""
        data = None if body is None else json.dumps(body).encode()
        return self.fetch(method, self.cloud.sandbox_url + path, body=data).expect(200)

    @contextlib.contextmanager
    def fault(self, partner: str, mode: str) -> Iterator[None]:
        """A partner that refuses, hangs, answers garbage or an error."""
        self.sandbox("POST", "/sandbox/faults", {"provider": partner, "mode": mode})
        try:
            yield
        finally:
            self.sandbox("POST", "/sandbox/faults", {"provider": partner, "mode": "none"})

    def visitor(self, **said: object) -> "Visitor":
        """Somebody who has logged in; `said` is what the providers say of them."""
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
        """Somebody whose registration has been approved."""
        visitor = self.visitor(**said)
        visitor.register().expect(202)
        assert visitor.verification() == "verified"
        return visitor

    def application(self, **changes: Any) -> dict[str, Any]:
        """An application for a venue's code that is in order, but for `changes`."""
        self._venues += 1
        body: dict[str, Any] = {
            "nonce": uuid7(now_ms()),
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
        """Counters and records of the venue's today."""
        (comparison,) = recount.compare(self.parts(), [venue_id], None)
        return comparison

    def counted(self, venue_id: str) -> Figures:
        """The day's figures, once the counters say what the records say and nothing waits."""
        seen = wait_for(
            lambda: self.records(venue_id), lambda one: one.equal and not one.records[""].pending
        )
        return seen.counted[""]

    def leaks(self) -> list[str]:
        """What of all that the application was told in confidence stands in some log file."""
        return leaks(self.place.home / "log", self.told)


@dataclass
class Visitor:
    """Somebody with a phone."""

    world: Deployed
    phone: str
    name: str
    number: str
    person_id: str = ""
    token: str = ""
    venue: dict[str, Any] = field(default_factory=dict)

    def say(self, **said: object) -> None:
        """Let the providers know them, or change what they say."""
        known = {"document_number": self.number, "name": self.name}
        self.world.sandbox("POST", "/sandbox/people", known | said)

    def get(self, path: str, **options: Any) -> Reply:
        return self.world.call("GET", path, token=self.token, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        return self.world.call("POST", path, body, token=self.token, **options)

    def log_in(self) -> None:
        """Ask for a code, read it off the phone, enter it."""
        self.world.call("POST", "/v1/otp", {"phone": self.phone}).expect(202)
        login = self.enter(self.code()).expect(201)
        self.person_id, self.token = login["person_id"], login["access_token"]
        self.world.told |= {login["access_token"], login["refresh_token"]}

    def code(self) -> str:
        """The code of the last text message."""
        message = self.world.sandbox("GET", f"/sandbox/inbox?to={self.phone[1:]}")
        code = str(message["params"]["code"])
        self.world.told.add(code)
        return code

    def enter(self, code: str) -> Reply:
        return self.world.call(
            "POST", "/v1/sessions", {"client": "sms", "phone": self.phone, "code": code}
        )

    def register(self, name: str | None = None, version: int = 0, **options: Any) -> Reply:
        """Enter one's name and number, or another name."""
        entered = name or self.name
        self.world.told.add(entered)
        entry = {
            "version": version,
            "name": entered,
            "document_type": "resident_id",
            "document_number": self.number,
        }
        return self.post("/v1/me/registration", entry, **options)

    def registration(self) -> Any:
        """Where the registration stands."""
        return self.get("/v1/me").expect(200)["registration"]

    def verification(self) -> str:
        """What became of the registration; waits for it."""
        seen = wait_for(self.registration, lambda now: now["verification"] != "pending")
        return str(seen["verification"])

    def issue(self, **changes: Any) -> "Visitor":
        """Apply for a venue's code, which is theirs from then on."""
        self.venue = self.post("/v1/venues", self.world.application(**changes)).expect(201)
        return self

    def scan(self, code: str, nonce: str = "", **options: Any) -> Reply:
        """Scan whatever a scanner hands over."""
        body = {"nonce": nonce or uuid7(now_ms()), "code": code}
        return self.post("/v1/scans", body, **options)

    def final(self, screen: Mapping[str, Any]) -> Any:
        """The scan's screen once nothing is on its way any more."""
        return wait_for(
            lambda: self.get(f"/v1/scans/{screen['scan_id']}").expect(200),
            lambda seen: seen["poll_after_ms"] is None,
        )

    def figures(self) -> Figures:
        """The day's figures of their venue, as the API shows them."""
        path = f"/v1/venues/{self.venue['venue_id']}/statistics"
        shown = self.get(path).expect(200)
        names = ("checked", "passed", "abnormal", "pending", "own_scans")
        return Figures(*(shown[name] for name in names))


def leaks(folder: Path, told: set[str]) -> list[str]:
    """Which of `told` stand in a file of `folder`, each with the file's name.

    As they are, escaped as in JSON, or quoted as in a URL. What is short and plain, such as a
    one-time code, counts where it stands alone: six digits occur in many a longer number.
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
    """The ways in which a log may have it."""
    escaped = json.dumps(secret)[1:-1]
    return {
        secret,
        escaped,
        escaped.upper().replace("\\U", "\\u"),
        quote(secret),
    }


def texts(explained: list[dict[str, str]]) -> list[str]:
    """The codes of a screen's reasons or next steps."""
    return [entry["code"] for entry in explained]


def _name(serial: int) -> str:
    """An invented name of two, with a family name that nobody of the seed has."""
    family = _FAMILIES[serial % 8 * 2 :][:2]
    given = "甲乙丙丁戊己庚辛壬癸"
    return family + given[serial // 80 % 10] + given[serial // 8 % 10]
