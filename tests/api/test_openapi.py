"""The document says what the routes do: every route, every status, every code (GO-12).

The driver holds each answer of the whole suite against it; here is shown that nothing in it goes
untried.
"""

import json
import re
import sys
from typing import Any

from jsonschema import Draft202012Validator
from moto import mock_aws

from chalicelib.api.endpoint import OPERATIONS, Operation
from chalicelib.core import keys
from chalicelib.core.errors import CODES, Forbidden, TooMany, Unprocessable
from chalicelib.core.fields import Paged, parse
from chalicelib.identity import passes
from chalicelib.identity.checks import State
from chalicelib.identity.platforms import PlatformName
from chalicelib.identity.providers import Answer
from chalicelib.rendering.coverage import missing
from chalicelib.venues.codes import CodeState
from chalicelib.venues.store.venues import PrintedCodeItem
from tests.api import contract
from tests.api.driver import HttpReply, Person, World
from tests.api.routes import CASE, UNKNOWN_PAIRING_CODE, Cast, by_hand, swiped
from tests.api.scenes_records import arrival, base, declaration
from tests.api.test_errors import Broken
from tests.api.tour_downloads import tour_of_downloads
from tests.api.tour_families import tour_of_families, tour_without_a_phone
from tests.api.tour_late_scans import tour_of_late_scans
from tests.api.tour_lists import tour_of_lists, tour_of_verification_files
from tests.api.tour_own_data import tour_of_own_data
from tests.api.tour_staff import tour_of_invitations, tour_of_the_unverified
from tests.api.tour_status import tour_of_the_status

# What is documented of every route, though these have nothing to be wrong in a request (no body,
# no parameter that is not looked up), or touch nothing that could be away.
WITHOUT_INPUT = {one.name for one in OPERATIONS if not one.request and not one.query}
WITHOUT_TABLE = {one.name for one in OPERATIONS if not CASE[one.method, one.path].calls_aws}


def documented(operation: Operation) -> set[tuple[str, int, str]]:
    """All that the contract of a route promises: its good statuses, and its errors by code."""
    good = {(operation.name, status, "") for status in operation.statuses}
    return good | {(operation.name, CODES[code].status, code) for code in operation.errors}


def test_every_answer_of_the_document_is_given_by_its_route() -> None:
    answered = tour()
    promised = set[tuple[str, int, str]]().union(*map(documented, OPERATIONS))
    idle = {(name, 400, "invalid_input") for name in WITHOUT_INPUT} | {
        (name, 503, "unavailable") for name in WITHOUT_TABLE
    }
    assert promised - answered == idle
    assert answered <= promised


def tour() -> set[tuple[str, int, str]]:
    """Call for every answer that every route has; return the answers.

    Each part has a deployment of its own, which keeps its table small: for each action of a
    transaction moto copies the whole table.
    """
    parts = (
        fault_of_every_kind,
        tour_of_people,
        tour_of_clients,
        tour_of_identity_checks,
        tour_of_venues,
        tour_of_scans,
        tour_of_health,
        tour_of_records,
        tour_of_a_family,
        tour_of_families,
        tour_of_own_data,
        tour_of_downloads,
        tour_of_paper,
        tour_of_staff,
        tour_of_kiosks,
        tour_of_the_door,
        tour_of_checks_by_hand,
        tour_of_a_ghost,
        tour_of_the_status,
        tour_of_lists,
        tour_of_verification_files,
        tour_of_late_scans,
        tour_of_invitations,
        tour_of_the_unverified,
    )
    answered = set[tuple[str, int, str]]()
    for part in parts:
        with mock_aws():
            world = World()
            part(world)
            world.close()
            answered |= world.answered
    return answered


def tour_of_a_ghost(world: World) -> None:
    """The answers at a venue of which nothing but the right is left."""
    ghost, visitor = world.administrator(), world.visitor()
    world.table.delete(keys.venue(ghost.venue["venue_id"]))
    forget(world)
    path = f"/v1/venues/{ghost.venue['venue_id']}"
    presented = {"nonce": world.nonce(), "pass_code": pass_of(visitor)}
    ghost.post(f"{path}/staff/{visitor.person_id}/remove").expect(404, "not_found")
    ghost.post(f"/v1/bindings/{ghost.venue['venue_id']}/remove").expect(404, "not_found")
    ghost.post(f"{path}/scans", presented).expect(404, "not_found")
    ghost.post(f"{path}/manual-checks", by_hand(world)).expect(404, "not_found")
    for rest in ("scans?outcome=abnormal", "join-code", "staff"):
        ghost.get(f"{path}/{rest}").expect(404, "not_found")
    ghost.post(f"{path}/staff", hired("13900001111")).expect(404, "not_found")
    for rest in ("join-code/rotate", "fast-code"):
        ghost.post(f"{path}/{rest}").expect(404, "not_found")
    named = {"person_id": visitor.person_id}
    ghost.post(f"{path}/administrator", named).expect(404, "not_found")
    ghost.get(path).expect(404, "not_found")
    ghost.get(f"{path}/statistics").expect(404, "not_found")
    ghost.get(f"{path}/posters/0000000000000000").expect(404, "not_found")
    ghost.post(f"{path}/posters", {"form": "a4_pdf"}).expect(404, "not_found")


