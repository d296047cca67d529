"""The local cloud is stopped, or half of it dies, and is started again: everything is there."""

import os
import signal
from pathlib import Path

import pytest
import urllib3

from infra.local import cloud as local
from infra.local.client import wait_for
from tests.cloud.conftest import PATIENT
from tests.cloud.driver import Deployed, Visitor, kill, process_of, workers_of

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def administrator(deployed: Deployed) -> Visitor:
    """Somebody with a venue."""
    return deployed.verified().issue(**PATIENT)


@pytest.fixture(scope="module")
def visitor(deployed: Deployed, administrator: Visitor) -> Visitor:
    """Somebody who has scanned there."""
    visitor = deployed.verified()
    visitor.final(visitor.scan_code(administrator.venue["code_url"]).expect(201))
    return visitor


def start_and_go_on(deployed: Deployed, administrator: Visitor, visitor: Visitor) -> None:
    """All is as it was, and people scan and are counted as before."""
    started = local.start(place=deployed.place, seeded=False)
    assert started == deployed.cloud
    assert visitor.get("/v1/me").expect(200)["registration"]["verification"] == "verified"
    venue_id, code = administrator.venue["venue_id"], administrator.venue["code_url"]
    kept = administrator.get(f"/v1/venues/{venue_id}").expect(200)
    assert (kept["code_url"], kept["name"]) == (code, administrator.venue["name"])
    before = deployed.counted(venue_id)
    assert visitor.scan_code(code).expect(201)["outcome"] == "admit"
    newcomer = deployed.verified()
    screen = newcomer.final(newcomer.scan_code(code).expect(201))
    assert screen["outcome"] == "admit"
    after = deployed.counted(venue_id)
    assert (after - before).parts() == (2, 2, 0, 0, 2)
    assert administrator.figures() == after


def test_everything_is_there_after_a_stop_and_a_start(
    deployed: Deployed, administrator: Visitor, visitor: Visitor
) -> None:
    before = deployed.counted(administrator.venue["venue_id"])
    assert local.stop(place=deployed.place)
    with pytest.raises(urllib3.exceptions.HTTPError):
        deployed.call("GET", "/v1/status")
    assert not local.stop(place=deployed.place)
    # Its number has gone to another process meanwhile: to this one.
    pid_file = deployed.place.home / "run/sandbox.pid"
    pid_file.write_text(str(os.getpid()))
    local.start(place=deployed.place, seeded=False)
    assert administrator.figures() == before
    assert pid_file.read_text() != str(os.getpid())
    start_and_go_on(deployed, administrator, visitor)


def test_what_is_half_dead_is_replaced(
    deployed: Deployed, administrator: Visitor, visitor: Visitor
) -> None:
    emulator = process_of(deployed.place, "emulator")
    orphans = workers_of(emulator)
    kill(emulator)
    sandbox = process_of(deployed.place, "sandbox")
    os.kill(sandbox, signal.SIGSTOP)
    start_and_go_on(deployed, administrator, visitor)
    assert process_of(deployed.place, "emulator") != emulator
    assert process_of(deployed.place, "sandbox") != sandbox
    wait_for(
        lambda: [pid for pid in orphans if Path(f"/proc/{pid}").exists()], lambda left: not left
    )
