"""A connection to the table whose first answers are lost: botocore sends the requests again."""

from collections import Counter
from typing import Any

from botocore.awsrequest import AWSRequest, AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from chalicelib.core.table import Connection

WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
_FAULT = b'{"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}'


class LosesAnswers(Connection):
    """Carries out the `at`-th request of each kind of write, and answers 500 in its place.

    botocore repeats a request after a status of 500 (AWS SDKs and Tools Reference Guide, "Retry
    behavior"), and so meets its own write. `lost` names the operations.
    """

    def __init__(self, at: int = 1) -> None:
        self.lost: list[str] = []
        self._at = at
        self._sent: Counter[str] = Counter()
        self._listens = False

    def dispatch(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if not self._listens:
            self._listens = True
            for write in WRITES:
                self._client.meta.events.register_first(f"before-send.dynamodb.{write}", self._send)
        return super().dispatch(operation, request)

    def _send(self, event_name: str, request: AWSRequest, **_: Any) -> AWSResponse | None:
        operation = event_name.rpartition(".")[2]
        self._sent[operation] += 1
        if self._sent[operation] != self._at:
            return None
        self.lost.append(operation)
        botocore_stubber(event_name, request)
        return AWSResponse(request.url, 500, {}, MockRawResponse(_FAULT))
