"""The sandbox's partners: what they answer, to whom, and what they keep to themselves."""

import csv
import http.client
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import phonenumbers
import pytest

from chalicelib.adapters.partners import Partner
from chalicelib.adapters.platforms.sms import HttpSmsGateway
from chalicelib.adapters.providers.http import HttpProvider
from chalicelib.admission.evidence import looked_up, states
from chalicelib.core.errors import BadInput, TooMany
from chalicelib.identity.documents.resident_id import canonical as resident_id
from chalicelib.identity.providers import (
    Absent,
    Answer,
    Pending,
    ProviderFault,
    ProviderName,
    Subject,
)
from chalicelib.rendering.coverage import missing
from infra.local.sandbox.faults import GARBAGE, MODES, partners
from infra.local.sandbox.people import Cast
from infra.local.sandbox.platforms import Credentials
from infra.local.sandbox.server import Sandbox
from infra.local.sandbox.signature import sign

ROOT = Path(__file__).parents[2]
PEOPLE = ROOT / "infra" / "local" / "data" / "people.csv"
SECRET = "a-secret-of-the-tests"
CREDENTIALS = Credentials.make()
NOON = 1_651_464_000.0  # 2022-05-02T04:00:00Z, noon in China


def people() -> dict[str, dict[str, str]]:
    with PEOPLE.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


@dataclass
class Running:
    """A sandbox in this process, with its clock and its log."""

    server: Sandbox
    log: io.StringIO
    time: list[float] = field(default_factory=lambda: [NOON])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def send(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        with closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def get(self, path: str) -> tuple[int, Any]:
        status, _, text = self.send("GET", path)
        return status, json.loads(text)

    def tell(self, path: str, **body: object) -> int:
        return self.send("POST", path, json.dumps(body).encode())[0]

    def signed(self, path: str, body: object, **changes: str) -> tuple[int, dict[str, str], Any]:
        data = json.dumps(body, ensure_ascii=False).encode()
        timestamp = changes.get("timestamp", str(int(self.time[0])))
        headers = {
            "X-Venuecode-Timestamp": timestamp,
            "X-Venuecode-Signature": changes.get(
                "signature", sign(SECRET, timestamp, "POST", path, data)
            ),
            "X-Correlation-Id": changes.get("correlation", "cor-1"),
        }
        status, answered, text = self.send("POST", path, data, headers)
        return status, answered, json.loads(text)

    def look_up(self, provider: str, name: str, **changes: str) -> tuple[int, Any]:
        body = {
            "request_id": changes.get("request_id", "r1"),
            "name": name,
            "document_type": "resident_id",
            "document_number": changes.get("number") or people()[name]["document_number"],
        }
        status, _, answer = self.signed(f"/v1/{provider}/lookups", body)
        return status, answer

    def partner(self) -> Partner:
        """The application's own adapter, pointed here."""

        class Secrets:
            def read(self) -> dict[str, str]:
                return {"default": SECRET}

        moment = datetime.fromtimestamp(self.time[0], UTC)
        return Partner(self.url, "sandbox", Secrets(), lambda: moment)

    def provider(self, name: str) -> HttpProvider:
        return HttpProvider(ProviderName(name), self.partner())


@pytest.fixture
def sandbox() -> Iterator[Running]:
    time = [NOON]
    log = io.StringIO()
    cast = Cast.load(PEOPLE)
    server = Sandbox(
        0, secret=SECRET, cast=cast, credentials=CREDENTIALS, now=lambda: time[0], log=log
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Running(server, log, time)
    server.stop()
    thread.join()


def subject(name: str) -> Subject:
    return Subject(name, "resident_id", people()[name]["document_number"])


# The signature


def test_the_signature_is_the_one_of_the_protocol() -> None:
    expected = "v1=80d0628ca27bc900b94e2cc875173ebd133225aecc0a5aa45fd7860879808f3e"
    made = sign("secret", "1651464000", "POST", "/v1/messages", b'{"to":"+8613800000001"}')
    assert made == expected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature": ""}, "bad_signature"),
        ({"signature": "v1=" + "0" * 64}, "bad_signature"),
        ({"timestamp": str(int(NOON) - 301)}, "stale_timestamp"),
        ({"timestamp": str(int(NOON) + 301)}, "stale_timestamp"),
        ({"timestamp": "now"}, "stale_timestamp"),
    ],
)
def test_a_request_that_is_not_rightly_signed_is_refused(
    sandbox: Running, changes: dict[str, str], code: str
) -> None:
    for path in ("/v1/messages", "/v1/identity/lookups", "/v1/other"):
        status, _, answer = sandbox.signed(path, {}, **changes)
        assert (status, answer) == (401, {"code": code})
    assert sandbox.get("/sandbox/calls")[1] == dict.fromkeys(partners(), 0)


