"""Two at once: the second one comes between any two calls of the first, whichever they are."""

from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Thread
from typing import Any

import pytest

from chalicelib.admission.lookup_requests import Settle
from chalicelib.identity.providers import Answer, ProviderFault
from tests import support
from tests.api.driver import HttpReply, Person, World
from tests.fakes.parts import Reply

Send = Callable[[], HttpReply]
Said = list[tuple[int, str]]


def races(world: World, fresh: Callable[[], tuple[Send, Send]]) -> Iterator[list[HttpReply]]:
    """The answers to a pair of requests, once for each call between which the second can come.

    `fresh` answers a pair that has not been sent yet.
    """
    at = 0
    while True:
        at += 1
        first, second = fresh()
        answers: list[HttpReply] = []
        world.wire.interrupt(at, partial(_collect, second, answers))
        answers.append(first())
        if world.wire.heal() < at:
            assert at > 2, "there was nothing to come between"
            return
        assert len(answers) == 2
        yield answers


def _collect(send: Send, answers: list[HttpReply]) -> None:
    answers.append(send())


def said(answers: list[HttpReply]) -> Said:
    """Status and code of both answers, the lower status first."""
    return sorted((answer.status, answer.code) for answer in answers)


@pytest.mark.requirement("YK-3")
def test_a_scan_and_its_retry_are_one_scan(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()

    def fresh() -> tuple[Send, Send]:
        nonce = world.nonce()
        return (lambda: visitor.scan(administrator.venue, nonce),) * 2

    raced = 0
    for answers in races(world, fresh):
        raced += 1
        assert said(answers) == [(200, ""), (201, "")]
        assert len({answer.json["scan_id"] for answer in answers}) == 1
    world.work()
    # One more went without a race, to see that there was none.
    assert administrator.figures()["checked"] == raced + 1
    assert administrator.figures() == world.recount(administrator.venue)


@pytest.mark.requirement("JN-2")
def test_an_application_and_its_retry_are_one_venue(world: World) -> None:
    person = world.visitor()

    def fresh() -> tuple[Send, Send]:
        body = world.venue_request()
        return (lambda: person.post("/v1/venues", body),) * 2

    raced = 0
    for answers in races(world, fresh):
        raced += 1
        assert said(answers) == [(200, ""), (201, "")]
        assert len({answer.json["code"] for answer in answers}) == 1
    assert len(person.get("/v1/venues").expect(200)["items"]) == raced + 1


@pytest.mark.requirement("JN-3")
def test_one_venue_is_given_to_one_of_two_applicants(world: World) -> None:
    one, two = world.visitor(), world.visitor()

    def fresh() -> tuple[Send, Send]:
        body = world.venue_request()
        other = body | {"nonce": world.nonce()}
        return lambda: one.post("/v1/venues", body), lambda: two.post("/v1/venues", other)

    for answers in races(world, fresh):
        assert said(answers) == [(201, ""), (409, "venue_exists")]


@pytest.mark.requirement("JN-17")
def test_one_identity_is_given_to_one_of_two_people(world: World) -> None:
    def fresh() -> tuple[Send, Send]:
        one, two = world.person(), world.person()
        number = one.number
        return one.register, lambda: two.register(number=number)

    for answers in races(world, fresh):
        assert said(answers) == [(202, ""), (409, "identity_taken")]


@pytest.mark.requirement("JN-17")
def test_of_two_edits_of_one_version_one_counts(world: World) -> None:
    def fresh() -> tuple[Send, Send]:
        person = world.person()
        person.register().expect(202)
        return (
            lambda: person.register(1, name=person.name + "一"),
            lambda: person.register(1, name=person.name + "二"),
        )

    for answers in races(world, fresh):
        assert said(answers) == [(202, ""), (409, "version_conflict")]


@pytest.mark.requirement("JN-16")
def test_a_code_opens_one_session(world: World) -> None:
    serials = iter(range(300, 400))

    def fresh() -> tuple[Send, Send]:
        serial = next(serials)
        person = Person(world, f"+8613700{serial:06d}", "王小明", serial)
        person.ask_for_code().expect(202)
        code = person.code
        return (lambda: person.enter_code(code),) * 2

    for answers in races(world, fresh):
        assert said(answers) == [(201, "")] * 2  # a retry gets the session of the first
        (person_id,) = {answer.json["person_id"] for answer in answers}
        assert len(world.container.people.load(person_id).sessions) == 1


@pytest.mark.requirement("JN-16")
def test_two_first_logins_of_a_phone_are_one_person(world: World) -> None:
    """The second one has a code of its own: the first was slow, and another was sent."""
    serials = iter(range(300, 400))

    def fresh() -> tuple[Send, Send]:
        serial = next(serials)
        person = Person(world, f"+8613600{serial:06d}", "王小明", serial)
        person.ask_for_code().expect(202)
        code = person.code

        def second() -> HttpReply:
            world.clock.pass_(minutes=1)
            person.ask_for_code().expect(202)
            return person.enter_code(person.code)

        return lambda: person.enter_code(code), second

    both = [answers for answers in races(world, fresh) if said(answers) == [(201, "")] * 2]
    assert both, "never were both logged in"
    for answers in both:
        assert len({answer.json["person_id"] for answer in answers}) == 1
        for answer in answers:
            world.call("GET", "/v1/me", token=answer.json["access_token"]).expect(200)


def test_a_session_is_refreshed_once(world: World) -> None:
    person = world.person()
    token = person.refresh_token
    answers: list[HttpReply] = []
    world.wire.interrupt(1, lambda: answers.append(person.refresh()))
    answers.append(person.refresh())
    world.wire.heal()
    assert said(answers) == [(200, "")] * 2  # a retry gets the session of the first
    assert person.refresh_token == token
    (session,) = world.container.people.load(person.person_id).sessions.values()
    assert session.serial == 2


def test_a_right_that_waits_is_claimed_once(world: World) -> None:
    """Two logins claim it; between them it is claimed and taken away: it does not come back."""
    chief = world.administrator()
    staff = f"/v1/venues/{chief.venue['venue_id']}/staff"
    serials = iter(range(300, 400))
    at, raced = 0, True
    while raced:
        at += 1
        serial = next(serials)
        guard = Person(world, f"+8613500{serial:06d}", "司徒丁丁", serial)
        entry = {"by": "phone", "name": guard.name, "phone": guard.phone}
        chief.post(staff, entry).expect(202)
        guard.log_in()
        guard.register().expect(202)
        world.work()
        world.clock.pass_(minutes=1)
        guard.ask_for_code().expect(202)
        code = guard.code
        taken: list[int] = []

        def claim_and_lose(guard: Person = guard, taken: list[int] = taken) -> None:
            world.clock.pass_(minutes=1)
            guard.log_in()
            taken.append(len(guard.get("/v1/bindings").expect(200)["items"]))
            chief.post(f"{staff}/{guard.person_id}/remove").expect(200)

        raced = between(world, at, partial(guard.enter_code, code), claim_and_lose)
        if taken == [1]:
            assert guard.get("/v1/bindings").expect(200)["items"] == []
        chief.keep(chief.refresh().expect(200))
    assert at > 5


@pytest.mark.requirement("JN-8")
def test_a_pass_is_used_by_one_of_two_inspectors(world: World) -> None:
    chief, visitor = world.administrator(), world.visitor()
    guard = world.inspector(chief)
    path = f"/v1/venues/{chief.venue['venue_id']}/scans"

    def fresh() -> tuple[Send, Send]:
        world.clock.pass_(minutes=1)  # the next pass is another
        code = visitor.get("/v1/me/pass").expect(200)["code"]
        first, second = ({"nonce": world.nonce(), "pass_code": code} for _ in range(2))
        return lambda: chief.post(path, first), lambda: guard.post(path, second)

    for answers in races(world, fresh):
        assert said(answers) == [(201, ""), (409, "pass_used")]
    world.work()
    assert chief.figures() == world.recount(chief.venue)


@pytest.mark.requirement("XC-13")
def test_a_travel_cards_code_is_exchanged_once(world: World) -> None:
    visitor = world.visitor()

    def fresh() -> tuple[Send, Send]:
        world.clock.pass_(hours=24)
        visitor.log_in()
        visitor.ask_for_card()
        code = world.cards.codes[visitor.phone]
        world.secrets.add(code)
        world.cards.asked.clear()
        return (lambda: visitor.enter_card(code=code),) * 2

    for answers in races(world, fresh):
        assert said(answers) == [(200, "")] * 2
        assert answers[0].json == answers[1].json
        assert len(set(world.cards.asked)) == 1, "the carrier knows the second one again"


# --- Workers


def between(world: World, at: int, first: Callable[[], Any], second: Callable[[], Any]) -> bool:
    """Run `first`, and `second` just before its `at`-th call; whether there is such a call."""
    world.wire.interrupt(at, second)
    first()
    return world.wire.heal() >= at


def scanned(world: World, administrator: Person, visitor: Person) -> Any:
    """A new scan of a visitor whose evidence is all stale."""
    world.clock.pass_(minutes=61)
    for person in (visitor, administrator):
        person.keep(person.refresh().expect(200))
    scan = visitor.scan(administrator.venue).expect(201)
    assert scan["outcome"] == "pending"
    return scan


def only(world: World, visitor: Person, provider: str) -> None:
    """Let one of the two required providers answer, the other one fail."""
    answers: dict[str, Reply] = {
        "health_code": Answer("green", world.hours_ago(1)),
        "nucleic_acid": Answer("negative", world.hours_ago(1)),
    }
    down = ProviderFault("down")
    world.say(visitor, **{name: one if name == provider else down for name, one in answers.items()})


@pytest.mark.requirement("JN-11")
def test_two_answers_about_one_scan_both_count(world: World) -> None:
    """SQS delivers a message to two workers, and each gets the answer of another provider."""
    administrator, visitor = world.administrator(), world.visitor()
    at, raced = 0, True
    while raced:
        at += 1
        scan = scanned(world, administrator, visitor)
        world.run_stream()
        event = support.event(world.lookups.receive())

        def other(event: Any = event) -> None:
            only(world, visitor, "nucleic_acid")
            world.lookups.worker(event, None)
            only(world, visitor, "health_code")

        only(world, visitor, "health_code")
        raced = between(world, at, partial(world.lookups.worker, event, None), other)
        if raced:
            assert visitor.screen(scan["scan_id"])["outcome"] == "admit"
        world.lookups.purge()
        world.lookup_queue.later.clear()
    assert at > 4


@pytest.mark.requirement("JN-11")
def test_a_worker_that_judged_by_less_does_not_have_the_last_word(world: World) -> None:
    """One has read the person before the other's answer came, and writes while that one judges."""
    administrator, visitor = world.administrator(), world.visitor()
    scan = scanned(world, administrator, visitor)
    world.run_stream()
    event = support.event(world.lookups.receive())
    change = 4  # query, update of the answers, get of the scan, and this
    about_to_write, write = Event(), Event()

    def hold() -> None:
        assert world.wire.calls[-1] == "PutItem"
        about_to_write.set()
        assert write.wait(10)

    only(world, visitor, "health_code")
    world.wire.interrupt(change, hold)
    slow = Thread(target=world.lookups.worker, args=(event, None))
    slow.start()
    assert about_to_write.wait(10)
    only(world, visitor, "nucleic_acid")

    def release() -> None:
        assert world.wire.calls[-1] == "PutItem"
        write.set()
        slow.join(10)

    world.wire.interrupt(change, release)
    assert world.lookups.worker(event, None) == {"batchItemFailures": []}
    assert visitor.screen(scan["scan_id"])["outcome"] == "admit"


@pytest.mark.requirement("JN-11")
def test_an_answer_at_the_end_of_the_wait_decides_or_comes_too_late(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    at, raced, seen = 0, True, set()
    while raced:
        at += 1
        scan = scanned(world, administrator, visitor)
        world.run_stream()
        records = world.lookups.receive()
        settle = Settle(scan["scan_id"], "c")

        def end(settle: Settle = settle) -> None:
            world.lookup_queue.send(settle)
            world.settles.run()

        raced = between(
            world,
            at,
            partial(world.lookups.worker, support.event(records), None),
            end,
        )
        screen = visitor.screen(scan["scan_id"])
        seen.add(screen["outcome"])
        assert screen["poll_after_ms"] is None
        world.run_stream()
        day = world.clock.at.date()
        assert administrator.figures(str(day)) == world.recount(administrator.venue, day)
        world.lookups.purge()
    assert seen == {"admit", "check"}


def test_a_batch_that_two_workers_have_counts_once(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    at, raced = 0, True
    while raced:
        at += 1
        scanned(world, administrator, visitor)
        records = world.records(world.streamed)
        raced = between(
            world,
            at,
            partial(world.deliver, records),
            partial(world.deliver, records),
        )
        world.run_stream()
        day = world.clock.at.date()
        assert administrator.figures(str(day)) == world.recount(administrator.venue, day)
        world.lookups.purge()
    assert at > 3


def test_a_poster_that_two_workers_draw_is_ready(world: World) -> None:
    chief = world.administrator()
    path = f"/v1/venues/{chief.venue['venue_id']}/posters"
    at, raced = 0, True
    while raced:
        at += 1
        world.clock.pass_(hours=24 * 30)  # the former one is forgotten
        chief.log_in()
        poster = chief.post(path, {"form": "qr_svg"}).expect(202)
        world.run_stream()
        event = support.event(world.renders.receive())
        draw = partial(world.renders.worker, event, None)
        raced = between(world, at, draw, draw)
        shown = chief.get(f"{path}/{poster['poster_id']}").expect(200)
        assert shown["status"] == "ready"
        assert len(world.stored()) == 1
        world.renders.purge()
    assert at > 3
