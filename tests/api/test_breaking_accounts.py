"""Accounts, attacked: repeated nonces, people who lost a phone, answers of an earlier release."""

import json

import pytest

from chalicelib.core.errors import BadInput
from chalicelib.identity.people import Snapshot
from chalicelib.identity.platforms import PlatformName
from chalicelib.identity.providers import Answer, Pending, ProviderName
from tests.api.driver import Person, World
from tests.api.families import Relative, by_household
from tests.api.test_accounts_under_attack import ask, at_address
from tests.api.test_clients import by_sms, entered, proof, without_code, without_phone
from tests.api.test_exports import downloaded, request
from tests.api.test_pending_again import left_pending

WECHAT = PlatformName.WECHAT
CONFIRMED = {"confirm": True}


def loses_phone(world: World, person: Person) -> Person:
    """Another account takes the person's phone; return the person, in their own account."""
    entered(world, proof(world, WECHAT, person.phone, "old"))
    entered(world, proof(world, WECHAT, person.phone, "new"))
    again = entered(world, without_phone(proof(world, WECHAT, person.phone, "old")))
    assert again.person_id == person.person_id
    assert again.get("/v1/me").expect(200)["phone"] is None
    return again


class TestRepeatedNonces:
    """A nonce makes a retry harmless, and no request free."""

    def test_a_number_that_the_gateway_refuses_is_charged_each_time(self, world: World) -> None:
        nonce = world.nonce()
        world.sms.fault = BadInput.at("/phone", "phone")
        for _ in range(10):
            ask(world, nonce=nonce).expect(400, "invalid_input")
        ask(world, nonce=nonce).expect(429, "too_many_requests")

    def test_two_networks_that_take_turns_are_charged_each_time(self, world: World) -> None:
        nonces = {"192.0.2.1": world.nonce(), "192.0.2.2": world.nonce()}
        for number in range(24):
            address = ("192.0.2.1", "192.0.2.2")[number % 2]
            at_address(world, address)
            if number % 20 == 19:
                world.clock.pass_(minutes=60)
            ask(world, nonce=nonces[address])
        assert len(world.sms.sent) == 20


class TestLostPhone:
    """Somebody whose phone was given to its next owner, and who enters by their own account."""

    def test_the_travel_card_is_refused(self, world: World) -> None:
        person = loses_phone(world, world.visitor())
        refused = person.post("/v1/me/travel-card/code")
        refused.expect(422, "travel_card_no_phone")
        entry = person.post("/v1/me/travel-card", {"code": "123456"})
        entry.expect(422, "travel_card_code_wrong")

    def test_a_guardian_may_not_have_them_erased(self, world: World) -> None:
        elder = world.visitor()
        guardian = world.guardian(elder)
        loses_phone(world, elder)
        path = f"/v1/me/dependants/{elder.person_id}/erasure"
        guardian.post(path, CONFIRMED).expect(403, "own_account")

    def test_they_are_not_made_a_child_by_the_register_alone(self, world: World) -> None:
        mother, born, child = world.visitor(), Relative.born(world), world.person()
        child.register(name=born.name, number=born.number).expect(202)
        world.work()
        by_household(mother, born).expect(422, "dependant_no_match")
        loses_phone(world, child)
        by_household(mother, born).expect(422, "dependant_no_match")


def test_an_account_of_another_mini_program_is_the_same_persons(world: World) -> None:
    """A deployment that moves to another mini-program gives everybody another account."""
    person = world.visitor()
    entered(world, proof(world, WECHAT, person.phone, "user"))
    world.platforms[WECHAT].app_id = "another"
    again = entered(world, proof(world, WECHAT, person.phone, "user"))
    assert again.person_id == person.person_id


def test_answers_about_anothers_number_are_not_exported(world: World) -> None:
    """Releases up to 0.2.0 asked providers before name and number matched."""
    person = world.person()
    world.say(person, identity=Pending(500))
    person.register().expect(202)
    world.work()
    known = Snapshot(ProviderName.HEALTH_CODE, "red", None, world.clock.at, 1, reason="密切接触者")
    world.container.people.save_answers(person.person_id, [known])
    request(person).expect(202)
    world.work()
    data = json.loads(downloaded(person).read("data.json"))
    assert data["answers"] == []
    assert "密切接触者" not in json.dumps(data, ensure_ascii=False)


