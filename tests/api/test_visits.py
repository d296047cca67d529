"""A person's visits and temperatures, as they and their guardians see them."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import keys
from chalicelib.core.keys import Key
from chalicelib.identity.providers import Answer
from tests import support
from tests.api.driver import Person, World
from tests.api.scenes_records import base


def visits(person: Person, path: str = "/v1/me", query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = person.get(f"{path}/visits{query}").expect(200)
    return found


def scanned_by_staff(chief: Person, visitor: Person, temperature: str | None = None) -> str:
    """Have the venue's staff scan the visitor's pass; return the scan's id."""
    body = {
        "nonce": chief.world.nonce(),
        "pass_code": visitor.get("/v1/me/pass").expect(200)["code"],
        "temperature": temperature,
    }
    path = f"/v1/venues/{chief.venue['venue_id']}/scans"
    return str(chief.post(path, body).expect(201)["scan_id"])


def on_behalf(guardian: Person, dependant: Person, venue: dict[str, Any]) -> str:
    body = {
        "nonce": guardian.world.nonce(),
        "code": venue["code_url"],
        "on_behalf_of": dependant.person_id,
    }
    return str(guardian.post("/v1/scans", body).expect(201)["scan_id"])


@pytest.mark.requirement("YK-37", "GO-7")
def test_visits_are_listed_newest_first(world: World) -> None:
    first, second = world.administrator(), world.administrator()
    person = world.visitor()
    own = person.scan(first.venue).expect(201)["scan_id"]
    world.work()
    world.clock.pass_(minutes=1)
    staff = scanned_by_staff(second, person, "fever")
    world.work()
    listed = visits(person)
    assert listed["next_cursor"] is None
    newest, oldest = listed["items"]
    assert (newest["scan_id"], oldest["scan_id"]) == (staff, own)
    assert oldest == {
        "scan_id": own,
        "visited_at": "2026-11-22T04:00:00.000Z",
        "venue_id": first.venue["venue_id"],
        "venue_name": first.venue["name"],
        "checkpoint": None,
        "direction": "entry",
        "means": "visitor",
        "outcome": "admit",
        "outcome_text": "Please come in",
        "temperature": None,
        "guardian": None,
    }
    assert (newest["means"], newest["outcome"], newest["temperature"]) == (
        "staff", "check", "fever",
    )  # fmt: skip
    assert newest["venue_name"] == second.venue["name"]
    assert visits(world.visitor())["items"] == []


def test_a_page_costs_one_query_and_one_batch(world: World) -> None:
    chief, person = world.administrator(), world.visitor()
    for _ in range(3):
        person.scan(chief.venue).expect(201)
        world.clock.pass_(seconds=1)
    visits(person)  # reads the venue
    world.wire.calls.clear()
    page = visits(person, query="?limit=2")
    assert world.wire.calls == ["Query", "Query", "BatchGetItem"], "the first is the session's"
    assert len(page["items"]) == 2
    rest = visits(person, query=f"?limit=2&cursor={page['next_cursor']}")
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)


@pytest.mark.requirement("YK-37", "JN-30")
def test_who_scanned_on_whose_behalf_is_seen_by_both(world: World) -> None:
    chief, dependant = world.administrator(), world.visitor()
    guardian = world.guardian(dependant)
    scan = on_behalf(guardian, dependant, chief.venue)
    world.clock.pass_(seconds=1)
    own = guardian.scan(chief.venue).expect(201)["scan_id"]
    world.work()
    (mine,) = visits(dependant)["items"]
    assert (mine["scan_id"], mine["guardian"]) == (scan, {"name": f"{guardian.name[0]}**"})
    assert visits(guardian, base(dependant))["items"] == [mine]
    assert [one["scan_id"] for one in visits(guardian)["items"]] == [own]


def test_a_guardian_whose_link_has_ended_sees_nothing(world: World) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant, until=world.clock.at + timedelta(minutes=1))
    on_behalf(guardian, dependant, world.administrator().venue)
    world.clock.pass_(minutes=1)
    guardian.get(f"{base(dependant)}/visits").expect(403, "not_your_dependant")
    assert visits(guardian)["items"] == []
    assert len(visits(dependant)["items"]) == 1


