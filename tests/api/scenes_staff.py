"""Scenes of a venue's invitations, for tests with faults."""

from functools import partial
from typing import Any

from tests.api.driver import World
from tests.api.scenes import Scene, home, office


def withdrawing_an_invitation(world: World) -> Scene:
    """An administrator withdraws an invitation; later its phone's owner is verified."""
    chief, guard = world.administrator(), world.person()
    path = f"/v1/venues/{chief.venue['venue_id']}"
    entry = {"by": "phone", "name": guard.name, "phone": guard.phone}
    invited = chief.post(f"{path}/staff", entry).expect(202)["invitation_id"]

    def see() -> Any:
        guard.register().expect(202)
        world.work()
        listed = chief.get(f"{path}/invitations").expect(200)["items"]
        return [listed, home(guard), office(chief)]

    return Scene(partial(chief.post, f"{path}/invitations/{invited}/withdraw"), see)
