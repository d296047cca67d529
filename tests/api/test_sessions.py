"""Logging in by a text message, and how long that holds (JN-16)."""

import pytest

from chalicelib.core import keys
from chalicelib.core.errors import BadInput, TooMany, Unavailable
from chalicelib.identity.store.limits import LimitItem
from tests.api.driver import Person, World, shape


def stranger(world: World) -> Person:
    """Somebody who has never logged in."""
    return Person(world, "+8613800138000", "王小明", 500)


@pytest.mark.requirement("JN-16")
def test_a_phone_logs_in_with_the_code_that_it_was_sent(world: World) -> None:
    person = stranger(world)
    sent = person.ask_for_code(language="zh-Hant").expect(202)
    assert sent == {"status": "sent", "resend_after_s": 60, "expires_in_s": 300}
    assert world.sms.sent == [("+8613800138000", person.code, "zh-Hant")]

    login = person.enter_code(person.code).expect(201)
    assert login["expires_at"] == "2026-11-22T06:00:00.000Z"
    person.keep(login)
    shown = person.get("/v1/me").expect(200)
    assert shown["person_id"] == login["person_id"]
    assert shown["phone"] == "+86138****8000"
    assert shown["registration"]["verification"] == "none"


@pytest.mark.requirement("JN-16")
def test_the_next_login_of_a_phone_is_the_same_person(world: World) -> None:
    person = world.person()
    first = person.person_id
    world.clock.pass_(minutes=1)
    person.phone = (
        f" {person.phone[3:6]}-{person.phone[6:10]}-{person.phone[10:]}"  # as people type
    )
    world.call("POST", "/v1/otp", {"phone": person.phone}).expect(202)
    login = person.enter_code(world.sms.sent[-1][1]).expect(201)
    assert login["person_id"] == first


def test_a_wrong_code_does_not_log_in(world: World) -> None:
    person = stranger(world)
    person.ask_for_code().expect(202)
    wrong = f"{(int(person.code) + 1) % 1_000_000:06d}"
    person.enter_code(wrong).expect(401, "otp_invalid")
    person.enter_code(person.code).expect(201)


def test_a_code_works_once(world: World) -> None:
    person = stranger(world)
    person.ask_for_code().expect(202)
    person.enter_code(person.code).expect(201)
    world.clock.pass_(seconds=31)  # a retry after a lost answer: test_accounts_under_attack.py
    person.enter_code(person.code).expect(401, "otp_invalid")


@pytest.mark.parametrize(("seconds", "status"), [(299, 201), (300, 401)])
def test_a_code_holds_for_five_minutes(world: World, seconds: int, status: int) -> None:
    person = stranger(world)
    person.ask_for_code().expect(202)
    world.clock.pass_(seconds=seconds)
    assert person.enter_code(person.code).status == status


def test_after_five_wrong_guesses_the_right_code_is_wrong_too(world: World) -> None:
    person = stranger(world)
    person.ask_for_code().expect(202)
    for guess in range(4):
        person.enter_code(f"{guess:06d}").expect(401, "otp_invalid")
    for guessed in ("000004", person.code):
        person.enter_code(guessed).expect(401, "otp_used_up")
    world.clock.pass_(minutes=1)
    person.ask_for_code().expect(202)
    person.enter_code(person.code).expect(201)


def test_the_second_new_code_makes_the_earlier_one_void(world: World) -> None:
    person = stranger(world)
    person.ask_for_code().expect(202)
    earlier = person.code
    for _ in range(2):
        world.clock.pass_(minutes=1)
        person.ask_for_code().expect(202)
    person.enter_code(earlier).expect(401, "otp_invalid")
    person.enter_code(person.code).expect(201)


def test_a_code_of_another_phone_does_not_log_in(world: World) -> None:
    person = stranger(world)
    person.ask_for_code().expect(202)
    other = Person(world, "+8613800138001", "李雷", 501)
    other.ask_for_code().expect(202)
    other.enter_code(person.code).expect(401, "otp_invalid")


def test_a_phone_gets_one_code_a_minute(world: World) -> None:
    person = stranger(world)
    world.clock.pass_(seconds=20)
    person.ask_for_code().expect(202)
    refused = person.ask_for_code()
    refused.expect(429, "too_many_requests")
    assert refused.headers["retry-after"] == "40"
    assert "40 seconds" in refused.json["detail"]
    assert len(world.sms.sent) == 1
    world.clock.pass_(seconds=40)
    person.ask_for_code().expect(202)


def test_a_phone_gets_ten_codes_a_day(world: World) -> None:
    person = stranger(world)
    for _ in range(10):
        person.ask_for_code().expect(202)
        world.clock.pass_(minutes=1)
    refused = person.ask_for_code()
    refused.expect(429, "too_many_requests")
    assert int(refused.headers["retry-after"]) == (20 * 60 - 10) * 60  # until midnight, UTC
    assert len(world.sms.sent) == 10
    world.clock.pass_(hours=20)
    person.ask_for_code().expect(202)


