"""Entering from a mini-program, and the phone that makes a person of an account (JN-14, JN-16)."""

from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.core import keys
from chalicelib.core.errors import Forbidden, TooMany, Unavailable
from chalicelib.identity.platforms import PlatformName
from chalicelib.identity.store.limits import LimitItem
from tests.api.driver import HttpReply, Person, World

WECHAT, ALIPAY = PlatformName
PHONE, OTHER = "+8613800138000", "+8613800138001"
both = pytest.mark.parametrize("name", list(PlatformName))


def proof(world: World, name: PlatformName, phone: str, user: str = "") -> dict[str, Any]:
    """What a mini-program would send of its login and its phone-number button."""
    code, button = world.platforms[name].mint(phone, user)
    world.secrets |= {code, button.text, phone, phone[3:]}
    if name is WECHAT:
        return {"client": "wechat", "code": code, "phone_code": button.text}
    sealed = {"response": button.text, "sign": button.signature}
    return {"client": "alipay", "code": code, "phone": sealed}


def profiles(world: World) -> set[str]:
    """Whose profiles there are."""
    return {item["pk"]["S"] for item in world.items() if item["sk"]["S"] == "HOT#PROFILE"}


def without_phone(body: dict[str, Any]) -> dict[str, Any]:
    return {key: body[key] for key in ("client", "code")}


def without_code(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "code"}


def enter(world: World, body: dict[str, Any]) -> HttpReply:
    return world.call("POST", "/v1/sessions", body)


def entered(world: World, body: dict[str, Any]) -> Person:
    """Somebody who has come in with `body`."""
    person = Person(world, PHONE, "王小明", 500)
    person.keep(enter(world, body).expect(201))
    return person


def by_sms(world: World, phone: str) -> Person:
    person = Person(world, phone, "王小明", 500)
    person.log_in()
    return person


def shown_phone(person: Person) -> Any:
    return person.get("/v1/me").expect(200)["phone"]


