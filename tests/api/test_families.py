"""How a guardian gets, sees and loses a dependant (JN-27, YK-24, YK-31 to YK-33)."""

from datetime import UTC, datetime

import pytest

from chalicelib.core.errors import Unavailable
from chalicelib.identity.checks import State
from chalicelib.identity.providers import Answer
from tests.api.driver import IDENTITY, Person, World, shape
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
    health,
    remove,
)

MISMATCH = Answer("mismatch")


def next_day(*people: Person) -> None:
    """Wait for a day, and log in again."""
    people[0].world.clock.pass_(days=1)
    for person in people:
        person.log_in()


# --- The three ways


@pytest.mark.requirement("JN-27")
@pytest.mark.requirement("YK-31")
@pytest.mark.requirement("YK-32")
@pytest.mark.parametrize("method", ["face", "household"])
def test_a_child_is_added_verified_and_acted_for(world: World, method: str) -> None:
    parent, child = world.visitor(), Relative.born(world)
    add_it = by_face if method == "face" else by_household
    accepted = add_it(parent, child).expect(202)
    assert (accepted["status"], accepted["poll_after_ms"]) == ("pending", 1000)
    shown = accepted["dependant"]
    assert (shown["name"], shown["relation"], shown["method"]) == (child.name, "child", method)
    assert shown["until"].startswith("2033-04-23T16"), "midnight in China"
    world.work()
    (listed,) = dependants(parent)
    assert listed == shown | {"verification": "verified"}
    health(parent, shown["person_id"]).expect(200)
    venue = world.administrator().venue
    parent.post(
        "/v1/scans",
        {
            "nonce": world.nonce(),
            "code": venue["code_url"],
            "on_behalf_of": shown["person_id"],
        },
    ).expect(201)


@pytest.mark.requirement("YK-24")
@pytest.mark.requirement("YK-33")
def test_an_elder_consents_on_their_own_phone_sees_it_and_ends_it(world: World) -> None:
    child, elder = world.visitor(), world.visitor()
    code = elder.post("/v1/me/consent-code").expect(201)
    assert code["purpose"]
    world.secrets.add(code["code"])
    shown = by_consent(child, f"{code['code'][:5]}-{code['code'][5:].lower()}").expect(201)
    assert shown["status"] == "settled"
    assert shown["dependant"]["name"].endswith("*"), "masked: the guardian did not enter it"
    assert shown["dependant"]["until"] is None
    health(child, elder.person_id).expect(200)
    (guardian,) = guardians(elder)
    assert guardian["person_id"] == child.person_id
    assert (guardian["method"], guardian["name"]) == ("consent", child.name[0] + "**")
    end = f"/v1/me/guardians/{child.person_id}/remove"
    for _ in range(2):
        elder.post(end).expect(200)
        health(child, elder.person_id).expect(403, "not_your_dependant")
    assert (guardians(elder), dependants(child)) == ([], [])
    world.clock.pass_(minutes=1)
    by_consent(child, code["code"]).expect(422, "consent_code_invalid")


@pytest.mark.requirement("YK-32")
def test_a_child_of_another_province_is_known_by_the_birth_certificate(world: World) -> None:
    parent = world.visitor()
    child = Relative("关小满", "T440123456", "birth_certificate")
    world.secrets |= {child.name, child.number}
    missing = by_household(parent, child).expect(400, "invalid_input")
    assert [(one["pointer"], one["code"]) for one in missing["errors"]] == [
        ("/birth_date", "missing")
    ]
    shown = by_household(parent, child, birth_date="2019-04-24").expect(202)["dependant"]
    assert shown["until"].startswith("2033-04-23T16")


