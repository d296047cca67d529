"""Lookups run twice, late, and out of order; providers fail; the scan ends all the same."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission.evidence import asked, states
from chalicelib.admission.judge import Outcome
from chalicelib.admission.lookup_requests import Lookup, Settle
from chalicelib.admission.policy import Policy
from chalicelib.admission.scan import Scan
from chalicelib.identity.people import Verification
from chalicelib.identity.providers import (
    Absent,
    Answer,
    Pending,
    ProviderFault,
    ProviderName,
)
from tests.contract import makers
from tests.fakes.parts import (
    NOON,
    Reply,
)
from tests.unit.region import HEALTH, IDENTITY, TEST, Region

health_replies: st.SearchStrategy[Reply] = st.sampled_from(
    [*map(Answer, sorted(states(HEALTH))), Absent(), Pending(500), ProviderFault("down")]
)
test_replies: st.SearchStrategy[Reply] = st.sampled_from(
    [
        Answer("negative", NOON - timedelta(hours=1)),
        Answer("negative", NOON - timedelta(hours=72)),
        Answer("negative"),
        Answer("positive", NOON - timedelta(hours=1)),
        Absent(),
        Pending(500),
        ProviderFault("down"),
    ]
)


class TestAnyOrder:
    """Whatever the order, the number and the time of deliveries."""

    @given(
        st.lists(st.sampled_from(range(4)), max_size=8),
        st.lists(st.integers(0, 30), min_size=8, max_size=8),
        st.lists(health_replies, min_size=1, max_size=3),
        st.lists(test_replies, min_size=1, max_size=3),
    )
    def test_a_scan_ends_and_what_is_final_stays(
        self,
        order: list[int],
        waits: list[int],
        healths: list[Reply],
        tests: list[Reply],
    ) -> None:
        region = Region()
        scan = region.scan()
        messages = [message for message, _ in region.queue.sent]
        assert [getattr(m, "provider", "settle") for m in messages] == [*asked(), "settle"]
        final: Scan | None = None
        for number, pick in enumerate([*order, 0, 1, 2, 3]):
            region.clock.pass_(seconds=waits[number % len(waits)])
            region.providers[HEALTH].otherwise = healths[number % len(healths)]
            region.providers[TEST].otherwise = tests[number % len(tests)]
            before = region.stands(scan)
            try:
                region.deliver(messages[pick])
            except ProviderFault:
                assert region.stands(scan) == before
            after = region.stands(scan)
            assert after.version - before.version in (0, 1)
            if final is not None:
                assert after == final
            elif not after.verdict.needs:
                final = after
        assert final is not None
        assert final.verdict.decision.outcome is not Outcome.PENDING
        assert final.first_outcome is scan.first_outcome is Outcome.PENDING
        assert (final.at, final.nonce, final.correlation) == (scan.at, scan.nonce, "c0ffee00")
        assert region.people.subject(region.person.person_id).awaiting == ()

    def test_delivered_twice_the_provider_is_asked_once(self) -> None:
        region = Region()
        region.providers[HEALTH].otherwise = Answer("green", NOON)
        region.scan()
        lookup = region.queue.sent[0][0]
        assert [region.deliver(lookup) for _ in range(2)] == ["answered", "answered"]
        assert region.asked(HEALTH) == 1

    def test_two_scans_share_an_answer(self) -> None:
        region = Region()
        region.providers[HEALTH].otherwise = Answer("green", NOON)
        region.providers[TEST].otherwise = Answer("negative", NOON)
        scans = [region.scan(), region.scan()]
        for message, _ in list(region.queue.sent)[:2]:
            region.deliver(message)
        assert [region.stands(s).verdict.decision.outcome for s in scans] == [Outcome.ADMIT] * 2
        assert (region.asked(HEALTH), region.asked(TEST)) == (1, 1)

    def test_a_fresh_answer_answers_the_next_scan_at_once(self) -> None:
        region = Region()
        region.providers[HEALTH].otherwise = Answer("green", NOON)
        region.providers[TEST].otherwise = Answer("negative", NOON)
        region.scan()
        for message, _ in list(region.queue.sent):
            region.deliver(message)
        region.queue.sent.clear()
        region.clock.pass_(minutes=1)
        assert region.scan().first_outcome is Outcome.ADMIT
        assert region.queue.sent == []

    def test_a_stale_answer_is_shown_with_its_age_and_asked_for_again(self) -> None:
        region = Region()
        region.providers[HEALTH].otherwise = Answer("green", NOON)
        region.providers[TEST].otherwise = Answer("negative", NOON)
        region.scan()
        for message, _ in list(region.queue.sent):
            region.deliver(message)
        region.queue.sent.clear()
        region.clock.pass_(minutes=10)
        scan = region.scan()
        evidence = scan.verdict.evidence[HEALTH]
        assert (evidence.state, evidence.stale, evidence.fetched_at) == ("green", True, NOON)
        assert scan.first_outcome is Outcome.PENDING
        assert [getattr(m, "provider", "settle") for m, _ in region.queue.sent] == [
            HEALTH,
            "settle",
        ]


class TestProviders:
    """A provider that fails, hesitates, or answers about somebody's past."""

    @pytest.mark.parametrize("provider", asked())
    def test_a_dead_provider_ends_with_unknown_never_green(self, provider: ProviderName) -> None:
        region = Region()
        region.policies.replace("4409", {"vaccination_required": True}, version=1)
        answers = {
            HEALTH: Answer("green", NOON),
            TEST: Answer("negative", NOON),
            ProviderName.VACCINATION: Answer("complete", NOON, doses=3),
        }
        for name, answer in answers.items():
            region.providers[name].otherwise = answer
        region.providers[provider].otherwise = ProviderFault("down")
        scan = region.scan()
        for message, _ in list(region.queue.sent):
            if isinstance(message, Lookup) and message.provider is provider:
                with pytest.raises(ProviderFault):
                    region.deliver(message)
            else:
                region.deliver(message)
        after = region.stands(scan).verdict
        assert after.decision.outcome is Outcome.CHECK
        assert after.evidence[provider].state == "unknown"

    def test_a_settle_waits_as_long_as_the_policy_says(self) -> None:
        region = Region()
        region.policies.replace("4409", {"answer_within_seconds": 77}, version=1)
        region.scan()
        assert region.queue.sent[-1][1] == timedelta(seconds=77)
        assert Policy().answer_within == timedelta(seconds=15)

    def test_one_that_still_works_is_asked_again_about_the_same(self) -> None:
        region = Region()
        region.providers[HEALTH].otherwise = Pending(1500)
        region.scan()
        lookup = region.queue.sent[0][0]
        region.queue.sent.clear()
        for _ in range(2):
            assert region.deliver(lookup) == "pending"
        assert region.queue.sent == [(lookup, timedelta(milliseconds=1500))] * 2
        requests = {request_id for _, request_id in region.providers[HEALTH].asked}
        assert len(requests) == 1

    def test_pending_for_a_day_is_a_fault(self) -> None:
        region = Region()
        region.providers[HEALTH].otherwise = Pending(1500)
        region.scan()
        lookup = region.queue.sent[0][0]
        region.clock.pass_(days=1, seconds=1)
        with pytest.raises(ProviderFault):
            region.deliver(lookup)

    def test_an_answer_from_the_future_is_a_fault(self) -> None:
        region = Region()
        region.providers[TEST].otherwise = Answer("negative", NOON + timedelta(hours=1))
        region.scan()
        with pytest.raises(ProviderFault):
            region.deliver(region.queue.sent[1][0])

    def test_an_edit_makes_earlier_answers_void(self) -> None:
        region = Region()
        region.providers[HEALTH].otherwise = Answer("green", NOON)
        region.scan()
        region.deliver(region.queue.sent[0][0])
        edited = replace(region.person, registration=2)
        region.people.partition(edited.person_id).profile = edited
        region.person = edited
        assert region.scan().verdict.evidence[HEALTH].state == "pending"

    def test_nobody_is_asked_about_who_has_not_registered(self) -> None:
        region = Region(Verification.NONE)
        lookup = Lookup(HEALTH, region.person.person_id, NOON, "c")
        assert region.deliver(lookup) == "nobody"
        assert region.deliver(lookup._replace(person_id=f"per_{makers.random()}")) == "nobody"
        assert region.asked(HEALTH) == 0


