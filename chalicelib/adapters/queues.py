"""SQS queues. Messages carry ids only, never a name, a number or a phone."""

import math
from datetime import timedelta

from chalicelib.adapters.aws import client, translate_errors
from chalicelib.admission.lookup_requests import Message, encode
from chalicelib.core import render_jobs
from chalicelib.core.render_jobs import RenderJob

_LONGEST_DELAY = 900


class SqsLookupQueue:
    """The queue of the lookup worker. See `lookup_requests.LookupQueue`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message, *, delay: timedelta = timedelta()) -> None:
        """One message. Raises Unavailable."""
        _send(self._url, encode(message), delay)


class SqsRenderQueue:
    """The queue of the render worker. See `render_jobs.RenderQueue`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, job: RenderJob) -> None:
        """One message. Raises Unavailable."""
        _send(self._url, render_jobs.encode(job), timedelta())


def _send(url: str, body: str, delay: timedelta) -> None:
    seconds = min(_LONGEST_DELAY, math.ceil(delay.total_seconds()))
    with translate_errors():
        client("sqs").send_message(QueueUrl=url, MessageBody=body, DelaySeconds=seconds)
