"""SQS queues. Messages carry ids only, never a name, a number or a phone."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from chalicelib.adapters.aws import client, translate_errors
from chalicelib.admission.lookup_requests import Message, Outgoing, Settle, encode
from chalicelib.core import render_jobs
from chalicelib.core.errors import Unavailable
from chalicelib.core.logs import logger
from chalicelib.core.render_jobs import RenderJob

_LONGEST_DELAY = 900
_AT_ONCE = 10
"""The most entries of a SendMessageBatch (Amazon SQS API Reference, *SendMessageBatch*)."""


class SqsLookupQueue:
    """The queues of lookups and of ends of waits. See `lookup_requests.LookupQueue`."""

    def __init__(self, url: str, settles_url: str) -> None:
        self._url = url
        self._settles_url = settles_url

    def send(self, message: Message, *, delay: timedelta = timedelta()) -> None:
        """See `LookupQueue.send`."""
        _send(self._queue_of(message), encode(message), delay)

    def send_all(self, messages: Sequence[Outgoing]) -> list[int]:
        """See `LookupQueue.send_all`.

        SQS accepts or refuses each entry of a batch by itself. A refused request refuses all of its
        entries, and those of the next ones, which are then not tried.
        """
        unsent: list[int] = []
        for url in (self._url, self._settles_url):
            mine = [
                place for place, one in enumerate(messages) if self._queue_of(one.message) == url
            ]
            for start in range(0, len(mine), _AT_ONCE):
                places = mine[start : start + _AT_ONCE]
                try:
                    unsent += _send_batch(url, {place: messages[place] for place in places})
                except Unavailable:
                    logger().warning("messages_not_sent", extra={"messages": len(mine) - start})
                    unsent += mine[start:]
                    break
        return sorted(unsent)

    def _queue_of(self, message: Message) -> str:
        return self._settles_url if isinstance(message, Settle) else self._url


class SqsRenderQueue:
    """The queue of the render worker. See `render_jobs.RenderQueue`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, job: RenderJob) -> None:
        """One message. Raises Unavailable."""
        _send(self._url, render_jobs.encode(job), timedelta())


def _send(url: str, body: str, delay: timedelta) -> None:
    with translate_errors():
        client("sqs").send_message(QueueUrl=url, MessageBody=body, DelaySeconds=_seconds(delay))


def _send_batch(url: str, messages: dict[int, Outgoing]) -> list[int]:
    """Send at most ten messages; return the places of those that SQS did not accept."""
    entries: list[dict[str, Any]] = [
        {
            "Id": str(place),
            "MessageBody": encode(one.message),
            "DelaySeconds": _seconds(one.delay),
        }
        for place, one in messages.items()
    ]
    with translate_errors():
        answer = client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    failed = answer.get("Failed", [])
    for one in failed:
        logger().warning("message_not_sent", extra={"code": one.get("Code")})
    return [int(one["Id"]) for one in failed]


def _seconds(delay: timedelta) -> int:
    return min(_LONGEST_DELAY, math.ceil(delay.total_seconds()))
