"""The sandbox's HTTP side: read a request, ask the cast, the inbox or the faults, answer.

One thread per connection. Logs a line of JSON per request on standard error, with the correlation
id and without names, numbers or phones: routes instead of paths, no bodies, no queries.
"""

import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TextIO
from urllib.parse import parse_qs, urlsplit

from chalicelib.admission import evidence
from chalicelib.identity import documents
from chalicelib.identity.providers import Subject
from infra.local.sandbox import inbox_page, signature
from infra.local.sandbox.faults import Faults, partners
from infra.local.sandbox.households import Households
from infra.local.sandbox.identity_checks import IdentityChecks
from infra.local.sandbox.messages import Inbox, Verdict
from infra.local.sandbox.people import Cast
from infra.local.sandbox.platforms import Alipay, Credentials, WeChat, form_of
from infra.local.sandbox.travel_card import TravelCard

_MAX_BODY = 64 * 1024
_IDLE_S = 60
_GRACE_S = 5.0
_CORRELATION = re.compile(r"[A-Za-z0-9_.:;=-]{1,128}")


@dataclass
class Reply:
    """A response; `body` is sent as JSON unless it is bytes. Status 0 closes the connection.

    `drips`: whether to go on sending a byte a second; None sends the body at once.
    """

    status: int
    body: object = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    drips: Callable[[], bool] | None = None


@dataclass(frozen=True)
class Request:
    """A request, as far as the routes need it."""

    query: str
    body: bytes

    def json(self) -> dict[str, object]:
        """Return the body's JSON object. Raises ValueError."""
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError):
            raise ValueError("body: not JSON") from None
        if not isinstance(read, dict):
            raise ValueError("body: not an object")
        return read


