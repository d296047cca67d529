"""`paper_passes.IssuedPasses`: one serial of a person is on record; its files follow it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.identity.paper_passes import (
    FILES_KEPT,
    SUFFIXES,
    Ending,
    FileState,
    PaperFile,
    PassRecord,
)
from chalicelib.identity.people import IssuedPass
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON

C = "c0ffee00"
LATER = NOON + timedelta(hours=1)


def requested(issued: IssuedPass) -> list[PaperFile]:
    return [
        PaperFile(form, issued.serial, FileState.PENDING, NOON, NOON + FILES_KEPT)
        for form in sorted(SUFFIXES)
    ]


def record_of(issued: IssuedPass, **ended: object) -> PassRecord:
    made = PassRecord(
        issued.serial, issued.issued_at, issued.expires_at, issued.full_name, issued.issued_by
    )
    return replace(made, **ended)  # type: ignore[arg-type]  # fields of the record


@pytest.fixture
def person_id() -> str:
    return f"per_{makers.random()}"


def current(stores: Stores, person_id: str) -> IssuedPass | None:
    return stores.people.load(person_id).paper_pass


def history(stores: Stores, person_id: str, after: str = "") -> list[PassRecord]:
    return [record for _, record in stores.issued_passes.history(person_id, after, 50)]


def test_an_issued_pass_is_on_record_with_everything(stores: Stores) -> None:
    device = f"dev_{makers.random()}"
    for issued in (
        makers.issued_pass(),
        makers.issued_pass(full_name=True, issued_by=device, replaces="0" * 12),
    ):
        owner = f"per_{makers.random()}"
        assert current(stores, owner) is None
        assert stores.issued_passes.issue(owner, issued, None, requested(issued), C)
        assert current(stores, owner) == issued
        assert stores.people.subject(owner).paper_pass == issued
        assert stores.issued_passes.files(owner) == requested(issued)
        assert history(stores, owner) == [record_of(issued)]


def test_one_is_issued_in_place_of_the_one_on_record(stores: Stores, person_id: str) -> None:
    first, second = makers.issued_pass(), makers.issued_pass(issued_at=LATER)
    assert stores.issued_passes.issue(person_id, first, None, requested(first), C)
    # Somebody who has not seen the first one, or who has seen another.
    other = makers.issued_pass()
    assert not stores.issued_passes.issue(person_id, second, None, requested(second), C)
    assert not stores.issued_passes.issue(person_id, second, other, requested(second), C)
    assert current(stores, person_id) == first
    assert stores.issued_passes.files(person_id) == requested(first)
    assert history(stores, person_id) == [record_of(first)]
    assert stores.issued_passes.issue(person_id, second, first, requested(second), C)
    assert current(stores, person_id) == second
    assert stores.issued_passes.files(person_id) == requested(second)
    assert history(stores, person_id) == [
        record_of(second),
        record_of(first, ended_at=LATER, ending=Ending.REPLACED),
    ]


def test_one_is_revoked_once_and_keeps_its_end(stores: Stores, person_id: str) -> None:
    issued = makers.issued_pass()
    store = stores.issued_passes
    assert not store.revoke(person_id, issued, at=NOON, correlation=C)
    assert store.issue(person_id, issued, None, requested(issued), C)
    other = makers.issued_pass()
    assert not store.revoke(person_id, other, at=NOON, correlation=C)
    assert store.revoke(person_id, issued, at=LATER, correlation=C)
    assert not store.revoke(person_id, issued, at=NOON, correlation=C)
    assert current(stores, person_id) == replace(issued, revoked=True)
    assert store.files(person_id) == []
    ended = record_of(issued, ended_at=LATER, ending=Ending.REVOKED)
    assert history(stores, person_id) == [ended]
    next_one = makers.issued_pass(issued_at=LATER + timedelta(hours=1))
    assert store.issue(person_id, next_one, issued, requested(next_one), C)
    assert history(stores, person_id) == [record_of(next_one), ended]


def test_the_history_continues_after_a_place(stores: Stores, person_id: str) -> None:
    made: list[IssuedPass] = []
    for number in range(4):
        issued = makers.issued_pass(issued_at=NOON + timedelta(milliseconds=number))
        former = made[-1] if made else None
        assert stores.issued_passes.issue(person_id, issued, former, [], C)
        made.append(issued)
    newest_first = [issued.serial for issued in reversed(made)]
    assert [one.serial for one in history(stores, person_id)] == newest_first
    places = [place for place, _ in stores.issued_passes.history(person_id, "", 1)]
    for number, place in enumerate(places):
        rest = history(stores, person_id, place)
        assert [one.serial for one in rest] == newest_first[number + 1 :]


def test_a_file_is_finished_once(stores: Stores, person_id: str) -> None:
    issued = makers.issued_pass()
    store = stores.issued_passes
    store.issue(person_id, issued, None, requested(issued), C)
    file = requested(issued)[0]
    assert store.finish(person_id, file, FileState.READY)
    assert not store.finish(person_id, file, FileState.FAILED)
    assert store.file(person_id, file.form) == replace(file, state=FileState.READY)
    again = replace(file, requested_at=LATER, expires_at=LATER + FILES_KEPT)
    assert store.request(person_id, again, C)
    assert store.file(person_id, file.form) == again


def test_a_file_of_a_former_pass_is_neither_requested_nor_finished(
    stores: Stores, person_id: str
) -> None:
    first, second = makers.issued_pass(), makers.issued_pass(issued_at=LATER)
    store = stores.issued_passes
    store.issue(person_id, first, None, requested(first), C)
    store.issue(person_id, second, first, requested(second), C)
    old = requested(first)[0]
    assert not store.finish(person_id, old, FileState.READY)
    assert not store.request(person_id, old, C)
    assert store.files(person_id) == requested(second)
    store.revoke(person_id, second, at=LATER, correlation=C)
    assert not store.finish(person_id, requested(second)[0], FileState.READY)
    assert store.file(person_id, old.form) is None