class TestEntering:
    """A platform's word is enough to be in."""

    @pytest.mark.requirement("JN-14")
    @pytest.mark.requirement("JN-16")
    @pytest.mark.requirement("YK-27")
    def test_with_a_phone_the_person_is_complete(self, world: World) -> None:
        login = enter(world, proof(world, WECHAT, PHONE)).expect(201)
        assert (login["client"], login["strength"]) == ("wechat", "phone")
        person = Person(world, PHONE, "王小明", 500)
        person.keep(login)
        assert shown_phone(person) == "+86138****8000"
        person.register().expect(202)

    @pytest.mark.requirement("JN-14")
    @pytest.mark.requirement("YK-27")
    @pytest.mark.requirement("JN-14")
    @pytest.mark.requirement("YK-27")
    def test_alipays_phone_is_confirmed_by_text_message(self, world: World) -> None:
        person = entered(world, proof(world, ALIPAY, PHONE))
        assert shown_phone(person) is None
        body = without_code(proof(world, ALIPAY, PHONE))
        person.post("/v1/me/phone", body).expect(422, "confirm_by_text_message")
        person.ask_for_code().expect(202)
        body = {"client": "sms", "phone": PHONE, "code": person.code}
        person.keep(person.post("/v1/me/phone", body).expect(200))
        assert shown_phone(person) == "+86138****8000"
        person.register().expect(202)
        # From now on the button says that it is the same phone.
        login = enter(world, proof(world, ALIPAY, PHONE)).expect(201)
        assert (login["client"], login["strength"]) == ("alipay", "phone")

    @both
    def test_without_a_phone_too(self, world: World, name: PlatformName) -> None:
        login = enter(world, without_phone(proof(world, name, PHONE))).expect(201)
        assert (login["client"], login["strength"]) == (name, "platform")
        person = Person(world, PHONE, "王小明", 500)
        person.keep(login)
        assert shown_phone(person) is None

    @pytest.mark.requirement("JN-16")
    @both
    def test_an_account_is_one_person(self, world: World, name: PlatformName) -> None:
        first = entered(world, without_phone(proof(world, name, PHONE, "a")))
        again = entered(world, without_phone(proof(world, name, PHONE, "a")))
        other = entered(world, without_phone(proof(world, name, PHONE, "b")))
        assert first.person_id == again.person_id != other.person_id

    def test_a_user_of_one_platform_is_nobody_on_the_other(self, world: World) -> None:
        there = entered(world, without_phone(proof(world, WECHAT, PHONE, "a")))
        here = entered(world, without_phone(proof(world, ALIPAY, PHONE, "a")))
        assert there.person_id != here.person_id

    def test_the_letter_case_of_a_users_id_counts(self, world: World) -> None:
        small = entered(world, without_phone(proof(world, WECHAT, PHONE, "o6_bmjrPTlm")))
        large = entered(world, without_phone(proof(world, WECHAT, PHONE, "o6_BMJRPTLM")))
        assert small.person_id != large.person_id

    @both
    def test_a_code_works_once(self, world: World, name: PlatformName) -> None:
        body = without_phone(proof(world, name, PHONE))
        enter(world, body).expect(201)
        refused = enter(world, body)
        refused.expect(401, "platform_code_invalid")

    @both
    def test_a_code_that_is_too_old(self, world: World, name: PlatformName) -> None:
        before = profiles(world)
        body = proof(world, name, PHONE)
        world.clock.pass_(minutes=5)
        enter(world, body).expect(401, "platform_code_invalid")
        assert profiles(world) == before

    @both
    def test_a_phone_that_is_not_proved(self, world: World, name: PlatformName) -> None:
        before = profiles(world)
        body = proof(world, name, PHONE)
        wrong = (
            {"phone_code": "invented"} if name is WECHAT
            else {"phone": {"response": "aW52ZW50ZWQ=", "sign": "eA=="}}
        )  # fmt: skip
        enter(world, body | wrong).expect(422, "phone_proof_invalid")
        assert profiles(world) == before

    @pytest.mark.parametrize(
        ("fault", "status", "code"),
        [
            (Unavailable(), 503, "unavailable"),
            (TooMany(60), 429, "too_many_requests"),
            (Forbidden("platform_account_blocked"), 403, "platform_account_blocked"),
        ],
    )
    @both
    def test_a_platform_that_is_busy_or_refuses_is_said_so(
        self, world: World, name: PlatformName, fault: Exception, status: int, code: str
    ) -> None:
        world.platforms[name].fault = fault
        enter(world, proof(world, name, PHONE)).expect(status, code)
        world.platforms[name].fault = None
        enter(world, proof(world, name, PHONE)).expect(201)

    def test_one_address_may_try_six_hundred_times_an_hour(self, world: World) -> None:
        address = world.container.index.of("address", "127.0.0.1")
        hour = f"{int(world.clock.at.timestamp()):010d}"
        spent = [LimitItem.attempts.set(600), LimitItem.ttl.set(0)]
        world.table.update(keys.rate("login-address", address, hour), spent)
        body = proof(world, WECHAT, PHONE)
        enter(world, body).expect(429, "too_many_requests")
        by_sms(world, PHONE)
        world.clock.pass_(hours=1)
        enter(world, proof(world, WECHAT, PHONE)).expect(201)

    @pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
    def test_a_refusal_is_in_the_persons_language(self, world: World, language: str) -> None:
        body = {"client": "wechat", "code": "x"}
        details = {
            world.call("POST", "/v1/sessions", body, language=spoken).json["detail"]
            for spoken in ("zh-Hans", "zh-Hant", "en", language)
        }
        assert len(details) == 3


class TestStrength:
    """YK-29: how a session was begun, and what it rests on, is on record."""

    @pytest.mark.requirement("YK-29")
    def test_a_text_message_proves_the_phone(self, world: World) -> None:
        person = by_sms(world, PHONE)
        (session,) = world.container.people.load(person.person_id).sessions.values()
        assert (session.client, session.strength) == ("sms", "phone")

    @pytest.mark.requirement("YK-29")
    def test_a_refresh_keeps_both(self, world: World) -> None:
        person = entered(world, without_phone(proof(world, WECHAT, PHONE)))
        for _ in range(2):
            renewed = person.refresh().expect(200)
            assert (renewed["client"], renewed["strength"]) == ("wechat", "platform")
            person.keep(renewed)
        confirmed = person.post("/v1/me/phone", without_code(proof(world, WECHAT, PHONE)))
        person.keep(confirmed.expect(200))
        renewed = person.refresh().expect(200)
        assert (renewed["client"], renewed["strength"]) == ("wechat", "phone")


