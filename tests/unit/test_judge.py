"""Admission: red > yellow > unknown or stale > undeclared > green, then the region's policy."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission import evidence as kinds
from chalicelib.admission.evidence import asked, shown, states, travel_card
from chalicelib.admission.judge import (
    RULES,
    Decision,
    Evidence,
    Outcome,
    Verdict,
    assess,
    decide,
    judge,
    needed,
    take_card,
)
from chalicelib.admission.policy import OnUnknown, Policy
from chalicelib.identity.people import PersonRecord, Profile, Snapshot, Verification
from chalicelib.identity.providers import ProviderName
from infra.decision_table import TARGET, Judged, cases, judged, printed
from tests.fakes.parts import NOON

HEALTH, TEST = ProviderName.HEALTH_CODE, ProviderName.NUCLEIC_ACID
VACCINATION, CARD = ProviderName.VACCINATION, ProviderName.TRAVEL_CARD
PERSON = Profile("per_x", b"", registration=3, verification=Verification.VERIFIED)
SEVERITY = {Outcome.ADMIT: 0, Outcome.CHECK: 1, Outcome.REFUSE: 2}

policies = st.builds(
    Policy,
    version=st.just("440983.1"),
    nucleic_acid_hours=st.none() | st.integers(1, 336),
    fresh=st.fixed_dictionaries(
        {provider: st.integers(1, 1440).map(lambda n: timedelta(minutes=n)) for provider in asked()}
    ),
    vaccination_required=st.booleans(),
    travel_card_required=st.booleans(),
)
ages = st.timedeltas(timedelta(0), timedelta(days=20)) | st.sampled_from(
    [timedelta(hours=h, microseconds=u) for h in (1, 48, 336) for u in (-1, 0, 1)]
)


@st.composite
def evidence(draw: st.DrawFn, provider: ProviderName) -> Evidence:
    """What a scan may rest on: an answer with its age, or that there is none."""
    state = draw(st.sampled_from([*sorted(states(provider)), "absent", "unknown", "pending", "?"]))
    if state in ("unknown", "pending"):
        return Evidence(state)
    observed = draw(st.none() | ages.map(lambda age: NOON - age))
    return Evidence(state, observed, NOON, draw(st.booleans()))


cards = st.sampled_from(["normal", "abnormal", "code_needed", "unknown", "?"])
everything = st.fixed_dictionaries(
    {provider: evidence(provider) for provider in asked()} | {CARD: cards.map(Evidence)}
)
OTHERS = {VACCINATION: Evidence("complete", None, NOON, doses=3), CARD: Evidence("normal")}
"""In order, where a test is about something else."""


def outcome(
    found: Mapping[ProviderName, Evidence], policy: Policy, *, final: bool = False
) -> Decision:
    return judge(found, policy, at=NOON, final=final)


class TestOrder:
    """The first rule that speaks, counts, whatever the rest says."""

    @given(everything, policies, st.booleans())
    def test_red_is_refused(
        self, found: dict[ProviderName, Evidence], policy: Policy, final: bool
    ) -> None:
        red = found | {HEALTH: replace(found[HEALTH], state="red")}
        decision = outcome(red, policy, final=final)
        expected = Decision(Outcome.REFUSE, ("health_code_red",), ("report_to_community",))
        assert decision == expected

    @given(everything, policies, st.booleans())
    def test_a_positive_test_is_refused_unless_red_has_spoken(
        self, found: dict[ProviderName, Evidence], policy: Policy, final: bool
    ) -> None:
        decision = outcome(
            found | {TEST: replace(found[TEST], state="positive")}, policy, final=final
        )
        assert decision.outcome is Outcome.REFUSE
        red = found[HEALTH].state == "red"
        assert decision.reasons == ("health_code_red" if red else "nucleic_acid_positive",)

    @given(everything, policies, st.booleans())
    def test_yellow_is_checked_at_once(
        self, found: dict[ProviderName, Evidence], policy: Policy, final: bool
    ) -> None:
        yellow = found | {HEALTH: replace(found[HEALTH], state="yellow")}
        decision = outcome(yellow, policy, final=final)
        if found[TEST].state == "positive":
            assert decision.outcome is Outcome.REFUSE
        else:
            assert decision.outcome is Outcome.CHECK
            assert decision.reasons == ("health_code_yellow",)

    @given(everything, policies)
    def test_unknown_and_stale_come_before_undeclared_before_the_test(
        self, found: dict[ProviderName, Evidence], policy: Policy
    ) -> None:
        decision = outcome(found, policy, final=True)
        health, test = found[HEALTH], found[TEST]
        if health.state in ("red", "yellow") or test.state == "positive":
            assert decision.reasons[0] in (f"health_code_{health.state}", "nucleic_acid_positive")
        elif found[CARD].state == "abnormal":
            assert decision.reasons == ("travel_card_abnormal",)
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
        self, found: dict[ProviderName, Evidence], policy: Policy, final: bool
    ) -> None:
        health, test, hours = found[HEALTH], found[TEST], policy.nucleic_acid_hours
        tested = hours is None or (
            test.state == "negative"
            and test.observed_at is not None
            and NOON - test.observed_at <= timedelta(hours=hours)
            and (final or not test.stale)
        )
        well = test.state != "positive" and found[CARD].state != "abnormal"
        carded = not policy.travel_card_required or found[CARD].state == "normal"
        vaccination = found[VACCINATION]
        vaccinated = not policy.vaccination_required or (
            vaccination.state == "complete" and (final or not vaccination.stale)
        )
        fresh = health.state == "green" and not health.stale
        expected = fresh and tested and well and carded and vaccinated
        admitted = outcome(found, policy, final=final).outcome is Outcome.ADMIT
        assert admitted is expected

    @given(everything, policies, st.booleans())
    def test_it_is_pending_exactly_while_an_answer_may_still_decide(
        self, found: dict[ProviderName, Evidence], policy: Policy, final: bool
    ) -> None:
        bad = found[HEALTH].state in ("red", "yellow") or found[TEST].state == "positive"
        bad |= found[CARD].state == "abnormal"
        waiting = [p for p in asked() if found[p].state == "pending" or found[p].stale]
        if policy.nucleic_acid_hours is None and TEST in waiting:
            waiting.remove(TEST)
        if not policy.vaccination_required and VACCINATION in waiting:
            waiting.remove(VACCINATION)
        decision = outcome(found, policy, final=final)
        pending = bool(waiting) and not bad and not final
        assert (decision.outcome is Outcome.PENDING) is pending
        if pending:
            assert decision.reasons == tuple(f"{provider}_pending" for provider in waiting)
            assert set(waiting) <= set(needed(found))

    @given(everything, policies, st.booleans())
    def test_a_decision_has_a_reason_and_a_next_step(
        self, found: dict[ProviderName, Evidence], policy: Policy, final: bool
    ) -> None:
        decision = outcome(found, policy, final=final)
        assert decision.reasons
        assert decision.next_steps

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

    @pytest.mark.parametrize("provider", asked())
    @pytest.mark.parametrize("state", ["pending", "unknown", "?", ""])
    def test_what_is_no_answer_admits_nobody(self, provider: ProviderName, state: str) -> None:
        found = {
            HEALTH: Evidence("green", None, NOON),
            TEST: Evidence("negative", NOON, NOON),
            **OTHERS,
        }
        policy = Policy(vaccination_required=True, travel_card_required=True)
        assert outcome(found, policy, final=True).outcome is Outcome.ADMIT
        without = found | {provider: replace(found[provider], state=state)}
        decision = outcome(without, policy, final=True)
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
            return SEVERITY[outcome({HEALTH: health, TEST: test}, policy, final=True).outcome]

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
            SEVERITY[outcome(found, Policy(nucleic_acid_hours=h), final=True).outcome]
            for h in hours
        ]
        assert severities == sorted(severities)


snapshots = st.builds(
    Snapshot,
    provider=st.just("health_code"),
    state=st.sampled_from([*sorted(states(HEALTH) | states(TEST)), "absent"]),
    observed_at=st.none() | ages.map(lambda age: NOON - age),
    fetched_at=ages.map(lambda age: NOON - age),
    registration=st.just(3),
)


def is_stale(provider: ProviderName, snapshot: Snapshot, policy: Policy, *, final: bool) -> bool:
    """Whether an answer is asked for again: good news by its age, bad news unless it is newer."""
    kind, observed, hours = kinds.of(provider), snapshot.observed_at, policy.nucleic_acid_hours
    good = snapshot.state == kind.example
    if provider == TEST:
        limit = timedelta(days=14) if hours is None else timedelta(hours=min(hours, 336))
        good = good and observed is not None and NOON - observed <= limit
    if good or final or not kind.required(policy):
        return NOON - snapshot.fetched_at >= policy.fresh[provider]
    return snapshot.fetched_at < NOON


class TestAssess:
    """What a snapshot is worth at a scan: a colour comes only from a provider."""

    @given(st.sampled_from(asked()), policies, st.booleans())
    def test_no_answer_is_pending_and_then_unknown(
        self, provider: ProviderName, policy: Policy, final: bool
    ) -> None:
        found = assess(provider, None, policy, at=NOON, final=final)
        assert found == Evidence("unknown" if final else "pending")

    @pytest.mark.parametrize("provider", asked())
    def test_it_is_stale_from_the_very_moment(self, provider: ProviderName) -> None:
        policy = Policy()
        for beyond, stale in ((-1, False), (0, True)):
            fetched = NOON - policy.fresh[provider] - timedelta(microseconds=beyond)
            good = kinds.of(provider).example
            snapshot = Snapshot(provider, good, NOON, fetched, 3)
            assert assess(provider, snapshot, policy, at=NOON, final=False).stale is stale

    @pytest.mark.parametrize("provider", [HEALTH, TEST])
    def test_bad_news_is_stale_unless_it_came_after_the_scan(self, provider: ProviderName) -> None:
        policy = Policy()
        for state in (*sorted(states(provider) - {kinds.of(provider).example}), "absent"):
            for after, stale in ((-1, True), (0, False), (1, False)):
                fetched = NOON + timedelta(milliseconds=after)
                snapshot = Snapshot(provider, state, NOON, fetched, 3)
                assert assess(provider, snapshot, policy, at=NOON, final=False).stale is stale
                assert not assess(provider, snapshot, policy, at=NOON, final=True).stale

    def test_a_test_that_is_too_old_is_bad_news(self) -> None:
        fetched = NOON - timedelta(milliseconds=1)
        for hours, stale in ((48, False), (48.01, True)):
            taken = NOON - timedelta(hours=hours)
            snapshot = Snapshot(TEST, "negative", taken, fetched, 3)
            assert assess(TEST, snapshot, Policy(), at=NOON, final=False).stale is stale

    def test_what_the_region_does_not_require_is_asked_for_when_it_is_out_of_date(self) -> None:
        snapshot = Snapshot("vaccination", "none", None, NOON - timedelta(hours=1), 3)
        for required in (False, True):
            policy = Policy(vaccination_required=required)
            name = ProviderName.VACCINATION
            assert assess(name, snapshot, policy, at=NOON, final=False).stale is required

    @given(st.sampled_from(asked()), snapshots, policies, st.booleans())
    def test_it_says_what_the_provider_said(
        self, provider: ProviderName, snapshot: Snapshot, policy: Policy, final: bool
    ) -> None:
        found = assess(provider, snapshot, policy, at=NOON, final=final)
        observed = snapshot.observed_at
        old = provider == TEST and observed is not None and NOON - observed > timedelta(days=14)
        assert found.state == ("absent" if old else snapshot.state)
        assert (found.observed_at, found.fetched_at) == (observed, snapshot.fetched_at)
        assert found.stale is is_stale(provider, snapshot, policy, final=final)


class TestDecide:
    """All of it: a person's snapshots in, a verdict out."""

    @given(
        st.lists(snapshots, max_size=2, unique_by=lambda s: s.state),
        st.sampled_from([2, 3, 4]),
        policies,
        st.booleans(),
    )
    def test_it_asks_for_what_is_missing_or_out_of_date(
        self, answers: list[Snapshot], registration: int, policy: Policy, final: bool
    ) -> None:
        known = {
            str(provider): replace(answer, provider=provider, registration=registration)
            for provider, answer in zip(asked(), answers, strict=False)
        }
        verdict = decide(PersonRecord(PERSON, snapshots=known), policy, at=NOON, final=final)
        assert (verdict.policy, verdict.hours) == (policy.version, policy.nucleic_acid_hours)
        current = {p: s for p, s in known.items() if s.registration == PERSON.registration}
        missing = tuple(
            p for p in asked() if p not in current or is_stale(p, current[p], policy, final=False)
        )
        assert verdict.needs == (() if final else missing)
        if verdict.decision.outcome is Outcome.PENDING:
            assert verdict.needs

    def test_an_answer_about_another_registration_is_none(self) -> None:
        green = Snapshot("health_code", "green", None, NOON, registration=2)
        verdict = decide(
            PersonRecord(PERSON, snapshots={"health_code": green}), Policy(), at=NOON, final=False
        )
        assert verdict.evidence[HEALTH] == Evidence("pending")

    def test_an_answer_fetched_after_the_scan_is_fresh(self) -> None:
        fetched = NOON + timedelta(seconds=3)
        answers = {
            "health_code": Snapshot("health_code", "green", None, fetched, 3),
            "nucleic_acid": Snapshot("nucleic_acid", "negative", NOON, fetched, 3),
        }
        verdict = decide(PersonRecord(PERSON, snapshots=answers), Policy(), at=NOON, final=False)
        assert verdict.decision.outcome is Outcome.ADMIT

    def test_every_combination_is_decided(self) -> None:
        """Nothing that a provider may say is left without a rule."""
        said = [[*sorted(states(provider)), "absent"] for provider in asked()]
        for combination in product(*said, sorted(states(CARD))):
            known = {
                str(provider): Snapshot(provider, state, NOON, NOON, 3)
                for provider, state in zip(shown(), combination, strict=True)
            }
            verdict = decide(PersonRecord(PERSON, snapshots=known), Policy(), at=NOON, final=False)
            assert verdict.decision.outcome is not Outcome.PENDING


