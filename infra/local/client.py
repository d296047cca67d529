"""A client of the API: a person with a phone, over HTTP or in process.

The demo, ``tests/api`` and ``tests/cloud`` use the same client:

    Transport   sends one request: `Http` over the network, in tests also in process
    Api         JSON bodies, headers, nonces
    Person      the operations of a person with a phone, one request each
    PhoneClock  a phone's clock, which may be wrong and is corrected by the server's
    Phone       a person's phone in the demo, which waits, retries, and remembers

A `Phone` behaves as a mini-program should. It writes down each request with its nonce before
sending it, so that after a crash the same request is sent again and gets its own result. It retries
when the service is busy or unreachable. If its clock is wrong, it sends the request again with a
nonce of the server's time.
"""

import json
import os
import secrets
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import EllipsisType
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import urllib3

Seen = TypeVar("Seen")
_TRY_AGAIN = (429, 502, 503, 504)
_PATIENCE_S = 60.0


def uuid7(at_ms: int) -> str:
    """Return a new UUIDv7 of a moment in milliseconds since the epoch (RFC 9562, section 5.7)."""
    value = at_ms << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0x2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def now_ms() -> int:
    """Return the phone's time, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def fresh_nonce() -> str:
    """Return a new nonce of the present time."""
    return uuid7(now_ms())


_WRONG_BY_MS = 60_000


@dataclass
class PhoneClock:
    """The clock of a phone; `read` returns its time, in milliseconds since the epoch."""

    read: Callable[[], int] = now_ms
    ahead_ms: int = 0
    """By how much the server's time is ahead of the phone's, as far as the phone knows."""

    def nonce(self) -> str:
        """Return a new nonce of the present time, by the server's clock."""
        return uuid7(self.read() + self.ahead_ms)

    def correct(self, server_time: str) -> bool:
        """Take over the server's time (RFC 3339); return whether this clock was wrong.

        If it was not, the request was too old, and another nonce would make a second one of it.
        """
        ahead = int(datetime.fromisoformat(server_time).timestamp() * 1000) - self.read()
        wrong = abs(ahead - self.ahead_ms) > _WRONG_BY_MS
        if wrong:
            self.ahead_ms = ahead
        return wrong


class ApiError(Exception):
    """An unexpected response of the API; `code` is the API's error code."""

    def __init__(self, status: int, body: Mapping[str, Any], hoped: str = "") -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.body = body
        instead = f", not {hoped}" if hoped else ""
        super().__init__(f"{status} {self.code}{instead}: {body.get('detail') or body}")


@dataclass(frozen=True)
class Reply:
    """The response to one request; header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the JSON body. Raises ValueError if it is not JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Return the problem's code; empty if the response is not a problem."""
        problem = "problem" in self.headers.get("content-type", "")
        return str(self.json["code"]) if problem else ""

    @property
    def faults(self) -> dict[str, str]:
        """Return the codes of invalid fields, by their JSON pointer."""
        return {fault["pointer"]: fault["code"] for fault in self.json["errors"]}

    def expect(self, status: int, code: str = "") -> Any:
        """Return the body if status and code are as expected. Raises ApiError."""
        if (self.status, self.code) != (status, code):
            raise ApiError(self.status, self.object(), f"{status} {code}".strip())
        return self.json

    def good(self) -> dict[str, Any]:
        """Return the body unless the status is an error. Raises ApiError."""
        if self.status >= 400:
            raise ApiError(self.status, self.object())
        return dict(self.json)

    def object(self) -> dict[str, Any]:
        """Return the body's JSON object; of another body, its beginning as ``detail``."""
        try:
            problem = json.loads(self.body)
        except ValueError:
            problem = None
        readable = isinstance(problem, dict)
        return problem if readable else {"detail": self.body[:600].decode(errors="replace")}


class Transport(Protocol):
    """Sends requests to the API."""

    def request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        """Return the response to one request; `path` begins with a slash."""


