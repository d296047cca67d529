"""The jobs of the render worker, and their messages: JSON with ids only.

A message has `v`, `kind` and `correlation`, and the fields of its job. To add a kind, add a class
to `_KINDS` and its use case to `workers/renders.py`.
"""

import json
from typing import NamedTuple, Protocol

_VERSION = 1


class PosterJob(NamedTuple):
    """Draw a poster of a venue."""

    venue: str
    poster: str
    correlation: str


class CardJob(NamedTuple):
    """Draw the paper pass `serial` of a person in one form."""

    person: str
    serial: str
    form: str
    correlation: str


class CardRemoval(NamedTuple):
    """Delete the files of the paper pass `serial`, which has ended."""

    person: str
    serial: str
    correlation: str


class ExportJob(NamedTuple):
    """Write the export of a person's data."""

    person: str
    export: str
    correlation: str


RenderJob = PosterJob | CardJob | CardRemoval | ExportJob
_KINDS: dict[str, type[PosterJob] | type[CardJob] | type[CardRemoval] | type[ExportJob]] = {
    "poster": PosterJob,
    "card": CardJob,
    "card_removal": CardRemoval,
    "export": ExportJob,
}


class RenderQueue(Protocol):
    """The queue of the render worker, implemented by `adapters.queues`."""

    def send(self, job: RenderJob) -> None:
        """Enqueue a job. Cost: one SendMessage. Raises Unavailable."""


def encode(job: RenderJob) -> str:
    """Return the message of a job."""
    kind = next(name for name, job_class in _KINDS.items() if isinstance(job, job_class))
    return json.dumps({"v": _VERSION, "kind": kind} | job._asdict())


def decode(body: str) -> RenderJob:
    """Return the job in a message. Raises ValueError for any other text."""
    try:
        message = json.loads(body)
        version, kind = message.pop("v"), message.pop("kind")
        if version != _VERSION or not all(isinstance(value, str) for value in message.values()):
            raise ValueError("not a render message of a known version")
        return _KINDS[kind](**message)
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("not a render message") from error
