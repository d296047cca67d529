"""Scenes of declarations and arrivals, and bodies that the routes accept."""

from typing import Any

from chalicelib.identity.providers import Answer
from tests.api.driver import Person, World
from tests.api.scenes import Scene, home, office

WELL: dict[str, Any] = {
    "fever": False,
    "symptoms": [],
    "contact": False,
    "risk_area": False,
    "destination": "440983",
}
BY_TRAIN: dict[str, Any] = {
    "from_province": "450000",
    "transport": "train",
    "transport_number": "D1867",
    "arrived_on": "2026-11-21",
    "stay_address": "东镇街道新里二路 1 号",
}


def declaration(world: World, **changes: Any) -> dict[str, Any]:
    """Return the body of a declaration by somebody who is well."""
    return {"nonce": world.nonce(), "form_version": 1, "answers": WELL} | changes


def arrival(world: World, **changes: Any) -> dict[str, Any]:
    """Return the body of an arrival."""
    return {"nonce": world.nonce(), "form_version": 1, "answers": BY_TRAIN} | changes


def base(dependant: Person | None = None) -> str:
    """Return the beginning of the paths of one's own records, or of a dependant's."""
    return f"/v1/me/dependants/{dependant.person_id}" if dependant else "/v1/me"


def records_of(person: Person, path: str) -> list[Any]:
    """Return all that a person has on file."""
    kinds = ("declarations", "arrivals", "notices", "visits", "temperatures")
    return [person.get(f"{path}/{kind}").expect(200) for kind in kinds]


def declaring(world: World, guarded: bool) -> Scene:
    """Return a new arrival's declaration from the screen of an undeclared scan."""
    chief = world.administrator()
    visitor = world.visitor(health_code=Answer("light_green", world.hours_ago(1)))
    actor = world.guardian(visitor) if guarded else visitor
    scan = visitor.scan(chief.venue).expect(201)["scan_id"]
    world.work()
    world.clock.pass_(seconds=30)
    body = declaration(world, arrival=BY_TRAIN, scan_id=scan)
    path = base(visitor if guarded else None)

    def see() -> Any:
        return [home(visitor), records_of(actor, path), visitor.screen(scan), office(chief)]

    return Scene(lambda: actor.post(f"{path}/declarations", body), see)


def arriving(world: World, guarded: bool) -> Scene:
    """Return the registration of an arrival."""
    visitor = world.visitor()
    actor = world.guardian(visitor) if guarded else visitor
    path, body = base(visitor if guarded else None), arrival(world)
    return Scene(lambda: actor.post(f"{path}/arrivals", body), lambda: records_of(actor, path))
