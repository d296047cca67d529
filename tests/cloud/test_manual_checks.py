"""A check by hand through the deployed application, each function under its own role."""

from typing import Any

import pytest

from infra.local.client import now_ms, uuid7, wait_for
from tests.cloud.conftest import PATIENT
from tests.cloud.driver import Deployed, Visitor, texts

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def guard(deployed: Deployed) -> Visitor:
    """Somebody who works at a venue of their own."""
    return deployed.verified().issue(**PATIENT)


def check(guard: Visitor, name: str, number: str) -> Any:
    """Check somebody by hand; the answer, and how many milliseconds it took at least."""
    guard.world.told.add(name)
    body = {
        "nonce": uuid7(now_ms()),
        "name": name,
        "document_type": "resident_id",
        "document_number": number,
    }
    path = f"/v1/venues/{guard.venue['venue_id']}/manual-checks"
    began = now_ms()
    begun = guard.post(path, body).expect(202)
    assert begun["status"] == "pending"
    answer = wait_for(
        lambda: guard.get(f"/v1/manual-checks/{begun['check_id']}").expect(200),
        lambda seen: seen["status"] == "answered" and seen["poll_after_ms"] is None,
    )
    assert now_ms() - began >= 2000
    return answer


@pytest.mark.requirement("JN-12", "JN-13", "XC-9")
def test_an_old_man_without_a_phone_is_checked(deployed: Deployed, guard: Visitor) -> None:
    old_man = deployed.visitor()  # who has logged in, and registered nothing
    answer = check(guard, old_man.name, old_man.number)
    assert answer["outcome"] == "admit"
    assert answer["health_code"]["state"] == "green"
    assert answer["person"]["name"][0] == old_man.name[0]
    mistyped = check(guard, "欧阳错", old_man.number)
    assert texts(mistyped["reasons"]) == ["identity_unmatched"]
    assert (mistyped["person"], mistyped["health_code"]["state"]) == (None, "unknown")
    old_man.register().expect(202)
    assert old_man.verification() == "verified"
    known = check(guard, old_man.name, old_man.number)
    assert known["outcome"] == "admit"
    seen = old_man.get("/v1/me/accesses").expect(200)["items"]
    assert [item["venue_name"] for item in seen] == [guard.venue["name"]] * 3
    counted = deployed.counted(guard.venue["venue_id"])
    assert (counted.checked, counted.passed, counted.abnormal, counted.own) == (3, 2, 1, 0)