def test_a_signature_holds_for_one_path_and_one_body(sandbox: Running) -> None:
    timestamp = str(int(NOON))
    other = sign(SECRET, timestamp, "POST", "/v1/identity/lookups", b"{}")
    assert sandbox.signed("/v1/messages", {}, signature=other)[0] == 401
    assert sandbox.signed("/v1/identity/lookups", {"a": 1}, signature=other)[0] == 401


# Providers


@pytest.mark.parametrize("offset", [-300, 300])
def test_a_clock_may_be_five_minutes_off(sandbox: Running, offset: int) -> None:
    path = "/v1/health_code/lookups"
    body = {
        "request_id": "r",
        "name": "甘雨桐",
        "document_type": "resident_id",
        "document_number": people()["甘雨桐"]["document_number"],
    }
    assert sandbox.signed(path, body, timestamp=str(int(NOON) + offset))[0] == 200


def test_identity(sandbox: Running) -> None:
    number = people()["刘晓丽"]["document_number"]
    entered = people()["刘晓丽"]["entered_name"]
    status, answer = sandbox.look_up("identity", entered, number=number)
    assert (status, answer["state"], answer["reason"]) == (200, "mismatch", "name_mismatch")
    status, answer = sandbox.look_up("identity", "刘晓丽")
    assert (status, answer["state"]) == (200, "match")
    assert sandbox.look_up("identity", "何远山") == (404, {"status": "absent"})
    unknown = sandbox.look_up("identity", "甘雨桐", number="11010519491231002X")
    assert unknown == (404, {"status": "absent"})


def test_colours_and_results_need_name_and_number(sandbox: Running) -> None:
    number = people()["杨振东"]["document_number"]
    for provider, state in (("health_code", "red"), ("nucleic_acid", "positive")):
        assert sandbox.look_up(provider, "杨振东")[1]["state"] == state
        assert sandbox.look_up(provider, "杨振西", number=number) == (404, {"status": "absent"})


def test_times_of_the_facts(sandbox: Running) -> None:
    sandbox.time[0] = NOON + 1234
    assert sandbox.look_up("nucleic_acid", "颜若溪")[1]["observed_at"] == "2022-04-29T16:00:00Z"
    assert sandbox.look_up("health_code", "颜若溪")[1]["observed_at"] == "2022-05-01T16:00:00Z"


def test_pending_comes_first_for_every_lookup(sandbox: Running) -> None:
    for request_id in ("r1", "r2"):
        pending = sandbox.look_up("health_code", "丁雨薇", request_id=request_id)
        assert pending == (202, {"status": "pending", "poll_after_ms": 500})
        assert sandbox.look_up("health_code", "丁雨薇", request_id=request_id)[0] == 200


def test_a_persons_state_can_be_changed(sandbox: Running) -> None:
    number = people()["甘雨桐"]["document_number"]
    assert sandbox.tell("/sandbox/people", document_number=number, health_code="yellow") == 200
    changed = sandbox.look_up("health_code", "甘雨桐")[1]
    assert (changed["state"], changed["observed_at"]) == ("yellow", "2022-05-02T04:00:00Z")
    assert sandbox.tell("/sandbox/people", document_number=number, name="甘雨彤") == 200
    assert sandbox.look_up("identity", "甘雨桐", number=number)[1]["state"] == "mismatch"


