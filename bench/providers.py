"""The providers as a server on loopback: ``python -m bench.providers MS`` prints its port, serves.

It has a process of its own, so that its CPU is not measured. Every provider answers after `MS`
milliseconds. ``POST /faults/<provider>/<mode>`` changes one: ``refuse`` closes the connection,
``hang`` keeps it open in silence, ``none`` heals it.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bench.stub import ROOT

LATENCY_MS = 150
_LONGEST_HANG_S = 60.0
ANSWERS: Mapping[str, Mapping[str, object]] = {
    "health_code": {"state": "green"},
    "nucleic_acid": {"state": "negative"},
    "vaccination": {"state": "complete", "doses": 2},
}
"""What every person has."""


class Providers:
    """A running stand-in. `port` is its port on 127.0.0.1."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def url(self) -> str:
        """The address of all providers."""
        return f"http://127.0.0.1:{self.port}"

    def break_down(self, provider: str, mode: str) -> None:
        """Set the fault of a provider."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        with suppress(OSError):
            connection.request("POST", f"/faults/{provider}/{mode}", body=b"")
            connection.getresponse().read()
        connection.close()


@contextmanager
def running(latency_ms: int = LATENCY_MS) -> Iterator[Providers]:
    """Run a stand-in for the length of a block."""
    command = [sys.executable, "-m", "bench.providers", str(latency_ms)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Providers(int((process.stdout or sys.stdin).readline()))
        finally:
            process.terminate()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: dict[str, str] = {}  # noqa: RUF012 (the one server's)
    latency_s = 0.0
    stopped = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, first, provider, *rest = self.path.split("/")
        if first == "faults":
            self.faults[provider] = rest[0]
            self._reply({})
            return
        fault = self.faults.get(provider, "none")
        if fault == "hang":
            self.stopped.wait(_LONGEST_HANG_S)
        if fault != "none":
            self.close_connection = True
            return
        json.loads(body)
        self.stopped.wait(self.latency_s)
        # By the clock of the client, which the bench sets.
        asked = datetime.fromtimestamp(int(self.headers["X-Venuecode-Timestamp"]), UTC)
        observed = asked.replace(minute=0, second=0).isoformat()
        self._reply({"status": "answer", "observed_at": observed, **ANSWERS[provider]})

    def _reply(self, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _main(latency_ms: int) -> None:
    _Handler.latency_s = latency_ms / 1000
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
