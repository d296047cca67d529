"""What a guardian, or one who was a guardian, must not get."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chalicelib.identity.family import Proof
from chalicelib.identity.people import People, PersonRecord
from chalicelib.identity.providers import Answer, Pending
from tests import support
from tests.api.driver import HEALTH, IDENTITY, Person, World
from tests.api.families import (
    Relative,
    add,
    added,
    by_face,
    by_household,
    checked,
    dependants,
    guardians,
    remove,
)


def scan_for(guardian: Person, dependant: Person, venue: dict[str, Any]) -> Any:
    body = {
        "nonce": guardian.world.nonce(),
        "code": venue["code_url"],
        "on_behalf_of": dependant.person_id,
    }
    return guardian.post("/v1/scans", body)


def accesses(person: Person) -> list[str]:
    return [one["kind"] for one in person.get("/v1/me/accesses").expect(200)["items"]]


def change_document(person: Person, serial: int) -> None:
    """Register the next owner of the person's phone."""
    version = person.registration()["version"]
    number = support.resident_id(serial)
    person.register(version, name="祝英台", number=number).expect(202)
    person.world.work()


@pytest.mark.requirement("GO-7")
def test_a_guardian_who_opens_a_dependants_screen_is_on_the_access_list(world: World) -> None:
    venue, dependant = world.administrator().venue, world.visitor()
    guardian = world.guardian(dependant)
    scan_id = dependant.scan(venue).expect(201)["scan_id"]
    world.work()
    assert accesses(dependant) == []
    dependant.screen(scan_id)
    assert accesses(dependant) == []
    guardian.screen(scan_id)
    assert accesses(dependant) == ["guardian"]


@pytest.mark.requirement("JN-30")
def test_a_screen_is_closed_to_a_guardian_whose_link_has_ended_on_the_other_side(
    world: World,
) -> None:
    chief, dependant = world.administrator(), world.visitor()
    guardian = world.guardian(dependant)
    scan_id = scan_for(guardian, dependant, chief.venue).expect(201)["scan_id"]
    world.work()
    world.link(chief, dependant)
    guardian.screen(scan_id)
    change_document(dependant, 771)
    guardian.get(f"/v1/scans/{scan_id}").expect(404, "not_found")
    chief.screen(scan_id)  # they work at the venue


@pytest.mark.requirement("JN-20", "JN-30")
def test_a_rejected_guardian_acts_for_nobody_until_an_edit_is_approved(world: World) -> None:
    venue, dependant = world.administrator().venue, world.visitor()
    guardian = world.guardian(dependant)
    path = f"/v1/me/dependants/{dependant.person_id}/visits"
    world.say(guardian, identity=Answer("mismatch"))
    guardian.register(1, name="冒名者").expect(202)
    world.work()
    guardian.get(path).expect(403, "not_your_dependant")
    world.say(guardian, identity=Pending(1000))
    guardian.register(2).expect(202)
    world.work()
    assert guardian.registration()["verification"] == "pending"
    guardian.get(path).expect(403, "not_your_dependant")
    scan_for(guardian, dependant, venue).expect(403, "not_your_dependant")


def test_the_next_owner_of_a_guardians_phone_is_not_shown_as_the_guardian(world: World) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    assert [one["person_id"] for one in guardians(dependant)] == [guardian.person_id]
    change_document(guardian, 772)
    assert guardians(dependant) == []


@pytest.mark.requirement("JN-27")
@pytest.mark.parametrize(
    ("document_type", "number"), [("passport", "USA123456789"), ("hk_macau_permit", "H12345678")]
)
def test_the_register_names_a_child_by_id_number_or_birth_certificate(
    world: World, document_type: str, number: str
) -> None:
    """Else a guardian makes an adult of the household a child, by an invented birth date."""
    parent = world.visitor()
    adult = Relative("关山月", number, document_type)
    world.secrets |= {adult.name, adult.number}
    world.households.homes.append(frozenset({parent.number, adult.number}))
    refused = add(parent, "household", **adult.entry, birth_date="2019-04-24")
    assert [one["pointer"] for one in refused.expect(400, "invalid_input")["errors"]] == [
        "/document_type"
    ]
    assert dependants(parent) == []


