"""Scenes of paired phones, late uploads and added temperatures; see `tests.api.scenes`."""

from functools import partial
from typing import Any

from tests.api import phones
from tests.api.driver import World
from tests.api.scenes import Scene, office


def pairing_a_phone(world: World) -> Scene:
    guard = world.inspector(world.administrator())
    body = {"nonce": world.nonce()}
    send = partial(guard.post, "/v1/me/devices", body)

    def see() -> Any:
        again = send().expect(200)
        world.secrets.add(again["secret"])
        return [again, guard.get("/v1/me/devices").expect(200)]

    return Scene(send, see)


def revoking_a_phone(world: World) -> Scene:
    guard = world.inspector(world.administrator())
    phone, kept = phones.pair(guard), phones.pair(guard)
    send = partial(guard.post, f"/v1/me/devices/{phone['device_id']}/revoke")

    def see() -> Any:
        (left,) = guard.get("/v1/me/devices").expect(200)["items"]
        return left["device_id"] == kept["device_id"]

    return Scene(send, see)


def uploading_late(world: World) -> Scene:
    chief = world.administrator()
    guard, visitor = world.inspector(chief), world.visitor()
    phone = phones.pair(guard)
    presented, nonce = visitor.get("/v1/me/pass").expect(200)["code"], world.nonce()
    world.clock.pass_(minutes=30)
    send = partial(phones.upload, guard, phone, presented, nonce, "normal")

    def see() -> Any:
        scan = send().expect(200)["scan_id"]
        return [visitor.screen(scan), office(chief)]

    return Scene(send, see)


def adding_a_temperature(world: World) -> Scene:
    chief = world.administrator()
    guard, visitor = world.inspector(chief), world.visitor()
    presented = visitor.get("/v1/me/pass").expect(200)["code"]
    path = f"/v1/venues/{chief.venue['venue_id']}/scans"
    scanned = guard.post(path, {"nonce": world.nonce(), "pass_code": presented}).expect(201)
    world.work()
    scan_id = scanned["scan_id"]
    send = partial(guard.post, f"/v1/scans/{scan_id}/temperature", {"temperature": "fever"})

    def see() -> Any:
        return [guard.screen(scan_id), visitor.get("/v1/me/temperatures").json, office(chief)]

    return Scene(send, see)
