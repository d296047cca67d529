"""Calls over kept connections, against a server that answers by a script of raw bytes."""

import itertools
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from bench import authority
from chalicelib.core.aws import AwsSession
from chalicelib.core.logs import logger

NAMES = b'{"TableNames": ["a"]}'
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(NAMES), NAMES)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    b"5;x=1\r\n%s\r\n10\r\n%s\r\n0\r\nTrailer: a\r\n\r\n" % (NAMES[:5], NAMES[5:])
)
SAID = {
    "plain": PLAIN,
    "small letters, line feeds": PLAIN.replace(b"Content-L", b"content-l").replace(b"\r", b""),
    "chunks": CHUNKED,
    "to the end": b"HTTP/1.1 200 OK\r\n\r\n" + NAMES,
    "closing": PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"),
    "old": PLAIN.replace(b"1.1", b"1.0"),
    "nothing": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
}
CUT = {
    "no answer": b"",
    "cut in the status": PLAIN[:6],
    "cut after the status": PLAIN[:17],
    "cut in a header": PLAIN[:24],
    "cut before the body": PLAIN[: -len(NAMES)],
    "cut in the body": PLAIN[:-1],
    "cut in a chunk": CHUNKED[:80],
    "cut between chunks": CHUNKED[: CHUNKED.index(b"10\r\n")],
    "cut in the trailer": CHUNKED[:-2],
}
GARBAGE = {
    "no number": PLAIN.replace(b"200", b"abc"),
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n",
    "no length": PLAIN.replace(b"Content-Length: 21", b"Content-Length: all"),
}
FAILED = b'{"__type": "x#ThrottlingException", "message": "slow down"}'