MIDNIGHT = datetime(2026, 11, 22, 16, tzinfo=UTC)
"""The end of the tests' day in China."""


class TestTravelCard:
    """Good for one local day, and never asked for by us."""

    @pytest.mark.parametrize(
        ("fetched", "at", "good"),
        [
            (NOON, NOON, True),
            (NOON, MIDNIGHT - timedelta(microseconds=1), True),
            (NOON, MIDNIGHT, False),
            (MIDNIGHT, MIDNIGHT - timedelta(microseconds=1), False),
            (NOON, NOON - timedelta(minutes=3), True),
            (NOON - timedelta(days=1), NOON, False),
        ],
    )
    def test_it_is_good_until_midnight_in_china(
        self, fetched: datetime, at: datetime, good: bool
    ) -> None:
        card = Snapshot("travel_card", "normal", NOON, fetched, 3)
        for final in (False, True):
            found = assess(CARD, card, Policy(), at=at, final=final)
            expected = Evidence("normal", NOON, fetched) if good else Evidence("code_needed")
            assert found == expected

    def test_the_end_of_its_day(self) -> None:
        for fetched, end in ((NOON, MIDNIGHT), (MIDNIGHT, MIDNIGHT + timedelta(days=1))):
            component = travel_card.KIND.show(Evidence("normal", NOON, fetched), NOON)
            assert component["valid_until"] == end

    @given(policies, st.booleans())
    def test_without_a_code_there_is_none_and_nothing_is_waited_for(
        self, policy: Policy, final: bool
    ) -> None:
        assert assess(CARD, None, policy, at=NOON, final=final) == Evidence("code_needed")
        assert CARD not in needed({provider: Evidence("pending") for provider in shown()})

    def test_it_joins_what_is_decided_and_changes_nothing_else(self) -> None:
        old = {
            HEALTH: Evidence("unknown"), TEST: Evidence("absent", None, NOON),
            VACCINATION: Evidence("partial", NOON, NOON, doses=1), CARD: Evidence("code_needed"),
        }  # fmt: skip
        before = Verdict(judge(old, Policy(), at=NOON, final=True), old, (), "x.1", 48)
        assert before.lacks_card
        answers = {
            "health_code": Snapshot("health_code", "green", None, NOON, 3),
            "travel_card": Snapshot("travel_card", "abnormal", NOON, NOON, 3),
        }
        after = take_card(before, PersonRecord(PERSON, snapshots=answers), Policy(), at=NOON)
        assert after.evidence == old | {CARD: Evidence("abnormal", NOON, NOON)}
        assert after.decision.reasons == ("travel_card_abnormal",)
        assert not after.lacks_card
        assert after.needs == ()

    def test_a_fever_stays_a_fever(self) -> None:
        old = {HEALTH: Evidence("green", None, NOON), TEST: Evidence("negative", NOON, NOON)}
        before = Verdict(judge(old, Policy(), at=NOON, final=True), old, (), "x.1", 48)
        card = {"travel_card": Snapshot("travel_card", "normal", NOON, NOON, 3)}
        person = PersonRecord(PERSON, snapshots=card)
        after = take_card(before, person, Policy(), at=NOON, temperature="fever")
        assert after.decision.reasons == ("temperature_fever",)


