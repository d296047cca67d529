"""`platforms.Platform`: the stand-in, and the adapters against the sandbox's WeChat and Alipay."""

import base64
import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import urllib3

from chalicelib.adapters.platforms.alipay import Alipay
from chalicelib.adapters.platforms.wechat import WeChat
from chalicelib.core.crypto import SecretSource
from chalicelib.core.errors import (
    AppError,
    Forbidden,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unprocessable,
)
from chalicelib.core.logs import JsonFormatter, logger
from chalicelib.identity.platforms import PhoneProof, Platform, PlatformName
from infra.local.sandbox.faults import GARBAGE
from infra.local.sandbox.people import Cast
from infra.local.sandbox.platforms import LOGINS_A_MINUTE, Credentials
from infra.local.sandbox.platforms import Alipay as Played
from infra.local.sandbox.server import Reply, Request, Sandbox
from tests.fakes.parts import FakePlatform, FixedSecret, StandingClock

WECHAT, ALIPAY = PlatformName
PHONES, GATEWAY = "/wxa/business/getuserphonenumber", "/gateway.do"
PHONE, OTHER = "+8613800000001", "+8613800000002"
CREDENTIALS = Credentials.make()
KNOWN = CREDENTIALS.for_the_application()
ADAPTERS: dict[PlatformName, Callable[..., Platform]] = {WECHAT: WeChat, ALIPAY: Alipay}


class Local:
    """The sandbox in a thread; its clock and the adapters' are one."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.server = Sandbox(
            0, secret="s", cast=Cast([]), credentials=CREDENTIALS,
            now=lambda: self.clock.now().timestamp(), log=io.StringIO(),
        )  # fmt: skip
        self._thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.stop()
        self._thread.join()

    def post(self, path: str, **body: object) -> dict[str, Any]:
        answer = urllib3.request("POST", self.url + path, json=body)
        assert answer.status == 200, answer.data
        told: dict[str, Any] = answer.json()
        return told

    def calls(self, partner: str) -> int:
        return int(urllib3.request("GET", f"{self.url}/sandbox/calls").json()[partner])

    def adapter(self, name: PlatformName, secrets: SecretSource | None = None) -> Platform:
        return ADAPTERS[name](self.url, secrets or FixedSecret(**KNOWN), self.clock.now)

    def mint(
        self, name: PlatformName, phone: str = PHONE, user: str = "", **kind: object
    ) -> tuple[str, PhoneProof]:
        given = self.post(f"/sandbox/{name}", phone=phone, user=user or phone, **kind)
        if name is WECHAT:
            return given["code"], PhoneProof(given["phone_code"])
        return given["code"], PhoneProof(given["phone"]["response"], given["phone"]["sign"])


@pytest.fixture(scope="module")
def running() -> Iterator[Local]:
    started = Local()
    yield started
    started.close()


@pytest.fixture
def local(running: Local) -> Iterator[Local]:
    """The sandbox, whole again afterwards, and with all limits forgotten."""
    yield running
    for name in PlatformName:
        running.post("/sandbox/faults", provider=name, mode="none")
    running.clock.pass_(minutes=1)


@dataclass
class Place:
    """A platform and a phone in somebody's hand."""

    name: PlatformName
    platform: Platform
    mint: Callable[..., tuple[str, PhoneProof]]
    clock: StandingClock


@pytest.fixture(params=["fake-wechat", "fake-alipay", "wechat", "alipay"])
def place(request: pytest.FixtureRequest, local: Local) -> Place:
    """The stand-ins and the adapters."""
    fake, _, last = request.param.rpartition("-")
    name = PlatformName(last)
    if fake:
        clock = StandingClock()
        stand_in = FakePlatform(name, clock)
        return Place(name, stand_in, stand_in.mint, clock)
    return Place(name, local.adapter(name), lambda *whose: local.mint(name, *whose), local.clock)