def test_red_comes_with_group_reason_and_lifting(sandbox: Running) -> None:
    answer = sandbox.look_up("health_code", "潘婉仪")[1]
    assert answer["group"] == "密切接触者"
    assert answer["reason"]
    assert answer["lifting"]
    assert answer["report_to"]
    assert (
        not {"group", "reason", "lifting", "report_to"}
        & sandbox.look_up("health_code", "甘雨桐")[1].keys()
    )


def test_the_vaccination_counts_from_the_last_dose(sandbox: Running) -> None:
    answer = sandbox.look_up("vaccination", "颜若溪")[1]
    assert answer == {
        "status": "answer",
        "state": "complete",
        "doses": 3,
        "observed_at": "2022-03-02T16:00:00Z",
    }
    none = sandbox.look_up("vaccination", "陈晓岚")[1]
    assert none == {"status": "answer", "state": "none", "doses": 0}
    assert sandbox.look_up("vaccination", "何远山")[0] == 404
    number = people()["颜若溪"]["document_number"]
    assert sandbox.look_up("vaccination", "颜如玉", number=number)[0] == 404


def test_the_travel_card_is_told_for_a_code(sandbox: Running) -> None:
    phone = people()["俞梦舟"]["phone"]
    path = "/v1/travel_card"
    assert sandbox.signed(f"{path}/codes", {"request_id": "r", "phone": phone})[0] == 202
    code = sandbox.get(f"/sandbox/inbox?to={phone}")[1]["params"]["code"]
    body = {"request_id": "r1", "phone": phone, "code": code}
    sandbox.time[0] += 299
    status, _, answer = sandbox.signed(f"{path}/exchanges", body)
    assert (status, answer["state"]) == (200, "abnormal")
    assert answer["cities"], "as the real one sends them along"
    # Told again to the same request, and to no other.
    assert sandbox.signed(f"{path}/exchanges", body)[2] == answer
    again = sandbox.signed(f"{path}/exchanges", body | {"request_id": "r2"})
    assert (again[0], again[2]) == (422, {"code": "invalid_code"})
    assert sandbox.signed(f"{path}/exchanges", {"phone": phone})[0] == 400


def test_a_travel_cards_code_ends(sandbox: Running) -> None:
    phone, path = people()["俞梦舟"]["phone"], "/v1/travel_card"

    def code() -> str:
        sandbox.signed(f"{path}/codes", {"request_id": "r", "phone": phone})
        return str(sandbox.get(f"/sandbox/inbox?to={phone}")[1]["params"]["code"])

    def exchange(text: str) -> int:
        body = {"request_id": f"{text}-{sandbox.time[0]}", "phone": phone, "code": text}
        return sandbox.signed(f"{path}/exchanges", body)[0]

    late = code()
    sandbox.time[0] += 300
    assert exchange(late) == 422
    former, present = code(), code()
    assert former == present or exchange(former) == 422
    for _ in range(5):
        sandbox.time[0] += 1
        exchange("x")
    assert exchange(present) == 422, "guessed at too often"


def test_somebody_new_can_join_the_cast(sandbox: Running) -> None:
    number = "11010519491231002X"
    assert sandbox.tell("/sandbox/people", document_number=number) == 400
    assert sandbox.tell("/sandbox/people", document_number=number, name="新人") == 200
    assert sandbox.look_up("identity", "新人", number=number)[1]["state"] == "match"


