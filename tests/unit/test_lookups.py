"""Lookups run twice, late, and out of order; providers fail; the scan ends all the same."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission.evidence import asked, states
from chalicelib.admission.judge import Outcome
from chalicelib.admission.lookup_requests import Lookup, Message, Settle
from chalicelib.admission.lookups import PATIENT_RETRIES, RETRIES
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
        st.lists(st.sampled_from(range(3)), max_size=8),
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
        ((lookup, _),) = region.queue.sent
        settle = Settle(scan.scan_id, "c")
        assert lookup.providers == asked()  # type: ignore[union-attr]  # a lookup
        final: Scan | None = None
        for number, pick in enumerate([*order, 0, 2, 1, 0]):
            region.clock.pass_(seconds=waits[number % len(waits)])
            region.providers[HEALTH].otherwise = healths[number % len(healths)]
            region.providers[TEST].otherwise = tests[number % len(tests)]
            before = region.stands(scan)
            # The third kind of delivery: the message enqueued last, often a later attempt.
            region.deliver((lookup, settle, region.queue.sent[-1][0])[pick])
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
        answer_all(region)
        region.scan()
        lookup = region.queue.sent[0][0]
        assert [region.deliver(lookup) for _ in range(2)] == ["answered", "answered"]
        assert region.asked(HEALTH) == 1

    def test_a_second_scan_joins_the_question_under_way(self) -> None:
        region = Region()
        answer_all(region)
        scans = [region.scan(), region.scan()]
        lookups = [one for one, _ in region.queue.sent if isinstance(one, Lookup)]
        assert len(lookups) == 1
        region.deliver(lookups[0])
        assert [region.stands(s).verdict.decision.outcome for s in scans] == [Outcome.ADMIT] * 2
        assert (region.asked(HEALTH), region.asked(TEST)) == (1, 1)

    def test_a_scan_that_joins_while_the_provider_is_asked_is_judged_with_the_others(self) -> None:
        region = Region()
        answer_all(region)
        first = region.scan()
        later: list[Scan] = []

        class Slow:
            def lookup(self, *_: object, **__: object) -> Answer:
                if not later:
                    later.append(region.scan())
                return Answer("green", NOON)

        region.providers[HEALTH] = Slow()  # type: ignore[assignment]  # a provider too
        lookup = region.queue.sent[0][0]
        region.deliver(lookup)
        assert [region.stands(s).verdict.decision.outcome for s in (first, *later)] == [
            Outcome.ADMIT
        ] * 2
        kinds = [type(one) for one, _ in region.queue.sent]
        assert kinds.count(Lookup) == 1, "the second scan sent no message of its own"
        assert region.people.subject(region.person.person_id).awaiting == ()

    def test_a_question_that_was_lost_is_asked_again(self) -> None:
        region = Region()
        region.scan()
        region.clock.pass_(seconds=39)
        region.scan()
        region.clock.pass_(seconds=1)
        region.scan()
        lookups = [one for one, _ in region.queue.sent if isinstance(one, Lookup)]
        assert [one.asked_at - NOON for one in lookups] == [timedelta(), timedelta(seconds=40)]

    def test_a_stream_record_that_comes_twice_sends_its_lookup_again(self) -> None:
        """The first invocation may have died before its messages were sent."""
        region = Region()
        scan = region.scan()
        region.scan()
        (first, *_) = [one for one, _ in region.queue.sent]
        region.queue.sent.clear()
        region.start(scan)
        assert region.queue.sent[0][0] == first

    def test_a_scan_that_needs_another_provider_asks_for_itself(self) -> None:
        region = Region()
        answer_all(region)
        region.scan()
        region.deliver(region.queue.sent[0][0])
        region.queue.sent.clear()
        rules: dict[str, object] = {"fresh_minutes": {"health_code": 10, "nucleic_acid": 60}}
        region.policies.replace("4409", rules, version=1)
        region.clock.pass_(minutes=59, seconds=50)
        region.scan()  # only the health code is stale
        region.clock.pass_(seconds=20)
        region.scan()  # and now the test as well, while that question is under way
        wanted = [one.providers for one, _ in region.queue.sent if isinstance(one, Lookup)]
        assert wanted == [(HEALTH,), (HEALTH, TEST)]

    def test_a_fresh_answer_answers_the_next_scan_at_once(self) -> None:
        region = Region()
        answer_all(region)
        region.scan()
        region.deliver(region.queue.sent[0][0])
        region.queue.sent.clear()
        region.clock.pass_(seconds=59)
        assert region.scan().first_outcome is Outcome.ADMIT
        assert region.queue.sent == []

    def test_a_stale_answer_is_shown_with_its_age_and_asked_for_again(self) -> None:
        region = Region()
        answer_all(region)
        region.scan()
        region.deliver(region.queue.sent[0][0])
        region.queue.sent.clear()
        region.clock.pass_(minutes=1)
        scan = region.scan()
        evidence = scan.verdict.evidence[HEALTH]
        assert (evidence.state, evidence.stale, evidence.fetched_at) == ("green", True, NOON)
        assert scan.first_outcome is Outcome.PENDING
        assert [getattr(m, "providers", "settle") for m, _ in region.queue.sent] == [(HEALTH, TEST)]


def answer_all(region: Region) -> None:
    """Let the providers answer what admits."""
    answers = {
        HEALTH: Answer("green", NOON),
        TEST: Answer("negative", NOON),
        ProviderName.VACCINATION: Answer("complete", NOON, doses=3),
    }
    for name, answer in answers.items():
        region.providers[name].otherwise = answer


class TestProviders:
    """A provider that fails, hesitates, or answers about an earlier registration."""

    @pytest.mark.parametrize("provider", asked())
    def test_a_dead_provider_ends_with_unknown_never_green(self, provider: ProviderName) -> None:
        region = Region()
        region.policies.replace("4409", {"vaccination_required": True}, version=1)
        answer_all(region)
        region.providers[provider].otherwise = ProviderFault("down")
        scan = region.scan()
        ((lookup, _),) = region.queue.sent
        region.deliver(lookup)
        assert region.stands(scan).verdict.needs == (provider,)
        region.deliver(Settle(scan.scan_id, "c"))
        after = region.stands(scan).verdict
        assert after.decision.outcome is Outcome.CHECK
        assert after.evidence[provider].state == "unknown"

    def test_what_failed_is_asked_again_while_the_scan_waits_and_then_given_up(self) -> None:
        region = Region()
        region.policies.replace("4409", {"answer_within_seconds": 30}, version=1)
        answer_all(region)
        region.providers[TEST].otherwise = ProviderFault("down")
        region.scan()
        message, results, delays = region.queue.sent[0][0], [], []
        while True:
            region.queue.sent.clear()
            results.append(region.deliver(message))
            if not region.queue.sent:
                break
            ((message, delay),) = region.queue.sent
            assert isinstance(message, Lookup)
            assert message.providers[0] == TEST
            region.clock.pass_(seconds=delay.total_seconds())
            delays.append(delay)
        assert tuple(delays) == RETRIES
        assert results == ["failed, asked again later"] * 3 + ["given up"]
        assert (region.asked(HEALTH), region.asked(TEST)) == (1, 4)
        assert len({request_id for _, request_id in region.providers[TEST].asked}) == 1
        # The question is over: the next scan asks.
        region.scan()
        assert isinstance(region.queue.sent[0][0], Lookup)

    def test_nobody_is_asked_again_when_no_scan_waits_any_longer(self) -> None:
        region = Region()
        answer_all(region)
        region.providers[TEST].otherwise = ProviderFault("down")
        region.scan()
        lookup = region.queue.sent[0][0]
        region.queue.sent.clear()
        region.clock.pass_(seconds=14)
        assert region.deliver(lookup) == "given up"
        assert region.queue.sent == []

    def test_one_that_still_works_is_asked_again_about_the_same(self) -> None:
        region = Region()
        answer_all(region)
        region.providers[HEALTH].otherwise = Pending(1500)
        region.scan()
        lookup = region.queue.sent[0][0]
        assert isinstance(lookup, Lookup)
        region.queue.sent.clear()
        for _ in range(2):
            assert region.deliver(lookup) == "pending"
        (named, _), _ = region.queue.sent
        assert isinstance(named, Lookup)
        assert named.providers[0] == HEALTH
        again = lookup._replace(providers=named.providers)
        assert region.queue.sent == [(again, timedelta(milliseconds=1500))] * 2
        requests = {request_id for _, request_id in region.providers[HEALTH].asked}
        assert len(requests) == 1
        assert region.asked(TEST) == 1

    def test_pending_for_a_day_is_given_up(self) -> None:
        region = Region()
        answer_all(region)
        region.providers[HEALTH].otherwise = Pending(1500)
        region.scan()
        lookup = region.queue.sent[0][0]
        region.queue.sent.clear()
        region.clock.pass_(days=1, seconds=1)
        assert region.deliver(lookup) == "given up"
        assert region.queue.sent == []

    def test_an_answer_from_the_future_is_a_fault(self) -> None:
        region = Region()
        answer_all(region)
        region.providers[TEST].otherwise = Answer("negative", NOON + timedelta(hours=1))
        scan = region.scan()
        assert region.deliver(region.queue.sent[0][0]) == "failed, asked again later"
        assert region.stands(scan).verdict.evidence[TEST].state == "pending"

    def test_an_edit_makes_earlier_answers_void(self) -> None:
        region = Region()
        answer_all(region)
        region.scan()
        region.deliver(region.queue.sent[0][0])
        edited = replace(region.person, registration=2)
        region.people.partition(edited.person_id).profile = edited
        region.person = edited
        assert region.scan().verdict.evidence[HEALTH].state == "pending"

    def test_nobody_is_asked_about_who_has_not_registered(self) -> None:
        region = Region(Verification.NONE)
        lookup = Lookup((HEALTH,), region.person.person_id, NOON, "c")
        assert region.deliver(lookup) == "nobody"
        assert region.deliver(lookup._replace(person_id=f"per_{makers.random()}")) == "nobody"
        assert region.asked(HEALTH) == 0


class TestIdentity:
    """An answer of the identity provider is about one edit, and counts once."""

    def region(self, reply: Reply) -> tuple[Region, Lookup]:
        region = Region(Verification.PENDING)
        region.providers[IDENTITY].otherwise = reply
        return region, Lookup((IDENTITY,), region.person.person_id, NOON, "c", 1)

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

    @pytest.mark.parametrize("registration", [2, 9])
    def test_a_question_about_another_edit_is_past(self, registration: int) -> None:
        region, lookup = self.region(Answer("mismatch"))
        assert region.deliver(lookup._replace(registration=registration)) == "superseded"
        assert region.asked(IDENTITY) == 0

    def test_a_registry_that_fails_is_asked_for_a_while_and_fails_then(self) -> None:
        region, lookup = self.region(ProviderFault("down"))
        message: Message = lookup
        waited = timedelta()
        for _ in PATIENT_RETRIES:
            region.queue.sent.clear()
            assert region.deliver(message) == "failed, asked again later"
            ((message, delay),) = region.queue.sent
            waited += delay
        assert waited > timedelta(minutes=18)
        region.queue.sent.clear()
        with pytest.raises(ProviderFault):  # SQS delivers it four times more
            region.deliver(message)


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
        region.deliver(region.queue.sent[0][0])
        before = region.stands(scan)
        assert region.deliver(Settle(scan.scan_id, "c")) == "answered"
        assert region.stands(scan) == before
