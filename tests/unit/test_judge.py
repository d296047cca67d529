"""Admission: red > yellow > unknown or stale > undeclared > green, then the region's policy."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission.judge import (
    ASKED,
    Decision,
    Evidence,
    Outcome,
    assess,
    decide,
    judge,
    needed,
)
from chalicelib.admission.policy import Policy
from chalicelib.identity.people import Hot, Profile, Snapshot, Verification
from chalicelib.identity.providers import STATES, ProviderName
from tests.fakes.parts import NOON

HEALTH, TEST = ProviderName.HEALTH_CODE, ProviderName.NUCLEIC_ACID
PERSON = Profile("per_x", b"", registration=3, verification=Verification.VERIFIED)
SEVERITY = {Outcome.ADMIT: 0, Outcome.CHECK: 1, Outcome.REFUSE: 2}

policies = st.builds(
    Policy,
    version=st.just("440983.1"),
    nucleic_acid_hours=st.none() | st.integers(1, 336),
    fresh=st.fixed_dictionaries(
        {provider: st.integers(1, 1440).map(lambda n: timedelta(minutes=n)) for provider in ASKED}
    ),
)
ages = st.timedeltas(timedelta(0), timedelta(days=20)) | st.sampled_from(
    [timedelta(hours=h, microseconds=u) for h in (1, 48, 336) for u in (-1, 0, 1)]
)


@st.composite
def evidence(draw: st.DrawFn, provider: ProviderName) -> Evidence:
    """What a scan may rest on: an answer with its age, or that there is none."""
    state = draw(st.sampled_from([*sorted(STATES[provider]), "absent", "unknown", "pending", "?"]))
    if state in ("unknown", "pending"):
        return Evidence(state)
    observed = draw(st.none() | ages.map(lambda age: NOON - age))
    return Evidence(state, observed, NOON, draw(st.booleans()))


everything = st.fixed_dictionaries({provider: evidence(provider) for provider in ASKED})


def outcome(
    found: Mapping[ProviderName, Evidence], policy: Policy, *, late: bool = False
) -> Decision:
    return judge(found, policy, at=NOON, late=late)


class TestOrder:
    """The first rule that speaks, counts, whatever the rest says."""

    @given(everything, policies, st.booleans())
    def test_red_is_refused(
        self, found: dict[ProviderName, Evidence], policy: Policy, late: bool
    ) -> None:
        red = found | {HEALTH: replace(found[HEALTH], state="red")}
        decision = outcome(red, policy, late=late)
        expected = Decision(Outcome.REFUSE, ("health_code_red",), ("report_to_community",))
        assert decision == expected

    @given(everything, policies, st.booleans())
    def test_a_positive_test_is_refused_unless_red_has_spoken(
        self, found: dict[ProviderName, Evidence], policy: Policy, late: bool
    ) -> None:
        decision = outcome(
            found | {TEST: replace(found[TEST], state="positive")}, policy, late=late
        )
        assert decision.outcome is Outcome.REFUSE
        red = found[HEALTH].state == "red"
        assert decision.reasons == ("health_code_red" if red else "nucleic_acid_positive",)

    @given(everything, policies, st.booleans())
    def test_yellow_is_checked_at_once(
        self, found: dict[ProviderName, Evidence], policy: Policy, late: bool
    ) -> None:
        yellow = found | {HEALTH: replace(found[HEALTH], state="yellow")}
        decision = outcome(yellow, policy, late=late)
        if found[TEST].state == "positive":
            assert decision.outcome is Outcome.REFUSE
        else:
            assert decision.outcome is Outcome.CHECK
            assert decision.reasons == ("health_code_yellow",)

    @given(everything, policies)
    def test_unknown_and_stale_come_before_undeclared_before_the_test(
        self, found: dict[ProviderName, Evidence], policy: Policy
    ) -> None:
        decision = outcome(found, policy, late=True)
        health, test = found[HEALTH], found[TEST]
        if health.state in ("red", "yellow") or test.state == "positive":
            assert decision.reasons[0] in (f"health_code_{health.state}", "nucleic_acid_positive")
        elif health.stale:
            assert decision.reasons == ("health_code_stale",)
        elif health.state == "absent":
            assert decision.reasons == ("health_code_absent",)
        elif health.state == "light_green":
            assert decision.reasons == ("health_code_light_green",)
            assert decision.next_steps == ("declare_health",)
        elif health.state != "green":
            assert decision.reasons == ("health_code_unknown",)


class TestAdmission:
    """Nobody comes in without a fresh green, and what the region asks for beside it."""

    @given(everything, policies, st.booleans())
    def test_only_with_everything(
        self, found: dict[ProviderName, Evidence], policy: Policy, late: bool
    ) -> None:
        health, test, hours = found[HEALTH], found[TEST], policy.nucleic_acid_hours
        tested = hours is None or (
            test.state == "negative"
            and test.observed_at is not None
            and NOON - test.observed_at <= timedelta(hours=hours)
            and (late or not test.stale)
        )
        well = test.state != "positive"
        expected = health.state == "green" and not health.stale and tested and well
        admitted = outcome(found, policy, late=late).outcome is Outcome.ADMIT
        assert admitted is expected

    @given(everything, policies, st.booleans())
    def test_it_is_pending_exactly_while_an_answer_may_still_decide(
        self, found: dict[ProviderName, Evidence], policy: Policy, late: bool
    ) -> None:
        bad = found[HEALTH].state in ("red", "yellow") or found[TEST].state == "positive"
        waiting = [p for p in ASKED if found[p].state == "pending" or found[p].stale]
        if policy.nucleic_acid_hours is None and TEST in waiting:
            waiting.remove(TEST)
        decision = outcome(found, policy, late=late)
        pending = bool(waiting) and not bad and not late
        assert (decision.outcome is Outcome.PENDING) is pending
        if pending:
            assert decision.reasons == tuple(f"{provider}_pending" for provider in waiting)
            assert set(waiting) <= set(needed(found))

    @given(everything, policies, st.booleans())
    def test_a_decision_has_a_reason_and_a_next_step(
        self, found: dict[ProviderName, Evidence], policy: Policy, late: bool
    ) -> None:
        decision = outcome(found, policy, late=late)
        assert decision.reasons
        assert len(decision.next_steps) == 1

    @pytest.mark.parametrize("hours", [1, 48, 336])
    def test_the_window_closes_to_the_microsecond(self, hours: int) -> None:
        policy = Policy(nucleic_acid_hours=hours)
        for beyond, expected in ((0, Outcome.ADMIT), (1, Outcome.CHECK)):
            observed = NOON - timedelta(hours=hours, microseconds=beyond)
            found = {
                HEALTH: Evidence("green", None, NOON),
                TEST: Evidence("negative", observed, NOON),
            }
            assert outcome(found, policy).outcome is expected

    @pytest.mark.parametrize("provider", ASKED)
    @pytest.mark.parametrize("state", ["pending", "unknown", "?", ""])
    def test_what_is_no_answer_admits_nobody(self, provider: ProviderName, state: str) -> None:
        found = {HEALTH: Evidence("green", None, NOON), TEST: Evidence("negative", NOON, NOON)}
        assert outcome(found, Policy(), late=True).outcome is Outcome.ADMIT
        without = found | {provider: replace(found[provider], state=state)}
        decision = outcome(without, Policy(), late=True)
        assert decision.reasons == (f"{provider}_unknown",)
        assert decision.outcome is Outcome.CHECK

    def test_a_negative_test_without_a_time_is_unknown(self) -> None:
        found = {HEALTH: Evidence("green", None, NOON), TEST: Evidence("negative", None, NOON)}
        assert outcome(found, Policy()).reasons == ("nucleic_acid_unknown",)


class TestMonotone:
    """Once nothing is pending: worse evidence, or a stricter region, never lets more people in."""

    HEALTHS = (
        Evidence("green"),
        Evidence("light_green"),
        Evidence("unknown"),
        Evidence("absent"),
        Evidence("green", stale=True),
        Evidence("yellow"),
        Evidence("red"),
    )
    TESTS = (
        Evidence("negative", NOON - timedelta(hours=1), NOON),
        Evidence("negative", NOON - timedelta(hours=47), NOON),
        Evidence("negative", NOON - timedelta(hours=49), NOON),
        Evidence("negative", None, NOON),
        Evidence("unknown"),
        Evidence("absent"),
        Evidence("positive"),
    )

    @pytest.mark.parametrize("hours", [None, 24, 48])
    def test_in_the_evidence(self, hours: int | None) -> None:
        policy = Policy(nucleic_acid_hours=hours)

        def severity(health: Evidence, test: Evidence) -> int:
            return SEVERITY[outcome({HEALTH: health, TEST: test}, policy, late=True).outcome]

        for test in self.TESTS:
            by_health = [severity(health, test) for health in self.HEALTHS]
            assert by_health == sorted(by_health)
        for health in self.HEALTHS:
            by_test = [severity(health, test) for test in self.TESTS]
            assert by_test == sorted(by_test)

    @given(everything, st.integers(1, 336), st.integers(1, 336))
    def test_in_the_region(self, found: dict[ProviderName, Evidence], one: int, other: int) -> None:
        hours: list[int | None] = [None, max(one, other), min(one, other)]
        severities = [
            SEVERITY[outcome(found, Policy(nucleic_acid_hours=h), late=True).outcome] for h in hours
        ]
        assert severities == sorted(severities)


snapshots = st.builds(
    Snapshot,
    provider=st.just("health_code"),
    state=st.sampled_from([*sorted(STATES[HEALTH] | STATES[TEST]), "absent"]),
    observed_at=st.none() | ages.map(lambda age: NOON - age),
    fetched_at=ages.map(lambda age: NOON - age),
    registration=st.just(3),
)


class TestAssess:
    """What a snapshot is worth at a scan: a colour comes only from a provider."""

    @given(st.sampled_from(ASKED), policies, st.booleans())
    def test_no_answer_is_pending_and_then_unknown(
        self, provider: ProviderName, policy: Policy, late: bool
    ) -> None:
        found = assess(provider, None, policy, at=NOON, late=late)
        assert found == Evidence("unknown" if late else "pending")

    @pytest.mark.parametrize("provider", ASKED)
    def test_it_is_stale_from_the_very_moment(self, provider: ProviderName) -> None:
        policy = Policy()
        for beyond, stale in ((-1, False), (0, True)):
            fetched = NOON - policy.fresh[provider] - timedelta(microseconds=beyond)
            snapshot = Snapshot(provider, "green", None, fetched, 3)
            assert assess(provider, snapshot, policy, at=NOON, late=False).stale is stale

    @given(st.sampled_from(ASKED), snapshots, policies, st.booleans())
    def test_it_says_what_the_provider_said(
        self, provider: ProviderName, snapshot: Snapshot, policy: Policy, late: bool
    ) -> None:
        found = assess(provider, snapshot, policy, at=NOON, late=late)
        observed = snapshot.observed_at
        old = provider is TEST and observed is not None and NOON - observed > timedelta(days=14)
        assert found.state == ("absent" if old else snapshot.state)
        assert (found.observed_at, found.fetched_at) == (observed, snapshot.fetched_at)
        assert found.stale is (NOON - snapshot.fetched_at >= policy.fresh[provider])


class TestDecide:
    """All of it: a person's snapshots in, a verdict out."""

    @given(
        st.lists(snapshots, max_size=2, unique_by=lambda s: s.state),
        st.sampled_from([2, 3, 4]),
        policies,
        st.booleans(),
    )
    def test_it_asks_for_what_is_missing_or_out_of_date(
        self, answers: list[Snapshot], registration: int, policy: Policy, late: bool
    ) -> None:
        known = {
            str(provider): replace(answer, provider=provider, registration=registration)
            for provider, answer in zip(ASKED, answers, strict=False)
        }
        verdict = decide(Hot(PERSON, snapshots=known), policy, at=NOON, late=late)
        assert (verdict.policy, verdict.hours) == (policy.version, policy.nucleic_acid_hours)
        current = {p: s for p, s in known.items() if s.registration == PERSON.registration}
        missing = tuple(
            p for p in ASKED if p not in current or NOON - current[p].fetched_at >= policy.fresh[p]
        )
        assert verdict.needs == (() if late else missing)
        if verdict.decision.outcome is Outcome.PENDING:
            assert verdict.needs

    def test_an_answer_about_another_registration_is_none(self) -> None:
        green = Snapshot("health_code", "green", None, NOON, registration=2)
        verdict = decide(
            Hot(PERSON, snapshots={"health_code": green}), Policy(), at=NOON, late=False
        )
        assert verdict.evidence[HEALTH] == Evidence("pending")

    def test_an_answer_fetched_after_the_scan_is_fresh(self) -> None:
        fetched = NOON + timedelta(seconds=3)
        answers = {
            "health_code": Snapshot("health_code", "green", None, fetched, 3),
            "nucleic_acid": Snapshot("nucleic_acid", "negative", NOON, fetched, 3),
        }
        verdict = decide(Hot(PERSON, snapshots=answers), Policy(), at=NOON, late=False)
        assert verdict.decision.outcome is Outcome.ADMIT

    def test_every_combination_is_decided(self) -> None:
        """Nothing that a provider may say is left without a rule."""
        for states in product([*sorted(STATES[HEALTH]), "absent"], sorted(STATES[TEST])):
            known = {
                str(provider): Snapshot(provider, state, NOON, NOON, 3)
                for provider, state in zip(ASKED, states, strict=True)
            }
            verdict = decide(Hot(PERSON, snapshots=known), Policy(), at=NOON, late=False)
            assert verdict.decision.outcome is not Outcome.PENDING
