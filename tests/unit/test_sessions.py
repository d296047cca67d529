"""Logging in by a one-time code, and the session that follows."""

from datetime import timedelta

import pytest

from chalicelib.core.crypto import BlindIndex, KeyRing, Tokens, Vault
from chalicelib.core.errors import TooMany, Unauthenticated, Unavailable
from chalicelib.core.ids import RandomIds
from chalicelib.identity.accounts import Accounts
from chalicelib.identity.logins import PhoneLogin
from chalicelib.identity.one_time_codes import CODE_LIFE, OneTimeCodes
from chalicelib.identity.people import Actor
from chalicelib.identity.phone_changes import PhoneChanges
from chalicelib.identity.sessions import ACCESS_LIFE, REFRESH_LIFE, Login, Sessions
from tests.fakes.parts import FixedSecret, LocalDataKeys, NoInvitations, RecordingSms, StandingClock
from tests.fakes.stores import FakeCodes, FakeLimits, FakePeople

RING = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))
PHONE, OTHER = "+8613800000001", "+8613800000002"


class Desk:
    """Everything that a login needs, in memory."""

    def __init__(self) -> None:
        self.clock, self.sms = StandingClock(), RecordingSms()
        self.people = FakePeople()
        self.tokens, self.vault = Tokens(RING), Vault(LocalDataKeys())
        index, ids = BlindIndex(RING), RandomIds()
        self.codes = OneTimeCodes(
            codes=FakeCodes(),
            limits=FakeLimits(),
            index=index,
            ids=ids,
            sms=self.sms,
            countries=("CN",),
            a_day=1000,
        )
        self.sessions = Sessions(people=self.people, tokens=self.tokens, ids=ids)
        accounts = Accounts(
            people=self.people,
            sessions=self.sessions,
            index=index,
            ids=ids,
            vault=self.vault,
            absence=timedelta(days=90),
        )
        self.login = PhoneLogin(
            codes=self.codes,
            accounts=accounts,
            changes=PhoneChanges(
                accounts=accounts,
                codes=self.codes,
                sessions=self.sessions,
                sms=self.sms,
                limits=FakeLimits(),
                vault=self.vault,
            ),
            sessions=self.sessions,
            invitations=NoInvitations(),
        )

    def ask(self, phone: str = PHONE, address: str = "192.0.2.1") -> str:
        self.codes.send(phone, address=address, language="en", now=self.clock.now())
        return self.sms.sent[-1][1]

    def log_in(self, code: str, phone: str = PHONE) -> Login:
        return self.login.log_in(phone, code, address="192.0.2.1", now=self.clock.now())

    def enter(self, phone: str = PHONE) -> Login:
        self.clock.pass_(minutes=1)
        return self.log_in(self.ask(phone), phone)

    def refresh(self, token: str) -> Login:
        return self.sessions.refresh(token, now=self.clock.now())

    def actor(self, token: str) -> Actor:
        return self.sessions.authenticate(token, now=self.clock.now())

    def refusal(self, token: str) -> str:
        with pytest.raises(Unauthenticated) as refused:
            self.actor(token)
        return refused.value.code


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestCodes:
    """A code goes to one phone, works once and in time, and is not to be had endlessly."""

    def test_it_is_six_digits_in_the_callers_language(self, desk: Desk) -> None:
        code = desk.ask()
        assert desk.sms.sent == [(PHONE, code, "en")]
        assert len(code) == 6
        assert code.isdecimal()

    def test_it_works_once(self, desk: Desk) -> None:
        code = desk.ask()
        desk.log_in(code)
        desk.clock.pass_(seconds=31)
        with pytest.raises(Unauthenticated, match="otp_invalid"):
            desk.log_in(code)

    def test_it_works_for_its_own_phone_only(self, desk: Desk) -> None:
        code = desk.ask()
        desk.ask(OTHER)
        with pytest.raises(Unauthenticated, match="otp_invalid"):
            desk.log_in(code, OTHER)

    def test_it_expires(self, desk: Desk) -> None:
        code = desk.ask()
        desk.clock.at += CODE_LIFE
        with pytest.raises(Unauthenticated, match="otp_invalid"):
            desk.log_in(code)

    def test_it_is_sent_once_a_minute_and_ten_times_a_day(self, desk: Desk) -> None:
        desk.ask()
        with pytest.raises(TooMany):
            desk.ask()
        desk.ask(OTHER)
        for _ in range(9):
            desk.clock.pass_(minutes=1)
            desk.ask()
        desk.clock.pass_(minutes=1)
        with pytest.raises(TooMany) as refused:
            desk.ask()
        assert refused.value.retry_after > 60
        assert len(desk.sms.sent) == 11
        desk.clock.pass_(days=1)
        desk.ask()

    def test_one_address_may_be_a_whole_venue_but_not_a_city(self, desk: Desk) -> None:
        for number in range(600):
            desk.ask(f"+86138{number:08d}")
        with pytest.raises(TooMany):
            desk.ask("+8613900000000")
        desk.ask("+8613900000000", address="192.0.2.2")

    def test_a_gateway_that_fails_is_said_to_be_unavailable(self, desk: Desk) -> None:
        desk.sms.fault = Unavailable()
        with pytest.raises(Unavailable):
            desk.ask()


