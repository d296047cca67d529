"""The end of a wait: by its question, at once if no answer can be in time (JN-11)."""

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.admission.judge import Outcome
from chalicelib.admission.lookup_requests import Lookup, Message, Outgoing, Settle
from chalicelib.admission.policy import Policy
from chalicelib.admission.scan import Scan
from chalicelib.identity.providers import (
    Answer,
    FaultKind,
    Pending,
    ProviderFault,
    ProviderName,
    Subject,
)
from tests.fakes.parts import NOON, Reply
from tests.unit.region import HEALTH, TEST, Region
from tests.unit.test_lookups import answer_all

WAIT = Policy().answer_within
ONE_PACKET = ProviderFault("lost", FaultKind.TIMEOUT)


def dead() -> ProviderFault:
    return ProviderFault("open", FaultKind.OPEN, known_dead=True)


def question(region: Region) -> Lookup:
    """The only message in the queue, which is then empty."""
    ((message, _),) = region.queue.sent
    region.queue.sent.clear()
    assert isinstance(message, Lookup)
    return message


def seen(region: Region, scan: Scan) -> tuple[Outcome, tuple[str, ...]]:
    verdict = region.stands(scan).verdict
    return verdict.decision.outcome, verdict.needs


def waits(region: Region, scan: Scan) -> bool:
    return region.stands(scan).waits


def region_with_scan(health: Reply) -> tuple[Region, Scan]:
    """A region where the health code's provider replies this, and the others answer; a scan."""
    region = Region()
    answer_all(region)
    region.providers[HEALTH].otherwise = health
    return region, region.scan()


class Calling:
    """A provider that calls `meanwhile` at each request, then replies."""

    def __init__(self, meanwhile: Callable[[], object], reply: Answer | ProviderFault) -> None:
        self._meanwhile, self._reply = meanwhile, reply

    def lookup(self, subject: Subject, *, request_id: str) -> Answer:
        del subject, request_id
        self._meanwhile()
        if isinstance(self._reply, ProviderFault):
            raise self._reply
        return self._reply


