"""An optional location: asked with its purpose, kept as a cell, never shown to staff."""

import json
from typing import Any

import pytest

from tests.api.driver import Person, World

HERE = {"latitude": 22.354_71, "longitude": 110.947_12, "accuracy_m": 30}


def stored(world: World, scan_id: str) -> dict[str, Any]:
    digest = scan_id.rpartition("_")[2]
    (item,) = [one for one in world.items() if one["sk"]["S"].endswith(f"#{digest}")]
    return item


def scan(visitor: Person, venue: dict[str, Any], **body: Any) -> Any:
    sent = {"nonce": visitor.world.nonce(), "code": venue["code_url"], **body}
    return visitor.post("/v1/scans", sent)


@pytest.mark.requirement("JN-14", "JN-15")
def test_the_purpose_is_said_in_three_languages_before_it_is_asked_for(world: World) -> None:
    visitor = world.visitor()
    shown = {
        language: world.call("GET", "/v1/me", token=visitor.token, language=language)
        for language in ("zh-Hans", "zh-Hant", "en")
    }
    texts = {language: reply.expect(200)["location_purpose"] for language, reply in shown.items()}
    assert "5 公里" in texts["zh-Hans"]
    assert "5 公里" in texts["zh-Hant"]
    assert texts["zh-Hans"] != texts["zh-Hant"]
    assert "5 km" in texts["en"]
    world.clock.pass_(minutes=1)
    visitor.ask_for_code().expect(202)
    assert visitor.enter_code(visitor.code).expect(201)["location_purpose"] == texts["en"]


@pytest.mark.requirement("JN-15")
def test_a_location_leaves_a_cell_and_nothing_finer(world: World) -> None:
    chief, visitor = world.administrator(), world.visitor()
    screen = scan(visitor, chief.venue, location=HERE).expect(201)
    item = stored(world, screen["scan_id"])
    assert item["el"] == {"S": "l"}
    assert len(item["lc"]["S"]) == 5
    text = json.dumps(item)
    assert "22.35" not in text
    assert "110.94" not in text


@pytest.mark.requirement("JN-15")
@pytest.mark.parametrize(
    "body", [{}, {"location": None}, {"location": {**HERE, "accuracy_m": 5001}}]
)
def test_a_scan_needs_no_location(world: World, body: dict[str, Any]) -> None:
    chief, visitor = world.administrator(), world.visitor()
    screen = scan(visitor, chief.venue, **body).expect(201)
    assert not {"el", "lc"} & stored(world, screen["scan_id"]).keys()


def test_a_retry_may_have_moved(world: World) -> None:
    chief, visitor = world.administrator(), world.visitor()
    nonce = world.nonce()
    first = scan(visitor, chief.venue, nonce=nonce, location=HERE).expect(201)
    cell = stored(world, first["scan_id"])["lc"]
    for location in ({**HERE, "latitude": 24.0}, {**HERE, "accuracy_m": 9}, None):
        again = scan(visitor, chief.venue, nonce=nonce, location=location).expect(200)
        assert again["scan_id"] == first["scan_id"]
    assert stored(world, first["scan_id"])["lc"] == cell


def test_nobody_is_shown_the_location(world: World) -> None:
    chief, visitor = world.administrator(), world.visitor()
    screen = scan(visitor, chief.venue, location=HERE).expect(201)
    cell = stored(world, screen["scan_id"])["lc"]["S"]
    for person in (chief, visitor):
        shown = person.get(f"/v1/scans/{screen['scan_id']}").expect(200)
        assert "location" not in shown
        assert cell not in json.dumps({**shown, "scan_id": ""})


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("latitude", 90.1, "out_of_range"),
        ("latitude", -90.1, "out_of_range"),
        ("longitude", 180.5, "out_of_range"),
        ("longitude", "110", "type"),
        ("accuracy_m", -1, "out_of_range"),
        ("accuracy_m", None, "type"),
        ("altitude", 10, "unknown"),
    ],
)
def test_a_wrong_location_is_refused_by_its_field(
    world: World, field: str, value: object, code: str
) -> None:
    chief, visitor = world.administrator(), world.visitor()
    before = world.writes()
    refused = scan(visitor, chief.venue, location={**HERE, field: value})
    (fault,) = refused.expect(400, "invalid_input")["errors"]
    assert (fault["pointer"], fault["code"]) == (f"/location/{field}", code)
    assert world.writes() == before


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_what_is_no_number_is_no_latitude(world: World, number: str) -> None:
    chief, visitor = world.administrator(), world.visitor()
    sent = json.dumps(
        {"nonce": world.nonce(), "code": chief.venue["code_url"], "location": HERE}
    ).replace("22.35471", number)
    answer = world.call("POST", "/v1/scans", raw=sent.encode(), token=visitor.token)
    answer.expect(400, "invalid_input")