@contextmanager
def answering(
    local: Local, path: str, answer: Callable[[Request, Callable[[Request], Reply]], object]
) -> Iterator[None]:
    """A platform's route answers what the test says; it is given the real one too."""
    route = ("POST", path)
    real = local.server.routes[route]
    local.server.routes[route] = lambda asked: Reply(200, answer(asked, real))
    try:
        yield
    finally:
        local.server.routes[route] = real


def refusal(call: Callable[[], object]) -> AppError:
    with pytest.raises(AppError) as caught:
        call()
    return caught.value


class TestPlatforms:
    """What an adapter owes to the use cases, whichever platform is behind it."""

    def test_an_account_has_one_id(self, place: Place) -> None:
        first, second, third = (
            place.platform.account(place.mint(PHONE, user)[0]) for user in ("a", "a", "b")
        )
        assert first == second
        assert first.platform is place.name
        assert first.canonical == second.canonical != third.canonical

    def test_a_code_works_once(self, place: Place) -> None:
        code, _ = place.mint(PHONE)
        place.platform.account(code)
        error = refusal(lambda: place.platform.account(code))
        assert (type(error), error.code) == (Unauthenticated, "platform_code_invalid")

    @pytest.mark.parametrize(("seconds", "holds"), [(299, True), (300, False)])
    def test_a_code_holds_for_five_minutes(self, place: Place, seconds: int, holds: bool) -> None:
        code, _ = place.mint(PHONE)
        place.clock.pass_(seconds=seconds)
        if holds:
            assert place.platform.account(code).user_id
        else:
            assert refusal(lambda: place.platform.account(code)).code == "platform_code_invalid"

    @pytest.mark.parametrize("code", ["x", "0" * 512, "&secret=x", "%00", "../..#"])
    def test_an_invented_code_is_refused(self, place: Place, code: str) -> None:
        assert refusal(lambda: place.platform.account(code)).code == "platform_code_invalid"

    def test_the_phone_comes_as_e164(self, place: Place) -> None:
        for phone in (PHONE, OTHER):
            assert place.platform.phone(place.mint(phone)[1]) == phone

    @pytest.mark.parametrize("text", ["x", "eA==", "e30=", "A" * 4096])
    def test_an_invented_proof_is_refused(self, place: Place, text: str) -> None:
        error = refusal(lambda: place.platform.phone(PhoneProof(text, "c2ln")))
        assert (type(error), error.code) == (Unprocessable, "phone_proof_invalid")

    def test_a_login_code_is_no_phone_proof_and_the_other_way_round(self, place: Place) -> None:
        code, proof = place.mint(PHONE)
        assert refusal(lambda: place.platform.account(proof.text[:512])).code
        assert refusal(lambda: place.platform.phone(PhoneProof(code))).code == "phone_proof_invalid"


