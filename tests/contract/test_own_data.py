"""`exports.Exports` and `erasures.Erasures`: one export a day, one erasure at a time."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import keys
from chalicelib.core.table import Table
from chalicelib.insight.erasures import COOLING_OFF, Category, Erasure, State, Step, Traces
from chalicelib.insight.exports import Export, ExportState
from chalicelib.insight.store.erasures import ErasureStore
from chalicelib.insight.store.exports import ExportStore
from tests.contract import makers, races
from tests.contract.backends import TABLES, Backend, Stores
from tests.fakes.own_data import FakeErasures, FakeExports
from tests.fakes.parts import NOON

on_a_table = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")


@pytest.fixture
def exports(backend: Backend) -> Any:
    return FakeExports() if backend.table is None else ExportStore(backend.table)


@pytest.fixture
def erasures(backend: Backend) -> Any:
    return FakeErasures() if backend.table is None else ErasureStore(backend.table)


def person() -> str:
    return f"per_{makers.random()}"


def export(at: datetime = NOON) -> Export:
    return Export(makers.random(), ExportState.PENDING, at)


def erasure(at: datetime = NOON) -> Erasure:
    receipt_id = f"rcp_{makers.random()}"
    return Erasure(receipt_id, State.SCHEDULED, at, at + COOLING_OFF, acted=True)


class TestExports:
    """A request, its zip, and the next request."""

    def test_one_that_waits_is_given_again_for_a_quarter_of_an_hour(self, exports: Any) -> None:
        me, first = person(), export()
        assert exports.of(me) is None
        assert exports.request(me, first, "c0ffee00") == first == exports.of(me)
        soon = export(NOON + timedelta(minutes=15, milliseconds=-1))
        assert exports.request(me, soon, "c0ffee00") == first
        late = export(NOON + timedelta(minutes=15))
        assert exports.request(me, late, "c0ffee00") == late == exports.of(me)

    def test_one_that_is_ready_is_given_again_for_a_day(self, exports: Any) -> None:
        me, first = person(), export()
        exports.request(me, first, "c0ffee00")
        until = NOON + timedelta(hours=23)
        assert exports.finish(me, first.export_id, until)
        ready = first._replace(state=ExportState.READY, expires_at=until)
        assert exports.of(me) == ready
        soon = export(NOON + timedelta(days=1, milliseconds=-1))
        assert exports.request(me, soon, "c0ffee00") == ready
        retried = first._replace(requested_at=NOON + timedelta(days=1))
        assert exports.request(me, retried, "c0ffee00") == ready
        late = export(NOON + timedelta(days=1))
        assert exports.request(me, late, "c0ffee00") == late

    def test_only_the_one_that_was_asked_for_last_is_finished(self, exports: Any) -> None:
        me, first, later = person(), export(), export(NOON + timedelta(minutes=15))
        assert not exports.finish(me, first.export_id, NOON)
        for one in (first, later):
            exports.request(me, one, "c0ffee00")
        assert not exports.finish(me, first.export_id, NOON)
        assert exports.of(me) == later

    def test_the_items_of_a_person_are_theirs_alone(self, exports: Any) -> None:
        me, other = person(), person()
        for one in (me, other):
            exports.request(one, export(), "c0ffee00")
        assert [item.sort_key for item in exports.items(me)] == ["OWN#EXPORT"]
        assert list(exports.items(person())) == []


class TestErasures:
    """A request, its place on the due list, and its receipt."""

    def test_there_is_one_until_it_is_cancelled(self, erasures: Any) -> None:
        me, first = person(), erasure()
        assert erasures.of(me) is None
        assert erasures.schedule(me, first) == first
        assert erasures.schedule(me, erasure(NOON + timedelta(hours=1))) == first
        assert erasures.of(me) == first == erasures.receipt(first.receipt_id)
        assert erasures.cancel(me, first)
        assert erasures.cancel(me, first)
        assert erasures.receipt(first.receipt_id).state is State.CANCELLED
        again = erasure(NOON + timedelta(hours=2))
        assert erasures.schedule(me, again) == again

    def test_it_is_due_when_its_time_has_come(self, erasures: Any) -> None:
        me, asked = person(), erasure(NOON - timedelta(days=400))
        erasures.schedule(me, asked)

        def listed(now: datetime) -> list[str]:
            return [due.person_id for due in erasures.due(now) if due.person_id == me]

        assert listed(asked.due_at - timedelta(milliseconds=1)) == []
        assert listed(asked.due_at) == [me]
        erasures.cancel(me, asked)
        assert listed(asked.due_at) == []

    def test_one_that_has_begun_is_not_cancelled(self, erasures: Any) -> None:
        me, asked = person(), erasure()
        erasures.schedule(me, asked)
        (due,) = (one for one in erasures.due(asked.due_at) if one.person_id == me)
        traces = Traces(("1:phone",), ("1:document",), ("per_shadow", "per_shadow2"))
        assert erasures.begin(due, traces)
        assert not erasures.cancel(me, asked)
        assert erasures.receipt(asked.receipt_id).state is State.ERASING
        (due,) = (one for one in erasures.due(asked.due_at) if one.person_id == me)
        assert (due.step, due.traces) == (Step.ERASING, traces)
        later = asked.due_at + timedelta(minutes=15)
        assert erasures.postpone(due, later, Step.SWEEPING)
        assert not erasures.postpone(due, later, Step.SWEEPING)
        (swept,) = (one for one in erasures.due(later) if one.person_id == me)
        assert (swept.step, swept.due_at) == (Step.SWEEPING, later)
        erasures.finish(swept, later)
        erasures.finish(swept, later + timedelta(hours=1))
        done = erasures.receipt(asked.receipt_id)
        assert (done.state, done.erased_at) == (State.ERASED, later)
        assert me not in {one.person_id for one in erasures.due(later)}

    def test_one_that_is_put_off_says_so(self, erasures: Any) -> None:
        me, asked = person(), erasure()
        erasures.schedule(me, asked)
        (due,) = (one for one in erasures.due(asked.due_at) if one.person_id == me)
        later = asked.due_at + COOLING_OFF
        assert erasures.postpone(due, later, Step.WAITING)
        assert erasures.of(me).due_at == erasures.receipt(asked.receipt_id).due_at == later
        assert erasures.cancel(me, erasures.of(me))

    def test_a_receipt_of_nobody_is_none(self, erasures: Any) -> None:
        assert erasures.receipt(f"rcp_{makers.random()}") is None


class TestVisits:
    """`scan.Scans.visits`, and the scan without its visitor."""

    def test_a_persons_scans_come_in_order_until_they_are_anonymous(self, stores: Stores) -> None:
        me, place = person(), makers.venue()
        scans = [
            makers.scan(place, NOON + timedelta(seconds=s), person_id=me, verdict=makers.ADMITTED)
            for s in (2, 1)
        ]
        for scan in (*scans, makers.scan(place)):
            stores.scans.put(scan, place)
        found = list(stores.scans.visits(me))
        assert [one.scan_id for one in found] == [scans[1].scan_id, scans[0].scan_id]
        first = stores.visits.page(me, limit=1, after="").last
        assert first is not None
        rest = stores.visits.page(me, limit=1, after=first)
        assert [one for _, one in rest.scans] == [scans[1]]
        assert stores.scans.change(scans[0].anonymous(), place)
        assert [one.scan_id for one in stores.scans.visits(me)] == [scans[1].scan_id]
        kept = stores.scans.get(found[1], place)
        assert kept == scans[0].anonymous()
        assert kept is not None
        assert (kept.person_id, kept.nonce, kept.fingerprint, kept.correlation) == ("",) * 4
        assert kept.verdict.decision == scans[0].verdict.decision

    def test_the_time_of_its_deletion_is_kept(self, stores: Stores) -> None:
        place, until = makers.venue(), NOON + timedelta(days=28)
        scan = makers.scan(place, expires_at=until)
        stores.scans.put(scan, place)
        (found,) = stores.scans.of_day(place, NOON.date())
        assert found.expires_at == until
        assert not found.expired(until - timedelta(milliseconds=1))
        assert found.expired(until)


@on_a_table
class TestRemovals:
    """What is removed is counted once, whoever removes it."""

    def test_two_runs_at_once_count_nothing_twice(self, backend: Backend) -> None:
        table, me, asked = _table(backend), person(), erasure()
        ErasureStore(table).schedule(me, asked)
        backend.stores.people.save_answers(me, [makers.snapshot()])
        for _ in range(3):
            backend.stores.people.open_session(me, makers.session())

        def sweep(stores: Stores) -> None:
            raced: Table = vars(stores.people)["_table"]
            ErasureStore(raced).erase_partition(asked.receipt_id, me)

        _, refusals = races.race(backend, sweep, sweep)
        assert refusals == []
        found = ErasureStore(table).receipt(asked.receipt_id)
        assert found is not None
        assert found.counts == {Category.ANSWERS: 1, Category.ACCOUNT: 4}
        assert list(table.query(keys.person(me), (keys.ANY, keys.ANY_TO))) == []

    def test_what_another_owns_by_now_stays(self, backend: Backend) -> None:
        table, people = _table(backend), backend.stores.people
        mine, theirs = makers.profile(), makers.profile()
        phone, asked = makers.blind(), erasure()
        ErasureStore(table).schedule(mine.person_id, asked)
        people.create(theirs, phone)
        people.create(mine, makers.blind())
        store = ErasureStore(table)
        assert not store.erase_account(asked.receipt_id, mine, phone=phone, document="")
        assert people.by_phone(phone) == theirs.person_id
        assert people.load(mine.person_id).profile == mine
        assert store.erase_account(asked.receipt_id, mine, phone="", document="")
        assert people.load(mine.person_id).profile is None

    def test_files_are_counted_once_a_sweep(self, backend: Backend) -> None:
        store, me, asked = ErasureStore(_table(backend)), person(), erasure()
        store.schedule(me, asked)
        for step, count in ((Step.ERASING, 3), (Step.ERASING, 1), (Step.SWEEPING, 2)):
            store.count_files(asked.receipt_id, step, count)
        found = store.receipt(asked.receipt_id)
        assert found is not None
        assert found.counts == {Category.FILES: 5}


def _table(backend: Backend) -> Table:
    assert backend.table is not None
    return backend.table