def forget(world: World) -> None:
    """Let the process be a fresh one."""
    world.container.__dict__.pop("directory", None)


def fault_of_every_kind(world: World) -> None:
    """The errors that are alike for all routes: nobody, not theirs, a fault, a table away."""
    cast = Cast.of(world)
    administrator, visitor = cast.administrator, cast.visitor
    over = world.person()
    over.post("/v1/sessions/logout").expect(200)
    soon = world.person()
    requests = {
        operation.name: CASE[operation.method, operation.path].request(cast, administrator)
        for operation in OPERATIONS
    }
    path, _ = requests["refresh"]
    requests["refresh"] = path, {"refresh_token": soon.refresh_token}  # one that is looked up
    for operation in OPERATIONS:
        path, body = requests[operation.name]

        def call(
            token: str | None,
            operation: Operation = operation,
            path: str = path,
            body: Any = body,
        ) -> str:
            return world.call(operation.method, path, body, token=token).code

        case = CASE[operation.method, operation.path]
        devices = case.for_devices
        callers = ("administrator", "guardian", "kiosk")
        token = next(getattr(cast, role).token for role in callers if role in case.who)
        if operation.access.authenticator:
            assert call(None) == "token_missing"
            assert call("x.y.z") == "token_invalid"
            assert call(over.token) == ("token_invalid" if devices else "session_ended")
        if not devices and not operation.access.admits({"person"}):
            assert call(visitor.token) in ("not_your_venue", "not_your_dependant")
        world.container.clock = Broken()
        assert call(token) == "internal_error"
        world.container.clock = world.clock
        if operation.request:
            refused = world.call(operation.method, path, {"x": 1}, token=token)
            assert refused.code == "invalid_input"
        if operation.name not in WITHOUT_TABLE:
            forget(world)
            world.wire.fail("ThrottlingException", 1)
            assert call(token) == "unavailable"
            world.wire.heal()
    for operation in OPERATIONS:
        if operation.access.authenticator:
            world.clock.pass_(hours=2)
            path, _ = requests[operation.name]
            answer = world.call(operation.method, path, token=soon.token)
            devices = CASE[operation.method, operation.path].for_devices
            answer.expect(401, "token_invalid" if devices else "token_expired")
            world.clock.pass_(hours=-2)


def tour_of_people(world: World) -> None:
    person = world.person()
    person.ask_for_code().expect(429, "too_many_requests")
    person.enter_code("000000").expect(401, "otp_invalid")
    taken = world.visitor()
    person.register(number=taken.number).expect(409, "identity_taken")
    person.register(5).expect(409, "version_conflict")
    person.register().expect(202)
    world.work()
    person.register().expect(200)
    for version in range(1, 9):
        person.register(version, name=person.name + "儿" * version).expect(202)
    person.register(9).expect(429, "too_many_requests")
    world.work()
    person.get("/v1/me").expect(200)
    world.clock.pass_(days=30)
    person.refresh().expect(401, "token_expired")
    world.clock.pass_(days=-30)
    person.keep(person.refresh().expect(200))
    person.post("/v1/sessions/logout").expect(200)
    person.refresh().expect(401, "session_ended")
    refused = {"refresh_token": "x" * 40}
    world.call("POST", "/v1/sessions/refresh", refused).expect(401, "token_invalid")


def tour_of_clients(world: World) -> None:
    platform = world.platforms[PlatformName.WECHAT]
    owner = world.person()

    def enter(phone: str = "", client: str = "wechat") -> HttpReply:
        code, proof = platform.mint(phone or owner.phone, "somebody")
        body = {"client": client, "code": code}
        if phone:
            body["phone_code"] = proof.text
        return world.call("POST", "/v1/sessions", body)

    person = Person(world, "+8613800138222", "王小明", 500)
    person.keep(enter().expect(201))
    person.register().expect(403, "phone_required")
    tour_without_a_phone(world, person)

    def confirm(phone: str) -> HttpReply:
        body = {"client": "wechat", "phone_code": platform.mint(phone)[1].text}
        return person.post("/v1/me/phone", body)

    person.keep(confirm(person.phone).expect(200))
    tour_of_a_changed_phone(world, person, owner)
    enter(owner.phone).expect(409, "phone_taken")
    invented = {"client": "wechat", "phone_code": "x"}
    person.post("/v1/me/phone", invented).expect(422, "phone_proof_invalid")
    code, _ = platform.mint(owner.phone)
    refused = {**invented, "code": code}
    world.call("POST", "/v1/sessions", refused).expect(422, "phone_proof_invalid")
    enter(client="alipay").expect(401, "platform_code_invalid")
    for fault, status in (
        (Forbidden("platform_account_blocked"), 403),
        (Unprocessable("client_not_offered"), 422),
        (TooMany(60), 429),
    ):
        platform.fault = fault
        enter().expect(status, fault.code)
        if status != 403:
            person.post("/v1/me/phone", invented).expect(status, fault.code)
    platform.fault = None


