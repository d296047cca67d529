"""Requests to the lookup worker: who is asked about whom, and when a scan's wait ends.

The stream function sends them. It has no other use for pydantic, nor for what the worker needs, so
messages are written here and read by `schemas.decode`.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.admission.policy import Policies
from chalicelib.admission.prefetching import Prefetch
from chalicelib.admission.scan import Scan, Scans
from chalicelib.core.clock import epoch_ms
from chalicelib.identity import documents
from chalicelib.identity.people import Profile
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.venue import Directory


@dataclass(frozen=True)
class Lookup:
    """Ask `provider` about a person; an answer fetched since `asked_at` will do.

    `registration`: which edit of the registration the identity provider is to verify.
    """

    provider: ProviderName
    person_id: str
    asked_at: datetime
    correlation: str
    registration: int = 0


@dataclass(frozen=True)
class Settle:
    """Decide a scan with what is known, whatever it still waits for."""

    scan_id: str
    correlation: str


def encode(message: Lookup | Settle) -> str:
    """Return the queue's text for `message`, version 1, ids only; `schemas.decode` reads it."""
    body: dict[str, object] = {"v": 1, "correlation": message.correlation}
    if isinstance(message, Settle):
        body |= {"kind": "settle", "scan": message.scan_id}
    else:
        body |= {
            "kind": "lookup",
            "provider": message.provider,
            "person": message.person_id,
            "asked_at": epoch_ms(message.asked_at),
            "registration": message.registration,
        }
    return json.dumps(body)


class LookupQueue(Protocol):
    """The queue before the lookup worker."""

    def send(self, message: Lookup | Settle, *, delay: timedelta = timedelta()) -> None:
        """Enqueue, to be delivered after `delay` (whole seconds, at most 15 min).

        Raises Unavailable.
        """


class LookupRequests:
    """Sends lookups for new scans, prefetch requests and registrations; again is harmless."""

    __slots__ = ("_directory", "_policies", "_queue", "_scans")

    def __init__(
        self, *, directory: Directory, policies: Policies, scans: Scans, queue: LookupQueue
    ) -> None:
        self._directory = directory
        self._policies = policies
        self._scans = scans
        self._queue = queue

    def start(self, scan: Scan, now: datetime) -> None:
        """Request what a new scan waits for: mark it as pending, ask, and schedule the wait's end.

        The pending marker comes first, so that an answer finds it however soon it arrives.
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
        """Have the providers of a prefetch request asked; an answer since then will do."""
        for provider in request.wanted:
            self._queue.send(
                Lookup(provider, request.person_id, request.asked_at, request.correlation)
            )

    def verify(self, profile: Profile, correlation: str, now: datetime) -> None:
        """Have a registration verified by the provider of its type of document."""
        provider = documents.of(profile.document_type).verified_by
        self._queue.send(
            Lookup(provider, profile.person_id, now, correlation, profile.registration)
        )
