"""The next owner of a phone, and who takes a phone over."""

from typing import Any

import pytest

from chalicelib.identity.platforms import PlatformName
from tests.api.driver import Person, World
from tests.api.test_clients import enter, entered, proof, without_code, without_phone

WECHAT, ALIPAY = PlatformName
OTHER = "+8613800138001"


def holder_of(world: World, phone: str, serial: int = 900) -> Person:
    """Somebody who logs in with `phone`, whoever had it before."""
    person = Person(world, phone, "赵新", serial)
    person.log_in()
    return person


def known(world: World) -> Person:
    """Somebody with a visit, a right, a child and an account."""
    person = world.administrator()
    person.scan(person.venue).expect(201)
    world.guardian(person)
    return person


def traces(person: Person) -> list[Any]:
    """What a person sees of their own."""
    lists = [person.get(f"/v1/me/{what}") for what in ("visits", "guardians", "declarations")]
    rights = person.get("/v1/me").expect(200)["rights"]
    return [rights, *(found.json.get("items") for found in lists)]


class TestNextOwner:
    """A recycled number's new holder does not walk into the old account."""

    def test_after_a_long_absence_the_new_holder_is_another_person(self, world: World) -> None:
        former = known(world)
        world.clock.pass_(days=91)
        new = holder_of(world, former.phone)
        assert new.person_id != former.person_id
        assert new.registration()["verification"] == "none"
        new.register().expect(202)
        world.work()
        assert not any(traces(new))

    def test_the_former_record_is_still_its_persons(self, world: World) -> None:
        former = known(world)
        before = world.container.people.load(former.person_id)
        world.clock.pass_(days=91)
        new = holder_of(world, former.phone)
        new.register().expect(202)
        world.work()
        after = world.container.people.load(former.person_id)
        assert after.profile is not None
        assert before.profile is not None
        assert after.profile.document_blind == before.profile.document_blind
        assert after.rights == before.rights
        assert after.guardians.keys() == before.guardians.keys()
        blind = after.profile.document_blind
        assert world.container.people.by_document(blind) == former.person_id

    def test_who_registers_the_same_document_gets_the_record_back(self, world: World) -> None:
        former = known(world)
        seen = traces(former)
        world.clock.pass_(days=91)
        back = holder_of(world, former.phone)
        assert back.person_id != former.person_id
        back.register(name=former.name, number=former.number).expect(409, "identity_returning")
        body = {
            "nonce": world.nonce(),
            "name": former.name,
            "document_type": "resident_id",
            "document_number": former.number,
        }
        back.keep(back.post("/v1/me/registration/takeover", body).expect(200))
        assert back.person_id == former.person_id
        assert (traces(back)[0], traces(back)[2]) == (seen[0], seen[2])  # visits are kept 28 days
        world.clock.pass_(minutes=1)
        assert holder_of(world, former.phone).person_id == former.person_id

    def test_a_wrong_name_with_the_former_number_gets_nothing(self, world: World) -> None:
        former = known(world)
        world.clock.pass_(days=91)
        new = holder_of(world, former.phone)
        new.register(name="赵新", number=former.number).expect(409, "identity_taken")
        body = {
            "nonce": world.nonce(),
            "name": "赵新",
            "document_type": "resident_id",
            "document_number": former.number,
        }
        new.post("/v1/me/registration/takeover", body).expect(409, "identity_taken")

    def test_who_has_another_phone_needs_the_face(self, world: World) -> None:
        former = known(world)
        world.clock.pass_(days=91)
        holder_of(world, former.phone)
        stranger = holder_of(world, OTHER, 901)
        stranger.register(name=former.name, number=former.number).expect(409, "identity_managed")
        body = {
            "nonce": world.nonce(),
            "name": former.name,
            "document_type": "resident_id",
            "document_number": former.number,
        }
        path = "/v1/me/registration/takeover"
        stranger.post(path, body).expect(403, "stronger_login_needed")

    def test_who_is_seen_meanwhile_is_not_asked(self, world: World) -> None:
        person = world.visitor()
        for _ in range(7):
            world.clock.pass_(days=14)
            person.keep(person.refresh().expect(200))
        person.post("/v1/sessions/logout").expect(200)
        world.clock.pass_(days=60)
        assert holder_of(world, person.phone).person_id == person.person_id

    def test_nobody_is_asked_who_has_nothing_to_inherit(self, world: World) -> None:
        person = world.person()
        world.clock.pass_(days=91)
        assert holder_of(world, person.phone).person_id == person.person_id

    def test_a_changed_platform_account_is_another_person_until_the_document_is_shown(
        self, world: World
    ) -> None:
        former = known(world)
        entered(world, proof(world, WECHAT, former.phone, "old"))
        new = entered(world, proof(world, WECHAT, former.phone, "new"))
        assert new.person_id != former.person_id
        assert not any(traces(new))
        # The former owner's account and sessions stay.
        again = entered(world, without_phone(proof(world, WECHAT, former.phone, "old")))
        assert again.person_id == former.person_id
        assert again.get("/v1/me").expect(200)["phone"] is None
        new.register(name=former.name, number=former.number).expect(409, "identity_returning")

    def test_an_account_that_confirms_the_phone_later_is_no_way_round(self, world: World) -> None:
        former = known(world)
        entered(world, proof(world, WECHAT, former.phone, "old"))
        new = entered(world, without_phone(proof(world, WECHAT, former.phone, "new")))
        body = without_code(proof(world, WECHAT, former.phone, "new"))
        new.keep(new.post("/v1/me/phone", body).expect(200))
        assert new.person_id != former.person_id
        assert not any(traces(new))

    def test_who_lost_the_phone_confirms_another(self, world: World) -> None:
        former = known(world)
        entered(world, proof(world, WECHAT, former.phone, "old"))
        entered(world, proof(world, WECHAT, former.phone, "new"))
        again = entered(world, without_phone(proof(world, WECHAT, former.phone, "old")))
        body = without_code(proof(world, WECHAT, OTHER, "old"))
        again.keep(again.post("/v1/me/phone", body).expect(200))
        assert again.person_id == former.person_id
        assert holder_of(world, OTHER).person_id == former.person_id