def tour_of_a_changed_phone(world: World, person: Person, owner: Person) -> None:
    """Call for the answers of a change of phone, and of a phone's next owner."""
    wechat, alipay = (world.platforms[name] for name in PlatformName)

    def confirm(**proof: str) -> HttpReply:
        body = {"client": "wechat", "phone_code": wechat.mint(owner.phone)[1].text}
        return person.post("/v1/me/phone", body | proof)

    confirm().expect(403, "stronger_login_needed")
    confirm(document_number=owner.number).expect(422, "phone_change_unproved")
    person.ask_for_code().expect(202)
    confirm(former_code=person.code).expect(409, "phone_taken")
    button = alipay.mint(owner.phone)[1]
    sealed = {"client": "alipay", "phone": {"response": button.text, "sign": button.signature}}
    person.post("/v1/me/phone", sealed).expect(422, "confirm_by_text_message")
    world.clock.pass_(minutes=1)
    guesser = Person(world, "+8613800138223", "王小明", 501)
    guesser.ask_for_code().expect(202)
    for number in range(1, 6):
        guess = guesser.enter_code(f"{(int(guesser.code) + number) % 10**6:06d}")
    guess.expect(401, "otp_used_up")
    former = world.visitor()
    new = Person(world, former.phone, former.name, 502)
    for user in ("the former one", "the next one"):
        code, shown = wechat.mint(former.phone, user)
        body = {"client": "wechat", "code": code, "phone_code": shown.text}
        new.keep(world.call("POST", "/v1/sessions", body).expect(201))
    new.register(name=former.name, number=former.number).expect(409, "identity_returning")


def tour_of_identity_checks(world: World) -> None:
    person = world.person()
    person.start_check().expect(403, "registration_required")
    person.register().expect(202)
    person.start_check().expect(403, "registration_not_verified")
    world.say(person, identity=Answer("mismatch"))
    world.work()
    person.start_check().expect(403, "registration_rejected")
    visitor, nonce = world.visitor(), world.nonce()
    check = visitor.start_check("face", nonce).expect(202)["check_id"]
    visitor.start_check("payment_password", nonce).expect(409, "nonce_reused")
    visitor.see_check(check)
    person.get(f"/v1/me/identity-checks/{check}").expect(404, "not_found")
    world.call_back(check, State.PASSED, secret="x").expect(401, "signature_invalid")
    world.call_back(check, State.PASSED, reference="another").expect(404, "not_found")
    world.call_back(check, State.PASSED).expect(200)
    visitor.start_check("face", nonce).expect(200)
    for _ in range(9):
        visitor.start_check().expect(202)
    visitor.start_check().expect(429, "too_many_requests")


def tour_of_venues(world: World) -> None:
    administrator = world.administrator()
    path = f"/v1/venues/{administrator.venue['venue_id']}"
    administrator.get("/v1/venues").expect(200)
    administrator.get(path).expect(200)
    administrator.get(f"{path}/statistics").expect(200)
    administrator.get(f"{path}/statistics?day=x").expect(400, "invalid_input")
    poster = administrator.post(f"{path}/posters", {"form": "qr_svg"}).expect(202)
    world.work()
    administrator.post(f"{path}/posters", {"form": "qr_svg"}).expect(200)
    administrator.get(f"{path}/posters/{poster['poster_id']}").expect(200)

    applicant = world.person()
    applicant.issue().expect(403, "registration_required")
    applicant.register().expect(202)
    applicant.issue().expect(403, "registration_not_verified")
    world.say(applicant, identity=Answer("mismatch"))
    world.work()
    applicant.issue().expect(403, "registration_rejected")
    body = world.venue_request()
    administrator.post("/v1/venues", body).expect(201)
    administrator.post("/v1/venues", body).expect(200)
    administrator.post("/v1/venues", body | {"name": "另一家"}).expect(409, "nonce_reused")
    again = body | {"nonce": world.nonce()}
    administrator.post("/v1/venues", again).expect(409, "venue_exists")
    world.give_rights(administrator, 18)
    administrator.issue().expect(422, "too_many_venues")


def pass_of(person: Person) -> str:
    return str(person.get("/v1/me/pass").expect(200)["code"])


def hired(phone: str) -> dict[str, str]:
    return {"by": "phone", "name": "王小明", "phone": phone, "role": "inspector"}


