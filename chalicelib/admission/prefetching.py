"""The evidence on a person, and prefetch requests for answers that are missing or stale.

Opening the pass or the health page asks the providers, so that a scan soon after is answered at
once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from chalicelib.admission import evidence as kinds
from chalicelib.admission.disclosure import shown
from chalicelib.admission.eligibility import require_may_scan
from chalicelib.admission.judge import Evidence, evidence_of, needed
from chalicelib.admission.policy import Policies
from chalicelib.identity.people import Holder
from chalicelib.identity.providers import ProviderName


class Prefetch(NamedTuple):
    """A prefetch request: ask `wanted` about one registration of a person.

    The stream function dispatches it.
    """

    person_id: str
    wanted: tuple[ProviderName, ...]
    asked_at: datetime
    registration: int
    correlation: str


class Prefetches(Protocol):
    """The store of prefetch requests; implemented by `store.PrefetchStore`."""

    def ask(self, prefetch: Prefetch) -> datetime:
        """Record a prefetch request, unless there is one of the last minute.

        Return the time of the request that is in force. A request for a new registration is always
        recorded. Cost: one conditional PutItem.
        """


class Overview(NamedTuple):
    """The evidence on a person, as it may be shown, and the providers still to answer."""

    evidence: Mapping[ProviderName, Evidence]
    needs: tuple[ProviderName, ...]


class Prefetching:
    """The evidence on a person, with prefetch requests."""

    __slots__ = ("_policies", "_prefetches")

    def __init__(self, *, policies: Policies, prefetches: Prefetches) -> None:
        self._policies = policies
        self._prefetches = prefetches

    def overview(self, holder: Holder, *, correlation: str, now: datetime) -> Overview:
        """Return the evidence on `holder`, and request the answers that are missing or stale.

        While the registration is pending nothing is requested, and every state is
        ``identity_pending``: answers might be about another person (JN-19).

        Answers are requested at most once a minute, and those that have come since the last request
        are fresh. An answer that does not arrive within the policy's `answer_within` is unknown.
        People have no region, so the default policy applies. Raises Forbidden (registration).
        """
        require_may_scan(holder.profile)
        if holder.record.unidentified:
            unidentified = Evidence("identity_pending")
            return Overview(dict.fromkeys(kinds.shown(), unidentified), kinds.asked())
        policy = self._policies.of("*", now)

        def seen(at: datetime, *, final: bool = False) -> Mapping[ProviderName, Evidence]:
            return evidence_of(holder.record, policy, at=at, final=final)

        evidence = seen(now)
        needs = needed(evidence)
        if not needs:
            return _overview(evidence, ())
        registration = holder.profile.registration
        request = Prefetch(holder.person_id, needs, now, registration, correlation)
        asked_at = self._prefetches.ask(request)
        if now - asked_at >= policy.answer_within:
            return _overview(seen(now, final=True), ())
        evidence = seen(min(asked_at, now))
        return _overview(evidence, needed(evidence))


def _overview(
    evidence: Mapping[ProviderName, Evidence], needs: tuple[ProviderName, ...]
) -> Overview:
    return Overview({provider: shown(seen) for provider, seen in evidence.items()}, needs)
