"""What a person sees of accesses to their data: by staff, guardians, kiosks, operators (GO-7)."""

from datetime import timedelta

import pytest

from chalicelib.admission.accesses import AccessKind, device_access
from chalicelib.core.submission import Submission
from chalicelib.identity.people import Profile
from tests.api.driver import Person, World


def profile_of(world: World, person: Person) -> Profile:
    found = world.container.people.load(person.person_id).profile
    assert found is not None
    return found


def read_by(world: World, guardian: Person, dependant: Person, what: str) -> None:
    """Record that a guardian read something of a dependant."""
    world.container.guardian_accesses.record(
        profile_of(world, guardian),
        profile_of(world, dependant),
        what,
        correlation="c0ffee00",
        now=world.clock.at,
    )


def listed(person: Person, language: str = "en") -> list[dict[str, object]]:
    reply = person.get("/v1/me/accesses", headers={"Accept-Language": language})
    items: list[dict[str, object]] = reply.expect(200)["items"]
    return items


@pytest.mark.requirement("GO-7")
def test_a_person_sees_each_kind_of_access(world: World) -> None:
    visitor, guardian, chief = world.visitor(), world.visitor(), world.administrator()
    blind = profile_of(world, visitor).document_blind
    read_by(world, guardian, visitor, "health")
    for minutes, (kind, place) in enumerate(
        [(AccessKind.KIOSK, "政务服务中心 1 号机"), (AccessKind.OFFICER, "Operators")], 1
    ):
        submission = Submission(world.nonce(minutes=minutes), "", "c0ffee00", world.clock.at)
        access = device_access(kind, "dev_1", place, submission)
        world.container.accesses.record(blind, access)
    world.clock.pass_(minutes=1)
    body = {
        "nonce": world.nonce(), "name": visitor.name,
        "document_type": "resident_id", "document_number": visitor.number,
    }  # fmt: skip
    chief.post(f"/v1/venues/{chief.venue['venue_id']}/manual-checks", body).expect(202)

    seen = [(item["kind"], item["place"], item["venue_name"]) for item in listed(visitor)]
    assert seen == [
        ("manual_check", chief.venue["name"], chief.venue["name"]),
        ("kiosk", "政务服务中心 1 号机", None),
        ("officer", "Operators", None),
        ("guardian", guardian.name[:1] + "**", None),
    ]
    for language, word in {"en": "guardian", "zh-Hans": "监护人", "zh-Hant": "監護人"}.items():
        assert word in str(listed(visitor, language)[-1]["text"])
    assert guardian.person_id not in str(world.items_of_partition("ACCESS#"))


@pytest.mark.requirement("GO-7")
def test_a_guardian_is_listed_once_a_day_and_kind_of_data(world: World) -> None:
    dependant, guardian = world.visitor(), world.visitor()
    for what in ("health", "health", "visits"):
        read_by(world, guardian, dependant, what)
        world.clock.pass_(minutes=1)
    assert len(listed(dependant)) == 2
    last = max(str(item["at"]) for item in listed(dependant))
    assert last.startswith((world.clock.at - timedelta(minutes=1)).isoformat()[:16])
    world.clock.pass_(hours=24)
    dependant.log_in()
    read_by(world, guardian, dependant, "health")
    assert len(listed(dependant)) == 3