@pytest.mark.parametrize("name", list(PlatformName))
class TestFaults:
    """What a partner can do wrong is a 503 for the person, and a line for the operator."""

    @pytest.mark.parametrize("mode", ["refuse", "error", "busy"])
    def test_a_platform_that_does_not_answer(
        self, local: Local, name: PlatformName, mode: str
    ) -> None:
        code, _ = local.mint(name)
        platform = local.adapter(name)
        local.post("/sandbox/faults", provider=name, mode=mode)
        assert isinstance(refusal(lambda: platform.account(code)), Unavailable)
        local.post("/sandbox/faults", provider=name, mode="none")
        assert platform.account(code).user_id

    def test_a_platform_that_hangs(self, local: Local, name: PlatformName) -> None:
        code, _ = local.mint(name)
        local.post("/sandbox/faults", provider=name, mode="hang")
        platform = local.adapter(name)
        assert isinstance(refusal(lambda: platform.account(code)), Unavailable)

    def test_garbage(self, local: Local, name: PlatformName) -> None:
        code, proof = local.mint(name)
        platform = local.adapter(name)
        local.post("/sandbox/faults", provider=name, mode="garbage")
        for _ in GARBAGE:
            assert isinstance(refusal(lambda: platform.account(code)), Unavailable)
            if name is WECHAT:
                assert isinstance(refusal(lambda: platform.phone(proof)), Unavailable)

    def test_one_user_may_log_in_a_hundred_times_a_minute(
        self, local: Local, name: PlatformName
    ) -> None:
        platform = local.adapter(name)
        local.clock.pass_(seconds=60 - local.clock.now().timestamp() % 60)
        for _ in range(LOGINS_A_MINUTE):
            platform.account(local.mint(name, user="eager")[0])
        code, _ = local.mint(name, user="eager")
        error = refusal(lambda: platform.account(code))
        assert isinstance(error, TooMany)
        assert error.retry_after == 60
        platform.account(local.mint(name, user="patient")[0])
        local.clock.pass_(minutes=1)
        assert platform.account(code).user_id  # it was not used up

    def test_a_deployment_without_a_mini_program(self, local: Local, name: PlatformName) -> None:
        platform = local.adapter(name, FixedSecret(default="x"))
        calls = local.calls(name)
        for call in (lambda: platform.account("x"), lambda: platform.phone(PhoneProof("x", "eA"))):
            error = refusal(call)
            assert (type(error), error.code) == (Unprocessable, "client_not_offered")
        assert local.calls(name) == calls

    def test_secrets_and_people_stay_out_of_the_log(self, local: Local, name: PlatformName) -> None:
        log = io.StringIO()
        handler = logging.StreamHandler(log)
        handler.setFormatter(JsonFormatter())
        logger().addHandler(handler)
        try:
            code, proof = local.mint(name)
            platform = local.adapter(name)
            for mode in ("refuse", "error", "garbage", "none"):
                local.post("/sandbox/faults", provider=name, mode=mode)
                for _ in range(4):
                    try:
                        platform.account(code)
                        platform.phone(proof)
                    except AppError:
                        logger().exception("it went wrong")
        finally:
            logger().removeHandler(handler)
        written = log.getvalue()
        assert "platform_refused" in written
        told = [code, proof.text, PHONE, PHONE[3:], *KNOWN.values()]
        assert not [secret for secret in told if secret in written]


