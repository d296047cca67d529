"""Accounts: who can lock somebody out, who is billed, and what a lost answer costs."""

from typing import Any

import pytest

from chalicelib.core import keys
from chalicelib.core.errors import TooMany, Unavailable
from chalicelib.core.networks import network_of
from chalicelib.core.table import Table
from chalicelib.identity.store.limits import LimitItem
from tests.api.driver import HttpReply, Person, World
from tests.api.lost_answers import LosesAnswers

PHONE = "+8613800138000"


def stranger(world: World, phone: str = PHONE) -> Person:
    """Somebody who has never logged in."""
    return Person(world, phone, "王小明", 500)


def ask(world: World, phone: str = PHONE, **body: Any) -> HttpReply:
    return world.call("POST", "/v1/otp", {"phone": phone, **body})


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 10**6:06d}"


def at_address(world: World, address: str) -> None:
    """Let all further requests come from `address`."""
    world.transport.address = address


def losing_answers(world: World, at: int = 1) -> LosesAnswers:
    """Start a process that loses the `at`-th answer of each kind of write."""
    losing = LosesAnswers(at)
    world.replace(table=Table(world.name, losing))
    return losing


class TestOtpDenial:
    """OTP denial: nobody else locks a number, burns a code, or is paid for by a fault."""

    def test_ten_requests_by_anybody_do_not_lock_a_number_for_a_day(self, world: World) -> None:
        at_address(world, "192.0.2.66")
        for _ in range(10):
            ask(world).expect(202)
            world.clock.pass_(minutes=1)
        ask(world).expect(429, "too_many_requests")
        at_address(world, "127.0.0.1")
        person = stranger(world)
        person.log_in()
        person.get("/v1/me").expect(200)

    def test_an_ipv6_address_counts_by_its_subnet(self, world: World) -> None:
        at_address(world, "2001:db8::1")
        ask(world).expect(202)
        at_address(world, "2001:db8::2")
        ask(world).expect(429, "too_many_requests")
        at_address(world, "2001:db8:0:1::1")
        ask(world).expect(202)

    def test_all_together_have_a_far_higher_ceiling(self, world: World) -> None:
        for number in range(20):
            at_address(world, f"192.0.2.{number}")
            ask(world).expect(202)
        at_address(world, "192.0.2.99")
        refused = ask(world)
        refused.expect(429, "too_many_requests")
        assert int(refused.headers["retry-after"]) <= 3600
        ask(world, "+8613800138001").expect(202)

    def test_five_wrong_guesses_of_a_stranger_do_not_burn_the_holders_code(
        self, world: World
    ) -> None:
        person = stranger(world)
        person.ask_for_code().expect(202)
        at_address(world, "192.0.2.66")
        for number in range(1, 6):
            person.enter_code(wrong(person.code, number))
        person.enter_code(person.code).expect(401, "otp_used_up")
        at_address(world, "127.0.0.1")
        person.enter_code(person.code).expect(201)

    def test_after_five_wrong_guesses_the_answer_says_to_request_a_new_code(
        self, world: World
    ) -> None:
        person = stranger(world)
        person.ask_for_code().expect(202)
        for number in range(1, 5):
            person.enter_code(wrong(person.code, number)).expect(401, "otp_invalid")
        refused = person.enter_code(wrong(person.code, 5))
        refused.expect(401, "otp_used_up")
        assert "request a new one" in refused.json["detail"]

    def test_a_strangers_request_does_not_void_the_code_that_somebody_is_typing(
        self, world: World
    ) -> None:
        person = stranger(world)
        person.ask_for_code().expect(202)
        mine = person.code
        at_address(world, "192.0.2.66")
        ask(world).expect(202)
        at_address(world, "127.0.0.1")
        person.enter_code(mine).expect(201)

    @pytest.mark.parametrize("fault", [Unavailable(), TooMany(60)])
    def test_a_gateway_outage_neither_charges_nor_voids(
        self, world: World, fault: Exception
    ) -> None:
        person = stranger(world)
        person.ask_for_code().expect(202)
        world.clock.pass_(minutes=1)
        world.sms.fault = fault
        for _ in range(12):
            assert ask(world).status in (429, 503)
        world.sms.fault = None
        person.enter_code(person.code).expect(201)
        ask(world).expect(202)

    def test_a_travel_card_code_that_was_not_sent_is_not_charged(self, world: World) -> None:
        person = world.visitor()
        world.cards.fault = Unavailable()
        for _ in range(6):
            person.post("/v1/me/travel-card/code").expect(503, "unavailable")
        world.cards.fault = None
        person.post("/v1/me/travel-card/code").expect(202)

    def test_a_travel_card_try_that_the_carrier_did_not_answer_is_not_charged(
        self, world: World
    ) -> None:
        person = world.visitor()
        person.post("/v1/me/travel-card/code").expect(202)
        code = next(iter(world.cards.codes.values()))
        world.cards.fault = Unavailable()
        for _ in range(11):
            person.post("/v1/me/travel-card", {"code": code}).expect(503, "unavailable")
        world.cards.fault = None
        person.post("/v1/me/travel-card", {"code": code}).expect(200)


