"""A person's phone in the demo: it logs in, scans, waits, and remembers.

It behaves as a mini-program should. It writes down each request with its nonce before sending it,
so that after a crash the same request is sent again and gets its own result. It retries when the
service is busy or unreachable.
"""

import json
import os
import secrets
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
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


class ApiError(Exception):
    """An error response of the API; `code` is the API's."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", ""))
        self.body = body
        super().__init__(f"{status} {self.code}: {body.get('detail') or body}")


@dataclass
class Pocket:
    """What phones remember between runs: one JSON file, replaced as a whole."""

    path: Path
    content: dict[str, Any] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, path: Path) -> "Pocket":
        """Return the pocket in `path`; empty where there is none."""
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
    """The deployed API, and the sandbox's inbox of text messages."""

    def __init__(self, base_url: str, sandbox_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self.sandbox_url = sandbox_url.rstrip("/")
        self._pool = urllib3.PoolManager(maxsize=8, timeout=30.0, retries=False)

    def call(
        self, method: str, path: str, body: Any = None, token: str | None = None
    ) -> dict[str, Any]:
        """Call the API, retrying while the service is busy. Raises ApiError."""
        headers = {"Content-Type": "application/json", "Accept-Language": "zh-Hans"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        return self._send(method, self.base_url + path, data, headers)

    def inbox(self, phone: str) -> str:
        """Return the one-time code in the last text message to `phone`."""
        url = f"{self.sandbox_url}/sandbox/inbox?to={quote(phone)}"
        return str(self._send("GET", url, None, {})["params"]["code"])

    def mini_program(self, phone: str) -> dict[str, Any]:
        """Return WeChat's values for the mini-program on this phone: `code`, `phone_code`."""
        return self._sandbox("wechat", {"phone": phone})

    def fault(self, partner: str, mode: str) -> None:
        """Make a partner fail from now on (``none``: work again); ``*`` means all providers."""
        self._sandbox("faults", {"provider": partner, "mode": mode})

    def page(self, path: str) -> str:
        """Return a page as a phone's browser gets it."""
        answer = self._pool.request("GET", self.base_url + path, redirect=False)
        return answer.data.decode()

    def download(self, url: str) -> bytes:
        """Return the file behind a link."""
        answer = self._pool.request("GET", url)
        if answer.status != 200:
            raise ApiError(answer.status, {"code": "download", "detail": answer.data[:200]})
        return bytes(answer.data)

    def _sandbox(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        url = f"{self.sandbox_url}/sandbox/{what}"
        return self._send("POST", url, json.dumps(body).encode(), {})

    def _send(
        self, method: str, url: str, data: bytes | None, headers: dict[str, str]
    ) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_S
        pause = 0.2
        while True:
            try:
                answer = self._pool.request(method, url, body=data, headers=headers)
                status, text = answer.status, answer.data
                wait = int(answer.headers.get("Retry-After", "0"))
            except urllib3.exceptions.HTTPError as error:
                status, wait = 503, 0
                text = json.dumps({"detail": str(error)}).encode()
            if status in _TRY_AGAIN and time.monotonic() + wait < deadline:
                time.sleep(pause)
                pause = min(2.0, pause * 2)
                continue
            try:
                body = json.loads(text or b"{}")
            except ValueError:
                body = {"detail": text[:200].decode(errors="replace")}
            if status >= 400:
                raise ApiError(status, body)
            return dict(body)


class Phone:
    """One person's phone."""

    def __init__(self, number: str, server: Server, pocket: Pocket) -> None:
        self.number = number
        self.server = server
        self._pocket = pocket

    def log_in(self) -> None:
        """Refresh the session that the phone remembers, or log in with a code by text message."""
        refresh = self._pocket.get("phones", self.number, "refresh_token")
        if refresh:
            try:
                self._keep(
                    self.server.call("POST", "/v1/sessions/refresh", {"refresh_token": refresh})
                )
            except ApiError as error:
                if error.status != 401:
                    raise
            else:
                return
        self.server.call("POST", "/v1/otp", {"phone": self.number})
        code = self.server.inbox(self.number)
        login = {"client": "sms", "phone": self.number, "code": code}
        self._keep(self.server.call("POST", "/v1/sessions", login))

    def log_in_with_wechat(self) -> None:
        """Log in from the mini-program in WeChat, and share the phone's number."""
        minted = self.server.mini_program(self.number)
        login = {"client": "wechat", "code": minted["code"], "phone_code": minted["phone_code"]}
        self._keep(self.server.call("POST", "/v1/sessions", login))

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Call the API as this person, after a login if needed. Raises ApiError."""
        token = self._pocket.get("phones", self.number, "access_token")
        if token:
            try:
                return self.server.call(method, path, body, token)
            except ApiError as error:
                if error.status != 401:
                    raise
        self.log_in()
        token = self._pocket.get("phones", self.number, "access_token")
        return self.server.call(method, path, body, token)

    def registration(self) -> dict[str, Any]:
        """Return the state of the person's registration."""
        return dict(self.call("GET", "/v1/me")["registration"])

    def register(self, name: str, document_number: str) -> dict[str, Any]:
        """Send name and number, and wait until they are verified or rejected."""
        entry = {
            "version": self.registration()["version"],
            "name": name,
            "document_type": "resident_id",
            "document_number": document_number,
        }
        self.call("POST", "/v1/me/registration", entry)
        return wait_for(self.registration, lambda r: r["verification"] != "pending")

    def record(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Record a visit as a careful client does; return the first screen.

        The request is saved (``sent``), sent, and saved as acknowledged (``acknowledged``).
        Requests in ``sent`` are repeated by the next run; scans in ``acknowledged`` must be on
        record. `body` holds the nonce. Raises ApiError; then nothing needs to be repeated.
        """
        nonce = body["nonce"]
        self._pocket.put({"phone": self.number, "path": path, "body": body}, "sent", nonce)
        try:
            screen = self.call("POST", path, body)
        except ApiError:
            self._pocket.put(None, "sent", nonce)
            raise
        scan_id = screen.get("scan_id") or screen["check_id"]
        self._pocket.put(self.number, "acknowledged", scan_id)
        self._pocket.put(None, "sent", nonce)
        return screen

    def scan(self, code: str, nonce: str = "") -> dict[str, Any]:
        """Scan a venue's code; return the first screen."""
        return self.record("/v1/scans", {"nonce": nonce or uuid7(now_ms()), "code": code})

    def final_screen(self, scan_id: str) -> dict[str, Any]:
        """Poll the scan's screen until no answer is expected any more."""
        return wait_for(
            lambda: self.call("GET", f"/v1/scans/{scan_id}"),
            lambda screen: screen["poll_after_ms"] is None,
        )

    def check_by_hand(self, venue_path: str, entry: dict[str, Any]) -> str:
        """As staff, check a visitor by name and number; return the check's id."""
        body = {"nonce": uuid7(now_ms()), "document_type": "resident_id", **entry}
        return str(self.record(f"{venue_path}/manual-checks", body)["check_id"])

    def final_check(self, check_id: str) -> dict[str, Any]:
        """Poll the check by hand until no answer is expected any more."""
        return wait_for(
            lambda: self.call("GET", f"/v1/manual-checks/{check_id}"),
            lambda seen: seen["poll_after_ms"] is None,
        )

    def _keep(self, login: dict[str, Any]) -> None:
        tokens = {key: login[key] for key in ("access_token", "refresh_token")}
        self._pocket.put(tokens, "phones", self.number)


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
