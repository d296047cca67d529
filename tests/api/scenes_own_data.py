"""Scenes of exports and erasures; see `tests.api.scenes`."""

from functools import partial
from typing import Any

from chalicelib.core import keys
from chalicelib.identity.store.people import ProfileItem
from tests.api.driver import HttpReply, Person, World
from tests.api.scenes import Scene, home

CONFIRMED = {"confirm": True}


def managed(world: World, person: Person) -> None:
    """Take a person's phone away, as from one who never had an account."""
    world.table.update(keys.profile(person.person_id), [ProfileItem.phone.remove()])
    world.table.delete(keys.phone(world.container.index.of("phone", person.phone)))


def exporting(world: World) -> Scene:
    person, nonce = world.visitor(), world.nonce()

    def see() -> Any:
        world.work()
        return [person.get("/v1/me/export").expect(200)["status"], home(person)]

    return Scene(partial(person.post, "/v1/me/export", {"nonce": nonce}), see)


def erasing(world: World) -> Scene:
    person = world.visitor()
    return Scene(
        partial(person.post, "/v1/me/erasure", CONFIRMED), partial(_due, world, person, "")
    )


def cancelling(world: World) -> Scene:
    person = world.visitor()
    person.post("/v1/me/erasure", CONFIRMED).expect(202)
    return Scene(partial(person.post, "/v1/me/erasure/cancel"), partial(_due, world, person, ""))


def erasing_a_dependant(world: World) -> Scene:
    guardian, send, rest = _dependants(world)
    return Scene(send, partial(_due, world, guardian, rest))


def cancelling_a_dependants(world: World) -> Scene:
    guardian, send, rest = _dependants(world)
    send().expect(202)
    return Scene(
        partial(guardian.post, f"/v1/me/{rest}erasure/cancel"),
        partial(_due, world, guardian, rest),
    )


def _dependants(world: World) -> tuple[Person, partial[HttpReply], str]:
    """Return a guardian, their request for a dependant's erasure, and the dependant's path."""
    elder = world.visitor()
    guardian = world.guardian(elder)
    managed(world, elder)
    rest = f"dependants/{elder.person_id}/"
    return guardian, partial(guardian.post, f"/v1/me/{rest}erasure", CONFIRMED), rest


def _due(world: World, person: Person, rest: str) -> Any:
    """Return what is shown of an erasure, what is due, and the states of all receipts."""
    shown = person.get(f"/v1/me/{rest}erasure").expect(200)
    receipt = world.call("GET", f"/v1/erasures/{shown['receipt_id']}").expect(200)
    return [
        shown["status"],
        receipt["status"],
        len(world.items_of_partition(keys.due_erasures())),
        len(world.items_of_partition("RECEIPT#")),
    ]
