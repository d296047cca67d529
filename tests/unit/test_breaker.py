"""A provider that fails time after time is not asked for a while, then tried once."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.providers.breaker import GuardedProvider
from chalicelib.identity.providers import Answer, FaultKind, Pending, ProviderFault, Subject
from tests.fakes.parts import ScriptedProvider, StandingClock

SUBJECT = Subject("梁思齐", "resident_id", "440983198804129028")
DEAD = [FaultKind.TIMEOUT, FaultKind.REFUSED, FaultKind.STATUS]


class Guarded:
    """A scripted provider behind a breaker."""

    def __init__(self) -> None:
        self.script, self.clock = ScriptedProvider(), StandingClock()
        self.provider = GuardedProvider(self.script, self.clock)

    def fails(self, kind: FaultKind = FaultKind.TIMEOUT) -> None:
        self.script.otherwise = ProviderFault("down", kind)

    def lives(self) -> None:
        self.script.otherwise = Answer("green")

    def ask(self) -> FaultKind | None:
        """The kind of fault, or None for an answer."""
        try:
            self.provider.lookup(SUBJECT, request_id="r")
        except ProviderFault as fault:
            return fault.kind
        return None

    def known_dead(self) -> bool:
        """Whether the fault that comes says so."""
        with pytest.raises(ProviderFault) as caught:
            self.provider.lookup(SUBJECT, request_id="r")
        return caught.value.known_dead

    @property
    def asked(self) -> int:
        return len(self.script.asked)


@pytest.mark.parametrize("kind", DEAD)
def test_after_five_faults_nobody_is_asked_for_five_seconds(kind: FaultKind) -> None:
    guarded = Guarded()
    guarded.fails(kind)
    assert [guarded.ask() for _ in range(7)] == [kind] * 5 + [FaultKind.OPEN] * 2
    assert guarded.asked == 5
    guarded.clock.pass_(seconds=4.999)
    assert guarded.ask() is FaultKind.OPEN


def test_a_fault_says_whether_the_provider_is_known_to_be_dead() -> None:
    """The first four may be lost packets; the fifth, and a trial that fails, are not."""
    guarded = Guarded()
    guarded.fails()
    assert [guarded.known_dead() for _ in range(6)] == [False] * 4 + [True] * 2
    guarded.clock.pass_(seconds=5)
    assert guarded.known_dead(), "the trial"
    guarded.clock.pass_(seconds=5)
    guarded.fails(FaultKind.GARBAGE)
    assert not guarded.known_dead(), "it answers"
    guarded.fails()
    assert not guarded.known_dead()


def test_then_one_request_is_a_trial() -> None:
    guarded = Guarded()
    guarded.fails()
    for _ in range(5):
        guarded.ask()
    guarded.clock.pass_(seconds=5)
    assert [guarded.ask() for _ in range(3)] == [FaultKind.TIMEOUT, FaultKind.OPEN, FaultKind.OPEN]
    guarded.clock.pass_(seconds=5)
    guarded.lives()
    assert [guarded.ask() for _ in range(3)] == [None] * 3
    # And closed it is as patient as at first.
    guarded.fails()
    assert [guarded.ask() for _ in range(5)] == [FaultKind.TIMEOUT] * 5


def test_while_the_trial_is_under_way_the_others_are_not_asked() -> None:
    guarded = Guarded()
    guarded.fails()
    for _ in range(5):
        guarded.ask()
    guarded.clock.pass_(seconds=5)
    beside: list[ProviderFault] = []

    class Trying:
        def lookup(self, subject: Subject, *, request_id: str) -> Answer:
            del subject, request_id
            with pytest.raises(ProviderFault) as caught:
                guarded.provider.lookup(SUBJECT, request_id="r")
            beside.append(caught.value)
            return Answer("green")

    vars(guarded.provider)["_provider"] = Trying()
    assert guarded.ask() is None
    assert [fault.kind for fault in beside] == [FaultKind.OPEN]
    assert not beside[0].known_dead, "the trial may end well"


@pytest.mark.parametrize("reply", [Answer("green"), Pending(5), ProviderFault("?")])
def test_an_answer_or_garbage_begins_the_count_anew(
    reply: Answer | Pending | ProviderFault,
) -> None:
    guarded = Guarded()
    for _ in range(3):
        guarded.fails()
        for _ in range(4):
            assert guarded.ask() is FaultKind.TIMEOUT
        guarded.script.otherwise = reply
        assert guarded.ask() is not FaultKind.OPEN


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), max_size=40))
def test_a_provider_that_lives_again_is_asked_within_five_seconds(
    course: list[tuple[bool, int]],
) -> None:
    guarded = Guarded()
    for alive, seconds in course:
        guarded.lives() if alive else guarded.fails()
        guarded.ask()
        guarded.clock.at += timedelta(seconds=seconds)
    guarded.lives()
    guarded.clock.pass_(seconds=5)
    assert guarded.ask() is None
