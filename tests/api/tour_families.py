"""A call for every answer of the routes of families, for `test_openapi`."""

from chalicelib.identity.checks import State
from chalicelib.identity.people import Verification
from chalicelib.identity.providers import Answer
from tests import support
from tests.api.driver import HttpReply, Person, World
from tests.api.families import (
    Relative,
    add,
    added,
    by_consent,
    by_face,
    by_household,
    checked,
    code_of,
    dependants,
    guardians,
    remove,
)


def tour_of_families(world: World) -> None:
    """Call for every answer of dependants, guardians and consent codes."""
    child = Relative.born(world, serial=801)
    tour_of_the_unverified(world, child)
    mother, father, aunt = (world.visitor() for _ in range(3))
    nonce = world.nonce()
    person_id = added(by_household(mother, child, nonce=nonce))
    by_household(mother, Relative.born(world, serial=802), nonce=nonce).expect(409, "nonce_reused")
    world.work()
    by_household(mother, child, nonce=nonce).expect(200)
    by_face(father, child).expect(201)
    by_face(aunt, child).expect(409, "dependant_taken")
    add(aunt, "household", **child.entry).expect(422, "dependant_no_match")
    failed = checked(aunt, child, State.FAILED)
    by_face(aunt, child, check_id=failed).expect(422, "identity_check_unusable")
    add(aunt, "household", "elder", **child.entry).expect(403, "stronger_login_needed")
    by_consent(aunt, "234567899U").expect(422, "consent_code_invalid")
    by_consent(aunt, code_of(aunt)).expect(400, "invalid_input")
    for serial in range(803, 810):
        by_household(mother, Relative.born(world, serial=serial)).expect(202)
    ninth = Relative.born(world, serial=810)
    for _ in range(2):
        by_household(mother, ninth).expect(409, "too_many_dependants")
    by_household(mother, ninth).expect(429, "too_many_requests")
    assert conflicting(world, aunt, ninth).code == "version_conflict"
    assert len(dependants(mother)) == 8
    assert guardians(mother) == []
    remove(mother, person_id).expect(200)
    remove(mother, "nobody").expect(404, "not_found")
    mother.post("/v1/me/guardians/nobody/remove").expect(404, "not_found")
    mother.post(f"/v1/me/guardians/{aunt.person_id}/remove").expect(200)
    for _ in range(20):
        code_of(father)
    father.post("/v1/me/consent-code").expect(429, "too_many_requests")
    tour_of_succession(world, child)


def tour_of_the_unverified(world: World, child: Relative) -> None:
    """Call as people who may not be guardians."""
    newcomer, young = world.person(), world.person()
    brother = Relative.born(world, "20100101", 811)
    young.name, young.number = brother.name, brother.number
    young.register().expect(202)
    world.work()
    add(young, "household", **child.entry).expect(403, "guardian_not_adult")

    def refused(code: str) -> None:
        add(newcomer, "household", **child.entry).expect(403, code)
        newcomer.post("/v1/me/consent-code").expect(403, code)

    refused("registration_required")
    world.say(newcomer, identity=Answer("mismatch"))
    newcomer.register().expect(202)
    refused("registration_not_verified")
    world.work()
    refused("registration_rejected")


def conflicting(world: World, guardian: Person, child: Relative) -> HttpReply:
    """Add a child while the guardian's registration is rejected, at some call of the request."""
    world.households.homes.append(frozenset({guardian.number, child.number}))
    people = world.container.people

    def reject() -> None:
        profile = people.load(guardian.person_id).profile
        if profile is not None and profile.verification is Verification.VERIFIED:
            guardian.register(profile.registration, name=f"{guardian.name}乙").expect(202)

    at = 1
    while True:
        at += 1
        world.wire.interrupt(at, reject)
        answer = add(guardian, "household", **child.entry)
        world.wire.heal()
        world.work()
        if answer.status >= 300 or at > 12:
            return answer
        remove(guardian, added(answer)).expect(200)


def tour_of_succession(world: World, child: Relative) -> None:
    """Call for every answer of a takeover."""
    path = "/v1/me/registration/takeover"
    heir = world.person()
    body = {"nonce": world.nonce(), "check_id": "idc_0000000000000000", **child.entry}
    heir.register(name=child.name, number=child.number).expect(409, "identity_managed")
    heir.post(path, body).expect(422, "identity_check_unusable")
    unproved = {"nonce": world.nonce(), **child.entry}
    heir.post(path, unproved).expect(403, "stronger_login_needed")
    unknown = Relative.born(world, serial=812)
    other = {"nonce": world.nonce(), "check_id": checked(heir, unknown), **unknown.entry}
    heir.post(path, other).expect(409, "identity_taken")
    for _ in range(6):
        heir.post(path, body).expect(422, "identity_check_unusable")
    heir.post(path, body).expect(429, "too_many_requests")
    successor = world.person()
    body["check_id"] = checked(successor, child)
    successor.keep(successor.post(path, body).expect(200))
    assert support.resident_id(801, born="20190424") == child.number


def tour_without_a_phone(world: World, account: Person) -> None:
    """Call as a person who logged in from a mini-program and has no phone."""
    child = Relative.born(world, serial=813)
    body = {"nonce": world.nonce(), "check_id": "idc_0000000000000000", **child.entry}
    account.post("/v1/me/registration/takeover", body).expect(403, "phone_required")
