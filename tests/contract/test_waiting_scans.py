"""Scans that wait, the question about their person, and answers that are kept together."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.admission.scan import QUESTION_LIFE, Scan
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.venue import Venue
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.contract.races import race
from tests.fakes.parts import NOON

HEALTH, TEST = ProviderName.HEALTH_CODE, ProviderName.NUCLEIC_ACID
SECOND = timedelta(seconds=1)


@pytest.fixture
def venue() -> Venue:
    return makers.venue()


def waiting(venue: Venue, person_id: str = "", **changes: Any) -> Scan:
    """A scan that needs the health code, of a new person unless one is given."""
    scan = makers.scan(venue, received_at=changes.pop("at", NOON))
    needs = changes.pop("needs", (HEALTH,))
    scan = replace(scan, verdict=replace(scan.verdict, needs=needs))
    return replace(scan, person_id=person_id) if person_id else scan


class TestQuestions:
    """One question about a person at a time."""

    def test_the_first_scan_asks_and_a_second_one_joins(self, stores: Stores, venue: Venue) -> None:
        first = waiting(venue)
        second = waiting(venue, first.person_id)
        assert stores.scans.await_answers(first, NOON)
        assert not stores.scans.await_answers(second, NOON)
        found = stores.people.subject(first.person_id)
        assert set(found.awaiting) == {first.scan_id, second.scan_id}

    def test_repeated_it_asks_again_and_the_other_does_not(
        self, stores: Stores, venue: Venue
    ) -> None:
        first = waiting(venue)
        second = waiting(venue, first.person_id)
        for _ in range(2):
            assert stores.scans.await_answers(first, NOON)
            assert not stores.scans.await_answers(second, NOON)

    def test_one_that_needs_more_asks_for_itself(self, stores: Stores, venue: Venue) -> None:
        first = waiting(venue)
        more = waiting(venue, first.person_id, needs=(HEALTH, TEST))
        assert stores.scans.await_answers(first, NOON)
        assert stores.scans.await_answers(more, NOON)

    def test_a_question_that_lasts_too_long_is_replaced(self, stores: Stores, venue: Venue) -> None:
        first = waiting(venue)
        stores.scans.await_answers(first, NOON)
        almost, over = NOON + QUESTION_LIFE - SECOND, NOON + QUESTION_LIFE
        assert not stores.scans.await_answers(waiting(venue, first.person_id, at=almost), almost)
        later = waiting(venue, first.person_id, at=over)
        assert stores.scans.await_answers(later, over)
        assert not stores.scans.await_answers(waiting(venue, first.person_id, at=over), over)

    def test_it_ends_only_if_nobody_has_joined(self, stores: Stores, venue: Venue) -> None:
        first = waiting(venue)
        second = waiting(venue, first.person_id)
        stores.scans.await_answers(first, NOON)
        stores.scans.await_answers(second, NOON)
        assert not stores.scans.end_question(first.person_id, [first.scan_id])
        both = stores.people.subject(first.person_id).awaiting
        assert len(both) == 2
        for _ in range(2):
            assert stores.scans.end_question(first.person_id, both)
        assert stores.people.subject(first.person_id).awaiting == ()
        assert stores.scans.await_answers(waiting(venue, first.person_id), NOON)

    def test_given_up_the_next_scan_asks_and_the_others_wait_on(
        self, stores: Stores, venue: Venue
    ) -> None:
        first = waiting(venue)
        stores.scans.await_answers(first, NOON)
        another = NOON - SECOND
        assert stores.scans.give_up(first.person_id, another, [first.scan_id])
        second = waiting(venue, first.person_id)
        assert not stores.scans.await_answers(second, NOON)
        found = stores.people.subject(first.person_id)
        assert found.questioned
        assert not stores.scans.give_up(first.person_id, NOON, [first.scan_id]), "one has joined"
        assert stores.people.subject(first.person_id) == found
        for _ in range(2):
            assert stores.scans.give_up(first.person_id, NOON, found.awaiting)
        assert not stores.people.subject(first.person_id).questioned
        assert stores.scans.await_answers(waiting(venue, first.person_id), NOON)
        assert len(stores.people.subject(first.person_id).awaiting) == 3

    def test_a_question_of_which_all_scans_are_decided_ends_unless_one_joins(
        self, stores: Stores, venue: Venue
    ) -> None:
        first = waiting(venue)
        stores.scans.await_answers(first, NOON)
        stores.scans.stop_waiting(first.person_id, [first.scan_id])
        found = stores.people.subject(first.person_id)
        assert (found.awaiting, found.questioned) == ((), True)
        joins = waiting(venue, first.person_id)
        assert not stores.scans.await_answers(joins, NOON)
        assert not stores.scans.end_question(first.person_id, ())
        assert not stores.scans.give_up(first.person_id, NOON, ())
        stores.scans.stop_waiting(first.person_id, [joins.scan_id])
        assert stores.scans.end_question(first.person_id, ())
        assert not stores.people.subject(first.person_id).questioned

    def test_who_waits_no_longer_may_be_named_again(self, stores: Stores, venue: Venue) -> None:
        scan = waiting(venue)
        stores.scans.stop_waiting(scan.person_id, [scan.scan_id])
        stores.scans.await_answers(scan, NOON)
        for _ in range(2):
            stores.scans.stop_waiting(scan.person_id, [scan.scan_id])
        assert stores.people.subject(scan.person_id).awaiting == ()


class TestAnswers:
    """Answers to one question are kept together; of each provider the newest counts."""

    def test_those_that_are_newer_are_kept_and_the_others_left_out(self, stores: Stores) -> None:
        person_id = f"per_{makers.random()}"
        newer = makers.snapshot(fetched_at=NOON + SECOND, state="red")
        assert stores.people.save_answers(person_id, [newer])
        together = [makers.snapshot(), makers.snapshot(provider="nucleic_acid", state="negative")]
        assert not stores.people.save_answers(person_id, together)
        assert not stores.people.save_answers(person_id, together)
        found = stores.people.load(person_id).snapshots
        assert found == {"health_code": newer, "nucleic_acid": together[1]}

    @pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
    def test_two_writers_leave_the_newest_of_each(self, backend: Backend) -> None:
        person_id = f"per_{makers.random()}"

        def answers(first: int, second: int) -> list[Any]:
            return [
                makers.snapshot(fetched_at=NOON + first * SECOND),
                makers.snapshot(provider="nucleic_acid", fetched_at=NOON + second * SECOND),
            ]

        mine, theirs = answers(1, 4), answers(3, 2)
        _, refusals = race(
            backend,
            lambda stores: stores.people.save_answers(person_id, mine),
            lambda stores: stores.people.save_answers(person_id, theirs),
        )
        assert not refusals
        assert backend.stores.people.load(person_id).snapshots == {
            "health_code": theirs[0],
            "nucleic_acid": mine[1],
        }

    @pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
    def test_of_two_scans_at_once_one_asks(self, backend: Backend) -> None:
        venue = makers.venue()
        first = waiting(venue)
        second = waiting(venue, first.person_id)
        asked, refusals = race(
            backend,
            lambda stores: stores.scans.await_answers(first, NOON),
            lambda stores: stores.scans.await_answers(second, NOON),
        )
        assert not refusals
        assert sorted(asked) == [False, True]

    @pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
    def test_of_two_that_replace_a_lost_question_with_different_needs_both_ask(
        self, backend: Backend
    ) -> None:
        venue, over = makers.venue(), NOON + QUESTION_LIFE
        lost = waiting(venue, needs=(HEALTH, TEST))
        backend.stores.scans.await_answers(lost, NOON)
        first = waiting(venue, lost.person_id, at=over, needs=(HEALTH,))
        second = waiting(venue, lost.person_id, at=over, needs=(TEST,))
        asked, refusals = race(
            backend,
            lambda stores: stores.scans.await_answers(first, over),
            lambda stores: stores.scans.await_answers(second, over),
        )
        assert not refusals
        assert asked == [True, True]