class TestTakeover:
    """Replacing the phone needs proof of the old one or the document."""

    def new_phone(self, world: World) -> dict[str, Any]:
        world.secrets |= {OTHER, OTHER[3:]}
        new = Person(world, OTHER, "", 0)
        new.ask_for_code().expect(202)
        return {"client": "sms", "phone": OTHER, "code": new.code}

    def test_without_a_proof_it_is_refused(self, world: World) -> None:
        person = world.visitor()
        refused = person.post("/v1/me/phone", self.new_phone(world))
        refused.expect(403, "stronger_login_needed")
        assert sorted(refused.json["accepted"]) == ["document", "former_phone"]
        assert person.get("/v1/me").expect(200)["phone"][-4:] == person.phone[-4:]

    def test_a_wrong_document_is_refused_five_times_a_day(self, world: World) -> None:
        person, other = world.visitor(), world.visitor()
        body = self.new_phone(world) | {"document_number": other.number}
        for _ in range(5):
            person.post("/v1/me/phone", body).expect(422, "phone_change_unproved")
        person.post("/v1/me/phone", body).expect(429, "too_many_requests")

    @pytest.mark.parametrize("proved_by", ["document", "former phone"])
    def test_with_a_proof_it_is_replaced_others_sessions_end_and_the_old_number_is_told(
        self, world: World, proved_by: str
    ) -> None:
        person = world.visitor()
        elsewhere = Person(world, person.phone, person.name, 500)
        world.clock.pass_(minutes=1)
        elsewhere.log_in()
        if proved_by == "document":
            extra = {"document_number": person.number.lower()}
        else:
            world.clock.pass_(minutes=1)
            person.ask_for_code().expect(202)
            extra = {"former_code": person.code}
        login = person.post("/v1/me/phone", self.new_phone(world) | extra).expect(200)
        assert login["person_id"] == person.person_id
        elsewhere.get("/v1/me").expect(401, "session_ended")
        assert person.get("/v1/me").expect(200)["phone"] == "+86138****8001"
        assert world.sms.replaced == [(person.phone, "en")]

    def test_the_code_of_a_login_is_no_proof(self, world: World) -> None:
        person = world.visitor()
        world.clock.pass_(minutes=1)
        person.ask_for_code().expect(202)
        person.enter_code(person.code).expect(201)
        body = self.new_phone(world) | {"former_code": person.code}
        person.post("/v1/me/phone", body).expect(422, "phone_change_unproved")

    def test_a_retry_after_a_lost_answer_is_answered_alike(self, world: World) -> None:
        person = world.visitor()
        body = self.new_phone(world) | {"document_number": person.number}
        for _ in range(2):
            login = person.post("/v1/me/phone", body).expect(200)
            assert login["person_id"] == person.person_id


class TestSealedPhone:
    """Alipay's sealed phone number cannot be replayed."""

    def test_another_account_that_shows_it_gets_nothing(self, world: World) -> None:
        victim = world.visitor()
        stolen = proof(world, ALIPAY, victim.phone, "victim")
        enter(world, stolen).expect(201)
        world.clock.pass_(days=400)
        mine = proof(world, ALIPAY, OTHER, "thief")
        login = enter(world, mine | {"phone": stolen["phone"]}).expect(201)
        assert login["person_id"] != victim.person_id
        assert login["strength"] == "platform"
        thief = Person(world, OTHER, "", 0)
        thief.keep(login)
        body = {"client": "alipay", "phone": stolen["phone"]}
        thief.post("/v1/me/phone", body).expect(422, "confirm_by_text_message")

    def test_it_counts_once_for_the_account_that_showed_it_first(self, world: World) -> None:
        person = world.visitor()
        account = entered(world, without_phone(proof(world, ALIPAY, person.phone, "a")))
        world.clock.pass_(minutes=1)
        account.phone = person.phone
        account.ask_for_code().expect(202)
        code = {"client": "sms", "phone": person.phone, "code": account.code}
        account.post("/v1/me/phone", code).expect(200)
        body = proof(world, ALIPAY, person.phone, "a")
        assert enter(world, body).expect(201)["strength"] == "phone"
        world.clock.pass_(minutes=1)
        again = proof(world, ALIPAY, person.phone, "a") | {"phone": body["phone"]}
        assert enter(world, again).expect(201)["strength"] == "platform"