class TestBills:
    """Text messages to premium, satellite, landline and shared-cost numbers; a ceiling a day."""

    @pytest.mark.parametrize(
        "phone",
        [
            "0668-8881234",  # a landline
            "4008001234",  # shared cost
            "+979123456789",  # international premium rate
            "+8821612345678",  # satellite
            "+8816123456789",  # satellite, of the type of mobile numbers
            "+12025550123",  # of a country that is not on the list
        ],
    )
    def test_a_number_that_costs_or_gets_nothing_is_refused(self, world: World, phone: str) -> None:
        before = world.writes()
        refused = ask(world, phone)
        refused.expect(400, "invalid_input")
        assert refused.faults == {"/phone": "phone"}
        assert world.sms.sent == []
        assert world.writes() == before

    @pytest.mark.parametrize("phone", [PHONE, "+85266123456", "+85366123456", "+886912345678"])
    def test_a_mobile_number_of_the_list_is_not(self, world: World, phone: str) -> None:
        ask(world, phone).expect(202)

    def test_one_nonce_for_many_phones_is_charged_for_each(self, world: World) -> None:
        nonce, day = world.nonce(), int(world.clock.at.timestamp()) // 86_400 * 86_400

        def sent() -> int:
            raw = world.table.get(keys.rate("otp-deployment", "all", f"{day:010d}"))
            return LimitItem.read(raw).attempts if raw else 0

        before = sent()
        for number in range(3):
            ask(world, f"+861380013800{number}", nonce=nonce).expect(202)
        assert sent() == before + 3

    def test_the_deployment_has_a_ceiling_a_day(self, world: World) -> None:
        day = int(world.clock.at.timestamp()) // 86_400 * 86_400
        spent = [LimitItem.attempts.set(99_999), LimitItem.ttl.set(0)]
        world.table.update(keys.rate("otp-deployment", "all", f"{day:010d}"), spent)
        ask(world).expect(202)
        refused = ask(world, "+8613800138001")
        refused.expect(429, "too_many_requests")
        assert len(world.sms.sent) == 1
        assert '"TextMessageFaults":1' in world.log.getvalue()


class TestLostAnswers:
    """An SDK's or a client's retry after a lost answer meets its own write."""

    @pytest.mark.parametrize("at", [1, 2])
    def test_retry_otp_login(self, world: World, at: int) -> None:
        person = stranger(world)
        person.ask_for_code().expect(202)
        losing = losing_answers(world, at)
        person.keep(person.enter_code(person.code).expect(201))
        assert "UpdateItem" in losing.lost
        person.get("/v1/me").expect(200)

    def test_retry_refresh(self, world: World) -> None:
        person = world.visitor()
        losing = losing_answers(world)
        person.keep(person.refresh().expect(200))
        assert losing.lost == ["UpdateItem"]
        person.get("/v1/me").expect(200)
        person.keep(person.refresh().expect(200))

    def test_a_limit_of_one_attempt_does_not_refuse_its_own_retry(self, world: World) -> None:
        losing = losing_answers(world)
        ask(world).expect(202)
        assert "UpdateItem" in losing.lost
        assert len(world.sms.sent) == 1

    def test_otp_login_answer_lost(self, world: World) -> None:
        person = stranger(world)
        person.ask_for_code().expect(202)
        first = person.enter_code(person.code).expect(201)
        world.clock.pass_(seconds=30)
        again = person.enter_code(person.code).expect(201)
        assert again["person_id"] == first["person_id"]
        assert len(world.container.people.load(first["person_id"]).sessions) == 1
        world.clock.pass_(seconds=1)
        person.enter_code(person.code).expect(401, "otp_invalid")
        person.keep(again)
        person.keep(person.refresh().expect(200))

    def test_refresh_answer_lost(self, world: World) -> None:
        person = world.visitor()
        person.refresh().expect(200)
        world.clock.pass_(seconds=1)
        person.keep(person.refresh().expect(200))
        (session,) = world.container.people.load(person.person_id).sessions
        assert session
        person.get("/v1/me").expect(200)
        person.keep(person.refresh().expect(200))

    def test_a_refresh_token_is_not_good_after_thirty_seconds_and_its_reuse_ends_the_session(
        self, world: World
    ) -> None:
        person = world.visitor()
        renewed = person.refresh().expect(200)
        world.clock.pass_(seconds=31)
        person.refresh().expect(401, "session_ended")
        person.keep(renewed)
        person.get("/v1/me").expect(401, "session_ended")

    def test_a_refresh_token_is_not_good_once_the_new_one_has_been_used(self, world: World) -> None:
        person = world.visitor()
        old = person.refresh_token
        person.keep(person.refresh().expect(200))
        person.keep(person.refresh().expect(200))
        body = {"refresh_token": old}
        world.call("POST", "/v1/sessions/refresh", body).expect(401, "session_ended")
        person.get("/v1/me").expect(401, "session_ended")

    def test_a_retry_with_its_nonce_gets_the_rest_of_the_wait_and_no_second_message(
        self, world: World
    ) -> None:
        nonce = world.nonce()
        ask(world, nonce=nonce).expect(202)
        world.clock.pass_(seconds=20)
        assert ask(world, nonce=nonce).expect(202)["resend_after_s"] == 40
        assert len(world.sms.sent) == 1
        ask(world).expect(429, "too_many_requests")

    def test_a_request_that_was_charged_but_not_sent_is_sent_with_its_nonce(
        self, world: World
    ) -> None:
        nonce = world.nonce()
        world.sms.fault = Unavailable()
        ask(world, nonce=nonce).expect(503, "unavailable")
        world.sms.fault = None
        ask(world, nonce=nonce).expect(202)
        assert len(world.sms.sent) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_a_network_is_an_ipv4_address_or_an_ipv6_subnet(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_wait_is_not_negative(world: World) -> None:
    nonce = world.nonce()
    ask(world, nonce=nonce).expect(202)
    world.clock.pass_(seconds=90)
    assert ask(world, nonce=nonce).expect(202)["resend_after_s"] == 0