class Http:
    """Sends requests over the network; neither retries nor follows redirects."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._pool = urllib3.PoolManager(maxsize=8, timeout=30.0, retries=False)

    def request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        """Return the response to one request. Raises urllib3's HTTPError."""
        return self.fetch(method, self.base_url + path, body, headers)

    def fetch(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return the response from any URL. Raises urllib3's HTTPError."""
        answer = self._pool.request(
            method, url, body=body, headers=dict(headers or {}), redirect=False
        )
        return Reply(answer.status, answer.headers, answer.data)


class Patient:
    """Retries for a minute while the service is busy or unreachable."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        """Return the first response that is not a busy service's, or the last response."""
        deadline = time.monotonic() + _PATIENCE_S
        pause = 0.2
        while True:
            try:
                reply = self._transport.request(method, path, body, headers)
            except urllib3.exceptions.HTTPError as error:
                reply = Reply(503, {}, json.dumps({"detail": str(error)}).encode())
            wait = int(reply.headers.get("Retry-After", "0"))
            if reply.status not in _TRY_AGAIN or time.monotonic() + wait >= deadline:
                return reply
            time.sleep(pause)
            pause = min(2.0, pause * 2)


@dataclass
class Api:
    """The API with JSON bodies; `nonce` makes the nonces of requests."""

    transport: Transport
    language: str = "zh-Hans"
    nonce: Callable[[], str] = fresh_nonce

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        language: str | EllipsisType | None = ...,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request; `body` is sent as JSON, `raw` as it is.

        `language` replaces the client's own language; None sends no such header.
        """
        sent = {}
        if body is not None:
            sent["Content-Type"] = "application/json"
            raw = json.dumps(body).encode()
        wanted = self.language if isinstance(language, EllipsisType) else language
        if wanted:
            sent["Accept-Language"] = wanted
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return self.transport.request(method, path, raw, sent | dict(headers or {}))


@dataclass
class Person(ABC):
    """A person with a phone. Each operation is one request with the token of the login."""

    api: Api
    phone: str
    name: str = ""
    number: str = ""
    """Their resident ID number."""
    person_id: str = ""
    token: str = ""
    refresh_token: str = ""

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """Send one request as this person; `options` as for :meth:`Api.call`."""
        return self.api.call(method, path, body, token=self.token, **options)

    def get(self, path: str, **options: Any) -> Reply:
        """Send a GET request."""
        return self.request("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        """Send a POST request."""
        return self.request("POST", path, body, **options)

    # --- Sessions and registration

    def log_in(self) -> None:
        """Log in by SMS."""
        self.ask_for_code().expect(202)
        self.keep(self.enter_code(self.text_code()).expect(201))

    def ask_for_code(self, **options: Any) -> Reply:
        """Request a one-time code by SMS."""
        return self.api.call("POST", "/v1/otp", {"phone": self.phone}, **options)

    @abstractmethod
    def text_code(self) -> str:
        """Return the code in the last text message to this phone."""

    def enter_code(self, code: str) -> Reply:
        """Log in with a one-time code."""
        return self.start_session({"client": "sms", "phone": self.phone, "code": code})

    def start_session(self, login: Mapping[str, Any]) -> Reply:
        """Log in with the credentials in `login`."""
        return self.api.call("POST", "/v1/sessions", login)

    def refresh(self) -> Reply:
        """Exchange the refresh token for a new session."""
        body = {"refresh_token": self.refresh_token}
        return self.api.call("POST", "/v1/sessions/refresh", body)

    def keep(self, login: Mapping[str, str]) -> None:
        """Keep the person's id and the tokens of a login."""
        self.person_id = login["person_id"]
        self.token, self.refresh_token = login["access_token"], login["refresh_token"]

    def register(
        self,
        version: int = 0,
        *,
        name: str | None = None,
        number: str | None = None,
        **options: Any,
    ) -> Reply:
        """Send the registration with the person's name and number, or with those given."""
        entry = {"name": name or self.name, "document_number": number or self.number}
        body = {"version": version, "document_type": "resident_id", **entry}
        return self.post("/v1/me/registration", body, **options)

    def registration(self) -> dict[str, Any]:
        """Return the state of the registration."""
        return dict(self.get("/v1/me").good()["registration"])

    def verified_registration(self) -> dict[str, Any]:
        """Wait until the registration is verified or rejected; return it."""
        return wait_for(self.registration, lambda now: now["verification"] != "pending")

    # --- Visits

    def scan_code(self, code: str, nonce: str | None = None, **options: Any) -> Reply:
        """Scan a code, which may be any text."""
        return self.post("/v1/scans", self.scan_body(code, nonce), **options)

    def scan_body(self, code: str, nonce: str | None = None) -> dict[str, str]:
        """Return the body of a scan of a venue's code."""
        return {"nonce": nonce or self.api.nonce(), "code": code}

    def screen(self, scan_id: str) -> dict[str, Any]:
        """Return the scan's present screen."""
        return self.get(f"/v1/scans/{scan_id}").good()

    def final_screen(self, scan_id: str) -> dict[str, Any]:
        """Poll the scan's screen until no answer is expected any more; return it."""
        return wait_for(lambda: self.screen(scan_id), lambda seen: seen["poll_after_ms"] is None)

    def show_pass(self) -> str:
        """Return a pass code that staff can scan."""
        return str(self.get("/v1/me/pass").good()["code"])

    def ask_for_card(self) -> Reply:
        """Request the carrier's code for the travel card by SMS."""
        return self.post("/v1/me/travel-card/code")

    def enter_card(self, scan_id: str | None = None, code: str | None = None) -> Reply:
        """Send a code for the travel card; by default the last one received."""
        body = {"code": code or self.text_code()} | ({"scan_id": scan_id} if scan_id else {})
        return self.post("/v1/me/travel-card", body)

    # --- Venues and their staff

    def apply(self, application: Mapping[str, Any]) -> Reply:
        """Apply for a venue's code."""
        return self.post("/v1/venues", application)

    def join_code(self, venue_id: str) -> str:
        """Return the code by which staff join the venue, as its administrator."""
        return str(self.get(f"/v1/venues/{venue_id}/join-code").good()["join_code"])

    def join(self, join_code: str) -> Reply:
        """Join a venue's staff with its join code."""
        return self.post("/v1/bindings", {"join_code": join_code})

    def pass_body(self, code: str, temperature: str) -> dict[str, str]:
        """Return the body of a scan of a visitor's pass."""
        return {"nonce": self.api.nonce(), "pass_code": code, "temperature": temperature}

    def check_body(self, entry: Mapping[str, str]) -> dict[str, str]:
        """Return the body of a manual check of the name and number in `entry`."""
        return {"nonce": self.api.nonce(), "document_type": "resident_id", **entry}

    def final_check(self, check_id: str) -> dict[str, Any]:
        """Poll the manual check until no answer is expected any more; return it."""
        return wait_for(
            lambda: self.get(f"/v1/manual-checks/{check_id}").good(),
            lambda seen: seen["poll_after_ms"] is None,
        )

    def statistics(self, venue_id: str, **query: str) -> dict[str, Any]:
        """Return a day's figures of a venue."""
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return self.get(f"/v1/venues/{venue_id}/statistics" + (f"?{asked}" if asked else "")).good()


class Sandbox:
    """The sandbox's controls: text messages, mini-programs, and faults."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request to the sandbox's controls; `path` begins after ``/sandbox/``."""
        data = None if body is None else json.dumps(body).encode()
        return self._transport.request(method, f"/sandbox/{path}", data, {}).expect(200)

    def inbox(self, phone: str) -> str:
        """Return the one-time code in the last text message to `phone`."""
        return str(self.call("GET", f"inbox?to={quote(phone)}")["params"]["code"])

    def mini_program(self, phone: str) -> dict[str, Any]:
        """Return WeChat's values for the mini-program on this phone: `code`, `phone_code`."""
        return dict(self.call("POST", "wechat", {"phone": phone}))

    def fault(self, partner: str, mode: str) -> None:
        """Make a partner fail from now on (``none``: work again); ``*`` means all providers."""
        self.call("POST", "faults", {"provider": partner, "mode": mode})


@dataclass
class Pocket:
    """What phones remember between runs: one JSON file, replaced as a whole."""

    path: Path
    content: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, path: Path) -> "Pocket":
        """Return the pocket in `path`; empty if there is no file."""
        return cls(path, json.loads(path.read_text("utf-8")) if path.exists() else {})

    def get(self, *keys: str) -> Any:
        """Return the value under `keys`, or None."""
        with self._lock:
            found: Any = self.content
            for key in keys:
                found = found.get(key) if isinstance(found, dict) else None
            return found

    def put(self, value: Any, *keys: str) -> None:
        """Save `value` under `keys` before returning."""
        with self._lock:
            place = self.content
            for key in keys[:-1]:
                place = place.setdefault(key, {})
            place[keys[-1]] = value
            draft = self.path.with_suffix(".tmp")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(self.content, ensure_ascii=False), "utf-8")
            os.replace(draft, self.path)


