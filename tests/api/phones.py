"""Paired phones of staff, and what they upload late."""

from collections.abc import Mapping
from typing import Any

from chalicelib.admission.staff_phones import Upload, sign
from tests.api.driver import HttpReply, Person

Phone = Mapping[str, Any]


def pair(guard: Person) -> Phone:
    """Pair a phone; its secret must not get into a log."""
    paired = guard.post("/v1/me/devices", {"nonce": guard.world.nonce()}).expect(201)
    guard.world.secrets.add(paired["secret"])
    phone: Phone = paired
    return phone


def body_of(
    guard: Person, phone: Phone, pass_code: str, nonce: str, temperature: str = ""
) -> dict[str, Any]:
    """Return the signed body of a late upload to the guard's venue."""
    venue_id, device_id = guard.venue["venue_id"], str(phone["device_id"])
    upload = Upload(device_id, venue_id, nonce, pass_code, temperature)
    return {
        "nonce": nonce,
        "pass_code": pass_code,
        "temperature": temperature or None,
        "device_id": device_id,
        "signature": sign(str(phone["secret"]), upload),
    }


def send(guard: Person, body: Mapping[str, Any]) -> HttpReply:
    """Send a late upload."""
    return guard.post(f"/v1/venues/{guard.venue['venue_id']}/late-scans", body)


def upload(
    guard: Person, phone: Phone, pass_code: str, nonce: str, temperature: str = ""
) -> HttpReply:
    """Send what a phone has kept."""
    return send(guard, body_of(guard, phone, pass_code, nonce, temperature))