def tour_of_records(world: World) -> None:
    dependant = world.visitor()
    guardian, new, rejected = world.guardian(dependant), world.person(), world.visitor()
    world.say(rejected, identity=Answer("mismatch"))
    world.link(guardian, rejected)
    rejected.register(1, name="李改名").expect(202)
    world.work()
    rejected.register(2, name="李又改").expect(202)  # blocked until it is approved
    world.call("GET", "/v1/declaration-form").expect(200)
    for rest, make in (("declarations", declaration), ("arrivals", arrival)):
        new.post(f"/v1/me/{rest}", make(world)).expect(403, "registration_required")
        for person, path in ((rejected, base()), (guardian, base(rejected))):
            person.post(f"{path}/{rest}", make(world)).expect(403, "registration_rejected")
        for person, path in ((dependant, base()), (guardian, base(dependant))):
            body = make(world)
            person.post(f"{path}/{rest}", body).expect(201)
            person.post(f"{path}/{rest}", body).expect(200)
            other = body | {"form_version": 2}
            person.post(f"{path}/{rest}", other).expect(409, "nonce_reused")
            changed = make(world, form_version=2)
            person.post(f"{path}/{rest}", changed).expect(409, "form_changed")
            late = make(world, nonce=world.nonce(hours=1))
            person.post(f"{path}/{rest}", late).expect(422, "clock_skewed")
            if rest == "declarations":
                elsewhere = make(world, scan_id="scn_none")
                person.post(f"{path}/{rest}", elsewhere).expect(404, "not_found")
        for _ in range(18):
            world.container.limits.charge(
                rest.removesuffix("s"), dependant.person_id, limit=20, seconds=86_400,
                now=world.clock.at,
            )  # fmt: skip
        for person, path in ((dependant, base()), (guardian, base(dependant))):
            person.post(f"{path}/{rest}", make(world)).expect(429, "too_many_requests")
    for person, path in ((dependant, base()), (guardian, base(dependant))):
        for rest in ("declarations", "arrivals", "notices", "visits", "temperatures"):
            person.get(f"{path}/{rest}").expect(200)
            person.get(f"{path}/{rest}?limit=0").expect(400, "invalid_input")


def tour_of_staff(world: World) -> None:
    administrator, person = world.administrator(), world.visitor()
    path = f"/v1/venues/{administrator.venue['venue_id']}"
    world.hire(person, administrator)
    code = administrator.get(f"{path}/join-code").expect(200)["join_code"]
    administrator.get(f"{path}/staff").expect(200)
    administrator.get(f"{path}/staff?limit=0").expect(400, "invalid_input")
    person.get("/v1/bindings").expect(200)
    person.get(f"{path}/statistics").expect(200)
    person.post(f"/v1/bindings/{administrator.venue['venue_id']}/remove").expect(200)
    administrator.post(f"{path}/join-code/rotate").expect(200)
    person.post("/v1/bindings", {"join_code": code}).expect(404, "join_code_unknown")
    for _ in range(8):
        person.post("/v1/bindings", {"join_code": code})
    person.post("/v1/bindings", {"join_code": code}).expect(429, "too_many_requests")
    added = {
        "by": "identity",
        "role": "inspector",
        "name": person.name,
        "document_type": "resident_id",
        "document_number": person.number,
        "phone": person.phone,
    }
    administrator.post(f"{path}/staff", added).expect(201)
    no_match = added | {"phone": "13900001111"}
    administrator.post(f"{path}/staff", no_match).expect(422, "staff_no_match")
    administrator.post(f"{path}/staff", hired("13900001111")).expect(202)
    administrator.post(f"{path}/staff/{person.person_id}/remove").expect(200)
    second, third = world.visitor(), world.visitor()
    for one in (second, third):
        raised = added | {
            "role": "administrator",
            "name": one.name,
            "document_number": one.number,
            "phone": one.phone,
        }
        administrator.post(f"{path}/staff", raised).expect(201)
    other = f"{path}/staff/{third.person_id}/remove"
    second.post(other).expect(403, "initial_administrator_only")
    second.post(f"{path}/staff", raised).expect(403, "initial_administrator_only")
    administrator.post(f"{path}/staff/nobody/remove").expect(404, "not_found")
    stays = {"person_id": administrator.person_id}
    administrator.post(f"{path}/administrator", stays).expect(200)
    administrator.post(f"{path}/administrator", {}).expect(400, "invalid_input")
    named = {"person_id": third.person_id}
    second.post(f"{path}/administrator", named).expect(403, "initial_administrator_only")
    itself = f"{path}/staff/{administrator.person_id}/remove"
    administrator.post(itself).expect(409, "initial_administrator")
    leave = f"/v1/bindings/{administrator.venue['venue_id']}/remove"
    administrator.post(leave).expect(409, "initial_administrator")
    world.give_rights(person, 20)
    administrator.post(f"{path}/staff", added).expect(422, "too_many_venues")
    for _ in range(60):
        administrator.post(f"{path}/staff", no_match)
    administrator.post(f"{path}/staff", no_match).expect(429, "too_many_requests")
    another = world.administrator()
    world.give_rights(another, 19)
    code = administrator.get(f"{path}/join-code").expect(200)["join_code"]
    another.post("/v1/bindings", {"join_code": code}).expect(422, "too_many_venues")
    stranger = world.person()
    join = {"join_code": code}
    stranger.post("/v1/bindings", join).expect(403, "registration_required")
    stranger.register().expect(202)
    stranger.post("/v1/bindings", join).expect(403, "registration_not_verified")
    world.say(stranger, identity=Answer("mismatch"))
    world.work()
    stranger.post("/v1/bindings", join).expect(403, "registration_rejected")


