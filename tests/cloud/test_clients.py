"""Logging in from mini-programs, deployed: the functions hold the credentials and reach both."""

from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from infra.local.place import LocalCloud

pytestmark = pytest.mark.cloud
PHONE = "+8613800000071"


@pytest.fixture
def post(cloud: LocalCloud) -> Callable[..., dict[str, Any]]:
    """Send JSON to the application, or to the sandbox; the answer's body."""

    def post(path: str, body: dict[str, Any], token: str = "", status: int = 200) -> dict[str, Any]:
        base = cloud.sandbox_url if path.startswith("/sandbox") else cloud.base_url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = urllib3.request("POST", base + path, json=body, headers=headers, timeout=30)
        assert answer.status == status, answer.data
        read: dict[str, Any] = answer.json()
        return read

    return post


@pytest.mark.requirement("JN-16")
@pytest.mark.requirement("YK-29")
def test_a_phone_is_one_person_on_both_platforms(post: Callable[..., dict[str, Any]]) -> None:
    there = post("/sandbox/wechat", {"phone": PHONE})
    login = {"client": "wechat", "code": there["code"]}
    wechat = post("/v1/sessions", login, status=201)
    assert wechat["client"] == "wechat"
    assert post("/v1/sessions", login, status=401)["code"] == "platform_code_invalid"
    button = {"client": "wechat", "phone_code": there["phone_code"]}
    confirmed = post("/v1/me/phone", button, wechat["access_token"])
    assert confirmed["strength"] == "phone"
    refused = post("/v1/me/phone", button, confirmed["access_token"], status=422)
    assert refused["code"] == "phone_proof_invalid"

    here = post("/sandbox/alipay", {"phone": PHONE})
    sealed = {name: here["phone"][name] for name in ("response", "sign")}
    login = {"client": "alipay", "code": here["code"], "phone": sealed}
    alipay = post("/v1/sessions", login, status=201)
    assert (alipay["client"], alipay["strength"]) == ("alipay", "phone")
    assert alipay["person_id"] == confirmed["person_id"]
    refreshed = post("/v1/sessions/refresh", {"refresh_token": alipay["refresh_token"]})
    assert (refreshed["client"], refreshed["strength"]) == ("alipay", "phone")
