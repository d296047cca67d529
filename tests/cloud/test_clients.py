"""Logging in from mini-programs, deployed: the functions hold the credentials and reach both."""

import pytest

from infra.local.client import Api, Http, Sandbox
from infra.local.place import LocalCloud

pytestmark = pytest.mark.cloud
PHONE = "+8613800000071"


@pytest.mark.requirement("JN-16")
@pytest.mark.requirement("YK-29")
def test_a_phone_is_one_person_on_both_platforms(cloud: LocalCloud) -> None:
    api, sandbox = Api(Http(cloud.base_url)), Sandbox(Http(cloud.sandbox_url))
    there = sandbox.mini_program(PHONE)
    login = {"client": "wechat", "code": there["code"]}
    wechat = api.call("POST", "/v1/sessions", login).expect(201)
    assert wechat["client"] == "wechat"
    api.call("POST", "/v1/sessions", login).expect(401, "platform_code_invalid")
    button = {"client": "wechat", "phone_code": there["phone_code"]}
    confirmed = api.call("POST", "/v1/me/phone", button, token=wechat["access_token"]).expect(200)
    assert confirmed["strength"] == "phone"
    refused = api.call("POST", "/v1/me/phone", button, token=confirmed["access_token"])
    refused.expect(422, "phone_proof_invalid")

    here = sandbox.call("POST", "alipay", {"phone": PHONE})
    sealed = {name: here["phone"][name] for name in ("response", "sign")}
    login = {"client": "alipay", "code": here["code"], "phone": sealed}
    alipay = api.call("POST", "/v1/sessions", login).expect(201)
    # Alipay's phone carries no time: a new account confirms it by text message.
    assert (alipay["client"], alipay["strength"]) == ("alipay", "platform")
    sealed_again = {"client": "alipay", "phone": sealed}
    refused = api.call("POST", "/v1/me/phone", sealed_again, token=alipay["access_token"])
    refused.expect(422, "confirm_by_text_message")
    api.call("POST", "/v1/otp", {"phone": PHONE}).expect(202)
    code = {"client": "sms", "phone": PHONE, "code": sandbox.inbox(PHONE)}
    alipay = api.call("POST", "/v1/me/phone", code, token=alipay["access_token"]).expect(200)
    assert (alipay["client"], alipay["strength"]) == ("alipay", "phone")
    assert alipay["person_id"] == confirmed["person_id"]
    body = {"refresh_token": alipay["refresh_token"]}
    refreshed = api.call("POST", "/v1/sessions/refresh", body).expect(200)
    assert (refreshed["client"], refreshed["strength"]) == ("alipay", "phone")
