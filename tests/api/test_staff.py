"""Staff: bound by identity, by name and phone, by join code; a right is gone at the next call."""

from typing import Any

import pytest

from chalicelib.identity.providers import Answer
from tests.api.driver import Person, World


def _staff(chief: Person) -> str:
    return f"/v1/venues/{chief.venue['venue_id']}/staff"


def _identity(guard: Person, **changes: Any) -> dict[str, Any]:
    entry = {
        "by": "identity",
        "name": guard.name,
        "document_type": "resident_id",
        "document_number": guard.number,
        "phone": guard.phone,
    }
    return entry | changes


@pytest.mark.requirement("JN-6", "JN-7")
def test_staff_are_added_by_what_they_registered_with(world: World, chief: Person) -> None:
    guard = world.visitor()
    chief.post(_staff(chief), _identity(guard)).expect(201)
    (binding,) = guard.get("/v1/bindings").expect(200)["items"]
    assert (binding["venue_id"], binding["role"]) == (chief.venue["venue_id"], "inspector")
    shown = chief.get(_staff(chief)).expect(200)["items"]
    assert {member["name"] for member in shown} == {chief.name, guard.name}


@pytest.mark.requirement("YK-22")
def test_staff_are_told_the_limit_of_fever_of_their_venues_region(
    world: World, chief: Person
) -> None:
    world.set_policy("44", {"fever_from_celsius": 37.8})
    guard = world.visitor()
    code = chief.join_code(chief.venue["venue_id"])
    joined = guard.post("/v1/bindings", {"join_code": code}).expect(201)
    (binding,) = guard.get("/v1/bindings").expect(200)["items"]
    assert (joined["fever_from_celsius"], binding["fever_from_celsius"]) == (37.8, 37.8)
    elsewhere = world.administrator(region="450902").get("/v1/bindings").expect(200)["items"]
    assert elsewhere[0]["fever_from_celsius"] == 37.3


@pytest.mark.requirement("JN-7")
def test_what_does_not_match_binds_nobody_and_says_not_what(world: World, chief: Person) -> None:
    guard, other = world.visitor(), world.visitor()
    unverified = world.person()
    unverified.register().expect(202)
    answers = [
        chief.post(_staff(chief), _identity(guard, **changes))
        for changes in (
            {"name": other.name},
            {"document_number": other.number},
            {"phone": other.phone},
            {"phone": "+8613899999999"},
        )
    ]
    answers.append(chief.post(_staff(chief), _identity(unverified)))
    for answer in answers:
        answer.expect(422, "staff_no_match")
    assert len({answer.body for answer in answers}) == 1
    assert guard.get("/v1/bindings").expect(200)["items"] == []


@pytest.mark.requirement("JN-7", "XC-6", "XC-21", "YK-17")
def test_a_removed_right_is_refused_at_the_next_call(world: World, chief: Person) -> None:
    guard = world.visitor()
    chief.post(_staff(chief), _identity(guard)).expect(201)
    path = f"/v1/venues/{chief.venue['venue_id']}/statistics"
    guard.get(path).expect(200)
    chief.post(f"{_staff(chief)}/{guard.person_id}/remove").expect(200)
    guard.get(path).expect(403, "not_your_venue")


@pytest.mark.parametrize("person_id", ["nobody", "per_x", "x" * 1100])
def test_what_is_no_person_is_not_there(chief: Person, person_id: str) -> None:
    chief.post(f"{_staff(chief)}/{person_id}/remove").expect(404, "not_found")