def test_one_address_gets_six_hundred_codes_an_hour(world: World) -> None:
    address = world.container.index.of("address", "127.0.0.1")
    hour = f"{int(world.clock.at.timestamp()):010d}"
    spent = [LimitItem.attempts.set(599), LimitItem.ttl.set(0)]
    world.table.update(keys.rate("otp-address", address, hour), spent)
    world.person()
    world.sms.sent.clear()
    refused = stranger(world).ask_for_code()
    refused.expect(429, "too_many_requests")
    assert refused.headers["retry-after"] == "3600"
    assert world.sms.sent == []


def test_known_and_unknown_phones_are_answered_alike(world: World) -> None:
    known = world.person()
    world.clock.pass_(minutes=1)
    unknown = stranger(world)
    answers = []
    for person in (known, unknown):
        asked = person.ask_for_code()
        wrong = person.enter_code("000000")
        again = person.ask_for_code()
        answers.append(
            [
                (answer.status, answer.body, shape(str(sorted(answer.headers.items()))))
                for answer in (asked, wrong, again)
            ]
        )
    assert [status for status, _, _ in answers[0]] == [202, 401, 429]
    assert answers[0] == answers[1]


def test_a_refresh_token_works_once(world: World) -> None:
    person = world.person()
    used = person.refresh_token
    world.clock.pass_(hours=3)
    assert person.get("/v1/me").code == "token_expired"
    renewed = person.refresh().expect(200)
    assert renewed["person_id"] == person.person_id
    person.keep(renewed)
    person.get("/v1/me").expect(200)
    person.keep(person.refresh().expect(200))
    person.get("/v1/me").expect(200)
    reused = world.call("POST", "/v1/sessions/refresh", {"refresh_token": used})
    reused.expect(401, "session_ended")


def test_a_session_ends_after_thirty_days_without_refresh(world: World) -> None:
    person = world.person()
    world.clock.pass_(days=29)
    person.keep(person.refresh().expect(200))
    world.clock.pass_(days=29)
    person.keep(person.refresh().expect(200))
    world.clock.pass_(days=30)
    person.refresh().expect(401, "token_expired")


def test_a_logout_counts_at_the_next_call(world: World) -> None:
    person = world.person()
    person.post("/v1/sessions/logout").expect(200)
    person.get("/v1/me").expect(401, "session_ended")
    person.post("/v1/sessions/logout").expect(401, "session_ended")
    person.refresh().expect(401, "session_ended")


def test_a_logout_ends_its_own_session_only(world: World) -> None:
    person = world.person()
    phone, tablet = person.token, ""
    world.clock.pass_(minutes=1)
    person.log_in()
    tablet = person.token
    person.post("/v1/sessions/logout").expect(200)
    world.call("GET", "/v1/me", token=tablet).expect(401, "session_ended")
    world.call("GET", "/v1/me", token=phone).expect(200)


def test_the_sixth_login_ends_the_oldest_session(world: World) -> None:
    person = world.person()
    tokens = [person.token]
    for _ in range(5):
        world.clock.pass_(minutes=1)
        person.log_in()
        tokens.append(person.token)
    world.call("GET", "/v1/me", token=tokens[0]).expect(401, "session_ended")
    for token in tokens[1:]:
        world.call("GET", "/v1/me", token=token).expect(200)


def test_tokens_outlive_a_rotation_of_the_keys_but_not_their_removal(world: World) -> None:
    person = world.person()
    pairs = world.container.key_source.pairs  # type: ignore[attr-defined]
    pairs |= {"2": "s" * 64, "active": "2"}
    person.get("/v1/me").expect(200)
    person.keep(person.refresh().expect(200))
    del pairs["1"]
    person.get("/v1/me").expect(200)


@pytest.mark.parametrize(
    "phone", ["", "12345", "+8612345678901", "not a phone", "+", "１３", "\x00"]
)
def test_what_is_no_phone_number_is_refused(world: World, phone: str) -> None:
    before = world.writes()
    refused = world.call("POST", "/v1/otp", {"phone": phone})
    refused.expect(400, "invalid_input")
    assert refused.faults.keys() == {"/phone"}
    assert world.sms.sent == []
    assert world.writes() == before


def test_the_gateway_says_that_it_cannot_reach_the_number(world: World) -> None:
    world.sms.fault = BadInput.at("/phone", "phone")
    refused = stranger(world).ask_for_code()
    refused.expect(400, "invalid_input")
    assert refused.faults == {"/phone": "phone"}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(Unavailable(), 503, "unavailable"), (TooMany(60), 429, "too_many_requests")],
)
def test_a_gateway_that_is_busy_or_gone_is_said_so(
    world: World, fault: Exception, status: int, code: str
) -> None:
    world.sms.fault = fault
    person = stranger(world)
    person.ask_for_code().expect(status, code)
    world.sms.fault = None
    world.clock.pass_(minutes=1)
    person.ask_for_code().expect(202)
    person.enter_code(person.code).expect(201)
