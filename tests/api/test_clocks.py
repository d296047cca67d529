"""A phone with a wrong clock corrects itself; times have one form; waits are told in words."""

import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.core.clock import epoch_ms, rfc3339
from chalicelib.core.waiting import until
from infra.local.client import Api, Phone, PhoneClock, Pocket, Server, uuid7
from tests.api.driver import Person, World
from tests.fakes.parts import NOON

TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z")


@pytest.mark.parametrize("minutes", [-10.1, 10.1, -60 * 24, 60 * 24])
def test_a_refusal_for_a_wrong_clock_says_what_time_it_is(world: World, minutes: float) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    ahead = timedelta(minutes=minutes)
    wrong = uuid7(epoch_ms(world.clock.at + ahead))
    refused = visitor.scan(administrator.venue, wrong).expect(422, "clock_skewed")
    assert refused["server_time"] == rfc3339(world.clock.at)
    clock = PhoneClock(lambda: epoch_ms(world.clock.at + ahead))
    assert clock.correct(refused["server_time"])
    visitor.scan(administrator.venue, clock.nonce()).expect(201)


def test_pages_of_other_origins_may_read_the_date(world: World) -> None:
    answer = world.call("GET", "/v1/status")
    assert "Date" in answer.headers["access-control-expose-headers"].split(",")


class Wrong(Phone):
    """A phone of a person in process, whose clock is wrong."""

    def __init__(self, person: Person, ahead: timedelta, path: Path) -> None:
        clock = PhoneClock(lambda: epoch_ms(person.world.clock.at + ahead))
        api = Api(person.world.transport, nonce=clock.nonce)
        server = cast("Server", SimpleNamespace(api=api, clock=clock))
        super().__init__(person.phone, server, Pocket.open(path))
        self.keep({"access_token": person.token, "refresh_token": person.refresh_token})


@pytest.mark.parametrize("hours", [-30, 1])
def test_the_local_client_corrects_its_clock_and_scans(
    world: World, tmp_path: Path, hours: int
) -> None:
    venue, visitor = world.administrator().venue, world.visitor()
    phone = Wrong(visitor, timedelta(hours=hours), tmp_path / "phones.json")
    first = phone.visit(venue["code_url"])
    assert first["scanned_at"] == rfc3339(world.clock.at)
    assert phone.visit(venue["code_url"])["scan_id"] != first["scan_id"]
    assert len(visitor.get("/v1/me/visits").expect(200)["items"]) == 2


def test_an_old_request_of_a_right_clock_gets_no_new_nonce(world: World, tmp_path: Path) -> None:
    venue, visitor = world.administrator().venue, world.visitor()
    phone = Wrong(visitor, timedelta(0), tmp_path / "phones.json")
    old = uuid7(epoch_ms(world.clock.at - timedelta(hours=1)))
    with pytest.raises(Exception, match="422 clock_skewed"):
        phone.visit(venue["code_url"], old)
    assert visitor.get("/v1/me/visits").expect(200)["items"] == []


def times(shown: Any) -> list[str]:
    """Return all times in a response."""
    if isinstance(shown, dict):
        return [time for value in shown.values() for time in times(value)]
    if isinstance(shown, list):
        return [time for value in shown for time in times(value)]
    looks = isinstance(shown, str) and re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T", shown)
    return [shown] if looks else []


@pytest.mark.parametrize("microseconds", [0, 123_000, 123_456, 999_999])
def test_times_have_three_digits_of_the_second(world: World, microseconds: int) -> None:
    world.clock.at = NOON.replace(microsecond=microseconds)
    administrator = world.administrator()
    visitor = world.visitor()
    scan_id = visitor.scan(administrator.venue).expect(201)["scan_id"]
    world.work()
    poster = administrator.post(
        f"/v1/venues/{administrator.venue['venue_id']}/posters", {"form": "qr_svg"}
    )
    answers = [
        visitor.get(f"/v1/scans/{scan_id}").expect(200),
        visitor.get("/v1/me/pass").expect(200),
        visitor.get("/v1/me/health").expect(200),
        visitor.get("/v1/me/visits").expect(200),
        administrator.get("/v1/venues").expect(200),
        poster.expect(202),
        visitor.post("/v1/me/erasure", {"confirm": True}).expect(202),
        visitor.refresh().expect(200),
    ]
    for answer in answers[:5] + answers[6:]:
        assert times(answer), answer
    assert not [one for one in times(answers) if not TIME.fullmatch(one)]


@pytest.mark.parametrize(
    ("seconds", "zh", "traditional", "english"),
    [
        (1, "在 2 秒后", "在 2 秒後", "in 2 seconds"),
        (40, "在 40 秒后", "在 40 秒後", "in 40 seconds"),
        (600, "在约 10 分钟后", "在約 10 分鐘後", "in about 10 minutes"),
        (2 * 3600, "今天 14:00 后", "今天 14:00 後", "in about 2 hours"),
        (20 * 3600 - 30, "明天 8:00 后", "明天 8:00 後", "in about 20 hours"),
        (72 * 3600, "11 月 25 日 12:00 后", "11 月 25 日 12:00 後", "in about 3 days"),
    ],
)
def test_waits_are_told_as_people_do(seconds: int, zh: str, traditional: str, english: str) -> None:
    """Noon is that of China."""
    told = [until(seconds, now=NOON, language=one) for one in ("zh-Hans", "zh-Hant", "en")]
    assert told == [zh, traditional, english]


def test_a_refusal_by_a_limit_speaks_as_people_do(world: World) -> None:
    """Consent codes have a limit by the day, which ends at midnight UTC."""
    person = world.visitor()
    while (chinese := person.post("/v1/me/consent-code", language="zh-Hans")).status != 429:
        chinese.expect(201)
    english = person.post("/v1/me/consent-code", language="en")
    assert chinese.json["detail"] == "尝试次数过多，请明天 8:00 后再试。"
    assert english.json["detail"] == "Too many attempts. Please try again in about 20 hours."
    assert english.headers["retry-after"] == str(20 * 3600)


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-Hans", "此处无需查验，不必操作"), ("en", "Not needed here; there is nothing to do")],
)
def test_an_admitted_visitor_is_told_that_the_travel_card_needs_nothing(
    world: World, language: str, said: str
) -> None:
    visitor = world.visitor()
    scan_id = visitor.scan(world.administrator().venue).expect(201)["scan_id"]
    world.work()
    screen = visitor.get(f"/v1/scans/{scan_id}", language=language).expect(200)
    assert screen["outcome"] == "admit"
    assert screen["travel_card"]["state"] == "code_needed"
    assert screen["travel_card"]["text"] == said
