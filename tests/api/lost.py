"""Lost answers: a request to AWS is carried out, and its answer is a fault, once.

The AWS client then sends the same request again by itself (botocore, *Retries*, standard mode).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.models import botocore_stubber

from chalicelib.core.aws import session
from chalicelib.core.table import Connection, Table
from tests.api.driver import World


class _Fault:
    """The body of an answer that never arrived."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield b"{}"

    def read(self, *_: Any) -> bytes:
        return b"{}"


@contextmanager
def lost_answers(world: World, operation: str, *, at: int = 1) -> Iterator[list[int]]:
    """Lose the answer to the `at`-th DynamoDB `operation`; yield the statuses that were answered.

    The world has a new process within.
    """
    statuses: list[int] = []

    def send(event_name: str, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        answer: Any = botocore_stubber(event_name, request)
        statuses.append(500 if len(statuses) == at - 1 else answer.status_code)
        if statuses[-1] != 500:
            return answer
        return AWSResponse(request.url, 500, {}, _Fault())

    events = session().get_component("event_emitter")
    name = f"before-send.dynamodb.{operation}"
    events.register_first(name, send)
    try:
        world.replace(table=Table(world.name, Connection()))
        yield statuses
    finally:
        events.unregister(name, send)
        world.restart()
