"""What is known of oneself, and prefetch requests for what is missing or out of date.

Whoever opens their pass or looks at their health code has the providers asked, so that a scan soon
after is answered at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.admission.disclosure import shown
from chalicelib.admission.eligibility import require_may_scan
from chalicelib.admission.judge import Evidence, evidence_of, needed
from chalicelib.admission.policy import Policies
from chalicelib.identity.people import Actor
from chalicelib.identity.providers import ProviderName


@dataclass(frozen=True)
class Prefetch:
    """A prefetch request: ask `wanted` about one registration of a person. The stream sends it."""

    person_id: str
    wanted: tuple[ProviderName, ...]
    asked_at: datetime
    registration: int
    correlation: str


class Prefetches(Protocol):
    """Prefetch requests; `store.PrefetchStore` is the real one."""

    def ask(self, prefetch: Prefetch) -> datetime:
        """Record a prefetch request, unless one of the last minute stands.

        Return when the one that stands was made. A new registration is asked about at once.
        """


@dataclass(frozen=True)
class Overview:
    """What is known of a person by now, as it may be shown, and whether more is on its way."""

    evidence: Mapping[ProviderName, Evidence]
    needs: tuple[ProviderName, ...]


class Prefetching:
    """Shows what is known of the actor, and records prefetch requests."""

    __slots__ = ("_policies", "_prefetches")

    def __init__(self, *, policies: Policies, prefetches: Prefetches) -> None:
        self._policies = policies
        self._prefetches = prefetches

    def overview(self, actor: Actor, *, correlation: str, now: datetime) -> Overview:
        """Return what the actor's snapshots say; have what is missing or out of date asked for.

        Asked for at most once a minute; what has not come in the time that a scan would wait is
        unknown. People have no region, so the default policy says what is out of date. Raises
        Forbidden (registration).
        """
        require_may_scan(actor)
        policy = self._policies.of("*", now)

        def seen(*, final: bool) -> Mapping[ProviderName, Evidence]:
            return evidence_of(actor.record, policy, at=now, final=final)

        evidence = seen(final=False)
        needs = needed(evidence)
        if not needs:
            return _overview(evidence, ())
        registration = actor.profile.registration
        request = Prefetch(actor.person_id, needs, now, registration, correlation)
        asked_at = self._prefetches.ask(request)
        if now - asked_at >= policy.answer_within:
            return _overview(seen(final=True), ())
        return _overview(evidence, needs)


def _overview(
    evidence: Mapping[ProviderName, Evidence], needs: tuple[ProviderName, ...]
) -> Overview:
    return Overview({provider: shown(seen) for provider, seen in evidence.items()}, needs)