def test_a_guardian_by_consent_cannot_try_names(world: World) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant, proof=Proof.CONSENT)
    wrong, right = Relative("祝英台", dependant.number), Relative.of(dependant)
    replies = [
        by_face(guardian, who, "elder", check_id="idc_32P3WWT3Y0B8J32H").code
        for who in (wrong, right)
    ]
    assert replies == ["identity_check_unusable"] * 2


def test_a_guardian_by_consent_who_checks_the_face_keeps_the_link(world: World) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant, proof=Proof.CONSENT)
    shown = by_face(guardian, Relative.of(dependant), "elder").expect(200)
    assert added(shown and by_face(guardian, Relative.of(dependant), "elder"))
    assert [one["method"] for one in dependants(guardian)] == ["consent"]


@pytest.mark.requirement("YK-6")
def test_a_companions_pass_ends_with_the_link(world: World) -> None:
    chief, dependant = world.administrator(), world.visitor()
    guardian = world.guardian(dependant)
    code = guardian.get(f"/v1/me/dependants/{dependant.person_id}/pass").expect(200)["code"]
    dependant.post(f"/v1/me/guardians/{guardian.person_id}/remove").expect(200)
    body = {"nonce": world.nonce(), "pass_code": code, "temperature": None}
    chief.post(f"/v1/venues/{chief.venue['venue_id']}/scans", body).expect(422, "pass_revoked")


def test_a_removed_guardian_cannot_issue_a_paper_pass(world: World) -> None:
    """The link ends between the guardian's authorisation and the write."""
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    path = f"/v1/me/dependants/{dependant.person_id}/pass/paper"
    body = {"name": "masked", "replaces": None}

    def removed() -> None:
        dependant.post(f"/v1/me/guardians/{guardian.person_id}/remove").expect(200)

    world.wire.interrupt(5, removed)
    guardian.post(path, body)
    world.wire.heal()
    assert guardians(dependant) == []
    issued = dependant.get("/v1/me/pass/paper").expect(200)
    assert issued["state"] != "valid"


@pytest.mark.requirement("JN-27", "GO-6")
def test_a_guardians_erasure_ends_when_the_record_becomes_its_persons_own(world: World) -> None:
    child, heir = Relative.born(world), world.person()
    guardian = world.visitor()
    child_id = added(by_face(guardian, child))
    world.work()
    asked = {"confirm": True}
    guardian.post(f"/v1/me/dependants/{child_id}/erasure", asked).expect(202)
    body = {"nonce": world.nonce(), **child.entry, "check_id": checked(heir, child)}
    heir.keep(heir.post("/v1/me/registration/takeover", body).expect(200))
    world.clock.pass_(seconds=86_400)
    assert world.container.erasing.run(world.clock.at) == {"void": 1}
    heir.log_in()
    assert heir.get("/v1/me").expect(200)["person_id"] == child_id
    assert heir.get("/v1/me/erasure").expect(200)["status"] == "cancelled"


@pytest.mark.requirement("GO-6")
def test_the_owner_of_a_record_asks_anew_for_what_a_guardian_asked(world: World) -> None:
    child, heir = Relative.born(world), world.person()
    guardian = world.visitor()
    child_id = added(by_face(guardian, child))
    world.work()
    asked = {"confirm": True}
    first = guardian.post(f"/v1/me/dependants/{child_id}/erasure", asked).expect(202)
    body = {"nonce": world.nonce(), **child.entry, "check_id": checked(heir, child)}
    heir.keep(heir.post("/v1/me/registration/takeover", body).expect(200))
    world.clock.pass_(seconds=3600)
    heir.log_in()
    again = heir.post("/v1/me/erasure", asked).expect(202)
    assert again["receipt_id"] != first["receipt_id"]
    assert heir.post("/v1/me/erasure", asked).expect(202) == again
    world.clock.pass_(seconds=86_400)
    assert world.container.erasing.run(world.clock.at) == {"swept": 1}