def tour_of_the_door(world: World) -> None:
    administrator, visitor = world.administrator(), world.visitor()
    path = f"/v1/venues/{administrator.venue['venue_id']}"
    administrator.post(f"{path}/fast-code").expect(200)
    administrator.get(f"{path}/scans?outcome=abnormal").expect(200)
    administrator.get(f"{path}/scans").expect(400, "invalid_input")
    body = {"nonce": world.nonce(), "pass_code": pass_of(visitor)}
    administrator.post(f"{path}/scans", body).expect(201)
    administrator.post(f"{path}/scans", body).expect(200)
    reused = body | {"temperature": "fever"}
    administrator.post(f"{path}/scans", reused).expect(409, "nonce_reused")
    again = body | {"nonce": world.nonce()}
    administrator.post(f"{path}/scans", again).expect(409, "pass_used")
    skewed = body | {"nonce": world.nonce(days=8)}
    administrator.post(f"{path}/scans", skewed).expect(422, "clock_skewed")
    head, _, mac = pass_of(visitor).rpartition(".")
    altered = body | {"nonce": world.nonce(), "pass_code": f"{head}.{mac[::-1]}"}
    administrator.post(f"{path}/scans", altered).expect(422, "pass_invalid")
    rejected = world.person()
    rejected.get("/v1/me/pass").expect(403, "registration_required")
    rejected.register().expect(202)
    rejected.get("/v1/me/pass").expect(403, "registration_not_verified")
    world.work()
    early = {"nonce": world.nonce(), "pass_code": pass_of(rejected)}
    rejected.register(1, name="钱不对").expect(202)
    world.say(rejected, identity=Answer("mismatch"))
    world.work()
    administrator.post(f"{path}/scans", early).expect(422, "visitor_not_verified")
    rejected.get("/v1/me/pass").expect(403, "registration_rejected")
    world.clock.pass_(seconds=91)
    late = body | {"nonce": world.nonce()}
    administrator.post(f"{path}/scans", late).expect(422, "pass_expired")
    world.clock.pass_(seconds=-91)


def tour_of_checks_by_hand(world: World) -> None:
    administrator = world.administrator()
    path = f"/v1/venues/{administrator.venue['venue_id']}/manual-checks"
    body = by_hand(world)
    begun = administrator.post(path, body).expect(202)
    administrator.post(path, body | {"name": "李同号"}).expect(409, "nonce_reused")
    skewed = body | {"nonce": world.nonce(hours=1)}
    administrator.post(path, skewed).expect(422, "clock_skewed")
    for _ in range(9):
        administrator.post(path, by_hand(world)).expect(202)
    administrator.post(path, by_hand(world)).expect(429, "too_many_requests")
    administrator.get(f"/v1/manual-checks/{begun['check_id']}").expect(200)
    administrator.get("/v1/manual-checks/x").expect(404, "not_found")
    person = world.person()
    person.get("/v1/me/accesses").expect(403, "registration_required")
    person.register().expect(202)
    person.get("/v1/me/accesses").expect(403, "registration_not_verified")
    world.say(person, identity=Answer("mismatch"))
    world.work()
    person.get("/v1/me/accesses").expect(403, "registration_rejected")
    administrator.get("/v1/me/accesses").expect(200)
    administrator.get("/v1/me/accesses?limit=0").expect(400, "invalid_input")


def tour_of_health(world: World) -> None:
    reads = ("/v1/me/health", "/v1/me/nucleic-acid")
    card = "/v1/me/travel-card"
    person, abroad = world.person(), world.person("+85261234567")
    for path in reads:
        person.get(path).expect(403, "registration_required")
    person.post(f"{card}/code").expect(403, "registration_required")
    person.enter_card(code="864209").expect(403, "registration_required")
    abroad.register().expect(202)
    abroad.post(f"{card}/code").expect(422, "travel_card_no_phone")
    person.register().expect(202)
    for path in reads:
        person.get(path).expect(200)
    person.ask_for_card()
    person.post(f"{card}/code").expect(429, "too_many_requests")
    person.enter_card(code="864209").expect(422, "travel_card_code_wrong")
    person.enter_card("x").expect(404, "not_found")
    person.enter_card().expect(200)
    person.post(f"{card}/code").expect(200)
    for _ in range(10):
        abroad.enter_card(code="864209").expect(422, "travel_card_code_wrong")
    abroad.enter_card(code="864209").expect(429, "too_many_requests")
    rejected = world.person()
    world.say(rejected, identity=Answer("mismatch"))
    rejected.register().expect(202)
    world.work()
    for path in reads:
        rejected.get(path).expect(403, "registration_rejected")
    rejected.post(f"{card}/code").expect(403, "registration_rejected")
    rejected.enter_card(code="864209").expect(403, "registration_rejected")


