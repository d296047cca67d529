"""The sandbox's WeChat and Alipay: each error that they document, and what survives a restart."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.sandbox.platforms import Alipay, Credentials, WeChat, form_of
from tests.fakes.parts import StandingClock

CREDENTIALS = Credentials.make()
PHONE = "+8613800000001"
APP = {"appid": CREDENTIALS.wechat_app_id, "secret": CREDENTIALS.wechat_app_secret}


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def wechat(clock: StandingClock) -> WeChat:
    return WeChat(CREDENTIALS, lambda: clock.now().timestamp())


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"appid": "wx0"}, 40013),
        ({"secret": ""}, 40125),
        ({"grant_type": "password"}, 40002),
        ({"js_code": ""}, 41008),
        ({"js_code": "invented"}, 40029),
    ],
)
def test_a_login_that_wechat_refuses(wechat: WeChat, changes: dict[str, str], number: int) -> None:
    query = APP | {"grant_type": "authorization_code", "js_code": "x"} | changes
    assert wechat.session(query)["errcode"] == number


def token(wechat: WeChat, **changes: object) -> Any:
    return wechat.token(APP | {"grant_type": "client_credential"} | changes)


def test_a_token_is_one_for_all_and_renewed_five_minutes_before_its_end(
    wechat: WeChat, clock: StandingClock
) -> None:
    first = token(wechat)
    assert first["expires_in"] == 7200
    clock.pass_(seconds=6899)
    again = token(wechat)
    assert (again["access_token"], again["expires_in"]) == (first["access_token"], 301)
    clock.pass_(seconds=1)
    renewed = token(wechat)
    assert renewed["access_token"] != first["access_token"]
    for known in (first, renewed):  # the old one holds until its end
        asked = wechat.phone({"access_token": known["access_token"]}, {"code": "x"})
        assert asked["errcode"] == 40029
    clock.pass_(seconds=300)
    asked = wechat.phone({"access_token": first["access_token"]}, {"code": "x"})
    assert asked["errcode"] == 42001


@pytest.mark.parametrize(
    ("changes", "number"),
    [({"appid": "wx0"}, 40013), ({"secret": None}, 40125), ({"grant_type": None}, 40002)],
)
def test_a_token_that_wechat_refuses(
    wechat: WeChat, changes: dict[str, object], number: int
) -> None:
    assert token(wechat, **changes)["errcode"] == number


@pytest.mark.parametrize(
    ("form", "sub_code"),
    [
        ({}, "isv.invalid-app-id"),
        ({"app_id": CREDENTIALS.alipay_app_id}, "isv.missing-signature"),
        ({"app_id": CREDENTIALS.alipay_app_id, "sign": "x"}, "isv.invalid-signature-type"),
        (
            {"app_id": CREDENTIALS.alipay_app_id, "sign": "x", "sign_type": "RSA2"},
            "isv.invalid-signature",
        ),
    ],
)
def test_a_request_that_alipay_refuses(form: dict[str, str], sub_code: str) -> None:
    alipay = Alipay(CREDENTIALS, lambda: 0.0)
    answer = json.loads(alipay.gateway(form))
    assert answer["error_response"]["sub_code"] == sub_code


def test_the_parameters_of_query_and_form_are_one() -> None:
    assert form_of("a=1&b=%2B", b"c=%E6%B5%8E&d=") == {"a": "1", "b": "+", "c": "济", "d": ""}


def test_credentials_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "platforms.json"
    made = Credentials.kept_in(path)
    assert Credentials.kept_in(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    handed_over = made.for_the_application()
    assert made.platform_private_key not in handed_over.values()
    assert sorted(handed_over) == [
        "alipay_aes_key",
        "alipay_app_id",
        "alipay_private_key",
        "alipay_public_key",
        "wechat_app_id",
        "wechat_app_secret",
    ]