class Sandbox(ThreadingHTTPServer):
    """The server. `now` returns unix seconds; `log` takes the lines. Port 0 picks a free one.

    WeChat and Alipay are available if there are `credentials`. Results of identity checks are
    posted to the URL `callback`, if there is one.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        *,
        secret: str,
        cast: Cast,
        credentials: Credentials | None = None,
        households: Households | None = None,
        callback: str = "",
        now: Callable[[], float] = time.time,
        log: TextIO = sys.stderr,
    ) -> None:
        self.secret = secret
        self.now = now
        self._cast = cast
        self._inbox = Inbox()
        self._card = TravelCard(self._inbox, cast.travel_card)
        self._checks = IdentityChecks(secret, cast.knows, callback)
        self._households = households or Households()
        self._faults = Faults()
        self._calls: Counter[str] = Counter()
        self._log = log
        self._busy = 0
        self._idle = threading.Condition()
        self.routes: dict[tuple[str, str], Callable[[Request], Reply]] = {
            ("GET", "/healthz"): lambda _: Reply(200, {"status": "ok"}),
            ("GET", "/sandbox/inbox"): self._read_inbox,
            ("GET", "/sandbox/calls"): self._read_calls,
            ("POST", "/sandbox/faults"): self._put_fault,
            ("POST", "/sandbox/people"): self._change_person,
            ("POST", "/v1/messages"): self._partner("sms", self._replying(self._inbox.send)),
            ("POST", "/v1/health_code/declarations"): self._partner("health_code", self._declare),
            ("POST", "/v1/travel_card/codes"): self._partner(
                "travel_card", self._replying(self._card.send_code)
            ),
            ("POST", "/v1/travel_card/exchanges"): self._partner(
                "travel_card", self._replying(self._card.exchange)
            ),
        }
        self.routes |= self._identity()
        if credentials:
            self.routes |= self._platforms(credentials, now)
        for provider in evidence.looked_up():
            route = ("POST", f"/v1/{provider}/lookups")
            self.routes[route] = self._partner(provider, self._look_up(provider))
        super().__init__(("127.0.0.1", port), _Handler)
        self._checks.base_url = f"http://127.0.0.1:{self.server_port}"

    def stop(self) -> None:
        """Accept no more connections, release those that hang, give the others five seconds."""
        self.shutdown()
        self._faults.stop()
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, _GRACE_S)
        self.server_close()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Surround a request from first line to last byte, so that `stop` can wait for it."""
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def note(self, event: str, **details: object) -> None:
        """Log a line."""
        moment = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": moment, "event": event, **details}, ensure_ascii=False)
        self._log.write(line + "\n")
        self._log.flush()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002
        """Log a failed request's error by class and place; a closed connection is no error."""
        error = sys.exc_info()[1]
        if error is None or isinstance(error, OSError):
            return
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        self.note("error", error=type(error).__name__, line=trace.tb_lineno if trace else 0)

    def answer(self, method: str, path: str, request: Request) -> tuple[str, Reply]:
        """Return the route that was taken, for the log, and the response."""
        handler = self.routes.get((method, path))
        if handler is None:
            elsewhere = any(known == path for _, known in self.routes)
            refusal = (405, "method_not_allowed") if elsewhere else (404, "not_found")
            return "-", Reply(refusal[0], {"code": refusal[1]})
        try:
            return path, handler(request)
        except ValueError as error:
            return path, Reply(400, {"code": "invalid_request", "detail": str(error)})

    def _identity(self) -> dict[tuple[str, str], Callable[[Request], Reply]]:
        """Answer identity checks and the register of households, and play the person."""
        checks, households = self._checks, self._households

        def page(request: Request) -> Reply:
            found = checks.page(parse_qs(request.query).get("reference", [""])[0])
            if found is None:
                return Reply(404, {"code": "unknown_check"})
            return Reply(200, found, {"Content-Type": "text/html; charset=utf-8"})

        def add(request: Request) -> Reply:
            households.add(request.json())
            return Reply(200, {"status": "changed"})

        return {
            ("POST", "/v1/identity_checks"): self._partner(
                "identity_checks", self._replying(checks.start)
            ),
            ("POST", "/v1/identity_checks/results"): self._partner(
                "identity_checks", self._replying(checks.result)
            ),
            ("POST", "/v1/household/checks"): self._partner(
                "household", self._replying(households.check)
            ),
            ("GET", "/sandbox/identity-checks"): page,
            ("POST", "/sandbox/identity-checks"): lambda r: Reply(
                200, checks.end(r.json(), self.now())
            ),
            ("POST", "/sandbox/households"): add,
        }

    def _platforms(
        self, credentials: Credentials, now: Callable[[], float]
    ) -> dict[tuple[str, str], Callable[[Request], Reply]]:
        """Answer WeChat's and Alipay's routes, and those that play the phone."""
        wechat = WeChat(credentials, now)
        alipay = Alipay(credentials, now)

        def at_wechat(answer: Callable[[Request], object]) -> Callable[[Request], Reply]:
            busy = Reply(200, WeChat.BUSY)
            return self._partner("wechat", lambda asked: Reply(200, answer(asked)), busy)

        return {
            ("GET", "/sns/jscode2session"): at_wechat(lambda r: wechat.session(form_of(r.query))),
            ("POST", "/cgi-bin/stable_token"): at_wechat(lambda r: wechat.token(r.json())),
            ("POST", "/wxa/business/getuserphonenumber"): at_wechat(
                lambda r: wechat.phone(form_of(r.query), r.json())
            ),
            ("POST", "/gateway.do"): self._partner(
                "alipay",
                lambda r: Reply(200, alipay.gateway(form_of(r.query, r.body))),
                Reply(200, Alipay.BUSY),
            ),
            ("POST", "/sandbox/wechat"): lambda r: Reply(
                200, wechat.mint(*_whose(r), blocked=r.json().get("blocked") is True)
            ),
            ("POST", "/sandbox/alipay"): lambda r: Reply(
                200, alipay.mint(*_whose(r), denied=r.json().get("denied") is True)
            ),
        }

    def _partner(
        self,
        name: str,
        handler: Callable[[Request], Reply],
        busy: Reply = Reply(503, {"code": "busy"}),  # noqa: B008 (never changed)
    ) -> Callable[[Request], Reply]:
        """Return `handler` as a partner that is counted and may be faulty."""

        def handle(request: Request) -> Reply:
            with self._idle:
                self._calls[name] += 1
            match self._faults.of(name):
                case "refuse":
                    return Reply(0)
                case "hang":
                    self._faults.hang(name)
                    return Reply(0)
                case "drip":
                    return replace(handler(request), drips=lambda: self._faults.drips(name))
                case "garbage":
                    return Reply(*self._faults.garbage(name))
                case "error":
                    page = b"<html><body>500 Internal Server Error</body></html>"
                    return Reply(500, page, {"Content-Type": "text/html"})
                case "busy":
                    return busy
            return handler(request)

        return handle

    def _look_up(self, provider: str) -> Callable[[Request], Reply]:
        def handle(request: Request) -> Reply:
            request_id, subject = _subject(request.json())
            found = self._cast.look_up(provider, subject, request_id=request_id, now=self._moment())
            self._faults.pause(found.latency_ms)
            if found.garbage:
                return Reply(*self._faults.garbage(provider))
            return Reply(found.status, found.body)

        return handle

    def _declare(self, request: Request) -> Reply:
        asked = request.json()
        answers = asked.get("answers")
        if not isinstance(answers, dict) or not isinstance(asked.get("form_version"), int):
            raise ValueError("answers, form_version: missing")
        request_id, subject = _subject(asked)
        found = self._cast.declare(subject, answers, request_id=request_id, now=self._moment())
        self._faults.pause(found.latency_ms)
        return Reply(found.status, found.body)

    def _replying(
        self, handle: Callable[[Mapping[str, object], float], Verdict]
    ) -> Callable[[Request], Reply]:
        def reply(request: Request) -> Reply:
            verdict = handle(request.json(), self.now())
            wait = verdict.retry_after
            return Reply(verdict.status, verdict.body, {"Retry-After": str(wait)} if wait else {})

        return reply

    def _read_inbox(self, request: Request) -> Reply:
        asked = parse_qs(request.query).get("to")
        if asked is None:
            content = inbox_page.page(self._inbox.recent())
            return Reply(200, content, {"Content-Type": "text/html; charset=utf-8"})
        # An unescaped "+" in a query is a blank; people type it nevertheless.
        message = self._inbox.last("+" + asked[0].strip().lstrip("+"))
        return Reply(200, message) if message else Reply(404, {"code": "no_message"})

    def _read_calls(self, _: Request) -> Reply:
        with self._idle:
            return Reply(200, {partner: self._calls[partner] for partner in partners()})

    def _put_fault(self, request: Request) -> Reply:
        asked = request.json()
        self._faults.put(str(asked.get("provider")), str(asked.get("mode")))
        return Reply(200, self._faults.all())

    def _change_person(self, request: Request) -> Reply:
        self._cast.change(request.json(), self._moment())
        return Reply(200, {"status": "changed"})

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)