@pytest.mark.parametrize(
    "change",
    [
        {"health_code": "purple"},
        {"nucleic_acid_hours": -1},
        {"vaccination": "none"},
        {"vaccination_doses": 10},
        {"travel_card": "absent"},
        {"latency_ms": 60_000},
        {"quirks": "identity:slow"},
        {"identity": None},
        {"shoe_size": 41},
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    sandbox: Running, change: dict[str, object]
) -> None:
    number = people()["甘雨桐"]["document_number"]
    assert sandbox.tell("/sandbox/people", document_number=number, **change) == 400
    assert sandbox.look_up("health_code", "甘雨桐")[1]["state"] == "green"


# Messages


def message(to: str = "+8613800000003", code: str = "123456") -> dict[str, object]:
    return {"to": to, "template": "otp", "params": {"code": code}, "language": "zh-Hans"}


def test_a_message_reaches_the_inbox(sandbox: Running) -> None:
    assert sandbox.get("/sandbox/inbox?to=+8613800000003")[0] == 404
    for code in ("111111", "222222"):
        status, _, answer = sandbox.signed("/v1/messages", message(code=code))
        assert status == 202
    for to in ("+8613800000003", "%2B8613800000003"):
        status, last = sandbox.get(f"/sandbox/inbox?to={to}")
        assert (status, last["params"], last["language"]) == (200, {"code": "222222"}, "zh-Hans")
        assert last["message_id"] == answer["message_id"]


@pytest.mark.parametrize(
    "to", ["", "13800000003", "+8612800000003", "+861380000000", "+86", "+0123"]
)
def test_a_number_that_cannot_be_reached(sandbox: Running, to: str) -> None:
    status, _, answer = sandbox.signed("/v1/messages", message(to))
    assert (status, answer) == (400, {"code": "invalid_number"})


@pytest.mark.parametrize(
    "change", [{"template": "advertisement"}, {"params": {}}, {"params": 1}, {"language": "fr"}]
)
def test_a_message_that_the_gateway_does_not_send(
    sandbox: Running, change: dict[str, object]
) -> None:
    status, _, answer = sandbox.signed("/v1/messages", {**message(), **change})
    assert (status, answer) == (400, {"code": "invalid_message"})


def test_sixty_messages_an_hour_for_a_number(sandbox: Running) -> None:
    for minute in range(60):
        sandbox.time[0] = NOON + minute
        assert sandbox.signed("/v1/messages", message())[0] == 202
    status, headers, _ = sandbox.signed("/v1/messages", message())
    assert (status, headers["Retry-After"]) == (429, str(3600 - 59))
    assert sandbox.signed("/v1/messages", message("+85261234567"))[0] == 202
    sandbox.time[0] = NOON + 3600
    assert sandbox.signed("/v1/messages", message())[0] == 202
    assert sandbox.signed("/v1/messages", message())[0] == 429


# Faults


def test_a_partner_that_refuses_errs_or_recovers(sandbox: Running) -> None:
    assert sandbox.tell("/sandbox/faults", provider="health_code", mode="refuse") == 200
    with pytest.raises(http.client.RemoteDisconnected):
        sandbox.look_up("health_code", "甘雨桐")
    assert sandbox.look_up("identity", "甘雨桐")[0] == 200
    sandbox.tell("/sandbox/faults", provider="*", mode="error")
    for provider in looked_up():
        status, _, text = sandbox.send(
            "POST", f"/v1/{provider}/lookups", b"{}", signature_headers(provider, b"{}")
        )
        assert (status, text[:6]) == (500, b"<html>")
    sandbox.tell("/sandbox/faults", provider="*", mode="none")
    assert sandbox.look_up("health_code", "甘雨桐")[0] == 200
    calls = sandbox.get("/sandbox/calls")[1]
    asked = dict.fromkeys(looked_up(), 1) | {"identity": 2, "health_code": 3}
    assert calls == dict.fromkeys(partners(), 0) | asked


def signature_headers(provider: str, body: bytes) -> dict[str, str]:
    timestamp = str(int(NOON))
    path = f"/v1/{provider}/lookups"
    return {
        "X-Venuecode-Timestamp": timestamp,
        "X-Venuecode-Signature": sign(SECRET, timestamp, "POST", path, body),
    }


def test_a_fault_of_the_providers_leaves_the_gateway_alone(sandbox: Running) -> None:
    sandbox.tell("/sandbox/faults", provider="*", mode="error")
    assert sandbox.signed("/v1/messages", message())[0] == 202
    sandbox.tell("/sandbox/faults", provider="sms", mode="refuse")
    with pytest.raises(http.client.RemoteDisconnected):
        sandbox.signed("/v1/messages", message())


def test_what_hangs_is_let_go_when_the_fault_is_lifted(sandbox: Running) -> None:
    sandbox.tell("/sandbox/faults", provider="identity", mode="hang")
    with ThreadPoolExecutor() as pool:
        hanging = pool.submit(sandbox.look_up, "identity", "甘雨桐")
        while sandbox.get("/sandbox/calls")[1]["identity"] == 0:
            assert not hanging.done()
        assert sandbox.look_up("health_code", "甘雨桐")[0] == 200
        sandbox.tell("/sandbox/faults", provider="identity", mode="none")
        assert isinstance(hanging.exception(), http.client.RemoteDisconnected)


@pytest.mark.parametrize("fault", [{"provider": "weather", "mode": "none"}, {"provider": "*"}, {}])
def test_a_fault_that_there_is_not(sandbox: Running, fault: dict[str, str]) -> None:
    assert sandbox.tell("/sandbox/faults", **fault) == 400


# As HTTP


@pytest.mark.parametrize(
    ("request_line", "status"),
    [("GET /healthz", 200), ("GET /", 404), ("GET /sandbox/people", 405), ("POST /healthz", 405)],
)
def test_routes(sandbox: Running, request_line: str, status: int) -> None:
    method, path = request_line.split()
    assert sandbox.send(method, path)[0] == status


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"not json", {}, 400),
        (b"[]", {}, 400),
        (b"[" * 60_000, {}, 400),
        (b"", {"Content-Length": "70000"}, 413),
        (b"", {"Content-Length": "-1"}, 411),
        (b"", {"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_bodies_that_are_not_read(
    sandbox: Running, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert sandbox.send("POST", "/sandbox/faults", body, headers)[0] == status


def test_a_connection_serves_many_requests(sandbox: Running) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", sandbox.server.server_port)) as held:
        for _ in range(3):
            held.request("GET", "/healthz")
            assert held.getresponse().read() == b'{"status": "ok"}'


def test_many_ask_at_once(sandbox: Running) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: sandbox.look_up("health_code", "甘雨桐"), range(100)))
    assert all(answer == answers[0] for answer in answers)
    assert sandbox.get("/sandbox/calls")[1]["health_code"] == 100