@pytest.mark.requirement("YK-37")
def test_a_persons_manual_check_appears_after_two_seconds(world: World) -> None:
    chief, person = world.administrator(), world.visitor()
    body = {
        "nonce": world.nonce(),
        "name": person.name,
        "document_type": "resident_id",
        "document_number": person.number,
        "temperature": "normal",
    }
    path = f"/v1/venues/{chief.venue['venue_id']}/manual-checks"
    chief.post(path, body).expect(202)
    world.work()
    assert visits(person)["items"] == []
    world.clock.pass_(seconds=2)
    (shown,) = visits(person)["items"]
    assert (shown["means"], shown["temperature"]) == ("manual", "normal")
    (measured,) = person.get("/v1/me/temperatures").expect(200)["items"]
    assert measured["scan_id"] == shown["scan_id"]


def test_erased_and_expired_scans_do_not_break_the_list(world: World) -> None:
    chief, person = world.administrator(), world.visitor()
    ids = []
    for _ in range(4):
        ids.append(person.scan(chief.venue).expect(201)["scan_id"])
        world.clock.pass_(seconds=1)
    scans = [item for item in world.items() if "g1pk" in item]
    places = {item["sk"]["S"][-16:]: Key(item["pk"]["S"], item["sk"]["S"]) for item in scans}
    expired, erased = places[ids[1][-16:]], places[ids[2][-16:]]
    world.table.delete(expired)
    page = visits(person, query="?limit=3")
    assert [one["scan_id"] for one in page["items"]] == [ids[3], ids[2], ids[0]]
    # The scan keeps venue, time and outcome, and loses the person.
    keys_of = {name: {"S": value} for name, value in zip(("pk", "sk"), erased, strict=True)}

    def erase() -> None:
        support.client("dynamodb").update_item(
            TableName=world.name, Key=keys_of, UpdateExpression="REMOVE g1pk, g1sk"
        )

    world.wire.interrupt(3, erase)  # between the Query of the index and the BatchGetItem
    assert [one["scan_id"] for one in visits(person)["items"]] == [ids[3], ids[0]]
    world.wire.heal()
    assert [one["scan_id"] for one in visits(person)["items"]] == [ids[3], ids[0]]


@pytest.mark.requirement("YK-37")
def test_temperatures_are_those_that_were_measured(world: World) -> None:
    chief, person = world.administrator(), world.visitor()
    guardian = world.guardian(person)
    measured: list[tuple[str, str]] = []
    for temperature in ("normal", None, "fever", None, "normal"):
        scan = scanned_by_staff(chief, person, temperature)
        if temperature:
            measured.insert(0, (scan, temperature))
        world.clock.pass_(minutes=2)
    for viewer, path in ((person, "/v1/me"), (guardian, base(person))):
        found, cursor = [], ""
        for _ in range(2):
            page = viewer.get(f"{path}/temperatures?limit=2{cursor}").expect(200)
            found += [(one["scan_id"], one["temperature"]) for one in page["items"]]
            cursor = f"&cursor={page['next_cursor']}"
        assert page["next_cursor"] is None
        assert found == measured
    assert page["items"][0]["venue_name"] == chief.venue["name"]


def test_a_long_history_without_temperatures_ends(world: World) -> None:
    """A page looks through a hundred visits, and says that there are more."""
    chief, person = world.administrator(), world.visitor()
    scanned_by_staff(chief, person, "normal")
    for _ in range(101):
        world.clock.pass_(seconds=1)
        person.scan(chief.venue).expect(201)
    first = person.get("/v1/me/temperatures").expect(200)
    assert first["items"] == []
    assert first["next_cursor"]
    rest = person.get(f"/v1/me/temperatures?cursor={first['next_cursor']}").expect(200)
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)


def test_a_pending_visit_says_so_and_a_cursor_is_ones_own(world: World) -> None:
    chief, person = world.administrator(), world.visitor(health_code=Answer("yellow"))
    for _ in range(2):
        person.scan(chief.venue).expect(201)
        world.clock.pass_(seconds=1)
    page = visits(person, query="?limit=1")
    assert page["items"][0]["outcome"] == "pending"
    world.work()
    assert visits(person)["items"][0]["outcome"] == "check"
    refused = world.visitor().get(f"/v1/me/visits?cursor={page['next_cursor']}")
    refused.expect(400, "invalid_input")
    assert refused.faults == {"cursor": "cursor"}


def test_visits_are_found_in_their_index_alone(world: World) -> None:
    """The index has keys only, so that a person's path is nowhere written twice."""
    chief, person = world.administrator(), world.visitor()
    person.scan(chief.venue).expect(201)
    span = ("0", "9~")
    index = keys.VISITS_INDEX
    (raw,) = world.table.query(keys.person(person.person_id), span, index=index)
    assert raw.keys() == {"pk", "sk", "g1pk", "g1sk"}
