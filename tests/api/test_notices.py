"""Notices that medical observation has ended: issued by an operator, read by the person."""

import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
from rich.console import Console

from chalicelib.identity.notices import Notice
from infra.ops import notices
from tests import support
from tests.api.driver import Person, World
from tests.api.scenes_records import base

CENTRE = "信宜市疾病预防控制中心"
NOTICE = Notice(date(2026, 11, 8), date(2026, 11, 21), CENTRE)


def issue(world: World, number: str, notice: Notice = NOTICE) -> str:
    """Issue a notice as an operator does; return what the command says."""
    said = io.StringIO()
    status = notices.run(
        world.deployment(),
        notice=notice,
        document_type="resident_id",
        console=Console(file=said),
        read=lambda _: number,
    )
    assert status == 0
    return said.getvalue()


def notices_of(person: Person, path: str = "/v1/me", language: str = "en") -> list[Any]:
    headers = {"Accept-Language": language}
    items: list[Any] = person.get(f"{path}/notices", headers=headers).expect(200)["items"]
    return items


@pytest.mark.requirement("YK-37")
def test_a_notice_is_seen_by_the_person_and_the_guardian(world: World) -> None:
    person = world.visitor()
    guardian = world.guardian(person)
    assert person.number not in issue(world, person.number)
    (shown,) = notices_of(person)
    assert (shown["began_on"], shown["ended_on"]) == ("2026-11-08", "2026-11-21")
    assert shown["authority"] == CENTRE
    assert shown["text"].startswith("Your medical observation from 2026-11-08 to 2026-11-21")
    assert "2026-11-21 的医学观察已解除" in notices_of(person, language="zh-Hans")[0]["text"]
    assert notices_of(guardian, base(person)) == [shown]
    assert notices_of(guardian) == []
    assert CENTRE not in json.dumps(world.items(), default=str, ensure_ascii=False)


def test_the_same_notice_is_issued_once(world: World) -> None:
    person = world.visitor()
    for _ in range(2):
        issue(world, person.number)
        world.clock.pass_(minutes=1)
    assert len(notices_of(person)) == 1
    issue(world, person.number, NOTICE._replace(ended_on=date(2026, 11, 20)))
    assert [one["ended_on"] for one in notices_of(person)] == ["2026-11-21", "2026-11-20"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"began_on": date(2026, 11, 22)}, "ends before it begins"),
        ({"ended_on": date(2026, 11, 24)}, "has not ended"),
        ({"authority": " "}, "authority"),
        ({"authority": "中心\n"}, "authority"),
        ({"authority": "中" * 51}, "authority"),
    ],
)
def test_an_invalid_notice_is_not_issued(
    lasting: World, changes: dict[str, Any], reason: str
) -> None:
    person, before = lasting.visitor(), lasting.writes()
    with pytest.raises(SystemExit, match=f"Nothing was issued: .*{reason}"):
        issue(lasting, person.number, NOTICE._replace(**changes))
    assert lasting.writes() == before


@pytest.mark.parametrize("number", ["", "123", support.resident_id(888)])
def test_a_number_that_is_none_or_nobodys_gets_no_notice(lasting: World, number: str) -> None:
    before = lasting.writes()
    with pytest.raises(SystemExit, match="Nothing was issued") as refused:
        issue(lasting, number)
    assert not number or number not in str(refused.value)
    assert lasting.writes() == before


def test_notices_come_in_pages(world: World) -> None:
    person = world.visitor()
    days = [date(2026, 11, 21) - timedelta(days=back) for back in range(3)]
    for day in days:
        issue(world, person.number, NOTICE._replace(ended_on=day))
    first = person.get("/v1/me/notices?limit=2").expect(200)
    rest = person.get(f"/v1/me/notices?limit=2&cursor={first['next_cursor']}").expect(200)
    shown = [one["ended_on"] for one in first["items"] + rest["items"]]
    assert shown == [day.isoformat() for day in days]
    assert rest["next_cursor"] is None
