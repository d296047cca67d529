"""schemathesis calls every deployed route with what the OpenAPI document allows, and does not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.local.client import now_ms, uuid7
from tests.cloud.driver import Deployed, Visitor
from tests.support import ROOT, resident_id

pytestmark = pytest.mark.cloud
SETTINGS = """
base-url = "{url}"
hooks = "tests.generated"
workers = 2
continue-on-failure = true
cache.enabled = false
headers = {{ Authorization = "Bearer {administrator}" }}
parameters = {{ venue_id = "{venue_id}" }}

[generation]
mode = "all"
max-examples = 5  # beside what the limits of the schemas suggest; the whole takes half a minute
deterministic = true

[phases]
stateful.enabled = false
coverage.unexpected-methods = []  # the gateway's to answer: test_gateway

[checks]
enabled = false
not_a_server_error.enabled = true
status_code_conformance.enabled = true
content_type_conformance.enabled = true
response_headers_conformance.enabled = true
response_schema_conformance.enabled = true

# What ends a session, or changes a registration, is called by somebody else.
[[operations]]
include-operation-id = "log_out"
headers = {{ Authorization = "Bearer {leaver}" }}

[[operations]]
include-operation-id = "put_registration"
headers = {{ Authorization = "Bearer {newcomer}" }}
"""


def document(deployed: Deployed, administrator: Visitor) -> dict[str, Any]:
    """The deployed document, with examples that are of this deployment and of this moment."""
    found: dict[str, Any] = deployed.call("GET", "/v1/openapi.json").expect(200)
    bodies: dict[str, dict[str, Any]] = {
        "/v1/me/registration": {"document_number": resident_id(998)},
        "/v1/scans": {"nonce": uuid7(now_ms()), "code": administrator.venue["code_url"]},
        "/v1/venues": {"nonce": uuid7(now_ms())},
        "/v1/venues/{venue_id}/manual-checks": {"nonce": uuid7(now_ms())},
    }
    for path, changes in bodies.items():
        content = found["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        content["example"] |= changes
    return found


def test_whatever_is_sent_is_answered_as_documented(deployed: Deployed, tmp_path: Path) -> None:
    """No 5xx, no status and no body that is not in the document."""
    administrator = deployed.verified().issue()
    described, settings = tmp_path / "openapi.json", tmp_path / "schemathesis.toml"
    described.write_text(json.dumps(document(deployed, administrator)))
    settings.write_text(
        SETTINGS.format(
            url=deployed.cloud.base_url,
            administrator=administrator.token,
            venue_id=administrator.venue["venue_id"],
            leaver=deployed.visitor().token,
            newcomer=deployed.visitor().token,
        )
    )
    ended = subprocess.run(  # noqa: S603 (a tool of ours)
        [sys.executable, "-m", "schemathesis.cli", "--config-file", settings, "run", described],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
