"""A table that 0.2.0 wrote is served by the present code (tests/tables)."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.core import keys
from chalicelib.identity.providers import Answer
from chalicelib.venues.catalogue import type_name
from tests import support, tables
from tests.api.driver import Person, Standing, World
from tests.api.test_door import live_pass, scan
from tests.api.test_manual_checks import begin, look

RELEASE = "0.2.0"


@cache
def story() -> Any:
    """Who is in the table, and what 0.2.0 answered them."""
    return tables.cast(RELEASE)


@pytest.fixture
def old() -> Iterator[World]:
    """A deployment whose table 0.2.0 has written."""
    secrets = {one[name] for one in story()["people"].values() for name in ("phone", "name")}
    with mock_aws():
        items = tables.items(RELEASE)
        world = World(standing=Standing([], [], items, story()["ids"], secrets))
        client = support.client("dynamodb")
        # The stream goes on from where that of 0.2.0 was, above what its counters have seen.
        counted = max(int(item["sq"]["S"]) for item in items if "sq" in item)
        client.put_item(TableName=world.name, Item=items[0])
        while int(world.stream.last()) <= counted:
            client.put_item(TableName=world.name, Item=items[0])
        world.streamed = world.stream.last()
        world.clock.at = datetime.fromisoformat(story()["at"])
        yield world
        world.close()


def remembered(world: World, name: str) -> Person:
    """One of the people, with what their phone remembers."""
    known = story()["people"][name]
    person = Person(world, known["phone"], known["name"], known["serial"])
    for what, value in known.items():
        if what != "serial":
            setattr(person, what, value)
    return person


def someone(world: World, name: str) -> Person:
    """One of the people, who comes back with the tokens of then."""
    person = remembered(world, name)
    person.venue = story()["venue"]
    person.keep(person.refresh().expect(200))
    return person


def path(tail: str = "") -> str:
    return f"/v1/venues/{story()['venue']['venue_id']}{tail}"


def stored_rights(world: World, person: Person) -> set[str]:
    """The sort keys of the items that hold a person's rights."""
    span = ("HOT#RIGHT", "HOT#RIGHT~")
    return {raw["sk"]["S"] for raw in world.table.query(keys.person(person.person_id), span)}


@pytest.mark.parametrize("name", [*story()["people"]])
def test_everybody_s_session_goes_on(old: World, name: str) -> None:
    if name == "late":  # who was about to log in, by the code of then
        person = remembered(old, name)
        person.keep(person.enter_code(story()["late_code"]).expect(201))
    else:
        person = someone(old, name)
    me = person.get("/v1/me").expect(200)
    expected = {"wechat": "none", "late": "none", "rejected": "rejected"}.get(name, "verified")
    assert me["registration"]["verification"] == expected
    bindings = person.get("/v1/bindings").expect(200)["items"]
    roles = {
        "chief": "administrator", "known": "administrator",
        "guard": "inspector", "leaver": "inspector",
    }  # fmt: skip
    assert [one["role"] for one in bindings] == ([roles[name]] if name in roles else [])


def test_figures_and_lists_are_as_they_were(old: World) -> None:
    chief, guard, leaver = (someone(old, name) for name in ("chief", "guard", "leaver"))
    figures = story()["figures"]
    assert chief.get(path("/statistics")).expect(200) == figures["unit"]
    assert guard.get(path("/statistics?by=me")).expect(200) == figures["guard"]
    assert leaver.get(path("/statistics?by=me")).expect(200) == figures["leaver"]
    assert figures["guard"]["checked"] == 4
    abnormal = chief.get(path("/scans?outcome=abnormal&limit=50")).expect(200)["items"]
    assert [one["scan_id"] for one in abnormal] == story()["abnormal"]
    assert all("*" in one["person"]["name"] for one in abnormal)
    staff = chief.get(path("/staff")).expect(200)["items"]
    names = {story()["people"][who]["name"] for who in ("chief", "guard", "leaver", "known")}
    assert {one["name"] for one in staff} == names
    # The printed code's scheme is in lower case since (0115); scanners take both.
    told = story()["venue"]
    told["code_url"] = told["code_url"].replace("HTTPS", "https")
    # Names of regions are in the caller's language since (0193), times have one form (0196).
    told["created_at"] = told["created_at"].replace("Z", ".000Z")
    assert chief.get(path(), language="zh-Hans").expect(200) == told | {
        "type_name": type_name(told["type"], "zh-Hans")
    }
    for name, poster_id in story()["posters"].items():
        poster = chief.get(path(f"/posters/{poster_id}")).expect(200)
        assert poster["status"] == name
    assert chief.post(path("/fast-code")).expect(200)["code_url"]