@pytest.mark.requirement("XC-6", "XC-21")
def test_administrators_are_the_initial_ones_to_add_and_to_remove(
    world: World, chief: Person
) -> None:
    """Who stays; the others may leave, whether they wanted to be there or not."""
    second, third, guard = world.visitor(), world.visitor(), world.inspector(chief)
    for person in (second, third):
        chief.post(_staff(chief), _identity(person, role="administrator")).expect(201)
    second.venue = third.venue = chief.venue
    only = (403, "initial_administrator_only")
    second.post(_staff(chief), _identity(guard, role="administrator")).expect(*only)
    entry = {"by": "phone", "role": "administrator", "name": guard.name, "phone": guard.phone}
    second.post(_staff(chief), entry).expect(*only)
    second.post(f"{_staff(chief)}/{third.person_id}/remove").expect(*only)
    second.post(f"{_staff(chief)}/{guard.person_id}/remove").expect(200)
    second.post(_staff(chief), _identity(guard)).expect(201)
    leave = f"/v1/bindings/{chief.venue['venue_id']}/remove"
    for attempt in (
        second.post(f"{_staff(chief)}/{chief.person_id}/remove"),
        chief.post(f"{_staff(chief)}/{chief.person_id}/remove"),
        chief.post(leave),
    ):
        attempt.expect(409, "initial_administrator")
    third.post(leave).expect(200)
    chief.post(f"{_staff(chief)}/{second.person_id}/remove").expect(200)
    left = chief.get(_staff(chief)).expect(200)["items"]
    assert {one["person_id"] for one in left} == {chief.person_id, guard.person_id}


@pytest.mark.requirement("JN-7", "XC-6")
def test_a_right_is_that_of_who_was_verified_and_goes_to_nobody_with_the_phone(
    world: World, chief: Person
) -> None:
    guard, stranger = world.inspector(chief), Person(world, "", "欧阳小明", 401)
    path = f"/v1/venues/{chief.venue['venue_id']}/statistics"
    guard.get(path).expect(200)
    guard.register(1, name=stranger.name, number=stranger.number).expect(202)
    guard.get(path).expect(403, "not_your_venue")
    world.work()
    assert guard.registration()["verification"] == "verified"
    guard.get(path).expect(403, "not_your_venue")
    assert guard.get("/v1/bindings").expect(200)["items"] == []
    guard.register(2).expect(202)
    world.work()
    guard.get(path).expect(200)


def test_who_was_rejected_works_nowhere_until_it_is_corrected(world: World, chief: Person) -> None:
    guard = world.inspector(chief)
    path = f"/v1/venues/{chief.venue['venue_id']}/statistics"
    world.say(guard, identity=Answer("mismatch"))
    guard.register(1, name="欧阳不对").expect(202)
    guard.get(path).expect(200)
    world.work()
    guard.get(path).expect(403, "registration_rejected")
    world.say(guard, identity=Answer("match"))
    guard.register(2).expect(202)
    guard.get(path).expect(403, "registration_rejected")  # an edit alone admits nobody (JN-20)
    world.work()
    guard.get(path).expect(200)


@pytest.mark.requirement("XC-5", "XC-6", "XC-21")
def test_a_right_by_phone_waits_for_the_verification(world: World, chief: Person) -> None:
    phone = "+8613812345678"
    newcomer = Person(world, phone, "司徒丁丁", 400)
    entry = {"by": "phone", "role": "administrator", "name": newcomer.name, "phone": phone}
    chief.post(_staff(chief), entry).expect(202)
    newcomer.log_in()
    assert newcomer.get("/v1/bindings").expect(200)["items"] == []
    newcomer.register().expect(202)
    world.work()
    (binding,) = newcomer.get("/v1/bindings").expect(200)["items"]
    assert binding["role"] == "administrator"


def test_rights_that_wait_do_not_exceed_what_one_person_may_have(
    world: World, chief: Person
) -> None:
    """Twenty, for they are read with every request; a higher right at one of them is no more."""
    guard, second = world.person(), world.administrator()
    for boss in (chief, second):
        entry = {"by": "phone", "name": guard.name, "phone": guard.phone}
        boss.post(_staff(boss), entry).expect(202)
    guard.register().expect(202)
    world.give_rights(guard, 19)
    world.work()
    assert len(guard.get("/v1/me").expect(200)["rights"]) == 20


def test_an_administrator_is_told_that_the_other_has_too_many_venues(
    world: World, chief: Person
) -> None:
    guard = world.visitor()
    world.give_rights(guard, 20)
    refused = chief.post(_staff(chief), _identity(guard))
    refused.expect(422, "too_many_venues")
    assert "You" not in refused.json["detail"]


