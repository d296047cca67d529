"""The sandbox's identity checks and households: the page, the callback, and what goes wrong."""

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import urllib3

from chalicelib.core.signatures import SignedMessage, fault
from chalicelib.identity.checks import CALLBACK_PATH
from infra.local.sandbox import identity_checks
from infra.local.sandbox.households import Households
from infra.local.sandbox.people import Cast, Person
from infra.local.sandbox.server import Sandbox
from infra.local.sandbox.signature import sign
from tests.fakes.parts import NOON, StandingClock
from tests.support import ROOT

SECRET = "a-secret-of-the-tests"
START = {
    "check_id": "idc_0000000000000001",
    "binding": "B" * 16,
    "method": "face",
    "client": "sms",
    "name": "梁思齐",
    "document_type": "resident_id",
    "document_number": "known",
}
ENDED = "/sandbox/identity-checks"


class Application(ThreadingHTTPServer):
    """What the sandbox calls back: it keeps each message, and answers `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.messages: list[SignedMessage] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api{CALLBACK_PATH}"


class _Receiver(BaseHTTPRequestHandler):
    server: Application

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        timestamp, signature = (
            str(self.headers[f"X-Venuecode-{name}"]) for name in ("Timestamp", "Signature")
        )
        self.server.messages.append(SignedMessage(timestamp, signature, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@dataclass
class Running:
    """A sandbox with an application to call back."""

    server: Sandbox
    application: Application
    clock: StandingClock
    log: io.StringIO = field(default_factory=io.StringIO)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def post(self, path: str, **body: object) -> Any:
        """Post signed, and return status and answer."""
        data, timestamp = json.dumps(body).encode(), str(int(self.clock.now().timestamp()))
        headers = {
            "X-Venuecode-Timestamp": timestamp,
            "X-Venuecode-Signature": sign(SECRET, timestamp, "POST", path, data),
        }
        reply = urllib3.request("POST", self.url + path, body=data, headers=headers)
        return reply.status, reply.json()

    def start(self, **changes: str) -> dict[str, Any]:
        status, started = self.post("/v1/identity_checks", **{**START, **changes})
        assert status == 201
        return dict(started)

    def result(self, reference: str) -> str:
        asked = {"check_id": START["check_id"], "reference": reference}
        status, told = self.post("/v1/identity_checks/results", **asked)
        assert status == 200
        assert (told["check_id"], told["binding"]) == (START["check_id"], START["binding"])
        return str(told["status"])


@pytest.fixture
def running() -> Iterator[Running]:
    application, clock, log = Application(), StandingClock(), io.StringIO()
    server = Sandbox(
        0,
        secret=SECRET,
        cast=Cast([Person("known", "梁思齐"), Person("absent", "梁思齐", identity="absent")]),
        callback=application.url,
        now=lambda: clock.now().timestamp(),
        log=log,
    )
    threads = [
        threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        for one in (server, application)
    ]
    for thread in threads:
        thread.start()
    yield Running(server, application, clock, log)
    server.stop()
    application.shutdown()
    application.server_close()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("result", ["passed", "failed", "expired"])
def test_what_the_person_does_is_called_back_signed_and_can_be_polled(
    running: Running, result: str
) -> None:
    reference = running.start()["reference"]
    assert running.result(reference) == "pending"
    told = running.post(ENDED, reference=reference, result=result)
    assert told == (200, {"status": result, "callbacks": [200]})
    (message,) = running.application.messages
    assert fault(SECRET, message, CALLBACK_PATH, NOON) is None
    assert f'"status": "{result}"'.encode() in message.body
    assert running.result(reference) == result


def test_a_callback_can_be_lost_repeated_or_refused(running: Running) -> None:
    check = {"check_id": running.start() and START["check_id"], "result": "passed"}
    assert running.post(ENDED, **check, callbacks=0)[1]["callbacks"] == []
    assert running.application.messages == []
    running.application.status = 503
    assert running.post(ENDED, **check, callbacks=2)[1]["callbacks"] == [503, 503]
    first, second = running.application.messages
    assert first == second


def test_nobody_at_the_other_end_is_no_status(running: Running) -> None:
    running.start()
    checks = identity_checks.IdentityChecks(SECRET, lambda *_: True, "http://127.0.0.1:1/")
    checks.start(START, 0.0)
    asked = {"check_id": START["check_id"], "result": "passed"}
    assert checks.end(asked, 0.0) == {"status": "passed", "callbacks": [0]}


def test_the_first_result_stays(running: Running) -> None:
    reference = running.start()["reference"]
    for result in ("failed", "passed", "expired"):
        assert running.post(ENDED, reference=reference, result=result)[1]["status"] == "failed"


@pytest.mark.parametrize(
    "changes",
    [{"document_number": "nobody"}, {"name": "孔令泽"}, {"document_number": "absent"}],
)
def test_who_is_not_known_starts_alike_and_cannot_pass(
    running: Running, changes: dict[str, str]
) -> None:
    started = running.start(**changes)
    known = running.start(check_id="idc_0000000000000002")
    assert started.keys() == known.keys()
    ended = running.post(ENDED, reference=started["reference"], result="passed")
    assert ended[1]["status"] == "failed"


def test_a_check_ends_after_ten_minutes(running: Running) -> None:
    reference = running.start()["reference"]
    running.clock.pass_(seconds=599)
    assert running.result(reference) == "pending"
    running.clock.pass_(seconds=1)
    assert running.post(ENDED, reference=reference, result="passed")[1]["status"] == "expired"
    assert running.result(reference) == "expired"


def test_the_page_has_a_button_for_each_result(running: Running) -> None:
    page = urllib3.request("GET", running.start()["redirect_url"])
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    text = page.data.decode()
    assert all(f">{result}</button>" in text for result in ("passed", "failed", "expired"))
    assert "梁思齐" not in text
    unknown = urllib3.request("GET", f"{running.url}{ENDED}?reference=%3Cscript%3E")
    assert unknown.status == 404


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/v1/identity_checks", START | {"method": "palm"}, "method"),
        ("/v1/identity_checks", START | {"binding": ""}, "binding"),
        ("/v1/identity_checks", START | {"name": 7}, "name"),
        (ENDED, {"reference": "x", "result": "maybe"}, "result"),
        (ENDED, {"reference": "x", "result": "passed"}, "reference"),
        (ENDED, {"result": "passed", "callbacks": -1}, "callbacks"),
        ("/v1/household/checks", {"guardian": {}, "child": {}}, "request_id"),
        ("/v1/household/checks", {"request_id": "r"}, "guardian"),
        ("/v1/household/checks", {"request_id": "r", "guardian": {}, "child": {}}, "name"),
        ("/sandbox/households", {}, "household"),
        ("/sandbox/households", {"household": "1", "name": "x"}, "document_type"),
    ],
)
def test_a_wrong_request_is_named(
    running: Running, path: str, body: dict[str, object], named: str
) -> None:
    status, answer = running.post(path, **body)
    assert (status, answer["code"]) == (400, "invalid_request")
    assert named in answer["detail"]


def test_a_check_is_polled_by_both_of_its_names(running: Running) -> None:
    reference = running.start()["reference"]
    for asked in ({"check_id": "another", "reference": reference}, {"reference": "another"}):
        answer = running.post("/v1/identity_checks/results", **asked)
        assert answer == (404, {"code": "unknown_check"})


def test_unsigned_requests_are_refused_and_nothing_personal_is_logged(running: Running) -> None:
    for path in ("/v1/identity_checks", "/v1/identity_checks/results", "/v1/household/checks"):
        assert urllib3.request("POST", running.url + path, json=START).status == 401
    running.start()
    assert "梁思齐" not in running.log.getvalue()


def test_the_families_of_the_demo_are_people_of_the_cast() -> None:
    data = ROOT / "infra/local/data"
    families = Households.load(data / "families.csv")
    cast = Cast.load(data / "people.csv")
    mother = {"name": "梁思齐", "document_type": "resident_id",
              "document_number": "440983198804129028"}  # fmt: skip
    child = {"name": "邱子轩", "document_type": "resident_id",
             "document_number": "44098320140501915X"}  # fmt: skip
    asked = {"request_id": "r", "guardian": mother, "child": child}
    assert families.check(asked, 0.0).body == {"status": "answer", "same_household": True}
    assert cast.knows(mother["name"], mother["document_number"])
    assert cast.knows(child["name"], child["document_number"])