class TestKnownDead:
    """Nobody waits for a provider whose circuit breaker is open."""

    def test_the_scan_is_decided_at_once_as_at_the_end_of_its_wait(self) -> None:
        region, scan = region_with_scan(dead())
        assert region.deliver(question(region)) == "given up"
        assert seen(region, scan) == (Outcome.CHECK, ())
        verdict = region.stands(scan).verdict
        assert verdict.decision.reasons == ("health_code_unknown",)
        assert verdict.evidence[TEST].state == "negative", "the others' answers count"
        assert region.queue.sent == []
        person = region.people.subject(region.person.person_id)
        assert (person.awaiting, person.questioned) == ((), False)

    def test_it_is_written_once(self) -> None:
        region, scan = region_with_scan(dead())
        region.deliver(question(region))
        assert region.stands(scan).version == 1

    def test_policy_says_what_becomes_of_the_scan(self) -> None:
        region = Region()
        region.policies.replace("4409", {"on_unknown": "admit_recorded"}, version=1)
        answer_all(region)
        region.scan()
        region.deliver(question(region))
        region.clock.pass_(minutes=61)
        region.providers[HEALTH].otherwise = dead()
        scan = region.scan()
        region.deliver(question(region))
        assert seen(region, scan) == (Outcome.ADMIT, ())
        assert "health_code_unconfirmed" in region.stands(scan).verdict.decision.reasons

    def test_after_its_recovery_the_next_scan_is_answered(self) -> None:
        region, _ = region_with_scan(dead())
        region.deliver(question(region))
        region.providers[HEALTH].otherwise = Answer("green", NOON)
        scan = region.scan()
        region.deliver(question(region))
        assert seen(region, scan) == (Outcome.ADMIT, ())

    def test_a_scan_that_has_joined_is_decided_too(self) -> None:
        region, first = region_with_scan(dead())
        scans = [first, region.scan()]
        region.deliver(question(region))
        assert [seen(region, scan) for scan in scans] == [(Outcome.CHECK, ())] * 2

    def test_one_that_joins_while_the_others_are_asked_is_decided_too(self) -> None:
        region, first = region_with_scan(dead())
        later: list[Scan] = []
        slow = Calling(lambda: later.append(region.scan()), Answer("negative", NOON))
        region.providers[TEST] = slow  # type: ignore[assignment]  # a provider too
        region.deliver(question(region))
        assert [seen(region, scan) for scan in (first, *later)] == [(Outcome.CHECK, ())] * 2
        assert region.queue.sent == []

    def test_one_that_joins_a_question_whose_own_scan_was_read_is_decided_too(self) -> None:
        """A read has ended the first scan's wait; its message is late."""
        region, first = region_with_scan(dead())
        later: list[Scan] = []
        region.clock.pass_(seconds=15)
        region.waiting.find(first.scan_id, region.clock.now())
        assert region.people.subject(region.person.person_id).awaiting == ()
        slow = Calling(lambda: later.append(region.scan()), Answer("negative", NOON))
        region.providers[TEST] = slow  # type: ignore[assignment]  # a provider too
        region.deliver(question(region))
        assert region.queue.sent == [], "it has joined"
        assert seen(region, later[0]) == (Outcome.CHECK, ())

    def test_a_provider_that_may_still_answer_is_waited_for(self) -> None:
        """Then all are judged once, and the dead one has another chance meanwhile."""
        region = Region()
        answer_all(region)
        region.providers[HEALTH].otherwise = dead()
        region.providers[TEST].otherwise = ONE_PACKET
        scan = region.scan()
        assert region.deliver(question(region)) == "failed, asked again later"
        assert seen(region, scan) == (Outcome.PENDING, (HEALTH, TEST))
        again = question(region)
        assert {*again.providers} > {HEALTH, TEST}
        region.clock.pass_(seconds=2)
        region.providers[TEST].otherwise = Answer("negative", NOON)
        region.deliver(again)
        assert seen(region, scan) == (Outcome.CHECK, ())
        assert region.queue.sent == []

    def test_one_that_still_works_is_waited_for(self) -> None:
        region = Region()
        answer_all(region)
        region.providers[HEALTH].otherwise = dead()
        region.providers[TEST].otherwise = Pending(1500)
        scan = region.scan()
        region.deliver(question(region))
        assert waits(region, scan)
        assert len(region.queue.sent) == 2

    def test_a_first_failure_is_retried(self) -> None:
        region, scan = region_with_scan(ONE_PACKET)
        region.deliver(question(region))
        assert waits(region, scan)
        region.clock.pass_(seconds=2)
        region.providers[HEALTH].otherwise = Answer("green", NOON)
        region.deliver(question(region))
        assert seen(region, scan) == (Outcome.ADMIT, ())

    def test_a_prefetch_about_one_provider_leaves_a_scan_to_its_own_question(self) -> None:
        region, scan = region_with_scan(dead())
        own = question(region)
        earlier = NOON - timedelta(seconds=1)
        region.deliver(Lookup((HEALTH,), region.person.person_id, earlier, "c"))
        assert waits(region, scan)
        region.deliver(own)
        assert seen(region, scan) == (Outcome.CHECK, ())
        assert region.stands(scan).verdict.evidence[TEST].state == "negative"

    def test_a_declared_colour_is_waited_for(self) -> None:
        region = Region()
        region.providers[HEALTH].otherwise = dead()
        lookup = Lookup((HEALTH,), region.person.person_id, NOON, "c", afresh=True)
        assert region.deliver(lookup) == "failed, asked again later"
        assert question(region).attempt == 1

    def test_nobody_asks_again_for_a_prefetch(self) -> None:
        region = Region()
        for fault, result in ((dead(), "given up"), (ONE_PACKET, "failed, asked again later")):
            region.providers[HEALTH].otherwise = fault
            lookup = Lookup((HEALTH,), region.person.person_id, NOON, "c")
            assert region.deliver(lookup) == result