class Server:
    """A server on loopback; `asked` has each request's connection, head and body.

    It ends a connection after an answer that only an end can complete or cut.
    """

    def __init__(
        self,
        answer: Callable[[int, bytes], bytes | None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._ends_after = {SAID["to the end"], SAID["old"], *CUT.values()}
        self.asked: list[tuple[int, list[str], bytes]] = []
        self.closed = threading.Event()
        self.left = threading.Event()
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._tls = tls
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"
        self.refused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # the server is closed
            for number in itertools.count():
                accepted, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(accepted, number), daemon=True).start()

    def _serve(self, accepted: socket.socket, number: int) -> None:
        if self._tls:
            try:
                accepted = self._tls.wrap_socket(accepted, server_side=True)
            except OSError:
                self.refused += 1
                return
        # A client that has waited long enough is gone.
        with suppress(OSError), accepted, accepted.makefile("rb") as file:
            while line := file.readline():
                head = [line.decode().strip()]
                while (line := file.readline()) not in (b"\r\n", b""):
                    head.append(line.decode().strip())
                length = next(int(one[15:]) for one in head if one.lower().startswith("content-le"))
                body = file.read(length)
                self.asked.append((number, head, body))
                answer = self._answer(len(self.asked), body)
                if answer is None:
                    self.closed.wait(20)
                    return
                accepted.sendall(answer)
                if answer in self._ends_after:
                    return
            self.left.set()

    def close(self) -> None:
        self.closed.set()
        self._socket.close()


@contextmanager
def serving(
    answer: Callable[[int, bytes], bytes | None], tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    server = Server(answer, tls)
    try:
        yield server
    finally:
        server.close()


def client(server: Server, of: botocore.session.Session | None = None, **config: Any) -> Any:
    retries = {"total_max_attempts": 3, "mode": "standard"}
    return (of or AwsSession()).create_client(
        "dynamodb",
        "us-east-1",
        endpoint_url=server.url + "/under/a/path",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        aws_session_token="a session's token",
        config=Config(**{"retries": retries, "read_timeout": 5} | config),
    )


def listed(by: Any) -> dict[str, Any]:
    answer: dict[str, Any] = by.list_tables(Limit=1)
    return answer


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_answers_are_read_as_botocore_reads_them(said: bytes) -> None:
    def answers(number: int, _: bytes) -> bytes:
        return said if number % 2 == 0 else PLAIN

    with serving(answers) as one, serving(answers) as other:
        ours, stock = client(one), client(other, botocore.session.Session())
        for _ in range(4):
            assert listed(ours) == listed(stock)
        assert [number for number, _, _ in one.asked] == [number for number, _, _ in other.asked]


def test_the_first_connection_trusts_the_authorities_that_the_client_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, certificate = authority.create(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(root))
    with serving(lambda *_: PLAIN, authority.server_context(certificate)) as server:
        # With a second attempt it would be refused and tried again, up to a second later.
        asking = client(server, retries={"total_max_attempts": 1, "mode": "standard"})
        for _ in range(3):
            assert listed(asking)["TableNames"] == ["a"]
        assert server.refused == 0
        assert {number for number, _, _ in server.asked} == {0}


def test_a_closed_client_leaves_no_connection_open() -> None:
    with serving(lambda *_: PLAIN) as server:
        asking = client(server)
        for _ in range(2):
            listed(asking)
        asking.close()
        assert server.left.wait(5)


def test_a_request_is_what_botocore_sends_and_its_connection_is_kept() -> None:
    def without_time(head: list[str]) -> set[str]:
        fields = {line for line in head if "X-Amz-Date" not in line and "invocation" not in line}
        return {line.partition(", Signature=")[0].partition(" HTTP/")[0] for line in fields}

    with serving(lambda *_: PLAIN) as one, serving(lambda *_: PLAIN) as other:
        ours, stock = client(one), client(other, botocore.session.Session())
        for _ in range(3):
            listed(ours), listed(stock)
        port, its = one.url.rpartition(":")[2], other.url.rpartition(":")[2]
        for (number, head, body), (_, expected, same) in zip(one.asked, other.asked, strict=True):
            assert number == 0
            assert body == same
            assert without_time(head) == {
                line.replace(its, port) for line in without_time(expected)
            }


@pytest.mark.parametrize("wrong", [*CUT.values(), *GARBAGE.values()], ids=[*CUT, *GARBAGE])
def test_a_wrong_answer_is_asked_for_again_on_another_connection(wrong: bytes) -> None:
    with serving(lambda number, _: wrong if number == 2 else PLAIN) as server:
        made = client(server)
        assert [listed(made)["TableNames"] for _ in range(3)] == [["a"]] * 3
        assert [number for number, _, _ in server.asked] == [0, 0, 1, 1]


def test_a_service_that_never_answers_ends_in_botocores_error() -> None:
    with serving(lambda number, _: PLAIN if number == 1 else b"") as server:
        made = client(server)
        listed(made)
        with pytest.raises(ConnectionClosedError):
            listed(made)
        assert len(server.asked) == 1 + 3


def test_silence_ends_at_the_read_timeout() -> None:
    with serving(lambda number, _: PLAIN if number == 1 else None) as server:
        made = client(server, read_timeout=0.2, retries={"total_max_attempts": 1})
        listed(made)
        with pytest.raises(ReadTimeoutError):
            listed(made)
        assert len(server.asked) == 2


def test_an_error_of_the_service_is_its_error_and_the_connection_stays() -> None:
    failed = b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n%s" % (len(FAILED), FAILED)
    with serving(lambda number, _: failed if number == 2 else PLAIN) as server:
        made = client(server, retries={"total_max_attempts": 1})
        listed(made)
        with pytest.raises(ClientError) as caught:
            listed(made)
        assert caught.value.response["Error"] == {
            "Code": "ThrottlingException", "Message": "slow down",
        }  # fmt: skip


def test_a_call_that_was_answered_after_failures_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records: list[logging.LogRecord] = []
    monkeypatch.setattr(logger().handlers[0], "emit", records.append)
    with serving(lambda number, _: CUT["no answer"] if number == 2 else PLAIN) as server:
        made = client(server)
        for _ in range(3):
            listed(made)
    (record,) = records
    assert (record.getMessage(), record.__dict__["retries"]) == ("aws_retried", 1)
    assert record.__dict__["operation"] == "ListTables"


def test_threads_share_a_client_and_each_has_its_own_answer() -> None:
    def echo(_: int, body: bytes) -> bytes:
        names = b'{"TableNames": [%s]}' % body.partition(b'Name": ')[2].rstrip(b"}")
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(names), names)

    with serving(echo) as server, ThreadPoolExecutor(8) as threads:
        made = client(server)
        asked = [f"table-{number}" for number in range(200)]
        answers = threads.map(lambda name: made.list_tables(ExclusiveStartTableName=name), asked)
        assert [answer["TableNames"] for answer in answers] == [[name] for name in asked]


def test_a_proxy_is_asked_as_botocore_asks_it() -> None:
    with serving(lambda *_: PLAIN) as proxy, serving(lambda *_: PLAIN) as server:
        made = client(server, proxies={"http": proxy.url})
        for _ in range(3):
            listed(made)
        assert server.asked == []
        starts = {head[0] for _, head, _ in proxy.asked}
        assert starts == {f"POST {server.url}/under/a/path HTTP/1.1"}