def test_the_log_holds_the_correlation_id_and_nobodys_data(sandbox: Running) -> None:
    person = people()["刘晓丽"]
    sandbox.look_up("identity", "刘晓丽")
    sandbox.signed("/v1/messages", message(person["phone"]), correlation="cor-sms")
    sandbox.get(f"/sandbox/inbox?to={person['phone']}")
    sandbox.tell("/sandbox/people", document_number=person["document_number"], name="刘小丽")
    sandbox.tell("/sandbox/people", document_number="x", latency_ms=person["phone"])
    sandbox.send("GET", f"/{person['phone']}", headers={"X-Correlation-Id": "a b\u00e9"})
    text = sandbox.log.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["route"], line["status"], line["correlation"]) for line in lines] == [
        ("/v1/identity/lookups", 200, "cor-1"),
        ("/v1/messages", 202, "cor-sms"),
        ("/sandbox/inbox", 200, "-"),
        ("/sandbox/people", 200, "-"),
        ("/sandbox/people", 400, "-"),
        ("-", 404, "-"),
    ]
    for secret in ("刘", person["document_number"], person["phone"][3:], "123456"):
        assert secret not in text


# As a process


def test_the_process_serves_and_stops_when_told() -> None:
    environment = {**os.environ, "SANDBOX_SECRET": SECRET}
    command = [sys.executable, "-m", "infra.local.sandbox", "--port", "0"]
    with subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        port = json.loads(process.stderr.readline())["port"]
        held = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with closing(held):
            held.request("POST", "/sandbox/faults", b'{"provider": "*", "mode": "hang"}')
            assert held.getresponse().read()
            body = b"{}"
            timestamp = str(int(datetime.now(UTC).timestamp()))  # noqa: TID251
            path = "/v1/identity/lookups"
            headers = {
                "X-Venuecode-Timestamp": timestamp,
                "X-Venuecode-Signature": sign(SECRET, timestamp, "POST", path, body),
            }
            held.request("POST", path, body, headers)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(http.client.RemoteDisconnected):
                held.getresponse()
        assert process.wait(10) == 0


