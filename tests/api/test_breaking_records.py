"""Records and ids at their edges: expired, erased, malformed, of a shared number."""

import pytest

from chalicelib.identity.people import mask_name
from tests import support
from tests.api.driver import World
from tests.api.test_notices import NOTICE


@pytest.mark.requirement("GO-6")
def test_an_expired_record_is_gone_though_it_is_still_stored(world: World) -> None:
    """DynamoDB deletes expired items within a few days, and returns them until then."""
    person = world.visitor()
    world.container.notices.issue(
        "resident_id", person.number, NOTICE, correlation="c-1", now=world.clock.now()
    )
    assert len(person.get("/v1/me/notices").expect(200)["items"]) == 1
    world.days_pass(183, person)
    assert person.get("/v1/me/notices").expect(200)["items"] == []
    exported = world.container.personal_data.sections(person.person_id, world.clock.now())
    assert not [row for row in exported["records"] if "REC#notice" in str(row["item"])]


@pytest.mark.requirement("GO-6", "GO-7")
def test_an_expired_access_is_gone_though_it_is_still_stored(world: World) -> None:
    person = world.visitor()
    guardian = world.guardian(person)
    guardian.get(f"/v1/me/dependants/{person.person_id}/visits").expect(200)
    assert len(person.get("/v1/me/accesses").expect(200)["items"]) == 1
    world.days_pass(183, person)
    assert person.get("/v1/me/accesses").expect(200)["items"] == []
    exported = world.container.personal_data.sections(person.person_id, world.clock.now())
    assert exported["accesses"] == []


def test_a_notice_reaches_the_owner_of_a_residence_permit(world: World) -> None:
    """Its number is a resident's number (`numbered_as`)."""
    person = world.visitor()
    assert world.container.notices.issue(
        "residence_permit", person.number, NOTICE, correlation="c-1", now=world.clock.now()
    )


LONG = "A" * 3000


@pytest.mark.parametrize(
    "path",
    [
        "/v1/me/identity-checks/{}",
        "/v1/me/dependants/{}/health",
        "/v1/scans/{}",
        "/v1/manual-checks/{}",
        "/v1/erasures/{}",
        "/v1/venues/{}",
    ],
)
@pytest.mark.parametrize("value", [LONG, "idc_" + LONG, "%23", "%00"])
def test_a_malformed_id_is_unknown(lasting: World, path: str, value: str) -> None:
    person = lasting.person()
    lasting.wire.calls.clear()
    reply = person.get(path.format(value))
    assert reply.status in (403, 404)
    # DynamoDB refuses a key of more than 2048 bytes with a ValidationException (its quotas).
    assert set(lasting.wire.calls) <= {"Query"}


@pytest.mark.parametrize("path", ["dependants/{}/remove", "guardians/{}/remove"])
def test_a_malformed_id_is_nobody(lasting: World, path: str) -> None:
    person = lasting.person()
    person.post(f"/v1/me/{path.format(LONG)}").expect(404, "not_found")


@pytest.mark.requirement("JN-15")
def test_an_erased_visitors_scan_keeps_no_place(world: World) -> None:
    venue, person = world.administrator().venue, world.visitor()
    where = {"latitude": 22.35, "longitude": 110.94, "accuracy_m": 30}
    body = {"nonce": world.nonce(), "code": venue["code_url"], "location": where}
    scan_id = person.post("/v1/scans", body).expect(201)["scan_id"]
    world.work()
    found = world.container.scan_finder.find(scan_id, world.clock.now())
    assert found is not None
    assert found.scan.location_cell
    assert found.scan.anonymous().location_cell == ""


def test_an_export_names_nobody_who_got_a_guardians_phone(world: World) -> None:
    person = world.visitor()
    guardian = world.guardian(person)

    def names() -> list[object]:
        found = world.container.personal_data.sections(person.person_id, world.clock.now())
        return [row["name"] for row in found["family"]]

    assert names() == [mask_name(guardian.name)]
    number = support.resident_id(773)
    guardian.register(1, name="祝英台", number=number).expect(202)
    world.work()
    assert names() == ["*"]
