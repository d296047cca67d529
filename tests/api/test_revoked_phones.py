"""A revoked phone is not paired again by a retry (issue 10)."""

import pytest

from tests.api import phones
from tests.api.driver import Person, World


@pytest.mark.parametrize("ahead", [0, 9])
def test_a_retry_of_the_pairing_does_not_bring_a_revoked_phone_back(
    world: World, guard: Person, ahead: int
) -> None:
    """As long as the nonce is accepted; the secret may be in other hands."""
    nonce = world.nonce(minutes=-ahead)
    phone = guard.post("/v1/me/devices", {"nonce": nonce}).expect(201)
    world.secrets.add(phone["secret"])
    guard.post(f"/v1/me/devices/{phone['device_id']}/revoke").expect(200)
    for _ in range(2):
        guard.post("/v1/me/devices", {"nonce": nonce}).expect(409, "nonce_reused")
        assert guard.get("/v1/me/devices").expect(200) == {"items": []}
        world.clock.pass_(minutes=9 + ahead)
    world.clock.pass_(minutes=2)
    guard.post("/v1/me/devices", {"nonce": nonce}).expect(422, "clock_skewed")


def test_another_phone_is_paired_after_a_revocation(guard: Person) -> None:
    for _ in range(25):
        phone = phones.pair(guard)
        guard.post(f"/v1/me/devices/{phone['device_id']}/revoke").expect(200)
    assert phones.pair(guard)["device_id"]