class TestOnUnknown:
    """A dead provider stops nobody where policy says so, and nobody turns green by it."""

    POLICY = Policy(on_unknown=OnUnknown.ADMIT_RECORDED, grace=timedelta(hours=12))

    @pytest.mark.parametrize(
        ("age", "outcome"),
        [
            (timedelta(hours=12), Outcome.ADMIT),
            (timedelta(hours=12, microseconds=1), Outcome.CHECK),
        ],
    )
    def test_the_grace_ends_to_the_microsecond(self, age: timedelta, outcome: Outcome) -> None:
        found = {
            HEALTH: Evidence("green", None, NOON - age, stale=True),
            TEST: Evidence("negative", NOON, NOON),
            **OTHERS,
        }
        decision = judge(found, self.POLICY, at=NOON, final=True)
        assert decision.outcome is outcome
        unconfirmed = ("health_code_unconfirmed", "nucleic_acid_recent")
        expected = unconfirmed if outcome is Outcome.ADMIT else ("health_code_stale",)
        assert decision.reasons == expected
        # While there is time, it is waited for.
        assert judge(found, self.POLICY, at=NOON, final=False).outcome is Outcome.PENDING

    @given(everything, policies, st.booleans())
    def test_only_a_green_that_was_known_admits(
        self, found: dict[ProviderName, Evidence], policy: Policy, final: bool
    ) -> None:
        records = replace(policy, on_unknown=OnUnknown.ADMIT_RECORDED)
        decision = outcome(found, records, final=final)
        if decision.outcome is Outcome.ADMIT:
            assert found[HEALTH].state == "green"
            assert found[TEST].state != "positive"
            assert found[CARD].state != "abnormal"
            stale = found[HEALTH].stale
            assert ("health_code_green" in decision.reasons) is not stale
            assert ("health_code_unconfirmed" in decision.reasons) is stale

    @given(everything, policies)
    def test_what_is_known_decides_alike(
        self, found: dict[ProviderName, Evidence], policy: Policy
    ) -> None:
        """It changes what is unknown or out of date, and nothing else."""
        check = outcome(found, policy, final=True)
        record = outcome(found, replace(policy, on_unknown=OnUnknown.ADMIT_RECORDED), final=True)
        if check.outcome is Outcome.ADMIT or check.reasons[0].rpartition("_")[2] not in (
            "unknown",
            "stale",
        ):
            assert record == check
        assert SEVERITY[record.outcome] <= SEVERITY[check.outcome]


