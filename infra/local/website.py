"""The local cloud's own host: the client's browser build below ``/app/``, and the API for the rest.

Run as ``python -m infra.local.website --port PORT --api URL`` by :mod:`infra.local.cloud`. Client
and API have one origin, as on AWS. Files are read at each request, so that a new build shows at
once. Headers are those of `infra.website`, and texts are sent in gzip, as API Gateway does.
"""

import argparse
import gzip
import http.client
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from infra.website import BROWSER, INDEX, WebsiteError, headers

_AT = "/app/"
_LEAST_TO_COMPRESS = 1024  # as the gateway: minimum_compression_size in .chalice/config.json
_COMPRESSED = ("text/", "application/json", "image/svg+xml")
_HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
    *("transfer-encoding", "upgrade", "content-length", "host", "date", "server"),
}
_PATIENCE_SECONDS = 60.0


class Website(ThreadingHTTPServer):
    """Serves `folder`, and forwards to the API at `api`; `files` is the origin of downloads."""

    daemon_threads = True

    def __init__(self, port: int, *, api: str, files: str, folder: Path = BROWSER) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.api = urlsplit(api)
        self.files = files
        self.folder = folder.resolve()


class _Handler(BaseHTTPRequestHandler):
    server: Website
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == _AT.rstrip("/") or path == "/":
            self._send(302, {"Location": _AT, "Cache-Control": "no-store"}, b"")
        elif path == "/healthz":
            self._send(200, {"Content-Type": "text/plain"}, b"ok")
        elif path.startswith(_AT):
            self._file(unquote(path.removeprefix(_AT)) or INDEX)
        else:
            self._forward()

    def do_POST(self) -> None:
        self._forward()

    def do_OPTIONS(self) -> None:
        self._forward()

    def _file(self, name: str) -> None:
        path = (self.server.folder / name).resolve()
        if not path.is_relative_to(self.server.folder) or not path.is_file():
            self._problem(404, "Not Found", "not_found")
            return
        try:
            sent = headers(name, self.server.files)
        except WebsiteError:
            self._problem(404, "Not Found", "not_found")
            return
        body = path.read_bytes()
        accepted = "gzip" in self.headers.get("Accept-Encoding", "")
        if (
            accepted
            and len(body) >= _LEAST_TO_COMPRESS
            and sent["Content-Type"].startswith(_COMPRESSED)
        ):
            body = gzip.compress(body, 6)
            sent["Content-Encoding"] = "gzip"
        self._send(200, sent, body)

    def _forward(self) -> None:
        api = self.server.api
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        connection = http.client.HTTPConnection(api.netloc, timeout=_PATIENCE_SECONDS)
        try:
            sent = {k: v for k, v in self.headers.items() if k.lower() not in _HOP_BY_HOP}
            connection.request(self.command, api.path + self.path, body, sent)
            answer = connection.getresponse()
            kept = {k: v for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP}
            self._send(answer.status, kept, answer.read())
        except (OSError, http.client.HTTPException):
            self._problem(503, "Service Unavailable", "unavailable")
        finally:
            connection.close()

    def _problem(self, status: int, title: str, code: str) -> None:
        problem = {"type": "about:blank", "title": title, "status": status, "code": code}
        kinds = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
        self._send(status, kinds, json.dumps(problem).encode())

    def _send(self, status: int, sent: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: paths hold codes and ids of people."""


def main() -> int:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="Serve the client and the API from one host.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api", required=True, help="the API's address")
    parser.add_argument("--files", default="", help="the origin of posters and cards")
    given = parser.parse_args()
    try:
        website = Website(given.port, api=given.api, files=given.files)
    except OSError as error:
        sys.stderr.write(f"Port {given.port}: {error.strerror}\n")
        return 1
    website.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
