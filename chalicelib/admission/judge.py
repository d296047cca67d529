"""The admission decision: a pure function of evidence and policy.

The order is red, yellow, unknown or stale, undeclared (light green), green; then the region's
policy on nucleic acid, travel card and vaccination. A colour comes only from a provider. A missing
answer is ``unknown``, never green. The rules are the table `RULES`, from which docs/admission.md is
generated (``python -m infra.decision_table``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.admission import evidence as kinds
from chalicelib.admission.policy import OnUnknown, Policy
from chalicelib.core.clock import CHINA, local_day
from chalicelib.identity import documents
from chalicelib.identity.people import (
    ANSWERS_KEPT_FOR,
    PersonRecord,
    Profile,
    Snapshot,
    Verification,
)
from chalicelib.identity.providers import ProviderName

_HEALTH = ProviderName.HEALTH_CODE
_TEST = ProviderName.NUCLEIC_ACID
_VACCINATION = ProviderName.VACCINATION
_CARD = ProviderName.TRAVEL_CARD


class Outcome(StrEnum):
    """The outcome of a scan."""

    ADMIT = "admit"
    CHECK = "check"
    REFUSE = "refuse"
    PENDING = "pending"


@dataclass(frozen=True)
class Evidence:
    """What is known from one provider about a person at a scan.

    `state` is the provider's, or ``absent`` (no record), ``pending`` (lookup in progress),
    ``unknown`` (no answer), or ``code_needed`` (the day's travel card code was not entered).
    `stale`: older than policy allows, or bad news from before the scan; while the scan waits, a
    lookup is in progress. `doses`: doses of vaccine.
    """

    state: str
    observed_at: datetime | None = None
    fetched_at: datetime | None = None
    stale: bool = False
    doses: int | None = None


UNKNOWN = Evidence("unknown")


@dataclass(frozen=True)
class Decision:
    """The outcome, its reasons (codes of ``reason.…``) and the next steps (codes of ``step.…``)."""

    outcome: Outcome
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """A decision, its evidence, the providers still to be asked, and the policy's version.

    `hours` is the maximum age of a nucleic acid result by policy, which the texts of reasons name.
    """

    decision: Decision
    evidence: Mapping[ProviderName, Evidence]
    needs: tuple[ProviderName, ...]
    policy: str
    hours: int | None

    @property
    def lacks_card(self) -> bool:
        """Whether the day's travel card code was not entered."""
        return self.evidence.get(_CARD, UNKNOWN).state == "code_needed"

    @property
    def undeclared(self) -> bool:
        """Whether the visitor had not declared their health: light green."""
        return self.evidence.get(_HEALTH, UNKNOWN).state == "light_green"


def decide(
    person: PersonRecord, policy: Policy, *, at: datetime, final: bool, temperature: str = ""
) -> Verdict:
    """Return the verdict on `person` for a scan received at `at`, from their snapshots.

    `final`: the wait is over, so nothing is pending. `temperature` is the measured band:
    ``normal``, ``fever``, or empty.
    """
    evidence = evidence_of(person, policy, at=at, final=final)
    if person.unidentified:
        return _unidentified(person, evidence, policy, final=final, temperature=temperature)
    decision = judge(evidence, policy, at=at, final=final, temperature=temperature)
    needs = () if final else needed(evidence)
    return Verdict(decision, evidence, needs, policy.version, policy.nucleic_acid_hours)


def begin_check(profile: Profile, policy: Policy) -> Verdict:
    """Return the verdict with which every manual check begins, whatever is known of the subject.

    It waits for all answers, so that all subjects are asked about alike (JN-12).
    """
    evidence = dict.fromkeys(kinds.shown(), Evidence("pending"))
    needs = (documents.of(profile.document_type).verified_by, *kinds.asked())
    decision = Decision(Outcome.PENDING, ("identity_pending",), ("wait",))
    return Verdict(decision, evidence, needs, policy.version, policy.nucleic_acid_hours)


def evidence_of(
    person: PersonRecord, policy: Policy, *, at: datetime, final: bool
) -> dict[ProviderName, Evidence]:
    """Return the evidence on `person` at `at`, of each kind that a screen shows; see `assess`."""
    return {
        name: assess(name, person.current(name), policy, at=at, final=final)
        for name in kinds.shown()
    }


def _unidentified(
    person: PersonRecord,
    evidence: Mapping[ProviderName, Evidence],
    policy: Policy,
    *,
    final: bool,
    temperature: str,
) -> Verdict:
    """Return the verdict on a person whose name and number do not match yet (JN-12, JN-19).

    Until they match, no evidence is asked for, shown, or kept with the scan. An unknown number and
    a wrong name get the same verdict.
    """
    profile = person.profile
    pending = profile is not None and profile.verification is Verification.PENDING
    waits = pending and not final
    unseen = Evidence("pending") if waits else UNKNOWN
    needs: tuple[ProviderName, ...] = ()
    if profile is not None and waits:
        needs = (documents.of(profile.document_type).verified_by, *needed(evidence))
        decision = Decision(Outcome.PENDING, ("identity_pending",), ("wait",))
    else:
        reasons: tuple[str, ...] = ("identity_unknown" if pending else "identity_unmatched",)
        steps: tuple[str, ...] = ("verify_with_staff",)
        if temperature == "fever":
            reasons, steps = ("temperature_fever", *reasons), ("see_doctor", *steps)
        decision = Decision(Outcome.CHECK, reasons, steps)
    return Verdict(
        decision,
        dict.fromkeys(kinds.shown(), unseen),
        needs,
        policy.version,
        policy.nucleic_acid_hours,
    )


def take_card(
    verdict: Verdict, person: PersonRecord, policy: Policy, *, at: datetime, temperature: str = ""
) -> Verdict:
    """Return the verdict on a decided scan with the travel card that `person` obtained since.

    The other evidence stays as it was when the wait ended.
    """
    return _take(_CARD, verdict, person, policy, at=at, temperature=temperature)


def take_colour(
    verdict: Verdict, person: PersonRecord, policy: Policy, *, at: datetime, temperature: str = ""
) -> Verdict:
    """Return the verdict on a decided scan with the colour that followed a health declaration.

    The other evidence stays as it was when the wait ended.
    """
    return _take(_HEALTH, verdict, person, policy, at=at, temperature=temperature)


def take_temperature(
    verdict: Verdict, policy: Policy, *, at: datetime, temperature: str
) -> Verdict:
    """Return the verdict on a decided scan with the temperature that was measured since.

    The evidence stays as it was when the scan was decided.
    """
    decision = judge(verdict.evidence, policy, at=at, final=True, temperature=temperature)
    return replace(verdict, decision=decision, policy=policy.version)


def _take(
    provider: ProviderName,
    verdict: Verdict,
    person: PersonRecord,
    policy: Policy,
    *,
    at: datetime,
    temperature: str,
) -> Verdict:
    later = assess(provider, person.current(provider), policy, at=at, final=True)
    evidence = {**verdict.evidence, provider: later}
    decision = judge(evidence, policy, at=at, final=True, temperature=temperature)
    return Verdict(decision, evidence, (), policy.version, policy.nucleic_acid_hours)


def assess(
    provider: ProviderName, snapshot: Snapshot | None, policy: Policy, *, at: datetime, final: bool
) -> Evidence:
    """Return the evidence that `snapshot` gives for a scan received at `at`.

    Good news counts as long as policy says. Bad or missing news that may keep the visitor out is
    asked for again at each scan, because they may have declared, or been tested, a moment ago.
    `final`: the wait is over, so nothing is pending, and bad news counts as long as good news.
    """
    kind = kinds.of(provider)
    if kind.by_code:
        return assess_card(snapshot, at)
    if snapshot is None or at - snapshot.fetched_at >= ANSWERS_KEPT_FOR:
        return UNKNOWN if final else Evidence("pending")
    state, observed = snapshot.state, snapshot.observed_at
    if kind.shown_for is not None and observed is not None and at - observed > kind.shown_for:
        state = "absent"
    found = Evidence(state, observed, snapshot.fetched_at, doses=snapshot.doses)
    life, age = policy.fresh.get(provider), at - snapshot.fetched_at
    if life is None:
        return found
    keeps_out = kind.required(policy) and not kind.good(found, policy, at)
    stale = age > timedelta() if keeps_out and not final else age >= life
    return replace(found, stale=True) if stale else found


def assess_card(snapshot: Snapshot | None, at: datetime) -> Evidence:
    """Return the evidence of a travel card at `at`.

    A card is valid for its local day, in every region.
    """
    if snapshot is None or not same_day(snapshot.fetched_at, at):
        return Evidence("code_needed")
    return Evidence(snapshot.state, snapshot.observed_at, snapshot.fetched_at)


def same_day(one: datetime, other: datetime) -> bool:
    """Return whether both times are on one day in China, the validity of a travel card (XC-13)."""
    return local_day(one, CHINA) == local_day(other, CHINA)


def needed(evidence: Mapping[ProviderName, Evidence]) -> tuple[ProviderName, ...]:
    """Return the providers to ask: those whose answer is missing or stale."""
    found = {name: evidence.get(name, UNKNOWN) for name in kinds.asked()}
    return tuple(name for name, one in found.items() if one.state == "pending" or one.stale)


@dataclass(frozen=True)
class Case:
    """The input of the rules; `waiting` are the required providers whose answers are pending."""

    evidence: Mapping[ProviderName, Evidence]
    policy: Policy
    at: datetime
    temperature: str
    waiting: tuple[ProviderName, ...]

    @property
    def health(self) -> Evidence:
        """The health code."""
        return self.evidence[_HEALTH]

    @property
    def test(self) -> Evidence:
        """The nucleic acid result."""
        return self.evidence[_TEST]

    @property
    def card(self) -> str:
        """The state of the travel card."""
        return self.evidence.get(_CARD, UNKNOWN).state

    @property
    def vaccination(self) -> str:
        """The state of the vaccination."""
        return self.evidence.get(_VACCINATION, UNKNOWN).state

    @property
    def records(self) -> bool:
        """Whether policy admits visitors whose providers are unreachable."""
        return self.policy.on_unknown is OnUnknown.ADMIT_RECORDED

    @property
    def in_grace(self) -> bool:
        """Whether policy admits on the last known colour: green and within the grace period."""
        fetched = self.health.fetched_at
        return (
            self.records
            and self.health.state == "green"
            and fetched is not None
            and self.at - fetched <= self.policy.grace
        )

    @property
    def health_known(self) -> bool:
        """Whether there is an answer on the health code: green, light green or no record."""
        return self.health.state in ("green", "light_green", "absent")

    @property
    def test_known(self) -> bool:
        """Whether there is an answer on the test. A negative result without a time is none."""
        dated = self.test.state == "negative" and self.test.observed_at is not None
        return dated or self.test.state == "absent"

    @property
    def test_too_old(self) -> bool:
        """Whether the result is older than policy allows."""
        observed, hours = self.test.observed_at, self.policy.nucleic_acid_hours
        if observed is None or hours is None:
            return False
        return self.at - observed > timedelta(hours=hours)

    @property
    def vaccination_known(self) -> bool:
        """Whether there is an answer on the vaccination."""
        return self.vaccination in ("complete", "partial", "none", "absent")

    @property
    def tests(self) -> bool:
        """Whether policy requires a nucleic acid result."""
        return self.policy.nucleic_acid_hours is not None

    @property
    def vaccinates(self) -> bool:
        """Whether policy requires vaccination."""
        return self.policy.vaccination_required


@dataclass(frozen=True)
class Rule:
    """A row of the table. `when` states in words the condition that `holds` tests."""

    when: str
    holds: Callable[[Case], bool]
    outcome: Outcome
    reasons: Callable[[Case], tuple[str, ...]]
    steps: tuple[str, ...]


def _rule(
    when: str, holds: Callable[[Case], bool], outcome: Outcome, reason: str, *steps: str
) -> Rule:
    return Rule(when, holds, outcome, lambda _: (reason,), steps)


def _admitted(case: Case) -> tuple[str, ...]:
    """Return the reasons for admission, one for each required kind of evidence."""
    policy = case.policy
    reasons = ["health_code_unconfirmed" if case.health.stale else "health_code_green"]
    if case.tests:
        known = case.test_known
        reasons.append("nucleic_acid_recent" if known else "nucleic_acid_unconfirmed")
    if policy.travel_card_required:
        reasons.append("travel_card_normal")
    if case.vaccinates:
        known = case.vaccination_known
        reasons.append("vaccination_complete" if known else "vaccination_unconfirmed")
    return tuple(reasons)


# Bad evidence counts even when stale; good evidence counts only when fresh.
RULES: tuple[Rule, ...] = (
    _rule(
        "Health code red",
        lambda case: case.health.state == "red",
        Outcome.REFUSE,
        "health_code_red",
        "report_to_community",
    ),
    _rule(
        "Nucleic acid positive",
        lambda case: case.test.state == "positive",
        Outcome.REFUSE,
        "nucleic_acid_positive",
        "report_to_community",
    ),
    Rule(
        "Health code yellow and fever measured",
        lambda case: case.health.state == "yellow" and case.temperature == "fever",
        Outcome.CHECK,
        lambda _: ("health_code_yellow", "temperature_fever"),
        ("see_doctor", "verify_with_staff", "declare_again"),
    ),
    _rule(
        "Health code yellow",
        lambda case: case.health.state == "yellow",
        Outcome.CHECK,
        "health_code_yellow",
        "verify_with_staff",
        "declare_again",
    ),
    _rule(
        "Fever measured",
        lambda case: case.temperature == "fever",
        Outcome.CHECK,
        "temperature_fever",
        "see_doctor",
    ),
    _rule(
        "Travel card abnormal",
        lambda case: case.card == "abnormal",
        Outcome.CHECK,
        "travel_card_abnormal",
        "verify_travel_card",
    ),
    Rule(
        "A required provider has not answered, and the wait is not over",
        lambda case: bool(case.waiting),
        Outcome.PENDING,
        lambda case: tuple(f"{provider}_pending" for provider in case.waiting),
        ("wait",),
    ),
    _rule(
        "Health code out of date, and not a green within the grace period",
        lambda case: case.health.stale and not case.in_grace,
        Outcome.CHECK,
        "health_code_stale",
        "verify_with_staff",
    ),
    _rule(
        "Health code unknown: no provider answered",
        lambda case: not case.health_known,
        Outcome.CHECK,
        "health_code_unknown",
        "verify_with_staff",
    ),
    _rule(
        "No health code on record",
        lambda case: case.health.state == "absent",
        Outcome.CHECK,
        "health_code_absent",
        "verify_with_staff",
    ),
    _rule(
        "Health code light green: no health declaration",
        lambda case: case.health.state == "light_green",
        Outcome.CHECK,
        "health_code_light_green",
        "declare_health",
    ),
    _rule(
        "A nucleic acid result is required; it is unknown, and `on_unknown` is `check`",
        lambda case: case.tests and not case.test_known and not case.records,
        Outcome.CHECK,
        "nucleic_acid_unknown",
        "verify_with_staff",
    ),
    _rule(
        "A nucleic acid result is required; there is none within 14 days",
        lambda case: case.tests and case.test.state == "absent",
        Outcome.CHECK,
        "nucleic_acid_absent",
        "test_nucleic_acid",
    ),
    _rule(
        "A nucleic acid result is required; it is older than policy allows",
        lambda case: case.test_too_old,
        Outcome.CHECK,
        "nucleic_acid_too_old",
        "test_nucleic_acid",
    ),
    _rule(
        "A travel card is required; the day's code has not been entered",
        lambda case: case.policy.travel_card_required and case.card != "normal",
        Outcome.CHECK,
        "travel_card_code_needed",
        "enter_travel_card_code",
        "no_code_see_staff",
    ),
    _rule(
        "Vaccination is required; it is unknown, and `on_unknown` is `check`",
        lambda case: case.vaccinates and not case.vaccination_known and not case.records,
        Outcome.CHECK,
        "vaccination_unknown",
        "verify_vaccination",
    ),
    _rule(
        "Vaccination is required; there is no record, or no dose",
        lambda case: case.vaccinates and case.vaccination in ("absent", "none"),
        Outcome.CHECK,
        "vaccination_none",
        "verify_vaccination",
    ),
    _rule(
        "Vaccination is required; it is not complete",
        lambda case: case.vaccinates and case.vaccination == "partial",
        Outcome.CHECK,
        "vaccination_partial",
        "verify_vaccination",
    ),
    Rule(
        "Otherwise: the health code is green",
        lambda case: case.health.state == "green",
        Outcome.ADMIT,
        _admitted,
        ("enter",),
    ),
)


def judge(
    evidence: Mapping[ProviderName, Evidence],
    policy: Policy,
    *,
    at: datetime,
    final: bool,
    temperature: str = "",
) -> Decision:
    """Return the decision of the first rule in `RULES` that holds."""
    case = case_of(evidence, policy, at=at, final=final, temperature=temperature)
    rule = rule_for(case)
    return Decision(rule.outcome, rule.reasons(case), rule.steps)


def case_of(
    evidence: Mapping[ProviderName, Evidence],
    policy: Policy,
    *,
    at: datetime,
    final: bool,
    temperature: str = "",
) -> Case:
    """Return the input of the rules. `final`: the wait is over, so nothing is pending."""
    needs = () if final else needed(evidence)
    waiting = tuple(name for name in needs if kinds.of(name).required(policy))
    return Case(evidence, policy, at, temperature, waiting)


def rule_for(case: Case) -> Rule:
    """Return the first rule that holds. One always does."""
    return next(rule for rule in RULES if rule.holds(case))