class TestWeChat:
    """What WeChat documents beyond that."""

    def test_a_user_of_high_risk(self, local: Local) -> None:
        code, _ = local.mint(WECHAT, blocked=True)
        error = refusal(lambda: local.adapter(WECHAT).account(code))
        assert (type(error), error.code) == (Forbidden, "platform_account_blocked")

    @pytest.mark.parametrize(
        "wrong", [{"wechat_app_secret": "x"}, {"wechat_app_id": "wx0000000000000000"}]
    )
    def test_an_app_that_wechat_does_not_know(self, local: Local, wrong: dict[str, str]) -> None:
        code, proof = local.mint(WECHAT)
        platform = local.adapter(WECHAT, FixedSecret(**KNOWN | wrong))
        assert isinstance(refusal(lambda: platform.account(code)), Unavailable)
        assert isinstance(refusal(lambda: platform.phone(proof)), Unavailable)

    def test_a_phone_code_works_once(self, local: Local) -> None:
        platform = local.adapter(WECHAT)
        _, proof = local.mint(WECHAT)
        assert platform.phone(proof) == PHONE
        assert refusal(lambda: platform.phone(proof)).code == "phone_proof_invalid"

    @pytest.mark.parametrize(("seconds", "holds"), [(299, True), (300, False)])
    def test_a_phone_code_holds_for_five_minutes(
        self, local: Local, seconds: int, holds: bool
    ) -> None:
        platform = local.adapter(WECHAT)
        _, proof = local.mint(WECHAT)
        local.clock.pass_(seconds=seconds)
        if holds:
            assert platform.phone(proof) == PHONE
        else:
            assert refusal(lambda: platform.phone(proof)).code == "phone_proof_invalid"

    @pytest.mark.parametrize("phone", ["+85261234567", "+85366123456", "+886912345678"])
    def test_a_phone_of_hong_kong_macau_or_taiwan(self, local: Local, phone: str) -> None:
        assert local.adapter(WECHAT).phone(local.mint(WECHAT, phone)[1]) == phone

    def test_too_many_phones(self, local: Local) -> None:
        platform = local.adapter(WECHAT)
        local.clock.pass_(seconds=60 - local.clock.now().timestamp() % 60)
        for _ in range(LOGINS_A_MINUTE):
            platform.phone(local.mint(WECHAT, user="eager")[1])
        _, proof = local.mint(WECHAT, user="eager")
        assert isinstance(refusal(lambda: platform.phone(proof)), TooMany)

    def test_the_access_token_is_kept_until_its_end(self, local: Local) -> None:
        platform = local.adapter(WECHAT)
        before = local.calls("wechat")
        for _ in range(3):
            platform.phone(local.mint(WECHAT)[1])
        assert local.calls("wechat") - before == 4  # one token, three phones
        local.clock.pass_(hours=3)
        platform.phone(local.mint(WECHAT)[1])
        assert local.calls("wechat") - before == 6

    def test_processes_do_not_void_each_others_tokens(self, local: Local) -> None:
        here, there = local.adapter(WECHAT), local.adapter(WECHAT)
        for platform in (here, there, here):
            before = local.calls("wechat")
            platform.phone(local.mint(WECHAT)[1])
        assert local.calls("wechat") - before == 1

    def test_a_token_that_was_voided_elsewhere_is_fetched_once_more(self, local: Local) -> None:
        platform = local.adapter(WECHAT)
        platform.phone(local.mint(WECHAT)[1])
        app = {"appid": KNOWN["wechat_app_id"], "secret": KNOWN["wechat_app_secret"]}
        local.post("/cgi-bin/stable_token", grant_type="client_credential", force_refresh=True,
                   **app)  # fmt: skip
        before = local.calls("wechat")
        assert platform.phone(local.mint(WECHAT)[1]) == PHONE
        assert local.calls("wechat") - before == 3

    def test_a_token_that_never_holds_is_not_fetched_for_ever(self, local: Local) -> None:
        stale = {"errcode": 40001, "errmsg": "invalid credential"}
        before = local.calls("wechat")
        with answering(local, PHONES, lambda *_: stale):
            error = refusal(lambda: local.adapter(WECHAT).phone(PhoneProof("x")))
        assert isinstance(error, Unavailable)
        assert local.calls("wechat") - before == 2  # the tokens; the phones were not counted

    @pytest.mark.parametrize(
        "changes",
        [
            {"watermark": {"appid": "wx1"}},
            {"watermark": None},
            {"countryCode": None},
            {"purePhoneNumber": ["1"]},
        ],
    )
    def test_a_phone_that_is_not_whole_or_of_another_app_is_a_fault(
        self, local: Local, changes: dict[str, object]
    ) -> None:
        mark = {"appid": KNOWN["wechat_app_id"]}
        info = {"purePhoneNumber": PHONE[3:], "countryCode": 86, "watermark": mark}
        platform = local.adapter(WECHAT)
        with answering(local, PHONES, lambda *_: {"errcode": 0, "phone_info": info}):
            assert platform.phone(PhoneProof("x")) == PHONE
        with answering(local, PHONES, lambda *_: {"errcode": 0, "phone_info": info | changes}):
            assert isinstance(refusal(lambda: platform.phone(PhoneProof("x"))), Unavailable)


