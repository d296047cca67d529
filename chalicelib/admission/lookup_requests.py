"""Requests to the lookup worker: provider lookups, and the end of a scan's wait.

The stream function sends them. It must not load pydantic, so messages are encoded here and decoded
by `schemas.decode`.
"""

import json
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.admission.policy import Policies
from chalicelib.admission.prefetching import Prefetch
from chalicelib.admission.scan import Scan, Scans
from chalicelib.core.clock import epoch_ms
from chalicelib.identity import documents
from chalicelib.identity.people import Profile
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.venue import Directory


class Lookup(NamedTuple):
    """A request to ask `provider` about a person; an answer fetched since `asked_at` suffices.

    `registration`: the version of the registration that the identity provider verifies. `scan_id`:
    the scan that takes the colour after a health declaration; empty for none.
    """

    provider: ProviderName
    person_id: str
    asked_at: datetime
    correlation: str
    registration: int = 0
    scan_id: str = ""


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
    """Return `message` as JSON text for the queue, version 1, with ids only."""
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
            "kind": "lookup",
            "provider": message.provider,
            "person": message.person_id,
            "asked_at": epoch_ms(message.asked_at),
            "registration": message.registration,
        }
    if not isinstance(message, Settle) and message.scan_id:
        body["scan"] = message.scan_id
    return json.dumps(body)


class LookupQueue(Protocol):
    """The queue of the lookup worker."""

    def send(self, message: Message, *, delay: timedelta = timedelta()) -> None:
        """Enqueue `message`, to be delivered after `delay` (whole seconds, at most 15 min).

        Raises Unavailable.
        """


class LookupRequests:
    """The sender of lookups for new scans, prefetch requests, registrations and declarations.

    Every method may be repeated.
    """

    __slots__ = ("_directory", "_policies", "_queue", "_scans")

    def __init__(
        self, *, directory: Directory, policies: Policies, scans: Scans, queue: LookupQueue
    ) -> None:
        self._directory = directory
        self._policies = policies
        self._scans = scans
        self._queue = queue

    def start(self, scan: Scan, now: datetime) -> None:
        """Request the answers that a new scan waits for, and schedule the end of its wait.

        The pending marker is written first, so that an early answer finds it.
        """
        venue = self._directory.venue(scan.venue_id, now)
        if venue is None or not scan.verdict.needs:
            return
        self._scans.await_answer(scan)
        for provider in scan.verdict.needs:
            self._queue.send(Lookup(provider, scan.person_id, scan.received_at, scan.correlation))
        answer_within = self._policies.of(venue.region, now).answer_within
        self._queue.send(Settle(scan.scan_id, scan.correlation), delay=answer_within)

    def prefetch(self, request: Prefetch) -> None:
        """Request the answers that a prefetch request names."""
        for provider in request.wanted:
            self._queue.send(
                Lookup(provider, request.person_id, request.asked_at, request.correlation)
            )

    def declare(self, message: Declared) -> None:
        """Request the delivery of a health declaration."""
        self._queue.send(message)

    def verify(self, profile: Profile, correlation: str, now: datetime) -> None:
        """Request verification of a registration by the provider of its document type."""
        provider = documents.of(profile.document_type).verified_by
        self._queue.send(
            Lookup(provider, profile.person_id, now, correlation, profile.registration)
        )