class Lagging:
    """People whose eventually consistent reads do not show the last writes yet."""

    def __init__(self, people: People, before: set[str]) -> None:
        self._people, self._before = people, before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._people, name)

    def load(self, person_id: str, *, consistent: bool = True) -> PersonRecord:
        found = self._people.load(person_id)
        if consistent:
            return found
        new = person_id not in self._before
        return PersonRecord() if new else replace(found, dependants={}, guardians={})


def test_a_new_link_is_listed_at_once(world: World) -> None:
    """An eventually consistent read may return the data from before a write."""
    parent, child, elder = world.visitor(), Relative.born(world), world.visitor()
    child_id = added(by_face(parent, child))
    by_face(parent, Relative.of(elder), "elder").expect(201)
    people = Lagging(world.container.people, {parent.person_id, elder.person_id})
    world.replace(people=people)
    assert {one["person_id"] for one in dependants(parent)} == {child_id, elder.person_id}
    assert [one["person_id"] for one in guardians(elder)] == [parent.person_id]


@pytest.mark.requirement("GO-7")
def test_a_guardian_who_gets_the_card_by_asking_for_its_files_is_on_the_access_list(
    world: World,
) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    dependant.post("/v1/me/pass/paper", {"name": "full", "replaces": None}).expect(202)
    path = f"/v1/me/dependants/{dependant.person_id}/pass/paper/files"
    shown = guardian.post(path, {"form": "card_png"}).good()
    assert shown["serial"]
    assert accesses(dependant) == ["guardian"]


@pytest.mark.requirement("JN-27")
def test_one_nonce_asks_the_register_of_households_about_one_child(world: World) -> None:
    """The register answers a request id as before, whoever is named."""
    mother, father, stranger = world.visitor(), world.visitor(), world.visitor()
    own, other = Relative.born(world), Relative.born(world, serial=5)
    by_household(father, own).expect(202)
    by_household(stranger, other).expect(202)
    nonce = world.nonce()
    child_id = added(by_household(mother, own, nonce=nonce))
    remove(mother, child_id).expect(200)
    add(mother, "household", **other.entry, nonce=nonce).expect(422, "dependant_no_match")
    assert dependants(mother) == []


def test_a_corrected_name_is_asked_anew_under_the_same_nonce(world: World) -> None:
    mother, child = world.visitor(), Relative.born(world)
    nonce = world.nonce()
    wrong = Relative.born(world, serial=5)
    add(mother, "household", **wrong.entry, nonce=nonce).expect(422, "dependant_no_match")
    by_household(mother, child, nonce=nonce).expect(202)


def test_a_client_cannot_make_a_provider_repeat_an_old_answer(world: World) -> None:
    """The same request id is the same question; the client chooses the correlation id."""
    person = world.visitor()
    chosen = {"X-Correlation-Id": "0123456789abcdef"}
    provider = world.providers[HEALTH]
    for _ in range(2):
        person.get("/v1/me/health", headers=chosen).expect(200)
        world.work()
        world.clock.pass_(seconds=86_400)
        person.log_in()
    asked = [one for subject, one in provider.asked if subject.document_number == person.number]
    assert len(asked) == len(set(asked)) == 2


def test_neither_side_sees_who_got_the_others_phone_and_was_rejected(world: World) -> None:
    dependant = world.visitor()
    guardian = world.guardian(dependant)
    for person, serial in ((dependant, 774), (guardian, 775)):
        stranger = support.resident_id(serial)
        world.secrets.add(stranger)
        world.providers[IDENTITY].answers[stranger] = Answer("mismatch")
        person.register(1, name="祝英台", number=stranger).expect(202)
        world.work()
        assert person.registration()["verification"] == "rejected"
        assert dependants(guardian) == []
        if person is dependant:
            person.register(2).expect(202)
            world.work()
            assert len(dependants(guardian)) == 1
    assert guardians(dependant) == []


@pytest.mark.requirement("JN-27")
def test_a_guardian_cannot_prolong_the_link_by_a_false_birth_date(world: World) -> None:
    parent = world.visitor()
    child = Relative("关小满", "T440123456", "birth_certificate")
    world.secrets |= {child.name, child.number}
    world.households.births[child.number] = date(2013, 4, 24)
    by_household(parent, child, birth_date="2026-04-24").expect(422, "dependant_no_match")
    by_household(parent, child, birth_date="2013-04-24").expect(202)