class TestPhone:
    """One phone, one person, however they come in."""

    @pytest.mark.requirement("JN-16")
    def test_the_phone_is_confirmed_later(self, world: World) -> None:
        person = entered(world, without_phone(proof(world, WECHAT, PHONE)))
        person.register().expect(403, "phone_required")
        before = person.person_id
        login = person.post("/v1/me/phone", without_code(proof(world, WECHAT, PHONE))).expect(200)
        assert (login["person_id"], login["strength"]) == (before, "phone")
        assert shown_phone(person) == "+86138****8000"  # the token of before holds
        person.keep(login)
        person.register().expect(202)
        assert by_sms(world, PHONE).person_id == before

    @pytest.mark.requirement("JN-16")
    def test_the_phone_is_confirmed_by_text_message(self, world: World) -> None:
        person = entered(world, without_phone(proof(world, WECHAT, PHONE)))
        person.ask_for_code().expect(202)
        body = {"client": "sms", "phone": PHONE, "code": person.code}
        wrong = body | {"code": f"{(int(person.code) + 1) % 10**6:06d}"}
        person.post("/v1/me/phone", wrong).expect(422, "phone_proof_invalid")
        login = person.post("/v1/me/phone", body).expect(200)
        assert (login["client"], login["strength"]) == ("wechat", "phone")
        assert shown_phone(person) == "+86138****8000"

    @pytest.mark.requirement("JN-16")
    def test_an_account_joins_the_person_whose_phone_it_is(self, world: World) -> None:
        person = world.visitor()
        same = entered(world, proof(world, WECHAT, person.phone))
        assert same.person_id == person.person_id
        assert same.registration()["verification"] == "verified"
        # From now on the account alone is enough.
        later = entered(world, without_phone(proof(world, WECHAT, person.phone)))
        assert later.person_id == person.person_id
        assert later.registration()["verification"] == "verified"

    @pytest.mark.requirement("JN-16")
    def test_who_has_no_phone_gives_way_to_whose_phone_it_is(self, world: World) -> None:
        owner = by_sms(world, PHONE)
        before = profiles(world)
        person = entered(world, without_phone(proof(world, WECHAT, PHONE)))
        assert person.person_id != owner.person_id
        old = person.token
        login = person.post("/v1/me/phone", without_code(proof(world, WECHAT, PHONE))).expect(200)
        assert login["person_id"] == owner.person_id
        assert (login["client"], login["strength"]) == ("wechat", "phone")
        world.call("GET", "/v1/me", token=old).expect(401, "session_ended")
        again = entered(world, without_phone(proof(world, WECHAT, PHONE)))
        assert again.person_id == owner.person_id
        assert profiles(world) == before

    @pytest.mark.requirement("JN-16")
    def test_both_platforms_lead_to_one_person(self, world: World) -> None:
        owner = by_sms(world, PHONE)
        assert entered(world, proof(world, WECHAT, PHONE)).person_id == owner.person_id
        person = entered(world, proof(world, ALIPAY, PHONE))
        assert person.person_id != owner.person_id
        world.clock.pass_(minutes=1)
        person.ask_for_code().expect(202)
        body = {"client": "sms", "phone": PHONE, "code": person.code}
        login = person.post("/v1/me/phone", body).expect(200)
        assert login["person_id"] == owner.person_id
        later = entered(world, without_phone(proof(world, ALIPAY, PHONE)))
        assert later.person_id == owner.person_id

    def test_another_phone_at_the_login_does_not_replace_the_former(self, world: World) -> None:
        person = entered(world, proof(world, WECHAT, PHONE, "a"))
        login = enter(world, proof(world, WECHAT, OTHER, "a")).expect(201)
        assert (login["person_id"], login["strength"]) == (person.person_id, "platform")
        assert shown_phone(person) == "+86138****8000"
        assert by_sms(world, OTHER).person_id != person.person_id
        assert by_sms(world, PHONE).person_id == person.person_id

    def test_a_phone_of_somebody_else_is_not_taken_from_them(self, world: World) -> None:
        person = entered(world, proof(world, WECHAT, PHONE, "a"))
        owner = by_sms(world, OTHER)
        enter(world, proof(world, WECHAT, OTHER, "a")).expect(409, "phone_taken")
        person.ask_for_code().expect(202)
        body = without_code(proof(world, WECHAT, OTHER, "a")) | {"former_code": person.code}
        person.post("/v1/me/phone", body).expect(409, "phone_taken")
        assert shown_phone(person) == "+86138****8000"
        assert shown_phone(owner) == "+86138****8001"

    def test_a_change_of_phone_keeps_everything_else(self, world: World) -> None:
        person = world.administrator()
        world.secrets.add(OTHER)
        new = Person(world, OTHER, "", 0)
        new.ask_for_code().expect(202)
        body = {"client": "sms", "phone": OTHER, "code": new.code}
        body["document_number"] = person.number
        person.keep(person.post("/v1/me/phone", body).expect(200))
        assert person.registration()["verification"] == "verified"
        me = person.get("/v1/me").expect(200)
        assert [right["venue_id"] for right in me["rights"]] == [person.venue["venue_id"]]
        assert me["phone"] == "+86138****8001"

    def test_confirming_again_changes_nothing(self, world: World) -> None:
        person = entered(world, proof(world, WECHAT, PHONE))
        before = [item for item in world.items() if "PHONE" in item["sk"]["S"]]
        for _ in range(2):
            body = without_code(proof(world, WECHAT, PHONE))
            login = person.post("/v1/me/phone", body).expect(200)
            assert login["person_id"] == person.person_id
        assert [item for item in world.items() if "PHONE" in item["sk"]["S"]] == before


