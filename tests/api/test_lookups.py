"""The providers are asked from the queue: whatever they do, a scan comes to a true end (JN-11)."""

import itertools
import json
from typing import Any

import pytest

from chalicelib.admission.lookup_requests import Settle
from chalicelib.core.logs import correlation
from chalicelib.identity.providers import Absent, Answer, Pending, ProviderFault, Subject
from tests import support
from tests.api.driver import HEALTH, IDENTITY, TEST, Interrupted, Person, World, codes

FAULT = ProviderFault("refused")


@pytest.fixture
def venue(world: World, visitor: Person) -> dict[str, Any]:
    """The venue; its administrator is asked for the figures."""
    administrator = world.administrator()
    assert administrator is not visitor
    return administrator.venue


def outcome(person: Person, scan: dict[str, Any]) -> tuple[str, list[str]]:
    screen = person.screen(scan["scan_id"])
    return screen["outcome"], codes(screen["reasons"])


ADMITTED = ("admit", ["health_code_green", "nucleic_acid_recent"])


def waiting(world: World) -> list[dict[str, Any]]:
    """Run the stream, and take the messages that it has sent out of the queue."""
    world.run_stream()
    return world.lookups.receive()


@pytest.mark.requirement("JN-11")
def test_one_message_asks_all_providers_and_twice_it_asks_nobody(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    scan = visitor.scan(venue).expect(201)
    (message,) = waiting(world)
    assert json.loads(message["body"])["providers"] == [
        "health_code",
        "nucleic_acid",
        "vaccination",
    ]
    assert world.notes() == [scan["scan_id"]]
    for _ in range(2):
        response = world.lookups.worker(support.event([message]), None)
        assert response == {"batchItemFailures": []}
        assert outcome(visitor, scan) == ADMITTED
    asked = len(world.providers[HEALTH].asked), len(world.providers[TEST].asked)
    assert asked == (1, 1), "a message that comes twice asks nobody twice"
    assert world.notes() == []


@pytest.mark.requirement("JN-11")
def test_two_answers_at_the_same_moment_both_count(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    """Two workers change one scan: while the one waits for its provider, the other is done."""
    world.say(visitor, nucleic_acid=FAULT, vaccination=FAULT)
    scan = visitor.scan(venue).expect(201)
    (first,) = waiting(world)
    world.say(visitor, nucleic_acid=Answer("negative", world.hours_ago(1)))
    done: list[dict[str, Any]] = []

    def once() -> None:
        if not done:
            done.append(first)
            world.lookups.worker(support.event(done), None)

    world.replace(
        provider=lambda name: (
            Interrupted(world.provider(name), once) if name == HEALTH else world.provider(name)
        )
    )
    world.lookups.worker(support.event([first]), None)
    assert outcome(visitor, scan) == ADMITTED


@pytest.mark.requirement("JN-11")
def test_an_answer_after_the_end_of_the_wait_changes_that_scan_no_more(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    scan = visitor.scan(venue).expect(201)
    late = waiting(world)
    world.clock.pass_(seconds=15)
    world.work()
    assert outcome(visitor, scan) == ("check", ["health_code_unknown"])
    assert world.notes() == []
    response = world.lookups.worker(support.event(late), None)
    assert response == {"batchItemFailures": []}
    assert outcome(visitor, scan) == ("check", ["health_code_unknown"])
    # It serves the next one.
    assert visitor.scan(venue).expect(201)["outcome"] == "admit"


def test_the_end_of_the_wait_leaves_an_answered_scan_alone(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    scan = visitor.scan(venue).expect(201)
    world.work()
    world.say(visitor, health_code=Answer("red"))
    world.clock.pass_(minutes=5)
    world.work()
    assert outcome(visitor, scan) == ADMITTED


def test_the_end_of_the_wait_may_come_twice_and_early(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    world.say(visitor, health_code=FAULT, nucleic_acid=FAULT)
    scan = visitor.scan(venue).expect(201)
    world.run_stream()
    world.lookups.purge()
    for _ in range(2):
        world.lookup_queue.send(Settle(scan["scan_id"], "c0ffee00"))
        world.work()
        assert outcome(visitor, scan) == ("check", ["health_code_unknown"])


@pytest.mark.requirement("JN-11")
def test_a_provider_that_needs_time_is_asked_again(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    world.say(visitor, health_code=Pending(2000))
    scan = visitor.scan(venue).expect(201)
    world.work()
    assert outcome(visitor, scan) == ("pending", ["health_code_pending"])
    world.say(visitor, health_code=Absent())
    world.clock.pass_(seconds=2)
    world.work()
    assert outcome(visitor, scan) == ("check", ["health_code_absent"])
    first, second = world.providers[HEALTH].asked
    assert first == second, "the same request id for every try of one lookup"


@pytest.mark.requirement("JN-11")
def test_a_provider_that_refuses_or_hangs_is_tried_again_and_recovers(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    world.say(visitor, health_code=ProviderFault(f"{visitor.name}: {visitor.number}"))
    scan = visitor.scan(venue).expect(201)
    world.work()
    assert outcome(visitor, scan) == ("pending", ["health_code_pending"])
    assert len(world.providers[TEST].asked) == 1
    world.say(visitor, health_code=Answer("green"))
    world.clock.pass_(seconds=2)
    world.work()
    assert outcome(visitor, scan) == ADMITTED
    assert len(world.providers[TEST].asked) == 1, "what was answered is not asked again"


@pytest.mark.requirement("JN-11")
def test_a_provider_that_stays_dead_stops_nobody_and_leaves_no_dead_letter(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    world.say(visitor, health_code=FAULT)
    scan = visitor.scan(venue).expect(201)
    for _ in range(60):
        world.work()
        world.clock.pass_(seconds=1)
    assert outcome(visitor, scan) == ("check", ["health_code_unknown"])
    assert len(world.providers[HEALTH].asked) == 3, "at once, after 2 s and after 7 s"
    assert world.lookups.dead() == world.settles.dead() == []
    assert world.notes() == []
    # The next scan asks again, and a living provider answers it.
    world.say(visitor, health_code=Answer("green"))
    scan = visitor.scan(venue).expect(201)
    world.work()
    assert outcome(visitor, scan) == ADMITTED


POISON = [
    "",
    "not json",
    "[]",
    "{}",
    '{"v":2,"kind":"lookup"}',
    '{"v":3,"kind":"settle","scan":"scn_x","correlation":"c"}',
    '{"v":1,"kind":"erase","correlation":"c"}',
    '{"v":1,"kind":"lookup","provider":"horoscope","person":"per_0000000000000000",'
    '"asked_at":0,"registration":0,"correlation":"c"}',
    '{"v":1,"kind":"lookup","provider":"travel_card","person":"per_0000000000000000",'
    '"asked_at":0,"registration":0,"correlation":"c"}',
    '{"v":1,"kind":"lookup","provider":"identity","person":"per_\' OR 1=1",'
    '"asked_at":0,"registration":0,"correlation":"c"}',
    '{"v":1,"kind":"settle","scan":"scn_x","correlation":"c"}',
    '{"v":1,"kind":"settle","scan":"scn_x","correlation":"c"},"more":{}',
]


def test_a_poison_message_fails_alone(world: World, visitor: Person, venue: dict[str, Any]) -> None:
    other = world.visitor()
    scans = [person.scan(venue).expect(201) for person in (visitor, other)]
    good = waiting(world)
    records = [
        record | {"messageId": f"{place}", "body": body}
        for place, (record, body) in enumerate(zip(itertools.repeat(good[0]), POISON, strict=False))
    ]
    batch = [records[0], good[0], *records[1:5], good[1], *records[5:]]
    response = world.lookups.worker(support.event(batch), None)
    failed = [failure["itemIdentifier"] for failure in response["batchItemFailures"]]
    assert failed == [record["messageId"] for record in records]
    for person, scan in zip((visitor, other), scans, strict=True):
        assert outcome(person, scan) == ADMITTED


def test_poison_ends_in_the_dead_letters_as_it_came(world: World) -> None:
    world.lookups.send(POISON[1])
    world.settles.send(POISON[1])
    world.renders.send(POISON[1])
    for queue in (world.lookups, world.settles, world.renders):
        for _ in range(6):
            queue.run()
        assert queue.dead() == [POISON[1]]


@pytest.mark.parametrize(
    "message",
    [
        '{"v":1,"kind":"lookup","provider":"identity","person":"per_0000000000000000",'
        '"asked_at":0,"registration":1,"correlation":"c"}',
        '{"v":1,"kind":"settle","scan":"scn_0000000000000000_000000000000_0000000000000000",'
        '"correlation":"c"}',
    ],
)
def test_a_message_about_what_is_gone_is_done(world: World, message: str) -> None:
    world.lookups.send(message)
    assert world.lookups.run() == 1


def test_an_older_answer_never_replaces_a_newer_one(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    """A worker that slept through its provider's answer wakes up after another has been saved."""
    scan = visitor.scan(venue).expect(201)
    (message,) = waiting(world)
    sleeper = Interrupted(world.provider(HEALTH), lambda: None)

    def meanwhile() -> None:
        sleeper.meanwhile = lambda: None
        world.clock.pass_(minutes=11)
        world.say(visitor, health_code=Answer("red"))
        visitor.scan(venue).expect(201)
        world.replace()
        world.work()
        world.clock.pass_(minutes=-11)

    sleeper.meanwhile = meanwhile
    world.replace(
        provider=lambda name: sleeper if name == HEALTH else world.provider(name),
    )
    world.lookups.worker(support.event([message]), None)
    world.clock.pass_(minutes=11)
    assert visitor.scan(venue).expect(201)["outcome"] == "refuse"
    assert outcome(visitor, scan)[0] in ("check", "refuse"), "its wait was over by then"


def test_whoever_edits_their_number_is_asked_about_anew(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    """What was said of a number is not said of the next one."""
    visitor.scan(venue).expect(201)
    world.work()
    other = support.resident_id(900)
    world.providers[HEALTH].answers[other] = Answer("red")
    visitor.register(1, number=other).expect(202)
    scan = visitor.scan(venue).expect(201)
    assert outcome(visitor, scan)[0] == "pending"
    world.work()
    assert outcome(visitor, scan) == ("refuse", ["health_code_red"])


def test_a_fault_in_one_answer_does_not_hold_up_the_rest_of_a_batch(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    other = world.visitor(health_code=FAULT, nucleic_acid=FAULT)
    visitor.scan(venue).expect(201)
    bad = other.scan(venue).expect(201)
    good = visitor.scan(venue).expect(201)
    world.work()
    assert outcome(visitor, good) == ADMITTED
    assert outcome(other, bad)[0] == "pending"


def test_the_correlation_id_goes_from_the_request_to_the_provider(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    heard = []

    class Listening:
        def lookup(self, subject: Subject, *, request_id: str) -> Answer:
            heard.append((subject.name, correlation.get(), request_id))
            return Answer("green")

    world.replace(provider=lambda _: Listening())
    body = {"nonce": world.nonce(), "code": venue["code_url"]}
    headers = {"X-Correlation-Id": "7f1c2f0a-gate-3"}
    answer = visitor.post("/v1/scans", body, headers=headers)
    assert answer.headers["x-correlation-id"] == "7f1c2f0a-gate-3"
    world.work()
    assert [(name, told) for name, told, _ in heard] == [(visitor.name, "7f1c2f0a-gate-3")] * 3
    lines = [json.loads(line) for line in world.log.getvalue().splitlines()]
    events = [line["event"] for line in lines if line["correlation"] == "7f1c2f0a-gate-3"]
    assert events[:2] == ["request", "dispatched"]
    assert events[-1] == "message"
    assert set(events) == {"request", "dispatched", "message"}


@pytest.mark.parametrize("given", ["short", "x" * 65, "a b c d e f g", "ünïcödé-", "<script>"])
def test_a_correlation_id_of_another_form_is_not_taken_over(world: World, given: str) -> None:
    answer = world.call("GET", "/v1/status", headers={"X-Correlation-Id": given})
    assert answer.headers["x-correlation-id"] != given


def test_messages_hold_ids_and_nothing_else(
    world: World, visitor: Person, venue: dict[str, Any]
) -> None:
    world.person().register().expect(202)
    visitor.scan(venue).expect(201)
    world.work()
    scan = visitor.scan(venue).expect(201)
    world.lookup_queue.send(Settle(scan["scan_id"], "c0ffee00"))
    world.work()
    bodies = [json.loads(body) for body in world.lookups.bodies + world.settles.bodies]
    assert {body["kind"] for body in bodies} == {"lookup", "settle"}
    ids = {"v", "kind", "correlation"}
    fields = {
        "lookup": ids | {"providers", "person", "asked_at", "registration", "attempt", "afresh"},
        "settle": ids | {"scan"},
    }
    assert all(body.keys() == fields[body["kind"]] for body in bodies)
    assert {(body["kind"], body["v"]) for body in bodies} == {("lookup", 2), ("settle", 1)}
    assert [IDENTITY] in [body.get("providers") for body in bodies]
