"""Every call to AWS fails in turn, at every route and worker: nothing is left half-written.

Not only the table's: SQS, S3, KMS and Secrets Manager too. A call is refused, or it is made and its
answer gets lost, which is all that a timeout can mean. Then a client is answered 503 with
Retry-After and sends the same again, and a worker's message is delivered again. In the end people
see what they would see if nothing had failed.

The table is between two states only where a call has written. There the answer gets lost and the
story is told to its end; what is refused, or only read, leaves a state that was seen before, and
the retry's answer is enough.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from moto import mock_aws

import app
from chalicelib.identity.providers import Answer
from tests.api.driver import HttpReply, Person, World
from tests.api.routes import CASES, Cast, RouteCase
from tests.api.scenes import Make, Send, home, office, stranger
from tests.api.scenes_records import declaration
from tests.api.test_routes import cast
from tests.fakes.parts import NOON

__all__ = ["cast"]  # the fixture

THROTTLED, LOST = "ThrottlingException", "lost"
WRITES = {
    "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems",
    "SendMessage", "SendMessageBatch", "PutObject", "DeleteObjects",
}  # fmt: skip
READS = {"GetItem", "Query", "BatchGetItem", "GetSecretValue", "Decrypt"}


@pytest.fixture(scope="module")
def lasting() -> Iterator[World]:
    """A deployment with keys of KMS and Secrets Manager, to which stories go back."""
    with mock_aws():
        made = World(kms=True)
        yield made
        made.close()


def failing(world: World, send: Send, how: str, at: int) -> HttpReply:
    """The answer of a fresh process of which one call fails: success, or a clear 503."""
    world.restart()
    world.wire.fail(how, at)
    answer = send()
    world.wire.heal()
    if answer.status >= 300 and at:
        answer.expect(503, "unavailable")
        assert answer.headers["retry-after"] == "2"
    return answer


def played(world: World, make: Make, how: str = "", at: int = 0, *, told: bool = True) -> Any:
    """A scene of which one call fails; what is seen in the end, if it is `told` to its end."""
    world.rewind()
    scene = make(world)
    answer = failing(world, scene.send, how, at)
    if answer.status == 503:
        answer = scene.send()
        if answer.status == 429:
            world.clock.pass_(seconds=int(answer.headers["retry-after"]))
            answer = scene.send()
        instead = scene.spent.get(answer.code)
        answer = instead() if instead else answer
        assert answer.status < 300 or answer.code in scene.spent, answer.body
    if not told:
        return None
    world.work()
    return masked(scene.see())


def masked(seen: Any) -> Any:
    """What was seen without what differs from run to run: ids, codes, links, times."""
    text = re.sub(r"[0-9A-HJKMNP-TV-Z]{16}", "ID", json.dumps(seen, ensure_ascii=False))
    text = re.sub(r"20\d\d-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    # What was seen may be a body as text, in which quotes are escaped.
    text = re.sub(r'(\\?"join_code\\?": \\?")\w+', r"\1…", text)
    text = re.sub(r'(\\?"url\\?": \\?")[^"\\]+', r"\1…", text)
    return json.loads(text)


# --- Routes

VIEWS = [case for case in CASES if case.method == "GET"]


def test_every_route_that_changes_something_has_its_scene() -> None:
    """Each route that changes something has a scene: what a client sends, and sees in the end."""
    assert [case for case in CASES if not case.scenes] == VIEWS


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make, id=f"{' '.join(case.route)} {number}")
        for case in CASES
        for number, make in enumerate(case.scenes, 1)
    ],
)
def test_what_fails_and_is_sent_again_ends_as_if_nothing_had_failed(
    lasting: World, make: Make
) -> None:
    world = lasting
    world.rewind()
    failing(world, make(world).send, "", 0)
    calls = list(world.wire.calls)
    assert len(calls) > 1, "a secret, and what the request is about"
    assert set(calls) <= WRITES | READS
    expected = played(world, make)
    for at, call in enumerate(calls, 1):
        if call in WRITES:
            played(world, make, THROTTLED, at, told=False)
            assert played(world, make, LOST, at) == expected, (at, calls)
        else:
            played(world, make, (THROTTLED, LOST)[at % 2], at, told=False)


@pytest.mark.parametrize("case", VIEWS, ids=lambda case: " ".join(case.route))
def test_what_is_looked_at_is_shown_or_is_a_503(cast: Cast, case: RouteCase) -> None:
    world = cast.world
    roles = ("visitor", "guard", "administrator", "guardian", "kiosk")
    role = next(role for role in roles if case.answer_to(role)[0] < 400)
    person: Person = getattr(cast, role)
    path, _ = case.request(cast, person)
    world.work()

    def send() -> HttpReply:
        return world.call("GET", path, token=person.token)

    good = failing(world, send, "", 0)
    assert good.status < 400
    calls = len(world.wire.calls)
    for at in range(1, calls + 1):
        failing(world, send, (THROTTLED, LOST)[at % 2], at)
        again = send()
        assert again.status == good.status
        assert masked(said(again)) == masked(said(good))


def said(answer: HttpReply) -> Any:
    """What a reply says, as far as it is masked: signed links hold the wall clock's time."""
    return answer.json if "json" in answer.headers["content-type"] else answer.body.decode()