def test_who_works_at_twenty_venues_may_rise_at_one(world: World, chief: Person) -> None:
    guard = world.inspector(chief)
    world.give_rights(guard, 19)
    entry = {"by": "phone", "role": "administrator", "name": guard.name, "phone": guard.phone}
    chief.post(_staff(chief), entry).expect(202)
    guard.get(_staff(chief)).expect(200)


@pytest.mark.requirement("XC-6", "XC-21")
def test_who_loses_their_right_leaves_none_behind_that_waits(world: World, chief: Person) -> None:
    second, friend = world.visitor(), world.person()
    entry = {"by": "phone", "role": "administrator", "name": second.name, "phone": second.phone}
    chief.post(_staff(chief), entry).expect(202)
    entry = {"by": "phone", "name": friend.name, "phone": friend.phone}
    second.post(_staff(chief), entry).expect(202)
    chief.post(f"{_staff(chief)}/{second.person_id}/remove").expect(200)
    friend.register().expect(202)
    world.work()
    world.clock.pass_(minutes=2)
    friend.log_in()
    assert friend.get("/v1/bindings").expect(200)["items"] == []


@pytest.mark.requirement("XC-5")
def test_a_right_by_phone_is_not_for_another_name(world: World, chief: Person) -> None:
    guard = world.visitor()
    entry = {"by": "phone", "name": "欧阳不是", "phone": guard.phone}
    chief.post(_staff(chief), entry).expect(202)
    world.clock.pass_(minutes=2)
    guard.log_in()
    assert guard.get("/v1/bindings").expect(200)["items"] == []


@pytest.mark.requirement("YK-15", "YK-18", "YK-19", "YK-26")
def test_an_inspector_binds_by_the_join_code_and_leaves(world: World, chief: Person) -> None:
    second = world.administrator()
    guard, colleague = world.visitor(), world.visitor()
    for boss in (chief, second):
        path = f"/v1/venues/{boss.venue['venue_id']}/join-code"
        code = boss.get(path).expect(200)["join_code"]
        assert boss.get(path).expect(200)["join_code"] == code
        typed = f" {code[:4].lower()}-{code[4:].lower()} "
        for inspector in (guard, colleague):
            inspector.post("/v1/bindings", {"join_code": typed}).expect(201)
        names = {member["name"] for member in boss.get(_staff(boss)).expect(200)["items"]}
        assert names == {boss.name, guard.name, colleague.name}
    bound = {item["venue_id"] for item in guard.get("/v1/bindings").expect(200)["items"]}
    assert bound == {chief.venue["venue_id"], second.venue["venue_id"]}
    guard.post(f"/v1/bindings/{chief.venue['venue_id']}/remove").expect(200)
    (left,) = guard.get("/v1/bindings").expect(200)["items"]
    assert left["venue_id"] == second.venue["venue_id"]
    figures = "/v1/venues/{}/statistics"
    guard.get(figures.format(chief.venue["venue_id"])).expect(403, "not_your_venue")
    guard.get(figures.format(second.venue["venue_id"])).expect(200)
    colleague.get(figures.format(chief.venue["venue_id"])).expect(200)


@pytest.mark.requirement("YK-15")
def test_a_rotated_join_code_binds_nobody(world: World, chief: Person) -> None:
    path = f"/v1/venues/{chief.venue['venue_id']}/join-code"
    former = chief.get(path).expect(200)["join_code"]
    fresh = chief.post(f"{path}/rotate").expect(200)["join_code"]
    guard = world.visitor()
    guard.post("/v1/bindings", {"join_code": former}).expect(404, "join_code_unknown")
    guard.post("/v1/bindings", {"join_code": fresh}).expect(201)


