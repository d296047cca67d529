"""The providers as a server on loopback: ``python -m bench.providers MS`` prints its port, serves.

It has a process of its own, so that its CPU is not measured. Every provider answers after `MS`
milliseconds. ``POST /faults/<provider>/<mode>`` changes one: ``refuse`` closes the connection,
``hang`` keeps it open in silence, ``none`` heals it.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection

from bench.stub import ROOT, read_head

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


class _Server:
    """The server. An answer is one write and waits in no thread, so that the latency is exact."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._faults: dict[str, str] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with suppress(asyncio.IncompleteReadError, ConnectionResetError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                path, headers = read_head(head)
                await reader.readexactly(int(headers.get("content-length", 0)))
                _, first, provider, *rest = path.split("/")
                if first == "faults":
                    self._faults[provider] = rest[0]
                    writer.write(_reply({}))
                    continue
                fault = self._faults.get(provider, "none")
                if fault == "hang":
                    await asyncio.sleep(_LONGEST_HANG_S)
                if fault != "none":
                    break
                await asyncio.sleep(self._latency_s)
                writer.write(_reply(_answer(provider, headers)))
        writer.close()


def _answer(provider: str, headers: Mapping[str, str]) -> dict[str, object]:
    # By the clock of the client, which the bench sets.
    asked = datetime.fromtimestamp(int(headers["x-venuecode-timestamp"]), UTC)
    observed = asked.replace(minute=0, second=0).isoformat()
    return {"status": "answer", "observed_at": observed, **ANSWERS[provider]}


def _reply(body: object) -> bytes:
    text = json.dumps(body).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(text) + text


async def _main(latency_ms: int) -> None:
    serve = _Server(latency_ms / 1000).serve
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