# --- Workers


@dataclass
class DoorChapter:
    """Work for every worker: requests that dispatch it, and what people see when it is done."""

    world: World
    chief: Person
    visitor: Person
    newcomer: Person

    @classmethod
    def begin(cls, world: World) -> "DoorChapter":
        world.rewind()
        chief, newcomer = world.administrator(), stranger(world)
        visitor = world.visitor(health_code=Answer("red", NOON))
        newcomer.log_in()
        newcomer.register().expect(202)
        visitor.get("/v1/me/health").expect(200)
        visitor.scan(chief.venue).expect(201)
        visitor.post("/v1/me/declarations", declaration(world)).expect(201)
        path = f"/v1/venues/{chief.venue['venue_id']}/posters"
        chief.post(path, {"form": "qr_svg"}).expect(202)
        return cls(world, chief, visitor, newcomer)

    def see(self) -> Any:
        path = f"/v1/venues/{self.chief.venue['venue_id']}/posters"
        poster = self.chief.post(path, {"form": "qr_svg"}).expect(200)
        return masked([poster, office(self.chief), home(self.visitor), home(self.newcomer)])


def by_stream(world: World) -> bool:
    """Whether both functions have handled all of the next batch of the stream."""
    records = world.records(world.streamed)
    return world.deliver(records) == len(records)


def by_lookups(world: World) -> bool:
    """Whether all of the next messages were handled; exactly one fails where one call does."""
    records = world.lookups.receive()
    failed = world.lookups.handle(records)
    assert failed in (0, 1)
    return not failed


def by_renders(world: World) -> bool:
    """Whether the next message was handled."""
    return not world.renders.handle(world.renders.receive())


WORKERS: dict[str, Callable[[World], bool]] = {
    "stream": by_stream,
    "lookups": by_lookups,
    "renders": by_renders,
}


def test_every_worker_is_among_them() -> None:
    """`counts` is in `by_stream`, `settles` in `test_waiting`; schedules begin again anyway."""
    functions = {function.name for function in app.app.pure_lambda_functions}
    assert WORKERS.keys() | {"counts", "settles", "schedules", "reconciliations"} == functions


@pytest.mark.parametrize("name", WORKERS)
def test_what_a_worker_could_not_do_is_delivered_again(lasting: World, name: str) -> None:
    def chapter(how: str, at: int) -> tuple[Any, list[str]]:
        """What is seen in the end, and the worker's calls."""
        begun, world = DoorChapter.begin(lasting), lasting
        if name != "stream":
            assert world.run_stream()
        world.restart()
        world.wire.fail(how, at)
        good = WORKERS[name](world)
        world.wire.heal()
        calls = list(world.wire.calls)
        assert good is (at == 0), calls[at - 1 : at]
        world.work()
        return begun.see(), calls

    lasting.work()  # what other tests have left
    expected, calls = chapter("", 0)
    assert set(calls) <= WRITES | READS
    for at, call in enumerate(calls, 1):
        how = LOST if call in WRITES else THROTTLED
        seen, _ = chapter(how, at)
        assert seen == expected, (how, at, calls)
