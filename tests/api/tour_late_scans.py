"""A call for every answer of the routes of paired phones, late uploads and added temperatures."""

from chalicelib.core import keys
from chalicelib.identity import passes
from chalicelib.identity.providers import Answer
from tests.api import phones
from tests.api.driver import World
from tests.api.test_door import live_pass, scan


def tour_of_late_scans(world: World) -> None:
    """Pair phones, upload what they kept and what they may not, and measure a temperature."""
    guard, visitor = world.administrator(), world.visitor()
    visitor.post("/v1/me/devices", {"nonce": world.nonce()}).expect(403, "not_your_venue")
    guard.post("/v1/me/devices", {}).expect(400, "invalid_input")
    skewed = {"nonce": world.nonce(hours=1)}
    guard.post("/v1/me/devices", skewed).expect(422, "clock_skewed")
    body = {"nonce": world.nonce()}
    phone = guard.post("/v1/me/devices", body).expect(201)
    guard.post("/v1/me/devices", body).expect(200)
    world.secrets.add(phone["secret"])
    for _ in range(4):
        phones.pair(guard)
    full = {"nonce": world.nonce()}
    guard.post("/v1/me/devices", full).expect(409, "too_many_devices")
    guard.get("/v1/me/devices").expect(200)
    guard.post("/v1/me/devices/x/revoke").expect(200)
    guard.post(f"/v1/me/devices/{phone['device_id']}/revoke").expect(200)
    guard.post("/v1/me/devices", body).expect(409, "nonce_reused")
    _uploads(world)
    _temperatures(world)


def _uploads(world: World) -> None:
    guard, visitor = world.administrator(), world.visitor()
    phone = phones.pair(guard)
    colleague = world.inspector(guard)
    other = phones.pair(colleague)
    early = live_pass(visitor), world.nonce()
    rejected = world.person()
    rejected.register().expect(202)
    world.work()
    of_rejected = live_pass(rejected), world.nonce()
    world.say(rejected, identity=Answer("mismatch"))
    rejected.register(1, name="钱不对").expect(202)
    world.work()
    world.clock.pass_(minutes=3)
    revoked = live_pass(visitor), world.nonce()
    visitor.post("/v1/me/pass/revoke").expect(200)
    world.clock.pass_(minutes=3)
    phones.send(guard, {}).expect(400, "invalid_input")
    phones.upload(guard, phone, *early).expect(201)
    phones.upload(guard, phone, *early).expect(200)
    phones.upload(guard, phone, *early, "fever").expect(409, "nonce_reused")
    phones.upload(colleague, other, *early).expect(409, "pass_used")
    phones.upload(guard, other, *early).expect(403, "device_not_paired")
    phones.upload(guard, phone, *of_rejected).expect(422, "visitor_not_verified")
    phones.upload(guard, phone, *revoked).expect(422, "pass_revoked")
    phones.upload(guard, phone, early[0], world.nonce()).expect(422, "pass_expired")
    phones.upload(guard, phone, early[0], world.nonce(days=8)).expect(422, "clock_skewed")
    head, _, mac = early[0].rpartition(".")
    altered = f"{head}.{mac[::-1]}"
    phones.upload(guard, phone, altered, world.nonce()).expect(422, "pass_invalid")
    never = passes.mint_paper(visitor.person_id, "0" * 12, ring=world.container.ring)
    phones.upload(guard, phone, never, world.nonce()).expect(422, "pass_revoked")
    world.set_policy("4409", {"paper_pass": "live_only"})
    phones.upload(guard, phone, never, world.nonce()).expect(422, "paper_not_accepted")
    ghost = world.administrator()
    device = phones.pair(ghost)
    world.table.delete(keys.venue(ghost.venue["venue_id"]))
    world.container.__dict__.pop("directory", None)
    phones.upload(ghost, device, *early).expect(404, "not_found")


def _temperatures(world: World) -> None:
    guard, visitor = world.administrator(), world.visitor()
    scan_id = scan(guard, live_pass(visitor)).expect(201)["scan_id"]
    path = f"/v1/scans/{scan_id}/temperature"
    guard.post(path, {"temperature": "41"}).expect(400, "invalid_input")
    guard.post(path, {"temperature": "normal"}).expect(200)
    visitor.post(path, {"temperature": "normal"}).expect(404, "not_found")
    ahead = {"temperature": "fever", "nonce": world.nonce(minutes=-11)}
    guard.post(path, ahead).expect(422, "clock_skewed")
    world.clock.pass_(minutes=11)
    guard.post(path, {"temperature": "fever"}).expect(422, "temperature_late")
