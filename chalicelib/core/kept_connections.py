"""Requests over a connection that is open already, which is every call of a warm process but one.

botocore and urllib3 open connections, follow proxies and trust authorities. Once a connection
stands, a third of the CPU of a call to DynamoDB was their general way through it: a write for the
head and another for the body, timeouts set four times, and headers read as those of a mail.
"""

import functools
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from botocore.auth import _host_from_url
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError

_WITHOUT_BODY = {204, 304}
_REMEMBERED = 8
"""URLs of a client whose pool is remembered: a client sends to a host or two all its life."""


class KeptConnections:
    """An HTTP session of a botocore client that sends a POST over a connection of its pool.

    What has no open connection, or is no POST of bytes, goes through botocore's session, which also
    leaves the connections that it opens in the pool. Threads may share it, as they share the pool.
    """

    __slots__ = ("_http", "_route")

    def __init__(self, http: Any) -> None:
        self._http = http
        self._route = functools.lru_cache(_REMEMBERED)(self._find)

    def send(self, request: Any) -> Any:
        """Return the answer to a request, whole.

        Raise `ReadTimeoutError` or `ConnectionClosedError`, as botocore's session does: its retries
        look for them. One round trip. RFC 9112, sections 6.3 and 9.3.
        """
        route = self._route(request.url) if _is_simple(request) else None
        # Until botocore has used a pool, its connections do not know the authorities to trust.
        if route is None or route.pool.num_connections == 0:
            return self._http.send(request)
        connection = route.pool._get_conn()  # closes one that the service has ended
        if connection.sock is None:
            route.pool._put_conn(connection)
            return self._http.send(request)
        keep = False
        try:
            connection.sock.sendall(_head(request, route) + request.body)
            with connection.sock.makefile("rb") as file:
                answer, keep = _answer(request.url, file)
            return answer
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except (OSError, ValueError) as error:
            raise ConnectionClosedError(
                endpoint_url=request.url, request=request, error=error
            ) from error
        except Exception as error:
            raise HTTPClientError(error=error) from error
        finally:
            if not keep:
                connection.close()
            route.pool._put_conn(connection)

    def close(self) -> None:
        """Close the pool's connections, which stay open as long as a route knows their pool."""
        self._route.cache_clear()
        self._http.close()

    def _find(self, url: str) -> "_Route | None":
        """Return the way to a URL, or None if it leads through a proxy."""
        if self._http._proxy_config.proxy_url_for(url):
            return None
        target = self._http._get_request_target(url, None)
        # The host as the signature has it.
        start = f"POST {target} HTTP/1.1\r\nHost: {_host_from_url(url)}\r\n"
        return _Route(self._http._manager.connection_from_url(url), start.encode())


class _Route(NamedTuple):
    """The pool of a URL's host, and the start of each request to the URL."""

    pool: Any
    start: bytes


class _Body(bytes):
    """The body of an answer that has been read."""

    def stream(self) -> Iterator[bytes]:
        """Return its parts, as urllib3's answers do."""
        yield self


def _is_simple(request: Any) -> bool:
    return (
        request.method == "POST"
        and isinstance(request.body, bytes)
        and not request.stream_output
        and "Expect" not in request.headers
        and "Content-Length" in request.headers
    )


def _head(request: Any, route: _Route) -> bytes:
    lines = [route.start]
    for name, value in request.headers.items():
        text = value if isinstance(value, bytes) else str(value).encode()
        lines.append(b"%s: %s\r\n" % (name.encode(), text))
    return b"".join((*lines, b"Accept-Encoding: identity\r\n\r\n"))


def _answer(url: str, file: BinaryIO) -> tuple[AWSResponse, bool]:
    """Return the answer in a file, and whether another one can follow on its connection.

    Raise `ValueError` or `ConnectionError` if it is none or is cut short.
    """
    protocol, _, rest = file.readline().partition(b" ")
    status = int(rest[:3])
    if not protocol.startswith(b"HTTP/1.") or status < 200:
        raise ValueError("no HTTP answer")
    headers = HeadersDict()
    while (line := file.readline()) not in (b"\r\n", b"\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise ConnectionError("the head of an answer was cut short")
        headers[name] = value.strip()
    keep = protocol == b"HTTP/1.1" and headers.get("connection", "").lower() != "close"
    if status in _WITHOUT_BODY:
        body = b""
    elif "chunked" in headers.get("transfer-encoding", "").lower():
        body = b"".join(_chunks(file))
    elif "content-length" in headers:
        body = _exactly(file, int(headers["content-length"]))
    else:
        body, keep = file.read(), False
    return AWSResponse(url, status, headers, _Body(body)), keep


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while length := int(file.readline().partition(b";")[0], 16):
        yield _exactly(file, length)
        _line(file)
    while _line(file).strip():
        """A trailer says nothing that a reader of JSON needs."""


def _exactly(file: BinaryIO, length: int) -> bytes:
    body = file.read(length)
    if len(body) < length:
        raise ConnectionError("an answer was cut short")
    return body


def _line(file: BinaryIO) -> bytes:
    line = file.readline()
    if not line.endswith(b"\n"):
        raise ConnectionError("an answer was cut short")
    return line