def tour_of_a_family(world: World) -> None:
    pending, guardian = world.person(), world.visitor()
    pending.register().expect(202)
    world.link(guardian, pending)
    path = f"/v1/me/dependants/{pending.person_id}"
    guardian.get(f"{path}/pass").expect(403, "registration_not_verified")
    for rest in ("health", "nucleic-acid"):
        guardian.get(f"{path}/{rest}").expect(200)
    world.say(pending, identity=Answer("mismatch"))
    world.work()
    pending.register(1, name=f"{pending.name}乙").expect(202)  # blocked until it is approved
    world.set_policy("*", {"pass_while_pending": True})
    for rest in ("health", "nucleic-acid", "pass"):
        guardian.get(f"{path}/{rest}").expect(403, "registration_rejected")
    world.set_policy("*", {}, version=2)
    world.say(pending, identity=Answer("match"))
    world.work()
    guardian.get(f"{path}/pass").expect(200)
    for person, of in ((pending, "/v1/me"), (guardian, path)):
        person.post(f"{of}/pass/revoke").expect(200)


def tour_of_paper(world: World) -> None:
    began = world.clock.at
    administrator, guardian, owner = world.administrator(), world.visitor(), world.person()
    world.container.__dict__.pop("card_rendering", None)
    world.container.card_renderer = Blank()
    path = f"/v1/venues/{administrator.venue['venue_id']}/scans"
    owner.post("/v1/me/pass/paper").expect(403, "registration_required")
    owner.register().expect(202)
    world.link(guardian, owner)
    ends = ((owner, "/v1/me"), (guardian, f"/v1/me/dependants/{owner.person_id}"))
    for person, of in ends:
        person.post(f"{of}/pass/paper").expect(403, "registration_not_verified")
    world.work()
    for person, of in ends:
        person.post(f"{of}/pass/paper/files").expect(404, "not_found")
        unknown = {"serial": "7RHY-G5G0-75CM"}
        person.post(f"{of}/pass/paper/revoke", unknown).expect(409, "version_conflict")
        person.get(f"{of}/passes?limit=0").expect(400, "invalid_input")
        serial = None
        for _ in range(2):
            serial = person.post(f"{of}/pass/paper", {"replaces": serial}).expect(202)["serial"]
            person.post(f"{of}/pass/paper/files").expect(202)
            world.work()
        person.post(f"{of}/pass/paper").expect(409, "version_conflict")
        person.post(f"{of}/pass/paper/files").expect(200)
        person.get(f"{of}/pass/paper").expect(200)
        person.get(f"{of}/passes").expect(200)
        person.post(f"{of}/pass/paper/revoke", {"serial": serial}).expect(200)
        third = person.post(f"{of}/pass/paper").expect(202)["serial"]
        world.work()
        person.post(f"{of}/pass/paper").expect(200)
        world.clock.pass_(days=1)
        person.log_in()
        issue_paper_until_refused(person, of, third)
        world.clock.pass_(days=1)
        for one in (owner, guardian, administrator):
            one.log_in()
        person.post(f"{of}/pass/paper/revoke", {"serial": last_paper_of(person, of)}).expect(200)
    old = passes.mint_paper(
        owner.person_id, str(serial).replace("-", ""), ring=world.container.ring
    )
    body = {"nonce": world.nonce(), "pass_code": old}
    administrator.post(path, body).expect(422, "pass_revoked")
    world.set_policy("4409", {"paper_pass": "live_only"})
    administrator.post(path, body).expect(422, "paper_not_accepted")
    world.set_policy("4409", {}, version=2)
    world.clock.at = began
    owner.post("/v1/me/pass/paper").expect(202)
    world.say(owner, identity=Answer("mismatch"))
    owner.register(1, name=f"{owner.name}乙").expect(202)
    for person, of in ends:
        person.post(f"{of}/pass/paper/files").expect(403, "registration_not_verified")
    world.work()
    owner.post("/v1/me/pass/paper").expect(403, "registration_rejected")
    owner.post("/v1/me/pass/paper/files").expect(403, "registration_rejected")


class Blank:
    """Draws nothing, quickly."""

    def draw_card(self, *_: object) -> tuple[bytes, str]:
        return b"", "image/png"