@pytest.mark.parametrize("case", ["no secret", "port taken"])
def test_what_keeps_it_from_starting_is_said_in_a_sentence(sandbox: Running, case: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "SANDBOX_SECRET"}
    if case == "port taken":
        environment["SANDBOX_SECRET"] = SECRET
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "infra.local.sandbox", "--port", str(sandbox.server.server_port)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert ("SANDBOX_SECRET" if case == "no secret" else "VENUECODE_SANDBOX_PORT") in done.stderr


# With the application's own adapters


def test_the_applications_adapter_reads_every_kind_of_answer(sandbox: Running) -> None:
    health = sandbox.provider("health_code")
    answer = health.lookup(subject("杨振东"), request_id="r1")
    assert isinstance(answer, Answer)
    assert (answer.state, answer.observed_at) == ("red", datetime(2022, 5, 1, 16, tzinfo=UTC))
    assert isinstance(health.lookup(subject("俞梦舟"), request_id="r1"), Absent)
    assert health.lookup(subject("丁雨薇"), request_id="r1") == Pending(500)
    assert isinstance(health.lookup(subject("丁雨薇"), request_id="r1"), Answer)


def test_the_applications_adapter_takes_all_garbage_for_a_fault(sandbox: Running) -> None:
    sandbox.tell("/sandbox/faults", provider="health_code", mode="garbage")
    provider = sandbox.provider("health_code")
    for _ in GARBAGE:
        with pytest.raises(ProviderFault):
            provider.lookup(subject("甘雨桐"), request_id="r1")
    assert sandbox.get("/sandbox/calls")[1]["health_code"] == len(GARBAGE)


@pytest.mark.parametrize("mode", ["refuse", "error"])
def test_the_applications_adapter_reports_a_partner_that_fails(sandbox: Running, mode: str) -> None:
    sandbox.tell("/sandbox/faults", provider="*", mode=mode)
    with pytest.raises(ProviderFault):
        sandbox.provider("identity").lookup(subject("甘雨桐"), request_id="r1")


def test_the_applications_adapter_is_refused_with_another_secret(sandbox: Running) -> None:
    sandbox.server.secret = "rotated"
    with pytest.raises(ProviderFault):
        sandbox.provider("identity").lookup(subject("甘雨桐"), request_id="r1")


def test_the_applications_gateway_sends_a_code(sandbox: Running) -> None:
    gateway = HttpSmsGateway(sandbox.partner())
    gateway.send_code("+8613800000003", "654321", "en")
    assert sandbox.get("/sandbox/inbox?to=+8613800000003")[1]["params"] == {"code": "654321"}
    with pytest.raises(BadInput):
        gateway.send_code("+8612800000003", "654321", "en")
    for _ in range(59):
        gateway.send_code("+8613800000003", "654321", "en")
    with pytest.raises(TooMany):
        gateway.send_code("+8613800000003", "654321", "en")


# The cast


def test_the_cast_is_of_sixty_people_with_valid_numbers() -> None:
    rows = people().values()
    assert len(rows) == 61
    assert len({row["document_number"] for row in rows}) == 61
    phones = [row["phone"] for row in rows if row["phone"]]
    assert len(set(phones)) == len(phones) == 59
    for row in rows:
        assert resident_id(row["document_number"]) == row["document_number"]
        assert missing(row["name"]) == []
    for phone in phones:
        assert phone.startswith("+86138000000"), "the demo's own numbers"
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone))


def test_the_cast_has_names_and_ages_of_many_kinds() -> None:
    rows = people().values()
    names = [row["name"] for row in rows]
    assert {len(name) for name in names} >= {2, 3, 4}
    assert any("·" in name for name in names), "a name with a dot"
    assert any(ord(character) > 0xFFFF for name in names for character in name)
    born = [int(row["document_number"][6:10]) for row in rows]
    assert min(born) == 1932
    assert sum(year >= 2008 for year in born) >= 4, "children"