@pytest.mark.requirement("SD-3")
@pytest.mark.requirement("SD-4")
def test_one_printed_code_serves_every_channel(world: World) -> None:
    """Each channel's scanner wraps it its own way; the venue and the outcome are the same."""
    venue = world.administrator().venue
    printed = quote(venue["code_url"], safe="")
    twice = quote(f"qrCode={printed}", safe="")
    screens = []
    for client, payload in (
        ("sms", venue["code_url"]),
        ("wechat", f"pages/scan/index?q={printed}&scancode_time=1669089600"),
        ("alipay", f"alipays://platformapi/startapp?appId=2021&page=pages/scan&query={twice}"),
    ):
        visitor = world.visitor()
        if client != "sms":
            body = proof(world, PlatformName(client), visitor.phone)
            account = Person(world, visitor.phone, visitor.name, 500)
            account.keep(enter(world, body).expect(201))
            if client == "alipay":
                world.clock.pass_(minutes=1)
                account.ask_for_code().expect(202)
                code = {"client": "sms", "phone": account.phone, "code": account.code}
                account.keep(account.post("/v1/me/phone", code).expect(200))
            assert account.person_id == visitor.person_id
            visitor.token = account.token
        screens.append(visitor.scan_code(payload).expect(201))
    assert {screen["venue"]["venue_id"] for screen in screens} == {venue["venue_id"]}
    assert len({screen["outcome"] for screen in screens}) == 1


class TestInput:
    """A choice of bodies: the fault is named within the one that was chosen."""

    @pytest.mark.parametrize(
        ("body", "faults"),
        [
            ({}, {"/client": "missing"}),
            ({"client": "qq"}, {"/client": "not_allowed"}),
            ({"client": None}, {"/client": "not_allowed"}),
            ({"client": ["wechat"]}, {"/client": "not_allowed"}),
            ({"client": "wechat"}, {"/code": "missing"}),
            ({"client": "wechat", "code": ""}, {"/code": "too_short"}),
            ({"client": "wechat", "code": "x" * 513}, {"/code": "too_long"}),
            ({"client": "wechat", "code": "a b"}, {"/code": "malformed"}),
            ({"client": "wechat", "code": "码"}, {"/code": "malformed"}),
            ({"client": "wechat", "code": "x\n"}, {"/code": "malformed"}),
            ({"client": "wechat", "code": 1}, {"/code": "type"}),
            ({"client": "wechat", "code": "x", "phone": PHONE}, {"/phone": "unknown"}),
            ({"client": "sms", "code": "123456"}, {"/phone": "missing"}),
            ({"client": "alipay", "code": "x", "phone": "y"}, {"/phone": "type"}),
            (
                {"client": "alipay", "code": "x", "phone": {"response": "{}"}},
                {"/phone/response": "malformed", "/phone/sign": "missing"},
            ),
        ],
    )
    def test_a_bad_login_is_named(
        self, lasting: World, body: dict[str, Any], faults: dict[str, str]
    ) -> None:
        refused = enter(lasting, body)
        refused.expect(400, "invalid_input")
        assert refused.faults == faults

    @pytest.mark.parametrize(
        ("body", "faults"),
        [
            ({"client": "wechat"}, {"/phone_code": "missing"}),
            ({"client": "wechat", "phone_code": None}, {"/phone_code": "type"}),
            ({"client": "wechat", "phone_code": "x", "code": "y"}, {"/code": "unknown"}),
            ({"client": "alipay", "phone": None}, {"/phone": "type"}),
            ({"client": "sms", "phone": "110", "code": "123456"}, {"/phone": "phone"}),
        ],
    )
    def test_a_bad_phone_is_named(
        self, lasting: World, body: dict[str, Any], faults: dict[str, str]
    ) -> None:
        refused = lasting.person().post("/v1/me/phone", body)
        refused.expect(400, "invalid_input")
        assert refused.faults == faults
