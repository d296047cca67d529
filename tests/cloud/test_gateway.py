"""What the gateway answers by itself, and adds to what the application answers."""

import gzip
import json

import pytest

from tests.cloud.driver import Deployed
from tests.support import ROOT

pytestmark = pytest.mark.cloud
ORIGIN = "http://localhost:3000"
LANGUAGES = {"zh-Hans", "zh-Hant", "en"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/v1/nothing"),
        ("GET", "/v1/venues/ven_0000000000000000/nothing"),
        ("DELETE", "/v1/me"),
        ("POST", "/v1/status"),
        ("OPTIONS", "/v1/nothing"),
    ],
)
def test_what_is_not_there_is_told_in_json_and_in_every_language(
    deployed: Deployed, method: str, path: str
) -> None:
    answer = deployed.call(method, path)
    problem = answer.expect(404, "not_found")
    assert problem["messages"].keys() == LANGUAGES
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("size", [64 * 1024 + 1, 1024 * 1024])
def test_a_body_that_is_too_large_is_refused_in_json(deployed: Deployed, size: int) -> None:
    body = {"phone": "+8613700009999", "padding": ""}
    body["padding"] = "x" * (size - len(json.dumps(body)))
    answer = deployed.call("POST", "/v1/otp", body)
    assert answer.expect(400, "invalid_input")["errors"][0]["code"] == "too_large"
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize(
    ("path", "method"),
    [("/v1/scans", "POST"), ("/v1/me", "GET"), ("/v1/venues/ven_1/posters/any", "GET")],
)
def test_a_preflight_lets_the_configured_origin_in(
    deployed: Deployed, path: str, method: str
) -> None:
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization,content-type,x-correlation-id",
    }
    answer = deployed.call("OPTIONS", path, headers=asked)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert method in answer.headers["Access-Control-Allow-Methods"].split(",")
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(",")
    assert {"authorization", "content-type", "accept-language", "x-correlation-id"} <= set(allowed)


def test_answers_and_refusals_of_the_application_carry_the_configured_origin(
    deployed: Deployed,
) -> None:
    for answer in (deployed.call("GET", "/v1/status"), deployed.call("GET", "/v1/me")):
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        exposed = answer.headers["Access-Control-Expose-Headers"]
        assert exposed == "X-Correlation-Id,Retry-After,Date"


@pytest.mark.requirement("GO-9")
@pytest.mark.parametrize(
    ("wanted", "detail"),
    [("zh-Hans", "请先登录。"), ("zh-Hant", "請先登入。"), ("en-GB,en;q=0.9", "Please log in.")],
)
def test_a_refusal_is_in_the_callers_language(deployed: Deployed, wanted: str, detail: str) -> None:
    answer = deployed.call("GET", "/v1/me", headers={"Accept-Language": wanted})
    assert answer.expect(401, "token_missing")["detail"] == detail


def test_large_answers_are_compressed_on_aws(deployed: Deployed) -> None:
    """The emulator keeps the setting and does not act on it; either form is read."""
    answer = deployed.call("GET", "/v1/openapi.json", headers={"Accept-Encoding": "gzip"})
    zipped = answer.headers.get("Content-Encoding") == "gzip"
    document = json.loads(gzip.decompress(answer.body) if zipped else answer.body)
    assert document["openapi"].startswith("3.1")
    gateway = deployed.cloud.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    assert api["minimumCompressionSize"] == 1024


@pytest.mark.requirement("GO-12")
def test_the_deployed_document_is_the_committed_one(deployed: Deployed) -> None:
    answer = deployed.call("GET", "/v1/openapi.json")
    assert answer.expect(200) == json.loads((ROOT / "docs/openapi.json").read_text())