def last_paper_of(person: Person, of: str) -> str:
    return str(person.get(f"{of}/pass/paper").expect(200)["serial"])


def issue_paper_until_refused(person: Person, of: str, serial: str) -> None:
    """Reach the day's limits of issues and of drawings."""
    for _ in range(5):
        serial = person.post(f"{of}/pass/paper", {"replaces": serial}).expect(202)["serial"]
    refused = person.post(f"{of}/pass/paper", {"replaces": serial})
    refused.expect(429, "too_many_requests")
    for _ in range(10):
        person.world.clock.pass_(minutes=1)
        person.post(f"{of}/pass/paper/files").expect(202)
    person.world.clock.pass_(minutes=1)
    person.post(f"{of}/pass/paper/files").expect(429, "too_many_requests")
    person.world.run_stream()
    person.world.renders.purge()  # nobody looks at these


def tour_of_kiosks(world: World) -> None:
    kiosk = world.kiosk()
    unknown = {"pairing_code": UNKNOWN_PAIRING_CODE}
    world.call("POST", "/v1/kiosks/pair", unknown).expect(401, "pairing_code_invalid")
    for _ in range(60):
        world.call("POST", "/v1/kiosks/pair", unknown)
    world.call("POST", "/v1/kiosks/pair", unknown).expect(429, "too_many_requests")
    body = swiped(kiosk)
    card = kiosk.post("/v1/kiosks/cards", body).expect(202)["card_id"]
    reused = body | {"replace": True}
    kiosk.post("/v1/kiosks/cards", reused).expect(409, "nonce_reused")
    skewed = body | {"nonce": world.nonce(hours=1)}
    kiosk.post("/v1/kiosks/cards", skewed).expect(422, "clock_skewed")
    for _ in range(5):
        kiosk.post("/v1/kiosks/cards", body | {"nonce": world.nonce()})
    again = body | {"nonce": world.nonce()}
    kiosk.post("/v1/kiosks/cards", again).expect(429, "too_many_requests")
    world.work()
    kiosk.card(card).expect(200)
    kiosk.card("x").expect(404, "not_found")
    world.container.device_credentials.revoke(kiosk.kiosk_id, now=world.clock.at)
    kiosk.card(card).expect(401, "device_revoked")
    kiosk.post("/v1/kiosks/cards", body).expect(401, "device_revoked")


def tour_of_scans(world: World) -> None:
    venue, visitor, nonce = world.administrator().venue, world.visitor(), world.nonce()
    scan = visitor.scan(venue, nonce).expect(201)
    visitor.scan(venue, nonce).expect(200)
    visitor.screen(scan["scan_id"])
    visitor.get("/v1/scans/x").expect(404, "not_found")
    visitor.scan_code("0" * 16).expect(404, "code_unknown")
    visitor.scan(venue, world.nonce(hours=1)).expect(422, "clock_skewed")
    second = PrintedCodeItem.at(
        keys.code("1" * 16), venue=venue["venue_id"], state=CodeState.ACTIVE
    )
    world.table.put(second)
    visitor.scan_code("1" * 16, nonce).expect(409, "nonce_reused")
    stranger = world.person()
    stranger.scan(venue).expect(403, "registration_required")
    stranger.register().expect(202)
    world.say(stranger, identity=Answer("mismatch"))
    world.work()
    stranger.scan(venue).expect(403, "registration_rejected")
    body = {"nonce": world.nonce(), "code": venue["code_url"], "on_behalf_of": stranger.person_id}
    visitor.post("/v1/scans", body).expect(403, "not_your_dependant")
    assert world.call("GET", f"/V/{venue['code']}").status == 200
    assert world.call("GET", f"/V/{'0' * 16}").status == 404
    assert world.call("GET", f"/v/{'0' * 16}").status == 301
    world.revoke(venue["code"])
    visitor.scan(venue).expect(410, "code_revoked")
    assert world.call("GET", f"/V/{venue['code']}").status == 410
    world.call("GET", "/v1/status").expect(200)
    world.call("GET", "/v1/openapi.json").expect(200)


def test_the_document_is_served_as_it_is_made(lasting: World) -> None:
    answer = lasting.call("GET", "/v1/openapi.json")
    assert answer.json == contract.document()
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_every_route_and_every_code_is_in_the_document() -> None:
    document = contract.document()
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    assert described == {(operation.method, operation.path) for operation in OPERATIONS}
    text = json.dumps(document["paths"])
    # `forbidden` is what its class would answer without a code of its own; no route does.
    assert {code for code in CODES if f'"{code}"' not in text} == {"forbidden"}
    assert document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == sorted(
        CODES
    )


