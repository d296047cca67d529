"""AWS over HTTP for a process of its own: every call is handed on to moto in this one."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from tests.support import client

SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "AmazonSQS": "sqs",
    "secretsmanager": "secretsmanager",
    "TrentService": "kms",
}
BINARY = {"B", "CiphertextBlob", "Plaintext"}


class _Handler(BaseHTTPRequestHandler):
    """The JSON protocols alone; S3 speaks another."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self) -> None:
        prefix, _, operation = self.headers["X-Amz-Target"].partition(".")
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = 200
        try:
            answer = getattr(client(SERVICES[prefix]), xform_name(operation))(**_binary(asked))
            del answer["ResponseMetadata"]
        except ClientError as error:
            more = {k: v for k, v in error.response.items() if k not in ("Error", "Metadata")}
            status, answer = 400, {"__type": error.response["Error"]["Code"], **more}
        body = json.dumps(answer, default=_text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def _binary(value: Any) -> Any:
    """Bytes as boto3 wants them, where the wire has base64."""
    if isinstance(value, list):
        return [_binary(one) for one in value]
    if isinstance(value, dict):
        return {
            key: base64.b64decode(one) if key in BINARY and isinstance(one, str) else _binary(one)
            for key, one in value.items()
        }
    return value


def _text(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


@contextmanager
def served() -> Iterator[str]:
    """The address at which moto answers, when it is switched on."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