@pytest.mark.requirement("JN-27")
def test_eight_dependants_and_no_ninth_until_one_is_removed(world: World) -> None:
    parent = world.visitor()
    children = [Relative.born(world, serial=serial) for serial in range(1, 10)]
    ids = [added(by_household(parent, child)) for child in children[:8]]
    assert {one["person_id"] for one in dependants(parent)} == set(ids)
    next_day(parent)  # a day has ten attempts
    by_household(parent, children[8]).expect(409, "too_many_dependants")
    remove(parent, ids[0]).expect(200)
    by_household(parent, children[8]).expect(202)
    assert len(dependants(parent)) == 8
    health(parent, ids[0]).expect(403, "not_your_dependant")


# --- Age


@pytest.mark.requirement("YK-31")
def test_who_is_14_today_is_no_child_any_more(world: World) -> None:
    """Born 24 November 2012: in China the birthday begins at 16:00 UTC of the 23rd."""
    parent = world.visitor()
    child = Relative.born(world, "20121124")
    world.clock.at = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    parent.log_in()
    person_id = added(by_household(parent, child))
    world.work()
    health(parent, person_id).expect(200)
    world.clock.pass_(minutes=59)
    health(parent, person_id).expect(200)
    world.clock.pass_(minutes=1)
    health(parent, person_id).expect(403, "not_your_dependant")
    assert dependants(parent) == []
    refused = by_household(parent, child).expect(400, "invalid_input")["errors"]
    assert [(one["pointer"], one["code"]) for one in refused] == [
        ("/document_number", "child_too_old")
    ]
    # Their own face is another thing: the link that has ended does not stand in the way.
    again = by_face(parent, child, "elder").expect(201)["dependant"]
    assert (again["person_id"], again["until"]) == (person_id, None)


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"relation": "elder"}, "/document_number", "elder_too_young"),
        ({"birth_date": "2019-04-25"}, "/birth_date", "birth_date"),
        ({"birth_date": "24.4.2019"}, "/birth_date", "day"),
        ({"birth_date": 20190424}, "/birth_date", "day"),
        ({"check_id": "idc_?"}, "/check_id", "malformed"),
        ({"document_number": "44098319900101001Y"}, "/document_number", "resident_id"),
        ({"relation": "friend"}, "/relation", "not_allowed"),
        ({"method": "letter"}, "/method", "not_allowed"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_written(
    world: World, changes: dict[str, str], pointer: str, code: str
) -> None:
    parent, child = world.visitor(), Relative.born(world)
    body = {
        "method": "face",
        "nonce": world.nonce(),
        "relation": "child",
        "check_id": checked(parent, child),
        **child.entry,
    }
    writes = world.writes()
    refused = parent.post("/v1/me/dependants", body | changes).expect(400, "invalid_input")
    assert [(one["pointer"], one["code"]) for one in refused["errors"]] == [(pointer, code)]
    assert world.writes() == writes


def test_nobody_is_their_own_guardian(world: World) -> None:
    person = world.visitor()
    own = by_face(person, Relative.of(person), "elder").expect(400, "invalid_input")
    assert (own["errors"][0]["pointer"], own["errors"][0]["code"]) == (
        "/document_number", "yourself",
    )  # fmt: skip
    code = by_consent(person, code_of(person)).expect(400, "invalid_input")
    assert (code["errors"][0]["pointer"], code["errors"][0]["code"]) == ("/code", "yourself")


@pytest.mark.parametrize(
    ("method", "relation", "accepted"),
    [
        ("consent", "child", ["household", "subject_face"]),
        ("household", "elder", ["consent", "subject_face"]),
    ],
)
def test_a_relation_needs_its_proof(
    world: World, method: str, relation: str, accepted: list[str]
) -> None:
    guardian, elder = world.visitor(), world.visitor()
    more = {"code": code_of(elder)} if method == "consent" else Relative.of(elder).entry
    refused = add(guardian, method, relation, **more).expect(403, "stronger_login_needed")
    assert refused["accepted"] == accepted


# --- Who may be a guardian


def test_a_guardian_is_verified_and_an_adult(world: World) -> None:
    child = Relative.born(world)
    newcomer = world.person()
    add(newcomer, "household", **child.entry).expect(403, "registration_required")
    newcomer.register().expect(202)
    add(newcomer, "household", **child.entry).expect(403, "registration_not_verified")
    newcomer.post("/v1/me/consent-code").expect(403, "registration_not_verified")
    world.say(newcomer, identity=MISMATCH)
    world.work()
    add(newcomer, "household", **child.entry).expect(403, "registration_rejected")
    brother = world.person()
    young = Relative.born(world, "20081123", 7)
    brother.name, brother.number = young.name, young.number
    brother.register().expect(202)
    world.work()
    add(brother, "household", **child.entry).expect(403, "guardian_not_adult")
    next_day(brother)  # 18 today
    by_household(brother, child).expect(202)


def test_a_guardian_who_is_rejected_later_has_no_right_until_approved(world: World) -> None:
    parent, child = world.visitor(), Relative.born(world)
    person_id = added(by_household(parent, child))
    world.work()
    world.say(parent, identity=MISMATCH)
    parent.register(1, name="关错字").expect(202)
    world.work()
    health(parent, person_id).expect(403, "not_your_dependant")
    world.say(parent, identity=Answer("match"))
    parent.register(2).expect(202)
    world.work()
    health(parent, person_id).expect(200)


def test_a_dependant_may_be_a_guardian_but_a_right_reaches_one_step(world: World) -> None:
    grandchild, parent, child = world.visitor(), world.visitor(), Relative.born(world)
    person_id = added(by_household(parent, child))
    world.work()
    by_consent(grandchild, code_of(parent)).expect(201)
    health(grandchild, parent.person_id).expect(200)
    health(grandchild, person_id).expect(403, "not_your_dependant")
    by_consent(parent, code_of(grandchild)).expect(201)  # each of the two for the other


# --- What does not match


def test_what_does_not_match_looks_alike(world: World) -> None:
    parent, other, grown_up = world.visitor(), world.visitor(), world.visitor()
    known = Relative.born(world)
    by_household(other, known).expect(202)
    world.work()
    stranger = Relative.born(world, serial=2)
    with_phone = world.person()
    young = Relative.born(world, "20150101", 3)
    with_phone.register(name=young.name, number=young.number).expect(202)
    world.work()
    wrong_name = Relative("关错字", known.number)
    world.secrets |= {wrong_name.name}
    answers = [
        add(parent, "household", **stranger.entry),  # nobody
        add(parent, "household", **known.entry),  # another household
        by_household(parent, wrong_name),
        by_household(parent, young),  # has a login of their own
        by_face(parent, Relative(wrong_name.name, grown_up.number), "elder"),
    ]
    assert {reply.status for reply in answers} == {422}
    assert len({shape(reply.body.decode()) for reply in answers}) == 1
    assert answers[0].code == "dependant_no_match"
    assert dependants(parent) == []


def test_a_person_with_a_login_is_added_by_their_own_face(world: World) -> None:
    guardian, elder = world.visitor(), world.visitor()
    shown = by_face(guardian, Relative.of(elder), "elder").expect(201)["dependant"]
    assert (shown["person_id"], shown["name"]) == (elder.person_id, elder.name)
    assert guardians(elder)[0]["method"] == "face"


@pytest.mark.parametrize("fault", ["failed", "another face", "another's check", "used"])
def test_a_face_check_counts_once_and_for_one_person(world: World, fault: str) -> None:
    parent, other = world.visitor(), world.visitor()
    child, sibling = Relative.born(world), Relative.born(world, serial=2)
    if fault == "failed":
        check_id = checked(parent, child, State.FAILED)
    elif fault == "another face":
        check_id = checked(parent, sibling)
    elif fault == "another's check":
        check_id = checked(other, child)
    else:
        check_id = checked(parent, child)
        remove(parent, added(by_face(parent, child, check_id=check_id))).expect(200)
    by_face(parent, child, check_id=check_id).expect(422, "identity_check_unusable")
    assert dependants(parent) == []


def test_the_register_of_households_may_be_down(world: World) -> None:
    parent, child = world.visitor(), Relative.born(world)
    nonce = world.nonce()
    world.households.fault = Unavailable()
    by_household(parent, child, nonce=nonce).expect(503, "unavailable")
    assert dependants(parent) == []
    world.households.fault = None
    by_household(parent, child, nonce=nonce).expect(202)
    assert len(set(world.households.asked)) == 1, "a retry asks under the same id"


# --- Consent codes


@pytest.mark.parametrize("fault", ["expired", "used", "replaced", "unknown"])
def test_a_code_that_is_not_valid_is_one_answer(world: World, fault: str) -> None:
    guardian, other, elder = (world.visitor() for _ in range(3))
    code = code_of(elder)
    if fault == "expired":
        world.clock.pass_(minutes=10)
    elif fault == "used":
        by_consent(other, code).expect(201)
    elif fault == "replaced":
        code_of(elder)
    else:
        code = "234567899U"
    by_consent(guardian, code).expect(422, "consent_code_invalid")
    assert dependants(guardian) == []


def test_a_code_of_another_kind_is_refused_by_its_form(world: World) -> None:
    administrator, guardian = world.administrator(), world.visitor()
    codes = {
        administrator.join_code(administrator.venue["venue_id"]): "consent_code",
        administrator.venue["code"]: "consent_code",
        "2345678998": "consent_code",  # a wrong check character
        guardian.get("/v1/me/pass").expect(200)["code"]: "too_long",
    }
    for code, fault in codes.items():
        refused = by_consent(guardian, code).expect(400, "invalid_input")["errors"]
        assert [(one["pointer"], one["code"]) for one in refused] == [("/code", fault)]
    guardian.join(code_of(administrator)).expect(400, "invalid_input")


def test_codes_cannot_be_guessed(world: World) -> None:
    guardian = world.visitor()
    for _ in range(10):
        by_consent(guardian, "234567899U").expect(422, "consent_code_invalid")
    assert by_consent(guardian, "234567899U").expect(429, "too_many_requests")
    elder = world.visitor()
    by_consent(guardian, code_of(elder)).expect(429, "too_many_requests")
    world.clock.pass_(hours=1)
    by_consent(guardian, code_of(elder)).expect(201)


def test_adding_reveals_things_and_is_limited(world: World) -> None:
    parent = world.visitor()
    for serial in range(10):
        stranger = Relative.born(world, serial=serial + 1)
        add(parent, "household", **stranger.entry).expect(422, "dependant_no_match")
    by_household(parent, Relative.born(world, serial=11)).expect(429, "too_many_requests")


# --- Two guardians


@pytest.mark.requirement("JN-27")
def test_a_second_guardian_gets_the_same_person_and_a_third_nobody(world: World) -> None:
    mother, father, aunt = (world.visitor() for _ in range(3))
    child = Relative.born(world)
    person_id = added(by_household(mother, child))
    world.work()
    second = by_face(father, child).expect(201)["dependant"]
    assert (second["person_id"], second["verification"]) == (person_id, "verified")
    by_face(aunt, child).expect(409, "dependant_taken")
    assert dependants(aunt) == []
    remove(mother, person_id).expect(200)
    by_face(aunt, child).expect(201)
    health(father, person_id).expect(200)


# --- Retries


@pytest.mark.parametrize("method", ["face", "household", "consent"])
def test_a_retry_adds_nobody_twice(world: World, method: str) -> None:
    guardian, child, elder = world.visitor(), Relative.born(world), world.visitor()
    nonce = world.nonce()
    body = {"method": method, "nonce": nonce, "relation": "child", **child.entry}
    if method == "face":
        body["check_id"] = checked(guardian, child)
    elif method == "household":
        world.households.homes.append(frozenset({guardian.number, child.number}))
    else:
        body = {"method": method, "nonce": nonce, "relation": "elder", "code": code_of(elder)}
    first = guardian.post("/v1/me/dependants", body).good()
    again = guardian.post("/v1/me/dependants", body).good()
    assert again["dependant"] == first["dependant"]
    world.work()
    settled = guardian.post("/v1/me/dependants", body).expect(200)
    assert settled["dependant"]["person_id"] == first["dependant"]["person_id"]
    assert len(dependants(guardian)) == 1


def test_a_nonce_is_not_used_for_another_dependant(world: World) -> None:
    parent, nonce = world.visitor(), world.nonce()
    by_household(parent, Relative.born(world), nonce=nonce).expect(202)
    other = Relative.born(world, serial=2)
    by_household(parent, other, nonce=nonce).expect(409, "nonce_reused")
    assert len(dependants(parent)) == 1


# --- A rejected dependant, and one without a guardian


def test_a_rejected_dependant_is_shown_with_the_reason_and_gives_no_right(world: World) -> None:
    parent, child = world.visitor(), Relative.born(world)
    wrong = Relative("关错字", child.number)
    world.secrets.add(wrong.name)
    world.providers[IDENTITY].answers[child.number] = MISMATCH
    person_id = added(by_household(parent, wrong))
    world.work()
    (shown,) = dependants(parent)
    assert (shown["verification"], shown["reason"]) == ("rejected", "mismatch")
    assert shown["reason_text"]
    health(parent, person_id).expect(403, "not_your_dependant")
    del world.providers[IDENTITY].answers[child.number]
    right = added(by_household(parent, child))
    assert right != person_id
    remove(parent, person_id).expect(200)
    world.work()
    assert [one["person_id"] for one in dependants(parent)] == [right]
    assert not [item for item in world.items() if item["pk"]["S"].endswith(person_id)
                and item["sk"]["S"] == "HOT#PROFILE"], "it is deleted"  # fmt: skip


@pytest.mark.requirement("JN-27")
def test_a_dependant_without_a_guardian_stays_and_is_found_again(world: World) -> None:
    """A right is never orphaned: the former guardian has none, and no pass that they hold."""
    mother, father, child = world.visitor(), world.visitor(), Relative.born(world)
    person_id = added(by_household(mother, child))
    world.work()
    path = f"/v1/me/dependants/{person_id}/pass/paper"
    mother.post(path, {"name": "masked"}).expect(202)
    assert dependants(mother)[0]["has_paper_pass"]
    remove(mother, person_id).expect(200)
    mother.get(path).expect(403, "not_your_dependant")
    again = by_household(father, child).expect(201)["dependant"]
    assert (again["person_id"], again["has_paper_pass"]) == (person_id, False)
    assert father.get(path).expect(200)["state"] == "revoked"


def test_a_pass_of_another_guardian_outlives_a_guardian_who_leaves(world: World) -> None:
    mother, father, child = world.visitor(), world.visitor(), Relative.born(world)
    person_id = added(by_household(mother, child))
    world.work()
    by_household(father, child).expect(201)
    father.post(f"/v1/me/dependants/{person_id}/pass/paper", {"name": "masked"}).expect(202)
    remove(mother, person_id).expect(200)
    assert dependants(father)[0]["has_paper_pass"]


def test_removing_somebody_who_is_no_dependant_changes_nothing(world: World) -> None:
    mother, stranger, child = world.visitor(), world.visitor(), Relative.born(world)
    person_id = added(by_household(mother, child))
    world.work()
    mother.post(f"/v1/me/dependants/{person_id}/pass/paper", {"name": "masked"}).expect(202)
    remove(stranger, person_id).expect(200)
    stranger.post(f"/v1/me/guardians/{mother.person_id}/remove").expect(200)
    assert dependants(mother)[0]["has_paper_pass"]
    remove(stranger, "per_1").expect(404, "not_found")
    remove(stranger, f"per_{'0' * 3000}").expect(404, "not_found")


# --- The record becomes the child's own


@pytest.mark.requirement("JN-27")
def test_a_record_goes_to_its_person_with_their_own_registration(world: World) -> None:
    parent, child = world.visitor(), Relative.born(world)
    person_id = added(by_household(parent, child))
    world.work()
    venue = world.administrator().venue
    scan = {"code": venue["code_url"], "on_behalf_of": person_id}
    scan_id = parent.post("/v1/scans", {"nonce": world.nonce(), **scan}).expect(201)["scan_id"]

    heir = world.person()
    heir.register(name="关错字", number=child.number).expect(409, "identity_taken")
    heir.register(name=child.name, number=child.number).expect(409, "identity_managed")
    former = heir.token
    check_id = checked(heir, child)
    body = {"nonce": world.nonce(), "check_id": check_id, **child.entry}
    login = heir.post("/v1/me/registration/takeover", body).expect(200)
    assert (login["person_id"], login["strength"]) == (person_id, "phone")
    heir.keep(login)
    shown = heir.registration()
    assert (shown["name"], shown["verification"]) == (child.name, "verified")
    heir.get(f"/v1/scans/{scan_id}").expect(200)
    world.call("GET", "/v1/me", token=former).expect(401, "session_ended")
    health(parent, person_id).expect(403, "not_your_dependant")
    assert (dependants(parent), guardians(heir)) == ([], [])
    world.clock.pass_(minutes=1)  # between two codes
    heir.log_in()
    assert heir.get("/v1/me").expect(200)["person_id"] == person_id


def test_a_record_is_taken_over_only_by_the_face_and_only_without_another_identity(
    world: World,
) -> None:
    parent, child = world.visitor(), Relative.born(world)
    added(by_household(parent, child))
    world.work()
    heir, registered = world.person(), world.visitor()
    check_id = checked(heir, child, State.FAILED)
    body = {"nonce": world.nonce(), "check_id": check_id, **child.entry}
    path = "/v1/me/registration/takeover"
    heir.post(path, body).expect(422, "identity_check_unusable")
    body["check_id"] = checked(registered, child)
    registered.post(path, body).expect(409, "identity_taken")
    registered.register(1, name=child.name, number=child.number).expect(409, "identity_taken")
    unknown = Relative.born(world, serial=5)
    body = {"nonce": world.nonce(), "check_id": checked(heir, unknown), **unknown.entry}
    heir.post(path, body).expect(409, "identity_taken")
    assert len(dependants(parent)) == 1


def test_old_links_leave_room_for_new_ones(world: World) -> None:
    """Eight children who are 14 do not stand in the way of a ninth dependant."""
    parent = world.visitor()
    for serial in range(1, 9):
        by_household(parent, Relative.born(world, "20121123", serial)).expect(202)
    next_day(parent)
    assert dependants(parent) == []
    by_household(parent, Relative.born(world)).expect(202)
    assert len(dependants(parent)) == 1


def test_links_that_have_ended_leave_a_place_beside_the_child(world: World) -> None:
    """At 14 both parents' links end; somebody else is added by the child's own will."""
    parents, aunt = [world.visitor(), world.visitor()], world.visitor()
    child = Relative.born(world, "20121123")
    for parent in parents:
        by_household(parent, child).good()
        world.work()
    by_face(aunt, child).expect(409, "dependant_taken")
    next_day(aunt, *parents)
    shown = by_face(aunt, child, "elder").expect(201)["dependant"]
    health(aunt, shown["person_id"]).expect(200)
    assert [dependants(parent) for parent in parents] == [[], []]


def test_a_child_with_a_phone_does_not_consent(world: World) -> None:
    parent, child = world.visitor(), world.person()
    young = Relative.born(world, "20150101", 3)
    child.register(name=young.name, number=young.number).expect(202)
    world.work()
    refused = by_consent(parent, code_of(child)).expect(400, "invalid_input")["errors"]
    assert [(one["pointer"], one["code"]) for one in refused] == [("/relation", "elder_too_young")]
    assert guardians(child) == []
