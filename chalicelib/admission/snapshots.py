"""Asking the providers, from the queue: the answer is kept, and waiting scans are judged again.

Everything here may run twice, late, or out of order: an answer is kept only if it is newer, a
verdict only if it is about the registration that was asked about, a scan changes by version.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.admission import evidence as kinds
from chalicelib.admission.judge import Evidence, evidence_of, needed
from chalicelib.admission.policy import Policies
from chalicelib.admission.scan import Scan, Scans
from chalicelib.admission.scanning import find, reconsider, require_may_scan
from chalicelib.core import ids
from chalicelib.core.clock import epoch_ms
from chalicelib.core.crypto import Vault
from chalicelib.identity.people import Actor, People, Snapshot, Verification
from chalicelib.identity.providers import (
    Absent,
    Answer,
    Pending,
    Provider,
    ProviderFault,
    ProviderName,
)
from chalicelib.identity.registration import subject_of, verdict
from chalicelib.venues.venue import Directory

_LONGEST_WAIT = timedelta(days=1)
_CLOCK_TOLERANCE = timedelta(minutes=5)


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
    """The queue's text for `message`, version 1, ids only; `schemas.decode` reads it.

    Here, and not with the schemas, because the stream worker has no other use for pydantic.
    """
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


@dataclass(frozen=True)
class Prefetch:
    """A wish that `wanted` be asked about one registration of a person; the stream has it done."""

    person_id: str
    wanted: tuple[ProviderName, ...]
    asked_at: datetime
    registration: int
    correlation: str


class Prefetches(Protocol):
    """Wishes to ask; `store.PrefetchStore` is the real one."""

    def ask(self, prefetch: Prefetch) -> datetime:
        """Record a wish, unless one of the last minute stands; when the one that stands was made.

        A new registration is asked about at once.
        """


@dataclass(frozen=True)
class Overview:
    """What is known of a person by now, and whether more is on its way."""

    evidence: Mapping[ProviderName, Evidence]
    needs: tuple[ProviderName, ...]


def prefetch(
    actor: Actor, *, correlation: str, now: datetime, policies: Policies, prefetches: Prefetches
) -> Overview:
    """What the actor's snapshots say; what is missing or out of date is asked for meanwhile.

    Asked for at most once a minute; what has not come in the time that a scan would wait is
    unknown. People have no region, so the default policy says what is out of date. Raises
    Forbidden (registration).
    """
    require_may_scan(actor)
    policy = policies.of("*", now)

    def seen(*, final: bool) -> Mapping[ProviderName, Evidence]:
        return evidence_of(actor.record, policy, at=now, final=final)

    evidence = seen(final=False)
    needs = needed(evidence)
    if not needs:
        return Overview(evidence, ())
    registration = actor.profile.registration
    asked_at = prefetches.ask(Prefetch(actor.person_id, needs, now, registration, correlation))
    if now - asked_at >= policy.answer_within:
        return Overview(seen(final=True), ())
    return Overview(evidence, needs)


def fetch(wish: Prefetch, *, queue: LookupQueue) -> None:
    """Have the providers of a wish asked; what they have answered since then will do."""
    for provider in wish.wanted:
        queue.send(Lookup(provider, wish.person_id, wish.asked_at, wish.correlation))


def start(
    scan: Scan,
    *,
    now: datetime,
    directory: Directory,
    policies: Policies,
    scans: Scans,
    queue: LookupQueue,
) -> None:
    """Set in motion what a new scan waits for: note it, ask, and set an end to the waiting.

    The note comes first, so that whichever answer arrives finds it.
    """
    venue = directory.venue(scan.venue_id, now)
    if venue is None or not scan.verdict.needs:
        return
    scans.await_answer(scan)
    for provider in scan.verdict.needs:
        queue.send(Lookup(provider, scan.person_id, scan.received_at, scan.correlation))
    patience = policies.of(venue.region, now).answer_within
    queue.send(Settle(scan.scan_id, scan.correlation), delay=patience)


def look_up(
    message: Lookup,
    *,
    now: Callable[[], datetime],
    people: People,
    providers: Callable[[ProviderName], Provider],
    vault: Vault,
    queue: LookupQueue,
    directory: Directory,
    policies: Policies,
    scans: Scans,
) -> str:
    """Ask, keep the answer, and judge the person's waiting scans again.

    `now` is asked again after the provider's answer, whose age counts from then. Answers a word
    for the log. Raises ProviderFault and Unavailable: the message will be delivered again.
    """
    person = people.subject(message.person_id)
    profile = person.profile
    if profile is None or profile.verification is Verification.NONE:
        return "nobody"
    identity = kinds.of(message.provider).verifies
    shadow = profile.shadow_until is not None
    asks = not identity or (
        profile.registration == message.registration
        and profile.verification is Verification.PENDING
    )
    if not asks and not shadow:
        return "superseded"
    known = person.current(message.provider)
    if asks and (known is None or known.fetched_at < message.asked_at):
        request_id = ids.derive(
            "lookup", message.provider, message.person_id, message.correlation,
            str(profile.registration),
        )  # fmt: skip
        answer = providers(message.provider).lookup(
            subject_of(profile, vault), request_id=request_id
        )
        if isinstance(answer, Pending):
            return _ask_again(message, answer, now(), queue)
        if isinstance(answer, Answer) and _from_the_future(answer, now()):
            raise ProviderFault(f"{message.provider}: observed in the future")
        if identity:
            settled = people.settle(profile, *verdict(answer))
            if not shadow:
                return "settled" if settled else "superseded"
        else:
            if isinstance(answer, Absent):
                answer = Answer("absent")
            people.save_snapshot(
                message.person_id,
                Snapshot(
                    provider=message.provider,
                    state=answer.state,
                    observed_at=answer.observed_at,
                    fetched_at=now(),
                    registration=profile.registration,
                    reason=answer.reason,
                    group=answer.group,
                    how_to_clear=answer.how_to_clear,
                    doses=answer.doses,
                ),
                until=profile.shadow_until,
            )
        person = people.subject(message.person_id)
    for scan_id in person.awaiting:
        reconsider(
            scan_id, person, final=False, now=now(),
            people=people, directory=directory, policies=policies, scans=scans,
        )  # fmt: skip
    return "answered"


def settle(
    message: Settle,
    *,
    now: datetime,
    people: People,
    directory: Directory,
    policies: Policies,
    scans: Scans,
) -> str:
    """End a scan's waiting: what has not been answered is unknown. Answers a word for the log."""
    found = find(message.scan_id, now=now, directory=directory, scans=scans)
    if found is None:
        return "gone"
    if not found.scan.verdict.needs:
        return "answered"
    verdict = reconsider(
        message.scan_id, people.subject(found.scan.person_id), final=True, now=now,
        people=people, directory=directory, policies=policies, scans=scans,
    )  # fmt: skip
    return verdict.decision.outcome if verdict else "gone"


def _ask_again(message: Lookup, answer: Pending, now: datetime, queue: LookupQueue) -> str:
    """Ask later: when the provider says, and the less often the longer it takes."""
    age = now - message.asked_at
    if age > _LONGEST_WAIT:
        raise ProviderFault(f"{message.provider}: pending for too long")
    queue.send(message, delay=max(timedelta(milliseconds=answer.poll_after_ms), age / 4))
    return "pending"


def _from_the_future(answer: Answer, now: datetime) -> bool:
    """Whether the answer claims a time that has not come: a test result would never grow old."""
    return answer.observed_at is not None and answer.observed_at - now > _CLOCK_TOLERANCE
