"""The stand-in as a server on loopback, over TLS as AWS's endpoints are.

``python -m bench.stub CERTIFICATE`` prints its port and serves; the certificate's file has its key.

It has a process of its own, so that its CPU is not measured. ``GET /sent`` returns the requests
since the last time; ``GET /forget`` empties the table.
"""

import asyncio
import json
import ssl
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

from bench import authority
from bench.account import Account

ROOT = Path(__file__).absolute().parents[1]


async def _serve(account: Account, reader: asyncio.StreamReader, writer: Any) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path, headers = read_head(head)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status, answer = _answer(account, path, headers, body)
            writer.write(
                b"HTTP/1.1 %d X\r\nContent-Type: application/x-amz-json-1.0\r\n"
                b"x-amz-crc32: %d\r\nContent-Length: %d\r\n\r\n%s"
                % (status, zlib.crc32(answer), len(answer), answer)
            )
    except (asyncio.IncompleteReadError, ConnectionResetError):
        pass
    finally:
        writer.close()


def read_head(head: bytes) -> tuple[str, dict[str, str]]:
    """Return the path of a request, and its headers by names in lower case."""
    request, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return request.split(" ")[1], {name.lower(): value.strip() for name, _, value in pairs}


def _answer(account: Account, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    if path == "/sent":
        return 200, json.dumps(account.take()).encode()
    if path == "/forget":
        account.forget()
        return 200, b"[]"
    try:
        return 200, json.dumps(account.answer(headers["x-amz-target"], json.loads(body))).encode()
    except LookupError as error:
        message = {"__type": "ValidationException", "message": f"the bench's stand-in: {error!r}"}
        return 400, json.dumps(message).encode()


class Stub:
    """A running stand-in; `root` is the file of the authority that its certificate is from."""

    def __init__(self, port: int, root: Path) -> None:
        self.url = f"https://127.0.0.1:{port}"
        self.root = root
        context = ssl.create_default_context(cafile=root)
        self._connection = HTTPSConnection("127.0.0.1", port, timeout=10, context=context)

    def sent(self) -> list[dict[str, Any]]:
        """Return the requests since the last call: `account.Sent` as plain objects."""
        return self._ask("/sent")

    def forget(self) -> None:
        """Empty the table and drop the requests."""
        self._ask("/forget")

    def _ask(self, path: str) -> list[dict[str, Any]]:
        self._connection.request("GET", path)
        answer: list[dict[str, Any]] = json.loads(self._connection.getresponse().read())
        return answer


@contextmanager
def running() -> Iterator[Stub]:
    """Run a stand-in for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="venuecode-bench-") as folder:
        root, server = authority.create(Path(folder))
        command = [sys.executable, "-m", "bench.stub", str(server)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield Stub(int((process.stdout or sys.stdin).readline()), root)
            finally:
                process.terminate()


def run_script(name: str, *arguments: Path, variables: dict[str, str]) -> str:
    """Run a script of the bench with these environment variables, and return what it prints."""
    # Without site, as little of this machine's Python as can be is in the figure.
    command = [sys.executable, "-S", "-B", str(ROOT / "bench" / name), *map(str, arguments)]
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"{name}: {ran.stderr[-2000:]}")
    return ran.stdout


async def _main(certificate: Path) -> None:
    account = Account()
    server = await asyncio.start_server(
        lambda reader, writer: _serve(account, reader, writer),
        "127.0.0.1",
        0,
        ssl=authority.server_context(certificate),
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
