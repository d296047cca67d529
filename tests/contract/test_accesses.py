"""`manual_checks.Accesses`: questions about a number, newest first, each number's apart."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.admission.accesses import KEPT_FOR, Access, AccessKind
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON


def access(at: datetime = NOON, **changes: Any) -> Access:
    made = Access(
        AccessKind.MANUAL_CHECK,
        at=at,
        digest=makers.random(),
        asked_at=at,
        correlation="c0ffee00",
        until=at + KEPT_FOR,
        by=f"per_{makers.random()}",
        venue_id=f"ven_{makers.random()}",
    )
    return made._replace(**changes)


def test_the_newest_comes_first(stores: Stores) -> None:
    number = makers.blind()
    made = [access(NOON + timedelta(seconds=seconds)) for seconds in (3, 1, 2)]
    for one in made:
        stores.accesses.record(number, one)
    stores.accesses.record(makers.blind(), access())
    found = [one for _, one in stores.accesses.of(number, "", 2)]
    assert found == [made[0], made[2], made[1]]


def test_it_goes_on_after_a_place(stores: Stores) -> None:
    number = makers.blind()
    for seconds in range(5):
        stores.accesses.record(number, access(NOON + timedelta(seconds=seconds)))
    listed = list(stores.accesses.of(number, "", 10))
    for count, (place, _) in enumerate(listed, 1):
        assert list(stores.accesses.of(number, place, 1)) == listed[count:]


def test_a_question_recorded_again_is_one(stores: Stores) -> None:
    number, made = makers.blind(), access()
    stores.accesses.record(number, made)
    later = made._replace(asked_at=NOON + timedelta(seconds=1))
    stores.accesses.record(number, later)
    assert [one for _, one in stores.accesses.of(number, "", 10)] == [later]


def test_a_number_that_nobody_asked_about_has_none(stores: Stores) -> None:
    assert list(stores.accesses.of(makers.blind(), "", 10)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": AccessKind.GUARDIAN, "by": "", "guardian": b"\x01sealed masked name"},
        {"kind": AccessKind.KIOSK, "place": "信宜市政务服务中心 1 号机"},
        {"kind": AccessKind.OFFICER, "place": "Operators of the service"},
    ],
    ids=lambda changes: str(changes["kind"]),
)
def test_each_kind_is_kept_whole(stores: Stores, changes: dict[str, Any]) -> None:
    number, made = makers.blind(), access(venue_id="", **changes)
    stores.accesses.record(number, made)
    assert [one for _, one in stores.accesses.of(number, "", 10)] == [made]