class TestSessions:
    """A session ends when it is ended, and its refresh token works once."""

    def test_the_first_login_makes_the_person_later_ones_find_them(self, desk: Desk) -> None:
        first, second = desk.enter(), desk.enter()
        assert first.person_id == second.person_id
        assert desk.enter(OTHER).person_id != first.person_id
        assert first.expires_at == desk.clock.now() - timedelta(minutes=2) + ACCESS_LIFE

    def test_it_says_who_acts(self, desk: Desk) -> None:
        login = desk.enter()
        actor = desk.actor(login.access_token)
        assert actor.person_id == login.person_id
        assert desk.vault.open(actor.profile.phone, f"{actor.person_id}/phone") == PHONE

    def test_a_logout_counts_at_the_next_call(self, desk: Desk) -> None:
        login, other = desk.enter(), desk.enter()
        desk.sessions.close(desk.actor(login.access_token))
        assert desk.refusal(login.access_token) == "session_ended"
        with pytest.raises(Unauthenticated, match="session_ended"):
            desk.refresh(login.refresh_token)
        desk.actor(other.access_token)

    def test_an_access_token_expires_and_is_refreshed(self, desk: Desk) -> None:
        login = desk.enter()
        desk.clock.at += ACCESS_LIFE
        assert desk.refusal(login.access_token) == "token_expired"
        desk.actor(desk.refresh(login.refresh_token).access_token)

    def test_a_refresh_token_works_once(self, desk: Desk) -> None:
        login = desk.enter()
        second = desk.refresh(login.refresh_token)
        third = desk.refresh(second.refresh_token)
        assert third.person_id == login.person_id
        with pytest.raises(Unauthenticated, match="session_ended"):
            desk.refresh(login.refresh_token)

    def test_a_session_that_is_refreshed_lives_on(self, desk: Desk) -> None:
        login = desk.enter()
        for _ in range(4):
            desk.clock.pass_(days=29)
            login = desk.refresh(login.refresh_token)
        desk.actor(login.access_token)
        desk.clock.at += REFRESH_LIFE
        with pytest.raises(Unauthenticated, match="token_expired"):
            desk.refresh(login.refresh_token)

    def test_one_kind_of_token_does_not_do_for_the_other(self, desk: Desk) -> None:
        login = desk.enter()
        assert desk.refusal(login.refresh_token) == "token_invalid"
        with pytest.raises(Unauthenticated, match="token_invalid"):
            desk.refresh(login.access_token)

    def test_five_sessions_are_all_the_oldest_gives_way(self, desk: Desk) -> None:
        logins = [desk.enter() for _ in range(7)]
        live = desk.people.load(logins[0].person_id).sessions
        assert len(live) == 5
        assert [desk.refusal(login.access_token) for login in logins[:2]] == ["session_ended"] * 2
        for login in logins[2:]:
            desk.actor(login.access_token)

    def test_a_session_past_its_end_is_over_even_before_it_is_swept(self, desk: Desk) -> None:
        login = desk.enter()
        late = desk.clock.now() + REFRESH_LIFE
        claims = {"sub": login.person_id}
        claims["sid"] = next(iter(desk.people.load(login.person_id).sessions))
        token = desk.tokens.issue("session", claims, now=late, life=ACCESS_LIFE)
        desk.clock.at = late
        assert desk.refusal(token) == "session_ended"