class TestIdentity:
    """An answer of the identity provider is about one edit, and counts once."""

    def region(self, reply: Reply) -> tuple[Region, Lookup]:
        region = Region(Verification.PENDING)
        region.providers[IDENTITY].otherwise = reply
        return region, Lookup(IDENTITY, region.person.person_id, NOON, "c", 1)

    @pytest.mark.parametrize(
        ("reply", "verification", "blocked"),
        [
            (Answer("match"), Verification.VERIFIED, False),
            (Answer("mismatch"), Verification.REJECTED, True),
            (Absent(), Verification.REJECTED, True),
        ],
    )
    def test_it_settles_the_registration(
        self, reply: Reply, verification: Verification, blocked: bool
    ) -> None:
        region, lookup = self.region(reply)
        assert region.deliver(lookup) == "settled"
        profile = region.people.load(region.person.person_id).profile
        assert profile is not None
        assert (profile.verification, profile.blocked) == (verification, blocked)
        assert region.deliver(lookup) == "superseded"
        assert region.asked(IDENTITY) == 1
        (subject, _) = region.providers[IDENTITY].asked[0]
        assert (subject.name, subject.document_number) == ("梁思齐", "440983198804129028")

    @pytest.mark.parametrize("registration", [0, 2])
    def test_a_question_about_another_edit_is_past(self, registration: int) -> None:
        region, lookup = self.region(Answer("mismatch"))
        assert region.deliver(lookup._replace(registration=registration)) == "superseded"
        assert region.asked(IDENTITY) == 0


class TestSettling:
    """The end of the waiting, for scans that are there."""

    def test_a_scan_that_is_gone(self) -> None:
        region = Region()
        missing = makers.scan(region.venue).scan_id
        assert region.deliver(Settle(missing, "c")) == "gone"
        assert region.deliver(Settle("scn_x", "c")) == "gone"

    def test_one_that_was_answered_stays_as_it_is(self) -> None:
        region = Region()
        region.providers[HEALTH].otherwise = Answer("green", NOON)
        region.providers[TEST].otherwise = Answer("negative", NOON)
        scan = region.scan()
        for message, _ in list(region.queue.sent)[:3]:
            region.deliver(message)
        before = region.stands(scan)
        assert region.deliver(Settle(scan.scan_id, "c")) == "answered"
        assert region.stands(scan) == before