@pytest.fixture(scope="class")
def table() -> list[Judged]:
    """Every case; judging them takes some seconds."""
    return list(cases())


class TestTable:
    """The whole table: every state of everything under every policy."""

    def test_every_rule_decides_something(self, table: list[Judged]) -> None:
        assert {one.rule for one in table} == set(range(1, len(RULES) + 1))

    def test_every_case_has_reasons_that_belong_to_its_outcome(self, table: list[Judged]) -> None:
        for one in table:
            decision, found = one.decision, one.case.evidence
            assert decision.reasons
            assert decision.next_steps
            if decision.outcome is Outcome.ADMIT:
                assert found[HEALTH].state == "green"
                assert not one.case.waiting
                assert one.case.temperature != "fever"
            if one.case.policy.on_unknown is OnUnknown.CHECK:
                assert not any("unconfirmed" in reason for reason in decision.reasons)
            if decision.outcome is Outcome.PENDING:
                assert not one.final
            if found[HEALTH].state == "red" or found[TEST].state == "positive":
                assert decision.outcome is Outcome.REFUSE

    def test_being_asked_for_more_never_lets_more_people_in(self, table: list[Judged]) -> None:
        for one in table:
            policy = one.case.policy
            if one.decision.outcome is Outcome.PENDING or not policy.travel_card_required:
                continue
            evidence = one.case.evidence
            found = (evidence[HEALTH], evidence[TEST], evidence[VACCINATION], evidence[CARD])
            easier = replace(policy, travel_card_required=False, vaccination_required=False)
            less = judged(
                found, easier, temperature=one.case.temperature, final=one.final
            ).decision  # fmt: skip
            if less.outcome is not Outcome.PENDING:
                assert SEVERITY[less.outcome] <= SEVERITY[one.decision.outcome]

    def test_what_is_not_asked_for_stops_nobody(self, table: list[Judged]) -> None:
        for one in table:
            if not one.case.policy.vaccination_required:
                assert not any(reason.startswith("vaccination") for reason in one.decision.reasons)

    def test_the_document_is_printed_from_it(self) -> None:
        document = TARGET.read_text("utf-8")
        assert printed(document) == document, "run python -m infra.decision_table"

    def test_a_document_without_its_marks_is_not_guessed_at(self) -> None:
        with pytest.raises(ValueError, match="marks"):
            printed("# Admission")
