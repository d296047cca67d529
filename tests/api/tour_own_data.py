"""A call for every answer of the routes of own data, for `test_openapi`."""

from chalicelib.identity.platforms import PlatformName
from tests.api.driver import World
from tests.api.scenes_own_data import CONFIRMED, managed
from tests.api.test_clients import proof, without_phone


def tour_of_own_data(world: World) -> None:
    """Call for every answer of exports, erasures and receipts."""
    person, chief = world.visitor(), world.administrator()
    for rest in ("export", "erasure"):
        person.get(f"/v1/me/{rest}").expect(404, "not_found")
    person.post("/v1/me/erasure/cancel").expect(404, "not_found")
    person.post("/v1/me/export", {"nonce": world.nonce()}).expect(202)
    person.post("/v1/me/export", {"nonce": world.nonce()}).expect(429, "too_many_requests")
    person.post("/v1/me/export", {}).expect(400, "invalid_input")
    world.work()
    person.get("/v1/me/export").expect(200)
    person.post("/v1/me/erasure", {}).expect(400, "invalid_input")
    receipt_id = person.post("/v1/me/erasure", CONFIRMED).expect(202)["receipt_id"]
    person.get("/v1/me/erasure").expect(200)
    person.post("/v1/me/erasure/cancel").expect(200)
    world.call("GET", f"/v1/erasures/{receipt_id}").expect(200)
    world.call("GET", "/v1/erasures/rcp_0000000000000000").expect(404, "not_found")
    chief.post("/v1/me/erasure", CONFIRMED).expect(409, "hand_over_first")
    _tour_without_a_phone(world)
    _tour_of_dependants(world)


def _tour_without_a_phone(world: World) -> None:
    """Call in a session that is too weak."""
    person = world.person()
    proven = proof(world, PlatformName.WECHAT, person.phone, "own-data")
    world.call("POST", "/v1/sessions", proven).expect(201)
    again = without_phone(proof(world, PlatformName.WECHAT, person.phone, "own-data"))
    person.keep(world.call("POST", "/v1/sessions", again).expect(201))
    person.post("/v1/me/erasure", CONFIRMED).expect(403, "stronger_login_needed")
    person.get("/v1/me/export").expect(403, "stronger_login_needed")
    body = {"nonce": world.nonce()}
    person.post("/v1/me/export", body).expect(403, "stronger_login_needed")


def _tour_of_dependants(world: World) -> None:
    elder, venue_chief = world.visitor(), world.administrator()
    guardian = world.guardian(elder)
    path = f"/v1/me/dependants/{elder.person_id}/erasure"
    for rest in ("", "/cancel"):
        guardian.post(path + rest, CONFIRMED).expect(403, "own_account")
    managed(world, elder)
    guardian.get(path).expect(404, "not_found")
    guardian.post(f"{path}/cancel").expect(404, "not_found")
    guardian.post(path, {}).expect(400, "invalid_input")
    guardian.post(path, CONFIRMED).expect(202)
    guardian.get(path).expect(200)
    guardian.post(f"{path}/cancel").expect(200)
    chief_guardian = world.guardian(venue_chief)
    managed(world, venue_chief)
    theirs = f"/v1/me/dependants/{venue_chief.person_id}/erasure"
    chief_guardian.post(theirs, CONFIRMED).expect(409, "hand_over_first")
    weak = world.person()
    proven = proof(world, PlatformName.WECHAT, guardian.phone, "weak")
    world.call("POST", "/v1/sessions", proven).expect(201)
    again = without_phone(proof(world, PlatformName.WECHAT, guardian.phone, "weak"))
    weak.keep(world.call("POST", "/v1/sessions", again).expect(201))
    weak.post(path, CONFIRMED).expect(403, "stronger_login_needed")
