"""What strangers and mistakes do to one-time codes (issue 10)."""

import pytest

from tests.api.driver import Person, World
from tests.api.test_accounts_under_attack import ask, at_address, stranger, wrong
from tests.api.test_next_owner import OTHER

HOME = "127.0.0.1"


@pytest.mark.parametrize("strangers", [2, 15])
def test_no_number_of_strangers_voids_the_code_that_somebody_is_typing(
    world: World, strangers: int
) -> None:
    person = stranger(world)
    person.ask_for_code().expect(202)
    mine = person.code
    for number in range(strangers):
        at_address(world, f"192.0.2.{number}")
        ask(world).expect(202)
        world.clock.pass_(seconds=15)
    at_address(world, HOME)
    person.enter_code(mine).expect(201)


def test_a_code_that_somebody_else_asked_for_later_is_not_needed(world: World) -> None:
    """The last two are valid everywhere: a phone may change its network meanwhile."""
    person = stranger(world)
    person.ask_for_code().expect(202)
    mine = person.code
    at_address(world, "192.0.2.1")
    ask(world).expect(202)
    at_address(world, "192.0.2.2")
    person.enter_code(mine).expect(201)


def test_an_earlier_code_is_good_for_nobody_else(world: World) -> None:
    """A guess meets the codes of its own network and the last two, not those of all."""
    person = stranger(world)
    person.ask_for_code().expect(202)
    mine = person.code
    for number in range(2):
        at_address(world, f"192.0.2.{number}")
        ask(world).expect(202)
    at_address(world, "192.0.2.99")
    person.enter_code(mine).expect(401, "otp_invalid")


def test_after_five_minutes_and_after_a_login_earlier_codes_are_void(world: World) -> None:
    person = stranger(world)
    person.ask_for_code().expect(202)
    mine = person.code
    for number in range(3):
        at_address(world, f"192.0.2.{number}")
        person.ask_for_code().expect(202)
    person.enter_code(person.code).expect(201)
    at_address(world, HOME)
    person.enter_code(mine).expect(401, "otp_invalid")
    at_address(world, "192.0.2.7")
    ask(world, person.phone).expect(202)
    at_address(world, HOME)
    person.enter_code(mine).expect(401, "otp_invalid")
    world.clock.pass_(minutes=1)
    person.ask_for_code().expect(202)
    mine = person.code
    for number in range(10, 12):
        world.clock.pass_(minutes=2)
        at_address(world, f"192.0.2.{number}")
        ask(world).expect(202)
    world.clock.pass_(minutes=1)
    at_address(world, HOME)
    person.enter_code(mine).expect(401, "otp_invalid")


def test_a_wrong_new_code_does_not_use_up_that_of_the_former_phone(world: World) -> None:
    person = world.visitor()
    world.clock.pass_(minutes=1)
    person.ask_for_code().expect(202)
    world.secrets |= {OTHER, OTHER[3:]}
    new = Person(world, OTHER, "", 0)
    new.ask_for_code().expect(202)
    body = {"client": "sms", "phone": OTHER, "former_code": person.code}
    mistyped = body | {"code": wrong(new.code)}
    person.post("/v1/me/phone", mistyped).expect(422, "phone_proof_invalid")
    world.clock.pass_(minutes=2)
    login = person.post("/v1/me/phone", body | {"code": new.code}).expect(200)
    assert login["person_id"] == person.person_id
    assert person.get("/v1/me").expect(200)["phone"] == "+86138****8001"


def test_a_wrong_code_of_the_former_phone_does_not_use_up_the_new_one(world: World) -> None:
    person = world.visitor()
    world.clock.pass_(minutes=1)
    person.ask_for_code().expect(202)
    world.secrets |= {OTHER, OTHER[3:]}
    new = Person(world, OTHER, "", 0)
    new.ask_for_code().expect(202)
    body = {"client": "sms", "phone": OTHER, "code": new.code}
    mistyped = body | {"former_code": wrong(person.code)}
    person.post("/v1/me/phone", mistyped).expect(422, "phone_change_unproved")
    world.clock.pass_(minutes=2)
    person.post("/v1/me/phone", body | {"former_code": person.code}).expect(200)