def test_a_join_code_cannot_be_guessed_in_a_loop(world: World, chief: Person) -> None:
    path = f"/v1/venues/{chief.venue['venue_id']}/join-code"
    former = chief.get(path).expect(200)["join_code"]
    right = chief.post(f"{path}/rotate").expect(200)["join_code"]
    guard = world.visitor()
    for _ in range(10):
        guard.post("/v1/bindings", {"join_code": former}).expect(404, "join_code_unknown")
    answer = guard.post("/v1/bindings", {"join_code": right})
    answer.expect(429, "too_many_requests")
    world.clock.pass_(seconds=int(answer.headers["retry-after"]))
    guard.post("/v1/bindings", {"join_code": right}).expect(201)


@pytest.mark.parametrize("code", ["", "ABC", "OOOOOOOOO", "ABCDEFGHJ", "23456789é", "A" * 40])
def test_what_is_no_join_code_names_its_field(world: World, code: str) -> None:
    answer = world.visitor().post("/v1/bindings", {"join_code": code})
    answer.expect(400, "invalid_input")
    assert set(answer.faults) == {"/join_code"}


@pytest.mark.parametrize("by", ["identity", "phone"])
def test_whose_phone_it_is_cannot_be_found_out_in_a_loop(
    world: World, chief: Person, by: str
) -> None:
    guard = world.visitor()
    for serial in range(60):
        phone = f"+86138111{serial:05d}"
        if by == "identity":
            chief.post(_staff(chief), _identity(guard, phone=phone)).expect(422, "staff_no_match")
        else:
            entry = {"by": "phone", "name": guard.name, "phone": phone}
            chief.post(_staff(chief), entry).expect(202)
    entry = {"by": "phone", "name": guard.name, "phone": guard.phone}
    for right in (_identity(guard), entry):
        refused = chief.post(_staff(chief), right)
        refused.expect(429, "too_many_requests")
        assert int(refused.headers["retry-after"]) > 0
    assert guard.get("/v1/bindings").expect(200)["items"] == []


def test_an_inspector_may_not_manage(world: World, chief: Person) -> None:
    guard = world.visitor()
    chief.post(_staff(chief), _identity(guard)).expect(201)
    venue = f"/v1/venues/{chief.venue['venue_id']}"
    for path in (venue, f"{venue}/staff", f"{venue}/join-code"):
        guard.get(path).expect(403, "not_your_venue")
    guard.post(f"{venue}/join-code/rotate").expect(403, "not_your_venue")
    guard.post(f"{venue}/staff/{chief.person_id}/remove").expect(403, "not_your_venue")
    assert guard.get("/v1/venues").expect(200)["items"] == []


def test_the_list_of_staff_comes_in_pages_of_three_requests(world: World, chief: Person) -> None:
    guards = [world.inspector(chief) for _ in range(4)]
    everybody = {person.person_id: person.name for person in (chief, *guards)}
    table = world.counted()
    chief.get(_staff(chief)).expect(200)  # the process now knows the venue
    listed: list[dict[str, Any]] = []
    cursor: str | None = ""
    costs = []
    while cursor is not None:
        before = table.requests
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = chief.get(_staff(chief) + query).expect(200)
        costs.append(table.requests - before)
        listed += page["items"]
        cursor = page["next_cursor"]
    assert costs == [3, 3, 3]  # the actor's query, the members, their profiles
    assert [one["person_id"] for one in listed] == sorted(everybody)
    assert {one["person_id"]: one["name"] for one in listed} == everybody
    before = table.requests
    assert chief.get(f"{_staff(chief)}?limit=50").expect(200)["next_cursor"] is None
    assert table.requests - before == 3


def test_a_page_of_the_staff_is_fifty_at_most(world: World, chief: Person) -> None:
    other = world.administrator()
    world.inspector(other)
    cursor = other.get(f"{_staff(other)}?limit=1").expect(200)["next_cursor"]
    for query, field in (
        ("limit=51", "limit"), ("limit=0", "limit"), ("limit=x", "limit"),
        ("cursor=made-up", "cursor"), (f"cursor={cursor}", "cursor"),
    ):  # fmt: skip
        answer = chief.get(f"{_staff(chief)}?{query}")
        answer.expect(400, "invalid_input")
        assert set(answer.faults) == {field}