def _subject(asked: Mapping[str, object]) -> tuple[str, Subject]:
    """Return the id and the subject of a request. Raises ValueError."""
    texts = {key: asked.get(key) for key in ("request_id", "name", "document_number")}
    document_type = str(asked.get("document_type"))
    if documents.find(document_type) is None:
        raise ValueError("document_type: not one that there is")
    for key, value in texts.items():
        if not isinstance(value, str) or not value:
            raise ValueError(f"{key}: missing")
    subject = Subject(str(texts["name"]), document_type, str(texts["document_number"]))
    return str(texts["request_id"]), subject


def _whose(request: Request) -> tuple[str, str]:
    """Return the phone to mint codes for and the platform's user; other parameters are ignored."""
    asked = request.json()
    phone = asked.get("phone")
    if not isinstance(phone, str) or not re.fullmatch(r"\+[1-9][0-9]{6,14}", phone):
        raise ValueError("phone: not in the form +8613800000001")
    return phone, str(asked.get("user", phone))


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Sandbox
    protocol_version = "HTTP/1.1"
    server_version = "venuecode-sandbox"
    sys_version = ""
    timeout = _IDLE_S
    # Headers and body in one segment, or every response waits for a delayed acknowledgement.
    wbufsize = -1

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: `_answer` logs, and this would log the query."""

    def _serve(self) -> None:
        with self.server.working():
            self._answer()
            self.wfile.flush()

    def _answer(self) -> None:
        started = time.perf_counter()
        parts = urlsplit(self.path)
        route, reply = "-", self._unreadable()
        if reply is None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = self._unsigned(parts.path, body)
            if reply is None:
                asked = Request(parts.query, body)
                route, reply = self.server.answer(self.command, parts.path, asked)
        correlation = self.headers.get("X-Correlation-Id", "-")
        self.server.note(
            "request",
            method=self.command,
            route=route,
            status=reply.status,
            ms=round((time.perf_counter() - started) * 1000),
            correlation=correlation if _CORRELATION.fullmatch(correlation) else "-",
        )
        self._send(reply)

    def _unreadable(self) -> Reply | None:
        """Refuse a body whose length is missing or too large; closes the connection."""
        length = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding") or not re.fullmatch("[0-9]{1,9}", length):
            self.close_connection = True
            return Reply(411, {"code": "length_required"})
        if int(length) > _MAX_BODY:
            self.close_connection = True
            return Reply(413, {"code": "too_large"})
        return None

    def _unsigned(self, path: str, body: bytes) -> Reply | None:
        """Refuse a partner's request with a wrong signature."""
        if not path.startswith("/v1/"):
            return None
        fault = signature.fault(
            self.server.secret,
            timestamp=self.headers.get("X-Venuecode-Timestamp", ""),
            signature=self.headers.get("X-Venuecode-Signature", ""),
            method=self.command,
            path=path,
            body=body,
            now=self.server.now(),
        )
        return Reply(401, {"code": fault}) if fault else None

    def _send(self, reply: Reply) -> None:
        if not reply.status:
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status, HTTPStatus(reply.status).phrase)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if reply.drips is None:
            self.wfile.write(body)
            return
        self.close_connection = True
        with suppress(OSError):  # the client has had enough
            for place in range(len(body)):
                self.wfile.write(body[place : place + 1])
                self.wfile.flush()
                if not reply.drips():
                    return