class Server:
    """The deployed API and its sandbox, for the demo."""

    def __init__(self, base_url: str, sandbox_url: str, language: str = "zh-Hans") -> None:
        self.http = Http(base_url)
        self.clock = PhoneClock()
        self.api = Api(Patient(self.http), language, self.clock.nonce)
        self.sandbox = Sandbox(Patient(Http(sandbox_url)))

    def page(self, path: str) -> str:
        """Return a page as a phone's browser gets it."""
        headers = {"Accept-Language": self.api.language}
        return self.http.request("GET", path, None, headers).body.decode()

    def download(self, url: str) -> bytes:
        """Return the file behind a link. Raises ApiError."""
        answer = self.http.fetch("GET", url)
        if answer.status != 200:
            raise ApiError(answer.status, {"code": "download", "detail": answer.body[:200]})
        return answer.body


class Phone(Person):
    """A person's phone in the demo: it logs in when needed, and remembers."""

    def __init__(self, number: str, server: Server, pocket: Pocket) -> None:
        super().__init__(server.api, number)
        self.server = server
        self._pocket = pocket

    def text_code(self) -> str:
        """Return the code in the last text message to this phone."""
        return self.server.sandbox.inbox(self.phone)

    def keep(self, login: Mapping[str, str]) -> None:
        """Save the tokens of a login in the pocket."""
        tokens = {key: login[key] for key in ("access_token", "refresh_token")}
        self._pocket.put(tokens, "phones", self.phone)

    def log_in(self) -> None:
        """Refresh the session that the phone remembers, or log in with a code by text message."""
        kept = self._pocket.get("phones", self.phone, "refresh_token")
        if kept:
            self.refresh_token = str(kept)
            reply = self.refresh()
            if reply.status != 401:
                self.keep(reply.good())
                return
        super().log_in()

    def log_in_with_wechat(self) -> None:
        """Log in from the mini-program in WeChat, and share the phone's number."""
        minted = self.server.sandbox.mini_program(self.phone)
        proof = {"code": minted["code"], "phone_code": minted["phone_code"]}
        self.keep(self.start_session({"client": "wechat", **proof}).good())

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """Send one request as this person, after a login if needed."""
        self.token = self._pocket.get("phones", self.phone, "access_token") or ""
        if self.token:
            reply = super().request(method, path, body, **options)
            if reply.status != 401:
                return reply
        self.log_in()
        self.token = self._pocket.get("phones", self.phone, "access_token")
        return super().request(method, path, body, **options)

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Return the body of the response to one request of this person. Raises ApiError."""
        return self.request(method, path, body).good()

    def enter(self, name: str, document_number: str) -> dict[str, Any]:
        """Register a name and number, and wait until they are verified or rejected."""
        version = self.registration()["version"]
        self.register(version, name=name, number=document_number).good()
        return self.verified_registration()

    def record(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Record a visit as a careful client does; return the first screen.

        The request is saved (``sent``), sent, and saved as acknowledged (``acknowledged``).
        Requests in ``sent`` are repeated by the next run; scans in ``acknowledged`` must be on
        record. `body` holds the nonce; if the clock that made it was wrong, the request is sent
        once more with a nonce of the server's time. Raises ApiError; then nothing needs to be
        repeated.
        """
        nonce = body["nonce"]
        self._pocket.put({"phone": self.phone, "path": path, "body": body}, "sent", nonce)
        try:
            screen = self.call("POST", path, body)
        except ApiError as error:
            self._pocket.put(None, "sent", nonce)
            if error.code == "clock_skewed" and self.server.clock.correct(
                error.body["server_time"]
            ):
                return self.record(path, body | {"nonce": self.server.clock.nonce()})
            raise
        scan_id = screen.get("scan_id") or screen["check_id"]
        self._pocket.put(self.phone, "acknowledged", scan_id)
        self._pocket.put(None, "sent", nonce)
        return screen

    def visit(self, code: str, nonce: str = "") -> dict[str, Any]:
        """Scan a venue's code and save the request; return the first screen."""
        return self.record("/v1/scans", self.scan_body(code, nonce))

    def check_by_hand(self, venue_path: str, entry: dict[str, Any]) -> str:
        """As staff, check a visitor by name and number; return the check's id."""
        return str(self.record(f"{venue_path}/manual-checks", self.check_body(entry))["check_id"])


def wait_for(
    look: Callable[[], Seen], done: Callable[[Seen], bool], *, seconds: float = _PATIENCE_S
) -> Seen:
    """Poll until `done`; return the last value. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if done(seen):
            return seen
        if time.monotonic() > deadline:
            raise TimeoutError(f"still waiting after {seconds:.0f} s: {seen}")
        time.sleep(0.3)