class TestInTime:
    """A retry is worth waiting for only if it may be answered before the wait ends."""

    def test_after_the_last_retry_that_fits_the_scan_is_decided(self) -> None:
        region, scan = region_with_scan(ONE_PACKET)
        for seconds in (2, 5):
            region.deliver(question(region))
            assert waits(region, scan)
            region.clock.pass_(seconds=seconds)
        assert region.deliver(question(region)) == "given up"
        assert seen(region, scan) == (Outcome.CHECK, ())
        assert region.queue.sent == []

    def test_an_attempt_takes_as_long_as_the_one_before(self) -> None:
        """Three seconds each, as a provider that hangs: 0 to 3, 5 to 8; 13 to 16 is too late."""
        region = Region()
        answer_all(region)
        hanging = Calling(lambda: region.clock.pass_(seconds=3), ONE_PACKET)
        region.providers[HEALTH] = hanging  # type: ignore[assignment]  # a provider too
        scan = region.scan()
        region.deliver(question(region))
        assert waits(region, scan)
        region.clock.pass_(seconds=2)
        assert region.deliver(question(region)) == "given up"
        assert seen(region, scan) == (Outcome.CHECK, ())

    def test_a_poll_after_the_end_is_not_waited_for_but_made(self) -> None:
        region, scan = region_with_scan(Pending(15_000))
        assert region.deliver(question(region)) == "pending"
        assert seen(region, scan) == (Outcome.CHECK, ())
        assert question(region).providers[0] == HEALTH

    def test_a_scan_that_joined_later_waits_on(self) -> None:
        region, first = region_with_scan(ONE_PACKET)
        region.deliver(question(region))
        region.clock.pass_(seconds=7)
        later = region.scan()
        asked = region.queue.sent[0][0]
        assert isinstance(asked, Lookup)
        again = asked._replace(attempt=2)
        region.queue.sent.clear()
        assert region.deliver(again) == "failed, asked again later"
        assert not waits(region, first)
        assert waits(region, later)
        region.clock.pass_(seconds=10)
        region.providers[HEALTH].otherwise = Answer("green", NOON)
        region.deliver(question(region))
        assert seen(region, later) == (Outcome.ADMIT, ())

    def test_a_message_that_is_late_ends_the_wait_before_it_asks(self) -> None:
        region = Region()
        answer_all(region)
        scan = region.scan()
        region.clock.pass_(seconds=15)
        waited: list[bool] = []
        asked = Calling(lambda: waited.append(waits(region, scan)), Answer("green", NOON))
        region.providers[HEALTH] = asked  # type: ignore[assignment]  # a provider too
        region.deliver(question(region))
        assert waited == [False]
        assert seen(region, scan) == (Outcome.CHECK, ())
        assert region.scan().first_outcome is Outcome.ADMIT, "the answer is for the next scan"


class TestSettleMessages:
    """What a question leaves undecided is decided from the settle queue."""

    def left_over(self, region: Region) -> Scan:
        """A scan that waits for a test, when the question about its health code is over."""
        answer_all(region)
        scan = region.scan()
        region.deliver(question(region)._replace(providers=(HEALTH,)))
        return scan

    def test_it_comes_when_the_wait_ends_as_the_policy_says(self) -> None:
        region = Region()
        region.policies.replace("4409", {"answer_within_seconds": 77}, version=1)
        region.clock.pass_(seconds=0)
        scan = self.left_over(region)
        ((settle, delay),) = region.queue.sent
        assert settle == Settle(scan.scan_id, "c0ffee00")
        assert delay == timedelta(seconds=77)
        region.clock.pass_(seconds=77)
        region.deliver(settle)
        assert seen(region, scan) == (Outcome.CHECK, ())

    def test_a_late_lookup_does_not_make_the_wait_longer(self) -> None:
        region = Region()
        answer_all(region)
        region.scan()
        region.clock.pass_(seconds=10)
        region.deliver(question(region)._replace(providers=(HEALTH,)))
        assert [delay for _, delay in region.queue.sent] == [timedelta(seconds=5)]

    def test_an_answer_needs_none(self) -> None:
        region = Region()
        answer_all(region)
        region.scan()
        region.deliver(question(region))
        assert region.queue.sent == []

    def test_the_next_scan_asks_for_itself(self) -> None:
        region = Region()
        self.left_over(region)
        region.queue.sent.clear()
        region.scan()
        assert question(region).providers == (TEST, ProviderName.VACCINATION)

    def test_a_scan_that_joins_while_the_question_is_given_up_is_not_forgotten(self) -> None:
        region = Region()
        answer_all(region)
        scan, joined = region.scan(), list[Scan]()
        own = question(region)
        real = region.queue.send_all

        def send_all(messages: Sequence[Outgoing]) -> list[int]:
            if not joined:
                joined.append(scan)  # once
                joined[:] = [region.scan()]
            return real(messages)

        vars(region.queue)["send_all"] = send_all
        region.deliver(own._replace(providers=(HEALTH,)))
        settled = {one.scan_id for one, _ in region.queue.sent if isinstance(one, Settle)}
        assert settled == {scan.scan_id, joined[0].scan_id}


