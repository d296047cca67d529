"""Every answer about invitations, and to people who are not verified, for `test_openapi`."""

from chalicelib.api.access import VenueRole
from chalicelib.api.endpoint import OPERATIONS
from chalicelib.core import keys
from chalicelib.identity.providers import Answer, Pending
from tests.api.driver import World
from tests.api.routes import CASE, NO_INVITATION, Cast
from tests.api.scenes_records import base, declaration


def tour_of_invitations(world: World) -> None:
    """List and withdraw invitations, as administrators of all kinds."""
    chief, second = world.administrator(), world.visitor()
    path = f"/v1/venues/{chief.venue['venue_id']}"
    added = {
        "by": "identity", "role": "administrator", "name": second.name,
        "document_type": "resident_id", "document_number": second.number, "phone": second.phone,
    }  # fmt: skip
    chief.post(f"{path}/staff", added).expect(201)
    entry = {"by": "phone", "name": "王小明", "phone": "13900001111", "role": "administrator"}
    invited = chief.post(f"{path}/staff", entry).expect(202)["invitation_id"]
    chief.get(f"{path}/invitations").expect(200)
    chief.get(f"{path}/invitations?limit=0").expect(400, "invalid_input")
    withdraw = f"{path}/invitations/{invited}/withdraw"
    second.post(withdraw).expect(403, "initial_administrator_only")
    chief.post(withdraw).expect(200)
    chief.post(f"{path}/invitations/nobody/withdraw").expect(404, "not_found")
    ghost = world.administrator()
    world.table.delete(keys.venue(ghost.venue["venue_id"]))
    world.container.__dict__.pop("directory", None)
    path = f"/v1/venues/{ghost.venue['venue_id']}/invitations"
    ghost.get(path).expect(404, "not_found")
    ghost.post(f"{path}/{NO_INVITATION}/withdraw").expect(404, "not_found")


def tour_of_the_unverified(world: World) -> None:
    """Call every route of a venue's staff after a rejection; declare while it is pending."""
    cast = Cast.of(world)
    chief = cast.administrator
    operations = [one for one in OPERATIONS if isinstance(one.access, VenueRole)]
    requests = [CASE[one.method, one.path].request(cast, chief) for one in operations]
    world.say(chief, identity=Answer("mismatch"))
    chief.register(1, name="李改名").expect(202)
    world.work()
    for operation, (path, body) in zip(operations, requests, strict=True):
        answer = world.call(operation.method, path, body, token=chief.token)
        answer.expect(403, "registration_rejected")
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    world.say(dependant, identity=Pending(500))
    dependant.register(1, name="李又改").expect(202)
    for person, path in ((dependant, base()), (guardian, base(dependant))):
        refused = person.post(f"{path}/declarations", declaration(world))
        refused.expect(403, "registration_not_verified")