class TestAlipay:
    """What Alipay documents beyond that: keys on both sides."""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"alipay_app_id": "2021000000000000"},
            {"alipay_private_key": Credentials.make().alipay_private_key},
            {"alipay_private_key": "no key"},
            {"alipay_public_key": Credentials.make().for_the_application()["alipay_public_key"]},
            {"alipay_public_key": "AAAA"},
        ],
    )
    def test_a_login_with_a_wrong_key_is_a_fault(self, local: Local, wrong: dict[str, str]) -> None:
        code, _ = local.mint(ALIPAY)
        platform = local.adapter(ALIPAY, FixedSecret(**KNOWN | wrong))
        assert isinstance(refusal(lambda: platform.account(code)), Unavailable)

    def test_a_clock_that_is_off_is_a_fault(self, local: Local) -> None:
        code, _ = local.mint(ALIPAY)
        late = Alipay(local.url, FixedSecret(**KNOWN), StandingClock().now)
        local.clock.pass_(hours=1)
        assert isinstance(refusal(lambda: late.account(code)), Unavailable)

    @pytest.mark.parametrize(
        "body",
        [
            '{"alipay_system_oauth_token_response":{"user_id":"2088000000000001"}}',
            '{"alipay_system_oauth_token_response":{"user_id":"2088000000000001"},"sign":"eA=="}',
            '{"alipay_system_oauth_token_response":{"user_id":"2088000000000001"},"sign":"é"}',
            '{"alipay_system_oauth_token_response":{"user_id":"2088000000000001"},"sign":1}',
            '{"alipay_system_oauth_token_response":"{}","sign":"eA=="}',
            '{"sign":"eA==","x":"alipay_system_oauth_token_response"}',
            '{"error_response":{"code":["20000"]}}',
            '{"error_response":{}, "sign": ""}',
        ],
    )
    def test_what_alipay_has_not_signed_is_nobody(self, local: Local, body: str) -> None:
        with answering(local, GATEWAY, lambda *_: body.encode()):
            error = refusal(lambda: local.adapter(ALIPAY).account("x"))
        assert isinstance(error, Unavailable)

    def test_a_signed_answer_that_was_altered_is_nobody(self, local: Local) -> None:
        def altered(asked: Request, real: Callable[[Request], Reply]) -> bytes:
            body = real(asked).body
            assert isinstance(body, bytes)
            user = json.loads(body)["alipay_system_oauth_token_response"]["user_id"]
            return body.replace(user.encode(), b"2088000000000001")

        code, _ = local.mint(ALIPAY)
        with answering(local, GATEWAY, altered):
            error = refusal(lambda: local.adapter(ALIPAY).account(code))
        assert isinstance(error, Unavailable)

    def test_an_app_that_has_moved_to_open_id(self, local: Local) -> None:
        played = Played(CREDENTIALS, lambda: local.clock.now().timestamp())
        answer = played.answer("alipay_system_oauth_token_response", {"open_id": "066pAbC/="})
        with answering(local, GATEWAY, lambda *_: answer):
            assert local.adapter(ALIPAY).account("x").user_id == "066pAbC/="

    def test_a_phone_that_the_person_has_not_allowed(self, local: Local) -> None:
        _, proof = local.mint(ALIPAY, denied=True)
        error = refusal(lambda: local.adapter(ALIPAY).phone(proof))
        assert error.code == "phone_proof_invalid"

    def test_an_altered_phone_is_refused(self, local: Local) -> None:
        platform = local.adapter(ALIPAY)
        _, proof = local.mint(ALIPAY)
        _, other = local.mint(ALIPAY, OTHER)
        sealed = bytearray(base64.b64decode(proof.text))
        sealed[20] ^= 1
        altered = base64.b64encode(sealed).decode()
        for text, sign in (
            (altered, proof.signature), (proof.text, other.signature), (proof.text, ""),
            (f'"{proof.text}"', proof.signature),
        ):  # fmt: skip
            error = refusal(lambda text=text, sign=sign: platform.phone(PhoneProof(text, sign)))  # type: ignore[misc]
            assert error.code == "phone_proof_invalid"

    def test_a_phone_sealed_for_another_content_key_is_a_fault(self, local: Local) -> None:
        _, proof = local.mint(ALIPAY)
        wrong = {"alipay_aes_key": base64.b64encode(bytes(16)).decode()}
        platform = local.adapter(ALIPAY, FixedSecret(**KNOWN | wrong))
        assert isinstance(refusal(lambda: platform.phone(proof)), Unavailable)

    def test_a_phone_is_good_as_often_as_it_is_shown(self, local: Local) -> None:
        """It carries no time and no user: that is Alipay's protocol; see docs/clients.md."""
        platform = local.adapter(ALIPAY)
        _, proof = local.mint(ALIPAY)
        local.clock.pass_(days=2)
        assert [platform.phone(proof), platform.phone(proof)] == [PHONE, PHONE]