def test_every_route_says_who_may_call_it_and_what_its_parameters_are() -> None:
    for path, item in contract.document()["paths"].items():
        for operation in item.values():
            assert re.search(r"may call this\.$", operation["description"])
            assert operation["summary"]
            declared = {entry["name"] for entry in operation["parameters"] if entry["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path))


def test_a_parameter_that_must_be_there_is_said_to_be(world: World) -> None:
    person = world.administrator()
    for operation in OPERATIONS:
        if operation.query:
            path = operation.path.replace("{venue_id}", person.venue["venue_id"])
            answer = person.get(path)
            missing = set(answer.faults) if answer.status == 400 else set()
            described = contract.document()["paths"][operation.path]["get"]["parameters"]
            said = {one["name"] for one in described if one["in"] == "query" and one["required"]}
            assert missing == said, operation.name


def test_every_example_fits_its_schema() -> None:
    document = contract.document()
    shown = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            bodies: dict[tuple[str, ...], Any] = {
                ("responses", status): body for status, body in operation["responses"].items()
            }
            if "requestBody" in operation:
                bodies["requestBody",] = operation["requestBody"]
            found = [
                ((*place, "content", kind), media)
                for place, body in bodies.items()
                for kind, media in body.get("content", {}).items()
            ]
            for place, media in found:
                validator = contract.validator_at("paths", path, method, *place, "schema")
                values = [media["example"]] if "example" in media else [
                    one.get("value") or document["components"]["examples"][name]["value"]
                    for name, one in media["examples"].items()
                ]  # fmt: skip
                assert values, f"{method} {path} has no example"
                for value in values:
                    validator.validate(value)
                    shown += 1
    assert shown > len(OPERATIONS)
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            for value in described.get("examples", ()):
                validator = contract.validator_at(
                    "components", "schemas", name, "properties", field
                )
                assert validator.is_valid(value), f"{name}.{field}"


def test_every_example_of_a_request_is_read() -> None:
    """What the document shows is accepted as far as its shape goes: only the door is behind it."""
    for operation in OPERATIONS:
        if operation.request:
            entry = contract.document()["paths"][operation.path]["post"]["requestBody"]
            media = entry["content"]["application/json"]
            bodies = [one["value"] for one in media.get("examples", {}).values()]
            for body in bodies or [media["example"]]:
                parse(operation.request, json.dumps(body))


def test_linters_have_nothing_to_find() -> None:
    """What `redocly lint` and `spectral:oas` ask for; neither is run here, for they need Node."""
    document = contract.document()
    tags = [tag["name"] for tag in document["tags"]]
    assert document["servers"]
    assert document["info"]["contact"]
    assert all(tag["description"] for tag in document["tags"])
    used = set()
    for path, item in document["paths"].items():
        assert not path.endswith("/")
        for operation in item.values():
            (tag,) = operation["tags"]
            used.add(tag)
            statuses = {status[0] for status in operation["responses"]}
            assert {"2", "4"} <= statuses, path
            for parameter in operation["parameters"]:
                assert parameter["schema"].keys() & {"pattern", "enum", "const", "format", "type"}
    assert used == set(tags)
    text = json.dumps(document)
    for kind, components in document["components"].items():
        for name in components:
            reference = f'"#/components/{kind}/{name}"'
            assert reference in text or f'{{"{name}": []}}' in text, f"{kind} {name} is not used"
    identifiers = re.findall(r'"operationId": "(\w+)"', text)
    assert len(identifiers) == len(set(identifiers)) == len(OPERATIONS)


def test_each_component_of_a_screen_has_its_own_states() -> None:
    schemas = contract.document()["components"]["schemas"]

    def states(name: str) -> set[str]:
        return set(schemas[name]["properties"]["state"]["enum"])

    waiting = {"unknown", "pending", "identity_pending"}
    colours = {"green", "yellow", "red", "light_green", "unconfirmed", "absent"}
    assert states("HealthColour") == states("HealthCodeShown") == colours | waiting
    assert states("NucleicAcidShown") == {"negative", "positive", "absent"} | waiting
    assert states("VaccinationShown") == {"complete", "partial", "none", "absent"} | waiting
    assert states("TravelCardShown") == {"normal", "abnormal", "code_needed"} | waiting


def test_lists_without_pages_have_no_cursor() -> None:
    for operation in OPERATIONS:
        if operation.method == "GET" and operation.response:
            paged = "next_cursor" in operation.response.model_fields
            assert paged == bool(operation.query and issubclass(operation.query, Paged))


def test_every_schema_is_a_schema() -> None:
    document = contract.document()
    assert document["openapi"].startswith("3.1.")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert references == set(document["components"]["schemas"])


def test_the_document_refuses_no_name_that_a_poster_can_show() -> None:
    name = contract.document()["components"]["schemas"]["VenueRequest"]["properties"]["name"]
    printable = "".join(
        character for character in map(chr, range(sys.maxunicode)) if not missing(character)
    )
    assert len(printable) > 30_000
    assert re.fullmatch(name["pattern"], printable)
