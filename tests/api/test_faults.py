"""Throttling and timeouts, on every call in turn: a clear 503 or success, nothing by halves."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.driver import HttpReply, Person, World

THROTTLED, LOST = "ThrottlingException", "lost"


@pytest.fixture
def administrator(world: World) -> Person:
    return world.administrator()


@pytest.fixture
def visitor(world: World) -> Person:
    return world.visitor()


@dataclass
class Attempt:
    """One request that is sent again until it is answered; `clean` counts its calls."""

    world: World
    send: Callable[[], HttpReply]
    how: str = ""
    at: int = 0

    def first(self) -> HttpReply:
        """The answer while something fails; the process is a fresh one, its caches are empty."""
        for name in ("directory", "policies"):
            self.world.container.__dict__.pop(name, None)
        self.world.table.wire.fail(self.how, self.at)
        answer = self.send()
        self.world.table.wire.heal()
        if answer.status == 503:
            answer.expect(503, "unavailable")
            assert answer.headers["retry-after"] == "2"
        return answer

    def again(self) -> HttpReply:
        """The answer when all is well again."""
        return self.send()


def attempts(world: World, fresh: Callable[[], Callable[[], HttpReply]]) -> Iterator[Attempt]:
    """An attempt for each call of a request and each way in which it can fail.

    `fresh` answers a request that has not been sent yet.
    """
    clean = Attempt(world, fresh())
    assert clean.first().status < 300
    calls = len(world.table.wire.calls)
    assert calls
    for at in range(1, calls + 1):
        for how in (THROTTLED, LOST):
            yield Attempt(world, fresh(), how, at)


def always(send: Callable[[], HttpReply]) -> Callable[[], Callable[[], HttpReply]]:
    """What can be sent as often as one likes."""
    return lambda: send


def strangers(world: World) -> Iterator[Person]:
    """People with phones who have never logged in."""
    for serial in range(100, 200):
        yield Person(world, f"+8613900{serial:06d}", "王小明", serial)


def test_a_code_is_asked_for(world: World) -> None:
    people = strangers(world)
    asking: list[Person] = []

    def fresh() -> Callable[[], HttpReply]:
        asking.append(next(people))
        return asking[-1].ask_for_code

    for attempt in attempts(world, fresh):
        before = len(world.sms.sent)
        answer = attempt.first()
        assert answer.status == 503
        assert len(world.sms.sent) == before, "no message about what is not known"
        # It may be that the minute's one has been counted.
        assert attempt.again().status in (202, 429)
        world.clock.pass_(minutes=1)
        asking[-1].ask_for_code().expect(202)
        asking[-1].enter_code(asking[-1].code).expect(201)


def test_a_login(world: World) -> None:
    people = strangers(world)
    asking: list[Person] = []

    def fresh() -> Callable[[], HttpReply]:
        person = next(people)
        person.phone = person.phone.replace("13900", "13700")
        person.ask_for_code().expect(202)
        asking.append(person)
        return lambda: person.enter_code(person.code)

    for attempt in attempts(world, fresh):
        assert attempt.first().status == 503
        person = asking[-1]
        answer = attempt.again()
        if answer.status == 401:  # the code has been spent: it works once, whatever comes after
            answer.expect(401, "otp_invalid")
            world.clock.pass_(minutes=1)
            person.ask_for_code().expect(202)
            answer = person.enter_code(person.code)
        person.keep(answer.expect(201))
        world.clock.pass_(minutes=1)
        person.ask_for_code().expect(202)
        assert person.enter_code(person.code).expect(201)["person_id"] == person.person_id


def test_a_registration(world: World) -> None:
    asking: list[Person] = []

    def fresh() -> Callable[[], HttpReply]:
        asking.append(world.person())
        return asking[-1].register

    for attempt in attempts(world, fresh):
        assert attempt.first().status == 503
        attempt.again().expect(202)
        world.work()
        shown = asking[-1].registration()
        assert (shown["version"], shown["verification"]) == (1, "verified")


def test_an_application(world: World) -> None:
    person = world.visitor()
    bodies: list[dict[str, Any]] = []

    def fresh() -> Callable[[], HttpReply]:
        bodies.append(world.venue_request())
        return lambda: person.post("/v1/venues", bodies[-1])

    for attempt in attempts(world, fresh):
        assert attempt.first().status == 503
        venue = attempt.again()
        assert venue.status in (200, 201)
        listed = person.get("/v1/venues").expect(200)["items"]
        assert [one for one in listed if one["name"] == bodies[-1]["name"]] == [venue.json]
        page = world.call("GET", f"/V/{venue.json['code']}")
        assert page.status == 200
        again = person.post("/v1/venues", bodies[-1] | {"nonce": world.nonce()})
        again.expect(409, "venue_exists")


def test_a_scan(world: World, administrator: Person, visitor: Person) -> None:
    def fresh() -> Callable[[], HttpReply]:
        nonce = world.nonce()
        return lambda: visitor.scan(administrator.venue, nonce)

    for attempt in attempts(world, fresh):
        world.work()
        before = administrator.figures()["checked"]
        assert attempt.first().status == 503
        assert attempt.again().status in (200, 201)
        world.work()
        figures = administrator.figures()
        assert figures["checked"] == before + 1
        assert figures == world.recount(administrator.venue)


def test_what_only_reads(world: World, administrator: Person, visitor: Person) -> None:
    scan = visitor.scan(administrator.venue).expect(201)
    path = f"/v1/venues/{administrator.venue['venue_id']}"
    world.work()
    reads: tuple[Callable[[], HttpReply], ...] = (
        lambda: visitor.get("/v1/me"),
        lambda: visitor.get(f"/v1/scans/{scan['scan_id']}"),
        lambda: administrator.get("/v1/venues"),
        lambda: administrator.get(path),
        lambda: administrator.get(f"{path}/statistics"),
        lambda: world.call("GET", f"/V/{administrator.venue['code']}"),
    )
    for read in reads:
        good = read()
        for attempt in attempts(world, always(read)):
            assert attempt.first().status == 503
            again = attempt.again()
            assert (again.status, again.body) == (good.status, good.body)


def test_a_poster_is_asked_for(world: World, administrator: Person) -> None:
    path = f"/v1/venues/{administrator.venue['venue_id']}/posters"

    def fresh() -> Callable[[], HttpReply]:
        world.clock.pass_(minutes=1)  # it may be asked for again
        return lambda: administrator.post(path, {"form": "qr_svg"})

    for attempt in attempts(world, fresh):
        assert attempt.first().status == 503
        poster = attempt.again().expect(202)
        world.run_stream()
        bodies = [json.loads(record["body"]) for record in world.renders.receive()]
        assert poster["poster_id"] in [body["poster"] for body in bodies]
    world.renders.purge()


def test_a_refresh(world: World) -> None:
    for attempt in attempts(world, lambda: world.person().refresh):
        assert attempt.first().status == 503
        again = attempt.again()
        # What was exchanged is spent, though nobody got the new pair: that is what once means.
        expected = (200, "") if attempt.how == THROTTLED else (401, "session_ended")
        assert (again.status, again.code) == expected


@pytest.mark.parametrize("how", [THROTTLED, LOST])
@pytest.mark.parametrize("at", [1, 2])
def test_a_logout(world: World, how: str, at: int) -> None:
    person = world.person()
    attempt = Attempt(world, lambda: person.post("/v1/sessions/logout"), how, at)
    assert attempt.first().status == 503
    assert attempt.again().status in (200, 401)
    person.get("/v1/me").expect(401, "session_ended")


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "InternalServerError",
        "ServiceUnavailable",
        "TransactionConflictException",
        "TransactionInProgressException",
        "KMSThrottlingException",
    ],
)
def test_whatever_passes_is_a_503(world: World, visitor: Person, code: str) -> None:
    world.table.wire.fail(code, 1)
    visitor.get("/v1/me").expect(503, "unavailable")
    world.table.wire.heal()


@pytest.mark.parametrize("code", ["AccessDeniedException", "ValidationException"])
def test_a_mistake_of_ours_is_a_500_that_tells_nothing(
    world: World, visitor: Person, code: str
) -> None:
    world.table.wire.fail(code, 1)
    answer = visitor.get("/v1/me")
    world.table.wire.heal()
    problem = answer.expect(500, "internal_error")
    assert problem.keys() == {"type", "title", "status", "detail", "code"}
    assert not [word for word in ("arn:", "Exception", "Traceback", ".py") if word in str(problem)]
    (line,) = [line for line in world.log.getvalue().splitlines() if "unhandled" in line][-1:]
    logged = json.loads(line)
    assert (logged["level"], logged["route"]) == ("ERROR", "me")
    assert logged["at"]
    assert "rate exceeded" not in line