def test_screens_and_checks_are_as_they_were(old: World) -> None:
    people = {name: someone(old, name) for name in ("green", "guard", "card", "slow")}
    scans, same = story()["scans"], ("outcome", "means", "person", "reasons", "temperature")
    for name, who in (("admitted", "green"), ("staff", "guard")):
        screen = people[who].screen(scans[name])
        assert {key: screen[key] for key in same} == {
            key: story()["screens"][name][key] for key in same
        }
    assert people["card"].screen(scans["carded"])["travel_card"]["state"] == "normal"
    checked = look(people["guard"], scans["shadow"]).expect(200)
    assert (checked["outcome"], checked["person"]["name"]) == ("admit", "李***")
    accesses = people["green"].get("/v1/me/accesses").expect(200)["items"]
    assert len(accesses) == 1
    # The one that waited is answered once its provider answers.
    assert people["slow"].screen(scans["pending"])["outcome"] == "pending"
    old.clock.pass_(seconds=15)
    slow = people["slow"]
    slow.keep(slow.refresh().expect(200))
    assert slow.scan(story()["venue"]).expect(201)["outcome"] == "pending"
    old.work()


def test_new_visits_are_counted_on_top(old: World) -> None:
    chief, guard, green = (someone(old, name) for name in ("chief", "guard", "green"))
    red = someone(old, "red")
    old.say(red, health_code=Answer("red", old.hours_ago(1)))
    before = story()["figures"]
    old.clock.pass_(seconds=5)
    assert scan(guard, live_pass(green), temperature="normal").expect(201)["outcome"] == "admit"
    assert scan(guard, live_pass(red)).expect(201)["outcome"] == "refuse"
    green.scan(story()["venue"]).expect(201)
    check_id = begin(guard, "李不在册", support.resident_id(902))
    old.work()
    old.clock.pass_(seconds=3)
    assert look(guard, check_id).expect(200)["outcome"] == "admit"
    old.work()
    unit = chief.get(path("/statistics")).expect(200)
    mine = guard.get(path("/statistics?by=me")).expect(200)
    assert unit["checked"] == before["unit"]["checked"] + 4
    assert unit["abnormal"] == before["unit"]["abnormal"] + 1
    assert mine["checked"] == before["guard"]["checked"] + 3
    assert mine["abnormal"] == before["guard"]["abnormal"] + 1
    assert old.recount(story()["venue"]) == {
        name: unit[name] for name in ("checked", "passed", "abnormal", "pending")
    }
    # Whatever is delivered again is counted already.
    old.lookups.purge()
    old.streamed = ""
    old.run_stream(batch=7)
    assert chief.get(path("/statistics")).expect(200) == unit
    assert guard.get(path("/statistics?by=me")).expect(200) == mine


def test_a_right_of_then_is_removed_and_given_again(old: World) -> None:
    chief, leaver, guard = (someone(old, name) for name in ("chief", "leaver", "guard"))
    assert stored_rights(old, leaver) == {f"HOT#RIGHT#{story()['venue']['venue_id']}"}
    chief.post(path(f"/staff/{leaver.person_id}/remove")).expect(200)
    leaver.get(path("/statistics")).expect(403, "not_your_venue")
    old.hire(leaver, chief)
    assert stored_rights(old, leaver) == {"HOT#RIGHTS"}
    leaver.get(path("/statistics")).expect(200)
    # Who joins again as inspector stays what they are; theirs is not touched.
    guard.get(path("/statistics")).expect(200)
    assert stored_rights(old, guard) == {f"HOT#RIGHT#{story()['venue']['venue_id']}"}


def test_what_waited_goes_on(old: World) -> None:
    chief = someone(old, "chief")
    poster = chief.post(path("/posters"), {"form": "a4_png"}).expect(202)
    old.work()
    assert chief.get(path(f"/posters/{poster['poster_id']}")).expect(200)["status"] == "ready"
    # The invited one logs in, and is who was invited.
    invited = Person(old, "+8613911112222", "周一一", 600)
    invited.log_in()
    invited.register().expect(202)
    old.say(invited, identity=Answer("match"))
    old.work()
    old.clock.pass_(minutes=1)  # a number is sent one code a minute
    invited.log_in()
    (binding,) = invited.get("/v1/bindings").expect(200)["items"]
    assert binding["role"] == "inspector"
    assert stored_rights(old, invited) == {"HOT#RIGHTS"}
