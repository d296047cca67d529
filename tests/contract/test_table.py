"""`store.Table`: what the stores build on, and how large items become."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core import keys
from chalicelib.core.keys import Key
from chalicelib.core.table import (
    ABSENT,
    PRESENT,
    Change,
    ConditionFailed,
    Delete,
    Item,
    Put,
    Table,
)
from tests.contract import makers
from tests.contract.backends import TABLES, Backend
from tests.fakes.parts import NOON

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")


class Note(Item):
    """An item to try things on."""

    text = UnicodeAttribute(attr_name="tx", null=True)
    tally = NumberAttribute(attr_name="ct", default=0)


@pytest.fixture
def table(backend: Backend) -> Table:
    assert backend.table is not None
    return backend.table


def key(sort: str = "a") -> Key:
    return Key(f"TEST#{makers.random()}", sort)


def test_what_is_put_is_read(table: Table) -> None:
    note = Note.at(key(), text="信宜")
    assert table.get(note.key) is None
    table.put(note)
    for consistent in (True, False):
        raw = table.get(note.key, consistent=consistent)
        assert raw is not None
        note = Note.read(raw)
        assert (note.text, int(note.tally), int(note.v)) == ("信宜", 0, 1)


@pytest.mark.beyond_dynamodb_local
def test_a_failed_put_tells_what_it_met(table: Table) -> None:
    first = Note.at(key(), text="first")
    table.put(first, ABSENT)
    with pytest.raises(ConditionFailed) as failed:
        table.put(Note.at(first.key, text="second"), ABSENT)
    (met,) = failed.value.met
    assert met is not None
    assert Note.read(met).text == "first"


def test_a_failed_condition_on_nothing_met_nothing(table: Table) -> None:
    with pytest.raises(ConditionFailed) as failed:
        table.update(key(), [Note.tally.add(1)], PRESENT)
    assert not failed.value.met[0]


def test_an_update_answers_the_item_as_it_stands_if_asked(table: Table) -> None:
    place = key()
    assert not table.update(place, [Note.tally.add(2), Note.text.set("x")], ABSENT)
    actions = [Note.tally.add(3), Note.text.remove()]
    raw = table.update(place, actions, Note.tally == 2, returned="ALL_NEW")
    assert int(Note.read(raw).tally) == 5
    assert not Note.read(raw).text


def test_a_delete_may_be_repeated_and_conditional(table: Table) -> None:
    note = Note.at(key(), text="kept")
    table.delete(note.key)
    table.put(note)
    with pytest.raises(ConditionFailed):
        table.delete(note.key, Note.text == "other")
    table.delete(note.key, Note.text == "kept")
    assert table.get(note.key) is None


def test_a_transaction_is_made_whole_or_not_at_all(table: Table) -> None:
    there, other, new = Note.at(key(), text="there"), Note.at(key()), Note.at(key())
    table.put(there)
    table.put(other)
    with pytest.raises(ConditionFailed) as failed:
        table.transact(
            Put(new, ABSENT),
            Put(Note.at(there.key), ABSENT),
            Change(other.key, [Note.tally.add(1)], PRESENT),
            Delete(key(), PRESENT),
        )
    passed, met, counted, gone = failed.value.met
    assert (passed, counted, gone) == (None, None, {})
    assert met
    assert Note.read(met).text == "there"
    assert table.get(new.key) is None
    table.transact(
        Put(new, ABSENT), Change(other.key, [Note.tally.add(1)], PRESENT), Delete(there.key)
    )
    assert table.get(there.key) is None
    assert table.get(new.key) is not None
    assert Note.read(table.get(other.key) or {}).tally == 1


@pytest.mark.parametrize("page", [None, 1, 2, 100])
def test_a_query_holds_both_ends_whatever_the_page(table: Table, page: int | None) -> None:
    place = key()
    for sort in "abcdef":
        table.put(Note.at(Key(place.pk, sort)))
    for consistent in (True, False):
        found = table.query(place.pk, ("b", "e"), consistent=consistent, page=page)
        assert [raw["sk"]["S"] for raw in found] == list("bcde")
    assert list(table.query(key().pk, ("a", "z"))) == []


def test_a_person_s_visits_come_from_the_index_in_order(backend: Backend, table: Table) -> None:
    venue, person = makers.venue(), f"per_{makers.random()}"
    scans = [
        makers.scan(venue, NOON + timedelta(hours=hours), person_id=person) for hours in (30, 1, 9)
    ]
    for scan in scans:
        backend.stores.scans.put(scan, venue)
    found = table.query(keys.person(person), ("0", "9~"), index=keys.VISITS_INDEX)
    in_order = sorted(scans, key=lambda scan: scan.at)
    assert [raw["sk"]["S"].partition("#")[2] for raw in found] == [s.digest for s in in_order]


def test_more_gets_than_a_batch_takes(table: Table) -> None:
    place = key()
    there = [Key(place.pk, f"{number:03d}") for number in range(120)]
    for one in there[::2]:
        table.put(Note.at(one))
    found = {raw["sk"]["S"] for raw in table.batch_get(there)}
    assert found == {one.sk for one in there[::2]}
    assert table.batch_get([]) == []


def test_a_mistake_of_ours_is_not_a_busy_service(table: Table) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        table.put(Note.at(Key("", "")))
