"""Rights of staff: when invited people get them, how they are listed, and their limit."""

from typing import Any

import pytest

from chalicelib.identity.people import Strength
from chalicelib.identity.providers import Answer, Pending
from tests.api.driver import Person, World
from tests.api.test_races import Send, races, said
from tests.api.test_staff import _identity, _staff


def invite(boss: Person, guest: Person, **changes: Any) -> str:
    """Invite somebody by name and phone; return the invitation's id."""
    entry = {"by": "phone", "name": guest.name, "phone": guest.phone} | changes
    answer = boss.post(_staff(boss), entry).expect(202)
    assert answer["status"] == "invited"
    return str(answer["invitation_id"])


def invitations(boss: Person) -> Any:
    """The invitations that wait at a venue."""
    path = f"/v1/venues/{boss.venue['venue_id']}/invitations"
    return boss.get(path).expect(200)["items"]


def withdraw(boss: Person, invitation_id: str) -> Any:
    path = f"/v1/venues/{boss.venue['venue_id']}/invitations/{invitation_id}/withdraw"
    return boss.post(path)


def member(boss: Person, person: Person) -> dict[str, Any]:
    """A member in the venue's list."""
    listed = boss.get(_staff(boss)).expect(200)["items"]
    (found,) = [one for one in listed if one["person_id"] == person.person_id]
    return dict(found)


def works_at(person: Person) -> list[str]:
    return [one["venue_id"] for one in person.get("/v1/bindings").expect(200)["items"]]


# --- Invitations


@pytest.mark.requirement("XC-5", "XC-21")
def test_invited_staff_have_their_right_at_the_moment_the_verification_arrives(
    world: World, chief: Person
) -> None:
    guest = world.person()
    invitation_id = invite(chief, guest)
    guest.register().expect(202)
    assert works_at(guest) == []
    world.work()
    assert works_at(guest) == [chief.venue["venue_id"]]
    assert member(chief, guest)["invitation_id"] == invitation_id
    assert invitations(chief) == []


def test_a_crash_after_the_verification_does_not_lose_the_right(
    world: World, chief: Person
) -> None:
    """Whatever call of the worker fails: its message is delivered again."""
    raced = 0
    while True:
        guest = world.person()
        invite(chief, guest)
        guest.register().expect(202)
        world.run_stream()
        raced += 1
        world.wire.fail("ThrottlingException", raced)
        world.lookups.run()
        failed = world.wire.heal() >= raced
        world.work()
        world.clock.pass_(seconds=30)
        world.work()
        assert works_at(guest) == [chief.venue["venue_id"]], raced
        if not failed:
            break
        guest.post(f"/v1/bindings/{chief.venue['venue_id']}/remove").expect(200)
    assert raced > 4


@pytest.mark.requirement("XC-5")
def test_a_head_sees_the_invitations_that_wait_and_withdraws_one(
    world: World, chief: Person
) -> None:
    guest, other = world.person(), world.person()
    first, second = invite(chief, guest), invite(chief, other)
    listed = {one["invitation_id"]: one for one in invitations(chief)}
    assert listed.keys() == {first, second}
    shown = listed[first]
    assert (shown["status"], shown["name"], shown["role"]) == ("waiting", guest.name, "inspector")
    assert shown["phone"].endswith(guest.phone[-4:])
    assert guest.phone not in str(shown)
    for _ in range(2):
        withdraw(chief, first).expect(200)
    assert [one["invitation_id"] for one in invitations(chief)] == [second]
    guest.register().expect(202)
    world.work()
    assert works_at(guest) == []
    withdraw(chief, "inv_x").expect(404, "not_found")


def test_an_invitation_that_waits_tells_nothing_of_its_phone(world: World, chief: Person) -> None:
    """A wrong name and a phone without an owner read the same."""
    somebody, nobody = world.visitor(), Person(world, "+8613812345678", "司徒丁丁", 400)
    invite(chief, somebody, name="错姓名")
    invite(chief, nobody)
    shown = invitations(chief)
    hidden = {"invitation_id": "", "name": "", "phone": "", "invited_at": ""}
    assert {**shown[0], **hidden} == {**shown[1], **hidden}


def test_an_administrators_invitation_is_the_initial_ones_to_withdraw(
    world: World, chief: Person
) -> None:
    second, guest = world.visitor(), world.person()
    chief.post(_staff(chief), _identity(second, role="administrator")).expect(201)
    second.venue = chief.venue
    invitation_id = invite(chief, guest, role="administrator")
    withdraw(second, invitation_id).expect(403, "initial_administrator_only")
    assert len(invitations(second)) == 1
    withdraw(chief, invitation_id).expect(200)
    assert invitations(chief) == []


