"""Requests to the lookup worker, and to the worker that ends scans' waits.

The stream function sends them. It must not load pydantic, so messages are encoded here and decoded
by `schemas.decode`.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.admission.prefetching import Prefetch
from chalicelib.admission.scan import Scan, Scans
from chalicelib.core import metrics
from chalicelib.core.clock import epoch_ms
from chalicelib.identity import documents
from chalicelib.identity.people import Profile
from chalicelib.identity.providers import ProviderName


class Lookup(NamedTuple):
    """A request to ask `providers` about a person; answers fetched since `asked_at` suffice.

    A message that asks again names those that have answered too, for scans that join later.
    `registration`: the version of the registration that the identity provider verifies, 0 for
    lookups about scans. After a health declaration no answer on record suffices, and `afresh` is
    true; `scan_id` is the scan that takes the colour, or empty. `attempt` counts the attempts
    before this one, which failed. `since`: a scan has joined the question after the answers had
    come, and only answers fetched since then suffice; None for `asked_at`.
    """

    providers: tuple[ProviderName, ...]
    person_id: str
    asked_at: datetime
    correlation: str
    registration: int = 0
    scan_id: str = ""
    attempt: int = 0
    afresh: bool = False
    since: datetime | None = None


class Declared(NamedTuple):
    """A request to deliver a health declaration, and to ask for the colour that follows.

    `record_id` is the declaration's id, `scan_id` the scan that takes the colour; empty for none.
    """

    person_id: str
    record_id: str
    scan_id: str
    correlation: str


class Settle(NamedTuple):
    """A request to end a scan's wait and decide it with the evidence there is."""

    scan_id: str
    correlation: str


Message = Lookup | Declared | Settle


def encode(message: Message) -> str:
    """Return `message` as JSON text for its queue, with ids only.

    Lookups have version 2; until 0.2.0 each asked one provider.
    """
    body: dict[str, object] = {"v": 1, "correlation": message.correlation}
    if isinstance(message, Settle):
        body |= {"kind": "settle", "scan": message.scan_id}
    elif isinstance(message, Declared):
        body |= {
            "kind": "declaration",
            "person": message.person_id,
            "record": message.record_id,
        }
    else:
        body |= {
            "v": 2,
            "kind": "lookup",
            "providers": message.providers,
            "person": message.person_id,
            "asked_at": epoch_ms(message.asked_at),
            "registration": message.registration,
            "attempt": message.attempt,
            "afresh": message.afresh,
        }
        if message.since is not None:
            body["since"] = epoch_ms(message.since)
    if not isinstance(message, Settle) and message.scan_id:
        body["scan"] = message.scan_id
    return json.dumps(body)


class Outgoing(NamedTuple):
    """A message to be delivered after `delay` (whole seconds, at most 15 min)."""

    message: Message
    delay: timedelta = timedelta()


class LookupQueue(Protocol):
    """The queues of the lookup worker, and of the worker that ends waits."""

    def send(self, message: Message, *, delay: timedelta = timedelta()) -> None:
        """Enqueue `message`, a `Settle` for the worker that ends waits. Cost: one SendMessage.

        Raises Unavailable.
        """

    def send_all(self, messages: Sequence[Outgoing]) -> list[int]:
        """Enqueue `messages`, and return the places of those that were not accepted, in order.

        Cost: one SendMessageBatch for each ten messages of a queue.
        """


class Outbox:
    """The messages of a batch of stream records, which are sent together."""

    __slots__ = ("_messages", "_queue")

    def __init__(self, *, queue: LookupQueue) -> None:
        self._queue = queue
        self._messages: list[Outgoing] = []

    def size(self) -> int:
        """Return the number of messages kept."""
        return len(self._messages)

    def add(self, message: Message) -> None:
        """Keep `message` for `send`."""
        self._messages.append(Outgoing(message))

    def send(self) -> int | None:
        """Send what was kept. Return the place of the first message that was not accepted, or None.

        Nothing is kept afterwards: what was not accepted is requested again by its stream record.
        """
        messages, self._messages = self._messages, []
        return min(self._queue.send_all(messages), default=None) if messages else None


class LookupRequests:
    """The sender of lookups for new scans, prefetch requests, registrations and declarations.

    Messages are put into the outbox. Every method may be repeated.
    """

    __slots__ = ("_outbox", "_scans")

    def __init__(self, *, scans: Scans, outbox: Outbox) -> None:
        self._scans = scans
        self._outbox = outbox

    def start(self, scan: Scan, now: datetime) -> None:
        """Request the answers that a new scan waits for.

        Nobody is asked if the scan joins a question about the person that is under way. That the
        scan waits is written first, so that an early answer finds it. The question ends its wait.
        """
        needs = scan.verdict.needs
        if not needs:
            return
        if self._scans.await_answers(scan, now):
            self._outbox.add(Lookup(needs, scan.judged_by, scan.received_at, scan.correlation))
        else:
            metrics.record({"LookupsJoined": 1})

    def prefetch(self, request: Prefetch) -> None:
        """Request the answers that a prefetch request names."""
        self._outbox.add(
            Lookup(request.wanted, request.person_id, request.asked_at, request.correlation)
        )

    def declare(self, message: Declared) -> None:
        """Request the delivery of a health declaration."""
        self._outbox.add(message)

    def verify(self, profile: Profile, correlation: str, now: datetime) -> None:
        """Request verification of a registration by the provider of its document type."""
        provider = documents.of(profile.document_type).verified_by
        self._outbox.add(
            Lookup((provider,), profile.person_id, now, correlation, profile.registration)
        )