moments: st.SearchStrategy[Reply | str] = st.sampled_from(
    [
        Answer("green", NOON), Pending(500), Pending(4000), Pending(60_000), ONE_PACKET, "dead",
        ProviderFault("garbage"),
    ]
)  # fmt: skip


class Sky:
    """Delivers each message when it is due, as SQS does, and lets a provider take its time."""

    def __init__(self, replies: dict[ProviderName, list[Reply | str]], seconds: list[int]) -> None:
        self.region = Region()
        self.scans: list[Scan] = []
        self.due: list[tuple[datetime, int, Message]] = []
        self.order = itertools.count()
        for name, script in replies.items():
            self.region.providers[name] = _Scripted(self, script, seconds)  # type: ignore[assignment]

    def collect(self) -> None:
        now = self.region.clock.now()
        for message, delay in self.region.queue.sent:
            self.due.append((now + delay, next(self.order), message))
        self.region.queue.sent.clear()

    def run(self, scan_at: list[int]) -> None:
        """Let the visitor scan at these seconds, and deliver all that is due within a minute."""
        plans = sorted(scan_at)
        while True:
            self.collect()
            self.due.sort()
            at = NOON + timedelta(seconds=plans[0]) if plans else None
            if at is not None and (not self.due or at <= self.due[0][0]):
                plans.pop(0)
                self.region.clock.at = max(self.region.clock.at, at)
                self.scans.append(self.region.scan())
            elif self.due and self.due[0][0] < NOON + timedelta(minutes=1):
                due, _, message = self.due.pop(0)
                self.region.clock.at = max(self.region.clock.at, due)
                self.region.deliver(message)
                self.check()
            else:
                return

    def check(self) -> None:
        """No scan waits longer than its wait and the longest request."""
        for scan in self.scans:
            late = scan.received_at + WAIT + timedelta(seconds=3)
            if self.region.clock.now() > late:
                assert not waits(self.region, scan)


class _Scripted:
    """A provider that replies as a script says, again and again."""

    def __init__(self, sky: Sky, script: list[Reply | str], seconds: list[int]) -> None:
        self._sky, self._script, self._seconds = sky, script, seconds
        self._calls = 0

    def lookup(self, subject: Subject, *, request_id: str) -> Reply:
        del subject, request_id
        self._calls += 1
        self._sky.region.clock.pass_(seconds=self._seconds[self._calls % len(self._seconds)])
        reply = self._script[self._calls % len(self._script)]
        if reply == "dead":
            raise dead()
        if isinstance(reply, ProviderFault):
            raise reply
        assert not isinstance(reply, str)
        return reply


@settings(max_examples=50)
@given(
    health=st.lists(moments, min_size=1, max_size=4),
    test=st.lists(moments, min_size=1, max_size=4),
    seconds=st.lists(st.integers(0, 1), min_size=1, max_size=3),
    scan_at=st.lists(st.integers(0, 35), min_size=1, max_size=4),
)
def test_whatever_providers_do_every_scan_is_decided_though_nobody_reads_it(
    health: list[Reply | str], test: list[Reply | str], seconds: list[int], scan_at: list[int]
) -> None:
    """Only messages are delivered, each when it is due."""
    sky = Sky({HEALTH: health, TEST: test}, seconds)
    sky.run(scan_at)
    for scan in sky.scans:
        assert not waits(sky.region, scan)
    assert sky.region.people.subject(sky.region.person.person_id).awaiting == ()


@pytest.mark.parametrize("reply", [ONE_PACKET, dead(), Pending(60_000), Pending(1000)])
def test_the_slowest_decision_without_a_reader(reply: Reply) -> None:
    sky = Sky({HEALTH: ["dead" if getattr(reply, "known_dead", False) else reply]}, [0])
    answer_all_but_health(sky.region)
    sky.run([0])
    assert not waits(sky.region, sky.scans[0])


def answer_all_but_health(region: Region) -> None:
    health = region.providers[HEALTH]
    region.providers[HEALTH] = type(region.providers[TEST])()
    answer_all(region)
    region.providers[HEALTH] = health
