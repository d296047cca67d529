"""`personal_records.PersonalRecords`: each record is there once, newest first, by kind."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.identity.personal_records import PersonalRecord, RecordReference, page_of
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON


def record(person_id: str = "", **changes: Any) -> PersonalRecord:
    made = PersonalRecord(
        person_id=person_id or f"per_{makers.random()}",
        kind="declaration",
        at=NOON,
        digest=makers.random(),
        contents=b"\x01sealed answers",
        recorded_at=NOON + timedelta(milliseconds=40),
        nonce="018058de-3800-7abc-8def-0123456789ab",
        fingerprint=makers.blind(),
        correlation="c0ffee00",
        until=NOON + timedelta(days=28),
    )
    return replace(made, **changes)


def reference(one: PersonalRecord) -> RecordReference:
    parsed = RecordReference.parse(one.record_id)
    assert parsed is not None
    return parsed


def test_a_record_is_read_as_it_was_put(stores: Stores) -> None:
    beside: list[dict[str, Any]] = [
        {},
        {"guardian_id": "per_0123456789ABCDEF"},
        {"scan_id": "scn_SABR24PA3EYWNYP2_018058de3800_5SYJR0X9A1XE4SFC"},
        {"kind": "notice", "nonce": ""},
    ]
    for changes in beside:
        made = record(**changes)
        assert stores.personal_records.put(made) is None
        assert stores.personal_records.get(made.person_id, reference(made)) == made


def test_a_retry_meets_its_own_record(stores: Stores) -> None:
    made = record()
    stores.personal_records.put(made)
    again = replace(made, contents=b"\x01other", fingerprint="other")
    assert stores.personal_records.put(again) == made
    assert stores.personal_records.get(made.person_id, reference(made)) == made


def test_two_records_are_made_together_or_not_at_all(stores: Stores) -> None:
    made = record()
    arrival = record(made.person_id, kind="arrival")
    assert stores.personal_records.put(made, arrival) is None
    for one in (made, arrival):
        assert stores.personal_records.get(one.person_id, reference(one)) == one
    other = record(made.person_id, kind="arrival")
    assert stores.personal_records.put(replace(made, contents=b"\x01other"), other) == made
    assert stores.personal_records.get(other.person_id, reference(other)) is None


def test_a_record_that_is_not_there(stores: Stores) -> None:
    made = record()
    assert stores.personal_records.get(made.person_id, reference(made)) is None
    stores.personal_records.put(made)
    assert stores.personal_records.get(f"per_{makers.random()}", reference(made)) is None
    arrival = reference(made)._replace(kind="arrival")
    assert stores.personal_records.get(made.person_id, arrival) is None


def test_the_newest_comes_first_and_each_kind_apart(stores: Stores) -> None:
    person_id = f"per_{makers.random()}"
    made = [record(person_id, at=NOON + timedelta(seconds=second)) for second in (3, 1, 4, 2)]
    for one in (*made, record(person_id, kind="arrival"), record()):
        stores.personal_records.put(one)
    found = list(stores.personal_records.of(person_id, "declaration", "", 2))
    assert found == sorted(made, key=lambda one: one.at, reverse=True)
    assert list(stores.personal_records.of(person_id, "notice", "", 2)) == []


def test_pages_follow_one_another(stores: Stores) -> None:
    person_id = f"per_{makers.random()}"
    made = [record(person_id, at=NOON + timedelta(seconds=second // 2)) for second in range(7)]
    for one in made:
        stores.personal_records.put(one)
    everything = list(stores.personal_records.of(person_id, "declaration", "", 10))
    assert len(everything) == 7
    for limit in (1, 2, 7):
        listed: list[PersonalRecord] = []
        after: str | None = ""
        while after is not None:
            page = page_of(
                stores.personal_records,
                person_id,
                "declaration",
                limit=limit,
                after=after,
                now=NOON,
            )
            listed += page.records
            after = page.last
        assert listed == everything
