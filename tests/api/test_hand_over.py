"""A venue is handed over to another administrator, who becomes its initial one (YK-17)."""

from collections.abc import Callable

import pytest

from tests.api.driver import HttpReply, Person, World
from tests.api.scenes_hand_over import hand_over, second_administrator
from tests.api.test_races import races, said
from tests.api.test_staff import _identity, _staff

ONLY = (403, "initial_administrator_only")
STAYS = (409, "initial_administrator")


@pytest.fixture
def second(world: World, chief: Person) -> Person:
    """Another administrator of the venue."""
    return second_administrator(world, chief)


def leave(person: Person) -> HttpReply:
    """Stop working at the venue."""
    return person.post(f"/v1/bindings/{person.venue['venue_id']}/remove")


def remove(person: Person, whom: Person) -> HttpReply:
    """Remove another from the venue's staff."""
    return person.post(f"{_staff(person)}/{whom.person_id}/remove")


def appoint(person: Person, whom: Person) -> HttpReply:
    """Add another as administrator."""
    return person.post(_staff(person), _identity(whom, role="administrator"))


@pytest.mark.requirement("YK-17", "XC-6")
def test_the_other_one_decides_from_then_on(world: World, chief: Person, second: Person) -> None:
    third, fourth = second_administrator(world, chief), world.visitor()
    assert hand_over(chief, second).expect(200) == {"person_id": second.person_id}
    appoint(chief, fourth).expect(*ONLY)
    remove(chief, third).expect(*ONLY)
    remove(chief, second).expect(*STAYS)
    leave(second).expect(*STAYS)
    hand_over(chief, third).expect(*ONLY)
    appoint(second, fourth).expect(201)
    remove(second, third).expect(200)
    chief.get(_staff(chief)).expect(200)
    remove(second, chief).expect(200)
    chief.get(_staff(chief)).expect(403, "not_your_venue")


@pytest.mark.requirement("YK-17")
def test_the_former_one_may_leave_or_get_the_venue_back(chief: Person, second: Person) -> None:
    leave(chief).expect(*STAYS)
    hand_over(chief, second).expect(200)
    hand_over(second, chief).expect(200)
    leave(chief).expect(*STAYS)
    hand_over(chief, second).expect(200)
    leave(chief).expect(200)
    assert chief.get("/v1/bindings").expect(200)["items"] == []
    hand_over(second, chief).expect(400, "invalid_input")


@pytest.mark.requirement("YK-17")
def test_it_counts_at_once_where_the_venue_is_cached(
    world: World, chief: Person, second: Person
) -> None:
    fourth, directory = world.visitor(), world.container.directory
    chief.get(_staff(chief)).expect(200)
    hand_over(chief, second).expect(200)
    cached = directory.venue(chief.venue["venue_id"], world.clock.at)
    assert cached is not None
    assert cached.applicant == chief.person_id
    appoint(chief, fourth).expect(*ONLY)
    remove(chief, second).expect(*STAYS)
    leave(second).expect(*STAYS)
    hand_over(chief, second).expect(200)
    appoint(second, fourth).expect(201)
    remove(second, chief).expect(200)


def test_a_retry_changes_nothing(chief: Person, second: Person) -> None:
    first = hand_over(chief, second).expect(200)
    assert hand_over(chief, second).expect(200) == first
    assert hand_over(second, second).expect(200) == first
    leave(second).expect(*STAYS)


def test_only_a_verified_administrator_of_the_venue_gets_it(
    world: World, chief: Person, second: Person
) -> None:
    edited, unverified = (second_administrator(world, chief) for _ in range(2))
    strangers = (world.visitor(), world.inspector(chief), world.administrator(), edited, unverified)
    ids = [one.person_id for one in strangers] + ["per_0000000000000000", "per_x", ""]
    edited.register(1, number=world.person().number).expect(202)
    world.work()
    unverified.register(1, name="司马改名").expect(202)
    path = f"/v1/venues/{chief.venue['venue_id']}/administrator"
    answers = [chief.post(path, {"person_id": person_id}) for person_id in ids]
    for answer in answers:
        answer.expect(400, "invalid_input")
        assert set(answer.faults) == {"/person_id"}
    assert len({answer.body for answer in answers}) == 1
    chief.post(path, {"person_id": "x" * 41}).expect(400, "invalid_input")
    leave(chief).expect(*STAYS)
    hand_over(chief, second).expect(200)


def test_nobody_else_hands_it_over(world: World, chief: Person, second: Person) -> None:
    third = second_administrator(world, chief)
    hand_over(second, third).expect(*ONLY)
    guard = world.inspector(chief)
    hand_over(guard, third).expect(403, "not_your_venue")
    stranger = world.administrator()
    path = f"/v1/venues/{chief.venue['venue_id']}/administrator"
    stranger.post(path, {"person_id": stranger.person_id}).expect(403, "not_your_venue")
    leave(chief).expect(*STAYS)


def test_an_application_that_is_repeated_afterwards_gives_nothing_back(world: World) -> None:
    chief, body = world.visitor(), world.venue_request()
    chief.venue = chief.post("/v1/venues", body).expect(201)
    second = second_administrator(world, chief)
    hand_over(chief, second).expect(200)
    assert chief.post("/v1/venues", body).expect(200) == chief.venue
    appoint(chief, world.visitor()).expect(*ONLY)
    leave(chief).expect(200)
    chief.post("/v1/venues", body).expect(200)
    chief.get(_staff(chief)).expect(403, "not_your_venue")
    again = body | {"nonce": world.nonce()}
    chief.post("/v1/venues", again).expect(409, "venue_exists")


def test_an_administrators_right_that_waits_ends(
    world: World, chief: Person, second: Person
) -> None:
    """Who gave it appoints nobody any more; an inspector may still be added by them."""
    friends = [world.person() for _ in range(2)]
    for role, friend in zip(("administrator", "inspector"), friends, strict=True):
        entry = {"by": "phone", "role": role, "name": friend.name, "phone": friend.phone}
        chief.post(_staff(chief), entry).expect(202)
        friend.register().expect(202)
    hand_over(chief, second).expect(200)
    world.work()
    world.clock.pass_(minutes=2)
    for friend in friends:
        friend.log_in()
    assert [len(friend.get("/v1/bindings").expect(200)["items"]) for friend in friends] == [0, 1]


@pytest.mark.requirement("YK-17")
def test_a_venue_goes_to_one_of_two(world: World) -> None:
    def fresh() -> tuple[Callable[[], HttpReply], Callable[[], HttpReply]]:
        chief = world.administrator()
        two = [second_administrator(world, chief) for _ in range(2)]
        return lambda: hand_over(chief, two[0]), lambda: hand_over(chief, two[1])

    for answers in races(world, fresh):
        assert said(answers) == [(200, ""), ONLY]


@pytest.mark.requirement("YK-17")
def test_who_leaves_does_not_get_it(world: World) -> None:
    def fresh() -> tuple[Callable[[], HttpReply], Callable[[], HttpReply]]:
        chief = world.administrator()
        second = second_administrator(world, chief)
        return lambda: hand_over(chief, second), lambda: leave(second)

    for answers in races(world, fresh):
        # The venue keeps the one, or has the other.
        assert said(answers) in ([(200, ""), (400, "invalid_input")], [(200, ""), STAYS])