def test_an_administrator_does_not_replace_the_invitation_of_another_one(world: World) -> None:
    """Only the initial administrator withdraws it; an inspector's in its place would do so, too."""
    chief, guest = world.administrator(), world.person()
    second = world.visitor()
    add = {"role": "administrator"}
    staff = f"/v1/venues/{chief.venue['venue_id']}/staff"
    invite = {"by": "phone", "name": second.name, "phone": second.phone}
    chief.post(staff, invite | add).expect(202)
    invite = {"by": "phone", "name": guest.name, "phone": guest.phone}
    chief.post(staff, invite | add).expect(202)
    lower = invite | {"role": "inspector"}
    second.post(staff, lower).expect(403, "initial_administrator_only")
    chief.post(staff, lower).expect(202)
    second.post(staff, lower).expect(202)


def test_a_pending_registration_does_not_keep_a_document_from_its_owner(world: World) -> None:
    """Whoever entered another's number does not ask for its verification again."""
    impostor, owner = left_pending(world), world.person()
    world.say(impostor, identity=Answer("mismatch"))
    owner.register(number=impostor.number).expect(409, "identity_taken")
    world.work()
    owner.register(number=impostor.number).expect(409, "identity_taken")  # asked a moment ago
    world.clock.pass_(minutes=30)
    owner.register(number=impostor.number).expect(409, "identity_taken")
    world.work()
    owner.register(number=impostor.number).expect(202)


@pytest.mark.parametrize("open_app", [True, False])
def test_who_enters_by_wechat_alone_may_have_given_the_phone_up(
    world: World, open_app: bool
) -> None:
    """The phone's next owner logs in by text message: not into the record of a busy user."""
    former = world.visitor()
    mine = entered(world, proof(world, WECHAT, former.phone, "user"))
    for _ in range(14):
        world.clock.pass_(days=7)
        if open_app:
            mine.keep(mine.refresh().expect(200))
        else:
            mine = entered(world, without_phone(proof(world, WECHAT, former.phone, "user")))
    assert by_sms(world, former.phone).person_id != former.person_id
    assert mine.get("/v1/me").expect(200)["person_id"] == former.person_id


def test_who_shows_the_phone_to_wechat_is_seen_with_it(world: World) -> None:
    person = world.visitor()
    for _ in range(4):
        world.clock.pass_(days=40)
        entered(world, proof(world, WECHAT, person.phone, "user"))
    assert by_sms(world, person.phone).person_id == person.person_id


def test_who_confirms_the_phone_by_wechat_is_seen_with_it(world: World) -> None:
    person = world.visitor()
    entered(world, proof(world, WECHAT, person.phone, "user"))
    world.clock.pass_(days=80)
    again = entered(world, without_phone(proof(world, WECHAT, person.phone, "user")))
    again.keep(
        again.post("/v1/me/phone", without_code(proof(world, WECHAT, person.phone, "user"))).expect(
            200
        )
    )
    world.clock.pass_(days=80)
    assert by_sms(world, person.phone).person_id == person.person_id


def test_who_takes_a_record_over_by_wechat_keeps_it_at_the_next_login(world: World) -> None:
    former = world.visitor()
    world.clock.pass_(days=91)
    entered(world, proof(world, WECHAT, former.phone, "user"))
    back = entered(world, without_phone(proof(world, WECHAT, former.phone, "user")))
    body = {
        "nonce": world.nonce(),
        "name": former.name,
        "document_type": "resident_id",
        "document_number": former.number,
    }
    back.keep(back.post("/v1/me/registration/takeover", body).expect(200))
    assert back.person_id == former.person_id
    world.clock.pass_(days=1)
    assert by_sms(world, former.phone).person_id == former.person_id
