"""A request to a partner ends on time whatever the partner sends, over TCP and over TLS.

So do fifty at once, to a partner that drips.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue

import pytest

from bench import authority
from chalicelib.adapters import partners
from chalicelib.adapters.partners import PartnerFault, exchange
from chalicelib.identity.providers import FaultKind

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_LIMIT = 3.0
_SLACK = 1.0

Serve = Callable[[socket.socket], None]


def _drip(answer: bytes, *, after: bytes = b"", head: bytes = _HEAD) -> Serve:
    """Send `head` with the header `after`, if it is given; then `answer`, four bytes a second."""

    def serve(connection: socket.socket) -> None:
        if after:
            connection.sendall(head + after + b"\r\n\r\n")
        for byte in answer:
            connection.sendall(bytes([byte]))
            threading.Event().wait(0.25)

    return serve


def _silent(connection: socket.socket) -> None:
    while connection.recv(1024):
        pass


DRIPS: dict[str, Serve] = {
    "nothing": _silent,
    "its status line": _drip(_HEAD * 10),
    "its body": _drip(b"x" * 500, after=b"Content-Length: 500"),
    "its chunks": _drip(b"1\r\nx\r\n" * 100, after=b"Transfer-Encoding: chunked"),
    "a body without an end": _drip(b"x" * 500, after=b"Connection: close"),
}


@contextmanager
def partner(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Yield the URL of a server whose connections are served by `serve`, each in a thread."""
    listening = socket.create_server(("127.0.0.1", 0))

    def talk(connection: socket.socket) -> None:
        with (
            suppress(OSError),
            tls.wrap_socket(connection, server_side=True) if tls else connection as talking,
        ):
            sent = b""
            while not sent.endswith(b"{}"):
                sent += talking.recv(65536)
            serve(talking)

    def listen() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listening.getsockname()[1]}/v1/x"
    finally:
        listening.close()


def fault_of(url: str) -> tuple[FaultKind, float]:
    """The fault of one request, and its time in seconds."""
    started = time.monotonic()
    with pytest.raises(PartnerFault) as caught:
        exchange("POST", url, data=b"{}")
    return caught.value.kind, time.monotonic() - started


@pytest.mark.parametrize("what", DRIPS)
def test_a_partner_that_drips_is_left_after_three_seconds(what: str) -> None:
    with partner(DRIPS[what]) as url:
        kind, seconds = fault_of(url)
    assert kind is FaultKind.TIMEOUT
    assert seconds < _LIMIT + _SLACK


def test_a_request_is_not_sent_again_when_its_time_is_over() -> None:
    sent: Queue[socket.socket] = Queue()
    head = _HEAD.replace(b"200 OK", b"503 Busy")
    busy = _drip(b"x" * 500, after=b"Content-Length: 500", head=head)

    def serve(connection: socket.socket) -> None:
        sent.put(connection)
        busy(connection)

    with partner(serve) as url:
        kind, seconds = fault_of(url)
        sent.get(timeout=_SLACK)
        with pytest.raises(Empty):
            sent.get(timeout=_SLACK)
    assert kind is FaultKind.TIMEOUT
    assert seconds < _LIMIT + _SLACK


def test_so_is_one_that_speaks_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusted, shown = authority.create(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    partners._pool.cache_clear()
    with partner(DRIPS["its body"], authority.server_context(shown)) as url:
        kind, seconds = fault_of(url)
    partners._pool.cache_clear()
    assert kind is FaultKind.TIMEOUT
    assert _LIMIT - _SLACK < seconds < _LIMIT + _SLACK


def test_so_do_many_at_once() -> None:
    with partner(DRIPS["its body"]) as url:
        started = time.monotonic()
        with ThreadPoolExecutor(50) as pool:
            kinds = [kind for kind, _ in pool.map(fault_of, [url] * 50)]
        assert time.monotonic() - started < _LIMIT + 3 * _SLACK
    assert kinds == [FaultKind.TIMEOUT] * 50


def test_a_request_that_is_answered_is_not_touched_afterwards() -> None:
    """The connection is kept: the limit of one request must not end the next one on it."""
    served = []

    def serve(connection: socket.socket) -> None:
        served.append(connection)
        sent = b"{}"  # the first request was read by `partner`
        while sent:
            if sent.endswith(b"{}"):  # head and body may come one after the other
                connection.sendall(_HEAD + b"Content-Length: 2\r\n\r\n{}")
            sent = connection.recv(65536)

    with partner(serve) as url:
        started = time.monotonic()
        while time.monotonic() - started < _LIMIT + 0.5:
            assert exchange("POST", url, data=b"{}") == (200, b"{}")
    assert len(served) == 1
