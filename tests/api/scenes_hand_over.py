"""Handing a venue over; see `tests.api.scenes`."""

from functools import partial
from typing import Any

from tests.api.driver import HttpReply, Person, World
from tests.api.scenes import Scene, home, office


def second_administrator(world: World, chief: Person) -> Person:
    """Return another administrator of the chief's venue."""
    person = world.visitor()
    entry = {
        "by": "identity", "role": "administrator", "name": person.name, "phone": person.phone,
        "document_type": "resident_id", "document_number": person.number,
    }  # fmt: skip
    chief.post(f"/v1/venues/{chief.venue['venue_id']}/staff", entry).expect(201)
    person.venue = chief.venue
    return person


def hand_over(chief: Person, successor: Person) -> HttpReply:
    """Hand the chief's venue over."""
    body = {"person_id": successor.person_id}
    return chief.post(f"/v1/venues/{chief.venue['venue_id']}/administrator", body)


def handing_over(world: World) -> Scene:
    chief = world.administrator()
    second = second_administrator(world, chief)

    def see() -> Any:
        path = f"/v1/venues/{chief.venue['venue_id']}"
        refused = [
            person.post(f"{path}/staff/{person.person_id}/remove").code
            for person in (second, chief)
        ]
        return [refused, home(chief), office(second)]

    return Scene(partial(hand_over, chief, second), see)