def test_the_cast_has_a_part_for_everybody() -> None:
    rows = people().values()
    parts = Counter(row["part"] for row in rows)
    assert parts == {
        "poster": 24, "door": 14, "outage": 12, "card": 2, "by_hand": 2, "fever": 1, "fast": 1,
        "twice": 1, "guard_identity": 1, "guard_join": 1, "guard_invited": 1, "family": 1,
    }  # fmt: skip
    door = {row["health_code"] for row in rows if row["part"] == "door"}
    assert door == {*states(ProviderName.HEALTH_CODE), "absent"}
    cards = {row["travel_card"] for row in rows if row["part"] == "card"}
    assert cards == states(ProviderName.TRAVEL_CARD)
    by_hand = [row for row in rows if row["part"] == "by_hand"]
    assert [row["phone"] for row in by_hand].count("") == 1, "an old man without a phone"
    for row in rows:
        assert bool(row["entered_name"]) is (row["part"] not in ("by_hand", "family"))


def test_most_of_the_cast_is_green() -> None:
    colours = Counter(row["health_code"] for row in people().values())
    assert colours["green"] > 40
    assert min(colours[colour] for colour in ("yellow", "red", "light_green", "absent")) >= 3


def test_the_cast_covers_every_state() -> None:
    rows = people().values()
    assert {row["health_code"] for row in rows} == {*states(ProviderName.HEALTH_CODE), "absent"}
    results = {(row["nucleic_acid"], row["nucleic_acid_hours"]) for row in rows}
    assert results == {
        ("negative", "12"),
        ("negative", "60"),
        ("negative", "480"),
        ("positive", "12"),
        ("absent", "0"),
    }
    assert {row["vaccination"] for row in rows} == {*states(ProviderName.VACCINATION), "absent"}
    assert {row["travel_card"] for row in rows} == states(ProviderName.TRAVEL_CARD)
    for row in rows:
        told = all(row[f"health_{what}"] for what in ("group", "reason", "lifting", "report_to"))
        assert told is (row["health_code"] in ("red", "yellow")), "who is told why"
    quirks = {quirk for row in rows for quirk in row["quirks"].split(";")}
    assert {"health_code:garbage", "health_code:pending_first", "identity:pending_first"} <= quirks
    assert any(row["entered_name"] != row["name"] for row in rows)
    assert any(row["identity"] == "absent" for row in rows)
    assert max(int(row["latency_ms"]) for row in rows) == 1500


def test_a_broken_line_of_the_cast_is_named_and_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("document_number,name,health_code\n1,甲,green\n2,乙,purple\n", "utf-8")
    with pytest.raises(ValueError, match=r"^people.csv, line 3: health_code: not one of") as caught:
        Cast.load(path)
    assert "purple" not in str(caught.value)


# The documentation


def test_the_example_adapter_of_the_documentation_works() -> None:
    text = (ROOT / "docs" / "providers.md").read_text("utf-8")
    scope: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], scope)  # noqa: S102

    class Bureau:
        answer: tuple[int, dict[str, object]]

        def post(self, path: str, body: dict[str, object]) -> tuple[int, dict[str, object]]:
            assert (path, body["serial"], body["xm"]) == ("/query", "r1", "甘雨桐")
            return self.answer

    bureau = Bureau()
    town = scope["TownHealthCode"](bureau)
    bureau.answer = (200, {"colour": "G", "since": int(NOON)})
    moment = datetime.fromtimestamp(NOON, UTC)
    assert town.lookup(subject("甘雨桐"), request_id="r1") == Answer("green", moment)
    bureau.answer = (404, {})
    assert town.lookup(subject("甘雨桐"), request_id="r1") == Absent()
    for garbage in ({"colour": ["G"]}, {"colour": "G", "since": "now"}, {"colour": "G"}, {}):
        bureau.answer = (200, dict(garbage))
        with pytest.raises(ProviderFault):
            town.lookup(subject("甘雨桐"), request_id="r1")


def test_the_documentation_names_every_route_and_fault(sandbox: Running) -> None:
    documents = ("providers.md", "clients.md")
    text = "".join((ROOT / "docs" / name).read_text("utf-8") for name in documents)
    for method, path in sandbox.server.routes:
        if not path.startswith("/v1/"):
            assert f"`{method} {path}" in text
    for word in (*MODES, *partners()):
        assert f"`{word}`" in text
    assert sign("secret", "1651464000", "POST", "/v1/messages", b'{"to":"+8613800000001"}') in text
