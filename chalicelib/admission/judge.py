"""May this person enter? Pure: evidence and policy in, decision and its reasons out.

Red > yellow > unknown or stale > undeclared (light green) > green, then the region's policy on
nucleic acid. A colour comes only from a provider; no answer is ``unknown``, never green.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.admission.policy import Policy
from chalicelib.identity.people import Hot, Snapshot
from chalicelib.identity.providers import ProviderName

ASKED = (ProviderName.HEALTH_CODE, ProviderName.NUCLEIC_ACID)
_RESULTS_SHOWN = timedelta(days=14)  # JN-31
_HEALTH = ProviderName.HEALTH_CODE
_TEST = ProviderName.NUCLEIC_ACID


class Outcome(StrEnum):
    """What the screen says."""

    ADMIT = "admit"
    CHECK = "check"
    REFUSE = "refuse"
    PENDING = "pending"


@dataclass(frozen=True)
class Evidence:
    """What is known of one thing about a person, at a scan.

    `state` is the provider's, or ``absent`` (it has no record), ``pending`` (being asked) or
    ``unknown`` (no answer). `stale`: older than policy allows, and being asked again.
    """

    state: str
    observed_at: datetime | None = None
    fetched_at: datetime | None = None
    stale: bool = False


@dataclass(frozen=True)
class Decision:
    """The outcome, why (codes of ``reason.…``), and what to do next (codes of ``step.…``)."""

    outcome: Outcome
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """A decision, the evidence it rests on, what is still asked, and the policy's version.

    `hours` is the age that the policy allows a nucleic acid result, for the words of a reason.
    """

    decision: Decision
    evidence: Mapping[ProviderName, Evidence]
    needs: tuple[ProviderName, ...]
    policy: str
    hours: int | None


def decide(person: Hot, policy: Policy, *, at: datetime, late: bool) -> Verdict:
    """Judge `person` for a scan received at `at`, by what their snapshots say.

    `late`: the time to wait for answers is over, so nothing is asked for any longer.
    """
    evidence = {
        provider: assess(provider, person.current(provider), policy, at=at, late=late)
        for provider in ASKED
    }
    decision = judge(evidence, policy, at=at, late=late)
    needs = () if late else needed(evidence)
    return Verdict(decision, evidence, needs, policy.version, policy.nucleic_acid_hours)


def assess(
    provider: ProviderName, snapshot: Snapshot | None, policy: Policy, *, at: datetime, late: bool
) -> Evidence:
    """What `snapshot` is worth for a scan received at `at`.

    `late`: the time to wait for an answer is over, so nothing is pending any longer.
    """
    if snapshot is None:
        return Evidence("unknown" if late else "pending")
    state = snapshot.state
    observed = snapshot.observed_at
    if provider is _TEST and observed is not None and at - observed > _RESULTS_SHOWN:
        state = "absent"
    stale = at - snapshot.fetched_at >= policy.fresh[provider]
    return Evidence(state, observed, snapshot.fetched_at, stale)


def needed(evidence: Mapping[ProviderName, Evidence]) -> tuple[ProviderName, ...]:
    """The providers whose answer is missing or out of date, and must be asked."""
    return tuple(p for p in ASKED if evidence[p].state == "pending" or evidence[p].stale)


def judge(
    evidence: Mapping[ProviderName, Evidence], policy: Policy, *, at: datetime, late: bool
) -> Decision:
    """Decide. The first rule that speaks, counts.

    What is bad counts even when it is stale; what is good counts only when it is fresh.
    """
    health, test = evidence[_HEALTH], evidence[_TEST]
    if health.state == "red":
        return _refuse("health_code_red")
    if test.state == "positive":
        return _refuse("nucleic_acid_positive")
    if health.state == "yellow":
        return Decision(Outcome.CHECK, ("health_code_yellow",), ("verify_with_staff",))
    waiting = () if late else needed(evidence)
    if policy.nucleic_acid_hours is None:
        waiting = tuple(provider for provider in waiting if provider is not _TEST)
    if waiting:
        reasons = tuple(f"{provider}_pending" for provider in waiting)
        return Decision(Outcome.PENDING, reasons, ("wait",))
    if health.stale or health.state not in ("green", "light_green"):
        reason = "stale" if health.stale else "absent" if health.state == "absent" else "unknown"
        return Decision(Outcome.CHECK, (f"health_code_{reason}",), ("verify_with_staff",))
    if health.state == "light_green":
        return Decision(Outcome.CHECK, ("health_code_light_green",), ("declare_health",))
    return _judge_test(test, policy, at)


def _judge_test(test: Evidence, policy: Policy, at: datetime) -> Decision:
    hours = policy.nucleic_acid_hours
    if hours is None:
        return Decision(Outcome.ADMIT, ("health_code_green",), ("enter",))
    if test.state == "absent":
        return Decision(Outcome.CHECK, ("nucleic_acid_absent",), ("test_nucleic_acid",))
    if test.state != "negative" or test.observed_at is None:
        return Decision(Outcome.CHECK, ("nucleic_acid_unknown",), ("verify_with_staff",))
    if at - test.observed_at > timedelta(hours=hours):
        return Decision(Outcome.CHECK, ("nucleic_acid_too_old",), ("test_nucleic_acid",))
    return Decision(Outcome.ADMIT, ("health_code_green", "nucleic_acid_recent"), ("enter",))


def _refuse(reason: str) -> Decision:
    return Decision(Outcome.REFUSE, (reason,), ("report_to_community",))
