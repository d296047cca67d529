"""A function under AWS's own runtime interface client, against a Runtime API of the tests' own.

Lambda's container is played by an interpreter that sees the unpacked package and the client only
(Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes").
"""

import importlib.metadata
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
"""The client with what it imports; Lambda's container has these beside Python."""
_API = "/2018-06-01/runtime"
_SECONDS = 60


@dataclass
class Run:
    """What a function did: its answers, faults and log lines, and milliseconds until it was ready.

    `ready_ms` is from the process's start to its first request for an event.
    """

    answers: list[Any] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    ready_ms: float = 0.0

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The application's own lines: objects. Raises ValueError for any other line."""
        return [json.loads(line) for line in self.log]


def install_client(folder: Path) -> Path:
    """Put the client alone into `folder`, from where this interpreter has it."""
    for name in CLIENT:
        for file in importlib.metadata.files(name) or ():
            top = file.parts[0]
            if top != ".." and not (folder / top).exists():
                (folder / top).symlink_to(
                    Path(str(file.locate())).parents[len(file.parts) - 1] / top
                )
    return folder


def invoke(
    handler: str,
    events: Sequence[object],
    *,
    task_root: Path,
    client: Path,
    environment: Mapping[str, str],
) -> Run:
    """Start a function in a new process and hand it `events`, one after the other."""
    with _runtime_api(events) as (address, run, ended):
        started = time.monotonic()
        with subprocess.Popen(  # noqa: S603 (our own interpreter)
            [sys.executable, "-S", "-m", "awslambdaric", handler],
            cwd=task_root,
            env={
                "PATH": os.defpath,
                "PYTHONPATH": str(client),
                "PYTHONDONTWRITEBYTECODE": "1",
                "LANG": "en_US.UTF-8",
                "TZ": ":UTC",
                "LAMBDA_TASK_ROOT": str(task_root),
                "AWS_LAMBDA_RUNTIME_API": address,
                "_HANDLER": handler,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            reader = threading.Thread(target=lambda: run.log.extend(process.stdout or ()))
            reader.start()
            try:
                run.ready_ms = (ended.get(timeout=_SECONDS) - started) * 1000
            finally:
                process.kill()
                reader.join()
    return run


@contextmanager
def _runtime_api(events: Sequence[object]) -> Iterator[tuple[str, Run, "queue.Queue[float]"]]:
    """Yield its address, what the function tells it, and a queue that says that all is done."""
    run, ended = Run(), queue.Queue[float]()
    waiting = list(events)
    ready: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            with suppress(ConnectionError):  # the function is ended while it waits for an event
                super().handle()

        def do_GET(self) -> None:
            ready.append(time.monotonic())
            if self.path != f"{_API}/invocation/next" or not waiting:
                ended.put(ready[0])  # Lambda would freeze the container until there is an event
                return
            body = json.dumps(waiting.pop(0)).encode()
            self.send_response(200)
            for name, value in {
                "Lambda-Runtime-Aws-Request-Id": f"request-{len(events) - len(waiting)}",
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + 300) * 1000)),  # noqa: TID251 (Lambda's clock)
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:1:function:f",
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/response"):
                run.answers.append(posted)
            else:
                run.faults.append({"path": self.path.removeprefix(_API), **posted})
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()
            if self.path == f"{_API}/init/error":
                ended.put(time.monotonic())

        def log_message(self, *_: object) -> None:
            """Say nothing: requests are counted, not logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}", run, ended
        finally:
            server.shutdown()
            thread.join()
