"""What a story leaves in the logs: its correlation id everywhere, and nothing personal."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.local.client import wait_for
from tests.cloud.conftest import PATIENT
from tests.cloud.driver import Deployed, leaks

pytestmark = pytest.mark.cloud
LOGS = ("APIHandler", "Stream", "Lookups", "sandbox")


def lines(deployed: Deployed, log: str, correlation: str) -> list[dict[str, Any]]:
    """The lines of a log that carry a correlation id."""
    path = deployed.place.home / f"log/{log}.log"  # made by the function's first invocation
    found = []
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        if correlation in line:
            entry = json.loads(line)
            assert entry["correlation"] == correlation
            found.append(entry)
    return found


def test_one_search_finds_a_scans_whole_way(deployed: Deployed) -> None:
    administrator = deployed.verified().issue(**PATIENT)
    visitor = deployed.verified()
    correlation = f"gate-7-{visitor.person_id[4:]}"
    scanned = visitor.scan_code(
        administrator.venue["code_url"], headers={"X-Correlation-Id": correlation}
    )
    assert scanned.headers["X-Correlation-Id"] == correlation
    visitor.final(scanned.expect(201))
    found = wait_for(
        lambda: {log: lines(deployed, log, correlation) for log in LOGS},
        lambda seen: len(seen["sandbox"]) >= 3 and all(seen.values()),
    )
    assert [entry["route"] for entry in found["APIHandler"]] == ["scan_venue"]
    assert [entry["event"] for entry in found["Stream"]] == ["dispatched"]
    results = {entry["result"] for entry in found["Lookups"] if entry["event"] == "message"}
    assert results == {"answered"}
    asked = {entry["route"] for entry in found["sandbox"]}
    assert asked == {
        f"/v1/{provider}/lookups" for provider in ("health_code", "nucleic_acid", "vaccination")
    }


def test_a_posters_way_is_found_too(deployed: Deployed) -> None:
    administrator = deployed.verified().issue(**PATIENT)
    correlation = f"poster-{administrator.person_id[4:]}"
    path = f"/v1/venues/{administrator.venue['venue_id']}/posters"
    headers = {"X-Correlation-Id": correlation}
    administrator.post(path, {"form": "qr_svg"}, headers=headers).expect(202)
    found = wait_for(lambda: lines(deployed, "Renders", correlation), bool)
    assert [entry["result"] for entry in found] == ["ready"]
    assert [entry["what"] for entry in lines(deployed, "Stream", correlation)] == ["poster"]


@pytest.mark.parametrize(
    "line",
    [
        "WARN 求福根 was here",
        r'{"name": "\u6c42\u798f\u6839"}',
        r'{"name": "\u6C42\u798F\u6839"}',
        "GET /?name=%E6%B1%82%E7%A6%8F%E6%A0%B9",
        "id=330624193203099594x",
        "call 8613800000001 back",
        "code: 123456.",
    ],
)
def test_a_leak_would_be_found(tmp_path: Path, line: str) -> None:
    told = {"求福根", "33062419320309959", "13800000001", "123456"}
    log = tmp_path / "APIHandler.log"
    log.write_text('{"event": "request", "request": "0123456789"}\n', "utf-8")
    assert not leaks(tmp_path, told)
    log.write_text(f"{line}\n", "utf-8")
    assert len(leaks(tmp_path, told)) == 1


def test_what_was_told_in_confidence_stands_in_no_log(deployed: Deployed) -> None:
    """Refusals and faults included; the fixture looks again when all stories have been told."""
    administrator = deployed.verified().issue()
    unprintable = deployed.application(contact={"name": "万俟联系", "phone": "+8613900000998"})
    administrator.post("/v1/venues", unprintable | {"name": "😀"}).expect(400, "invalid_input")
    administrator.post("/v1/venues", unprintable | {"number": administrator.number})
    visitor = deployed.visitor()
    visitor.register(name="名" * 51).expect(400, "invalid_input")
    with deployed.fault("*", "garbage"):
        visitor.register().expect(202)
        visitor.final(visitor.scan_code(administrator.venue["code_url"]).expect(201))
    for secret in (visitor.name, visitor.number, visitor.phone, "万俟联系", visitor.text_code()):
        assert secret in deployed.told
    assert not deployed.leaks()