def test_an_invitation_again_replaces_the_one_before(world: World, chief: Person) -> None:
    guest = world.person()
    first = invite(chief, guest, name="错姓名")
    assert invite(chief, guest) == first
    (shown,) = invitations(chief)
    assert shown["name"] == guest.name


@pytest.mark.requirement("GO-6")
def test_an_erased_persons_invitations_are_gone_from_the_list(world: World, chief: Person) -> None:
    guest = world.visitor()
    invite(chief, guest, name="错姓名")
    guest.post("/v1/me/erasure", {"confirm": True}).expect(202)
    world.clock.pass_(hours=25)
    world.container.erasing.run(world.clock.at)
    chief.log_in()
    assert invitations(chief) == []


# --- Rights that are not in force


@pytest.mark.requirement("JN-20")
def test_a_rejected_administrator_reads_that_the_registration_was_rejected(
    world: World, chief: Person
) -> None:
    path = f"/v1/venues/{chief.venue['venue_id']}"
    stranger = world.administrator()
    world.say(chief, identity=Answer("mismatch"))
    chief.register(1, name="欧阳不对").expect(202)
    world.work()
    for rest in ("", "/staff", "/statistics"):
        chief.get(path + rest).expect(403, "registration_rejected")
    chief.get(f"/v1/venues/{stranger.venue['venue_id']}").expect(403, "not_your_venue")
    world.say(chief, identity=Answer("match"))
    chief.register(2).expect(202)
    chief.get(path).expect(403, "registration_rejected")
    world.work()
    chief.get(path).expect(200)


@pytest.mark.requirement("JN-7", "XC-6")
def test_the_staff_list_marks_who_is_not_verified_and_whose_right_has_lapsed(
    world: World, chief: Person
) -> None:
    guard = world.inspector(chief)
    name = guard.name
    bound = member(chief, guard)
    assert (bound["name"], bound["standing"]) == (name, "active")
    world.say(guard, identity=Pending(500))
    guard.register(1, name="欧阳改名").expect(202)
    world.work()
    shown = member(chief, guard)
    assert (shown["name"], shown["standing"]) == (name, "unverified")
    world.say(guard, identity=Answer("mismatch"))
    world.clock.pass_(seconds=1)
    world.work()
    shown = member(chief, guard)
    assert (shown["name"], shown["standing"]) == (name, "unverified")
    other = Person(world, "", "欧阳小明", 401)
    guard.register(2, name=other.name, number=other.number).expect(202)
    world.work()
    shown = member(chief, guard)
    assert (shown["name"], shown["standing"]) == (name, "lapsed")


# --- Limits under a race


def test_twenty_venues_are_twenty_at_the_same_time_too(world: World, chief: Person) -> None:
    """Two rights for a person with nineteen: by a join code, and by another venue's head."""
    second = world.administrator()
    code = chief.join_code(chief.venue["venue_id"])
    people: list[Person] = []

    def fresh() -> tuple[Send, Send]:
        guard = world.visitor()
        people.append(guard)
        world.give_rights(guard, 19)
        return (
            lambda: guard.join(code),
            lambda: second.post(_staff(second), _identity(guard)),
        )

    for answers in races(world, fresh):
        assert said(answers) == [(201, ""), (422, "too_many_venues")]
        assert len(people[-1].get("/v1/me").expect(200)["rights"]) == 20
        world.clock.pass_(minutes=1)
        second.log_in()


def test_an_application_is_no_twenty_first_venue(world: World, chief: Person) -> None:
    code = chief.join_code(chief.venue["venue_id"])
    people: list[Person] = []

    def fresh() -> tuple[Send, Send]:
        guard = world.visitor()
        people.append(guard)
        world.give_rights(guard, 19)
        request = world.venue_request()
        return (lambda: guard.apply(request), lambda: guard.join(code))

    for answers in races(world, fresh):
        assert said(answers) == [(201, ""), (422, "too_many_venues")]
        assert len(people[-1].get("/v1/me").expect(200)["rights"]) == 20


@pytest.mark.requirement("JN-16")
def test_five_sessions_are_five_at_the_same_time_too(world: World) -> None:
    """Whatever logins at the same time leave on record, at most five are accepted."""
    person, tokens = world.visitor(), []
    people, sessions = world.container.people, world.container.sessions
    for _ in range(8):
        world.clock.pass_(seconds=1)
        before = people.load(person.person_id).sessions.values()
        made = sessions.begin(person.person_id, "sms", Strength.PHONE, now=world.clock.at)
        tokens.append(made.access_token)
        world.secrets |= {made.access_token, made.refresh_token}
        for one in before:  # as if this login had not seen them
            people.open_session(person.person_id, one)
    answers = [world.call("GET", "/v1/me", token=token).status for token in tokens]
    assert answers == [401] * 3 + [200] * 5
