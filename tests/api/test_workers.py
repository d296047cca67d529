"""The workers as Lambda invokes them: raw events, faults between, nothing lost or doubled."""

import copy
import json

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.workers.counts import counts
from chalicelib.workers.stream import stream
from tests import support
from tests.api.driver import HEALTH, Person, World
from tests.api.test_faults import THROTTLED

EVENTS = sorted(path.name for path in (support.ROOT / "tests" / "events").glob("*.json"))


def ids_of(visitor: Person, scan_id: str) -> dict[str, str]:
    """What the ids of the raw events stand for in a test."""
    _, venue, _, digest = scan_id.split("_")
    return {
        "0123456789VENVEN": venue,
        "0123456789SCANS0": digest,
        "per_0123456789V1S1T0": visitor.person_id,
    }


@pytest.mark.parametrize("name", EVENTS)
def test_the_records_of_a_raw_event_have_ids_of_their_own(name: str) -> None:
    records = support.raw_event(name).get("Records", [])  # a schedule's event has none
    ids = [record.get("messageId") or record["eventID"] for record in records]
    assert len(set(ids)) == len(ids)


def test_a_raw_batch_of_the_stream_sets_all_in_motion_and_counts(world: World) -> None:
    """A newcomer registers, a visitor scans and is admitted, a poster is asked for, one expires."""
    administrator, visitor = world.administrator(), world.visitor()
    scan = visitor.scan(administrator.venue).expect(201)
    newcomer = world.person()
    world.streamed = world.records()[-1]["dynamodb"]["SequenceNumber"]
    event = support.raw_event(
        "table_stream.json",
        ids_of(visitor, scan["scan_id"]) | {"per_0123456789NEWC0M": newcomer.person_id},
    )
    untouched = copy.deepcopy(event)
    assert stream(event, None) == {"batchItemFailures": []}
    assert event == untouched
    assert counts(event, None) == {"batchItemFailures": []}
    assert event == untouched

    asked = [json.loads(record["body"]) for record in world.lookups.receive()]
    assert [(one["providers"], one["person"], one["registration"]) for one in asked] == [
        (["identity"], newcomer.person_id, 1),
        (["health_code", "nucleic_acid"], visitor.person_id, 0),
    ]
    assert world.lookup_queue.later == [], "the question ends the wait"
    (drawn,) = [json.loads(record["body"]) for record in world.renders.receive()]
    assert (drawn["venue"], drawn["poster"]) == (
        administrator.venue["venue_id"],
        "0123456789P0STER",
    )
    correlation = "3f0e7d52-6c58-4b8e-9c3e-5f6f0f7f4c11"
    assert {one["correlation"] for one in [*asked, drawn]} == {correlation}
    figures = {"checked": 1, "passed": 1, "abnormal": 0, "pending": 0}
    assert administrator.figures() == figures

    # Delivered again, whole and in parts, it counts nothing twice.
    records = event["Records"]
    for part in (records, records[:5], records[4:], records[-1:]):
        assert stream({"Records": part}, None) == {"batchItemFailures": []}
        assert counts({"Records": part}, None) == {"batchItemFailures": []}
    assert administrator.figures() == figures


def test_a_raw_batch_of_lookups_answers_what_it_can_read(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    scan = visitor.scan(administrator.venue).expect(201)
    world.run_stream()
    event = support.raw_event("lookups_queue.json", ids_of(visitor, scan["scan_id"]))
    poison = event["Records"][3]["messageId"]
    response = world.lookups.worker(event, None)
    assert response == {"batchItemFailures": [{"itemIdentifier": poison}]}
    assert visitor.screen(scan["scan_id"])["outcome"] == "admit"


def test_a_raw_batch_of_renders_draws_once_what_it_can_read(world: World) -> None:
    administrator = world.administrator()
    path = f"/v1/venues/{administrator.venue['venue_id']}/posters"
    poster = administrator.post(path, {"form": "qr_svg"}).expect(202)
    event = support.raw_event(
        "renders_queue.json",
        {
            "ven_0123456789VENVEN": administrator.venue["venue_id"],
            "0123456789P0STER": poster["poster_id"],
        },
    )
    unknown = event["Records"][1]["messageId"]
    response = world.renders.worker(event, None)
    assert response == {"batchItemFailures": [{"itemIdentifier": unknown}]}
    shown = administrator.get(f"{path}/{poster['poster_id']}").expect(200)
    assert shown["status"] == "ready"
    results = [json.loads(line).get("result") for line in world.log.getvalue().splitlines()]
    assert results[-4:-1] == ["ready", None, "nothing to draw"]


def test_a_record_that_cannot_be_read_holds_up_what_follows_and_nothing_before(
    world: World,
) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    world.run_stream()
    for _ in range(3):
        visitor.scan(administrator.venue).expect(201)
    records = world.records(world.streamed)
    broken = copy.deepcopy(records)
    broken[1]["dynamodb"]["NewImage"]["oc"] = {"S": "perhaps"}
    assert world.deliver(broken) == 1
    assert administrator.figures()["checked"] == 1
    assert world.deliver(broken[1:]) == 0
    assert world.deliver(records[1:]) == 2
    assert administrator.figures()["checked"] == 3


def test_a_queue_that_refuses_loses_nothing(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    world.run_stream()
    world.lookup_queue.fault = Unavailable()
    person = world.person()
    person.register().expect(202)
    scan = visitor.scan(administrator.venue).expect(201)
    waiting = len(world.records(world.streamed))
    assert world.run_stream() < waiting
    assert administrator.figures()["checked"] == 1, "the queue has nothing to do with counting"
    assert visitor.screen(scan["scan_id"])["outcome"] == "pending"
    world.lookup_queue.fault = None
    world.work()
    assert person.registration()["verification"] == "verified"
    assert visitor.screen(scan["scan_id"])["outcome"] == "admit"
    assert administrator.figures() == {"checked": 1, "passed": 1, "abnormal": 0, "pending": 0}


def test_a_worker_that_is_killed_after_its_provider_answered_asks_again(world: World) -> None:
    """SQS delivers the message again when the visibility timeout is over; nothing was deleted."""
    administrator, visitor = world.administrator(), world.visitor()
    scan = visitor.scan(administrator.venue).expect(201)
    world.run_stream()
    records = world.lookups.receive()
    world.wire.fail(THROTTLED, 2)  # the query is made, the answer is fetched, the put is not
    world.lookups.worker(support.event(records[:1]), None)
    world.wire.heal()
    assert len(world.providers[HEALTH].asked) == 1
    assert world.lookups.worker(support.event(records), None) == {"batchItemFailures": []}
    first, second = world.providers[HEALTH].asked
    assert first == second
    assert visitor.screen(scan["scan_id"])["outcome"] == "admit"
