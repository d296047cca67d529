"""A declaration that is sent twice at once is on file once, with its arrival."""

from dataclasses import replace

import pytest

from chalicelib.identity.personal_records import PersonalRecord
from tests.contract.backends import TABLES, Backend
from tests.contract.races import race
from tests.contract.test_personal_records import record

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")


@pytest.mark.parametrize("arrives", [False, True])
def test_a_nonce_makes_one_record(backend: Backend, arrives: bool) -> None:
    made = record()
    arrival = record(made.person_id, kind="arrival")
    others = [arrival] if arrives else []
    tries = [replace(made, contents=bytes([1, number])) for number in range(3)]
    answers, refusals = race(
        backend,
        *(lambda stores, one=one: stores.personal_records.put(one, *others) for one in tries),
    )
    assert refusals == []
    assert answers.count(None) == 1, "one is recorded, the others meet it"
    records = backend.stores.personal_records
    (kept,) = records.of(made.person_id, "declaration", "", 5)
    met: list[PersonalRecord] = [one for one in answers if one]
    assert met == [kept, kept]
    assert list(records.of(made.person_id, "arrival", "", 5)) == others
