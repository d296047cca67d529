"""Scenes: a request to each route that changes something, and what people see afterwards.

`tests.api.routes` names the scenes of a route; `tests.api.test_faults` runs them.
"""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalicelib.identity.checks import State
from chalicelib.identity.platforms import PlatformName
from chalicelib.identity.providers import Answer, ProviderName
from tests import support
from tests.api import families
from tests.api.driver import HttpReply, Kiosk, Person, World
from tests.api.families import Relative
from tests.api.test_clients import proof, without_phone

Send = Callable[[], HttpReply]
Make = Callable[[World], "Scene"]


@dataclass
class Scene:
    """One request of a client, and what people see when all work is done.

    A retry may be refused with a code in `spent`, because a single-use value was already used. The
    client then sends the request given there, or does nothing (None).
    """

    send: Send
    see: Callable[[], Any]
    spent: Mapping[str, Send | None] = field(default_factory=dict)


# --- What people see


def home(person: Person) -> list[Any]:
    """Return everything that a person is shown about themselves, but how they have logged in.

    Whoever lost the answer to a login logs in again, perhaps in another way.
    """
    paths = ("/v1/me", "/v1/me/health", "/v1/me/nucleic-acid", "/v1/venues", "/v1/bindings")
    shown = [person.get(path).json for path in paths]
    shown[0].pop("strength", None)
    return shown


def office(chief: Person) -> list[Any]:
    """Return everything that an administrator is shown about the venue.

    Checks that the venue's figures equal a recount.
    """
    path = f"/v1/venues/{chief.venue['venue_id']}"
    assert chief.figures() == chief.world.recount(chief.venue)
    rest = ("", "/statistics", "/scans?outcome=abnormal")
    staff = chief.get(f"{path}/staff").expect(200)["items"]
    staff.sort(key=lambda member: str(member["name"]))  # their ids are random
    return [staff, *(chief.get(path + one).expect(200) for one in rest)]


# --- The scenes, by route


def stranger(world: World) -> Person:
    person = Person(world, "+8613900000100", "司马相如", 300)
    world.secrets |= {person.phone, person.phone[3:], person.name, person.number}
    return person


def kept(person: Person, send: Send) -> Send:
    """Return `send` with the login's tokens kept."""

    def keep() -> HttpReply:
        answer = send()
        if answer.status < 300:
            person.keep(answer.json)
        return answer

    return keep


def coded(person: Person) -> Send:
    """Return a login by a new code."""

    def enter() -> HttpReply:
        person.world.clock.pass_(minutes=1)
        person.ask_for_code().expect(202)
        return person.enter_code(person.code)

    return kept(person, enter)


def asking_for_a_code(world: World) -> Scene:
    person = stranger(world)

    def see() -> Any:
        person.keep(person.enter_code(person.code).expect(201))
        return home(person)

    return Scene(person.ask_for_code, see)


def login_by_sms(world: World) -> Scene:
    person = stranger(world)
    person.ask_for_code().expect(202)
    send = kept(person, lambda: person.enter_code(person.code))
    return Scene(send, lambda: home(person), {"otp_invalid": coded(person)})


def login_by_platform(world: World, before: str, name: PlatformName) -> Scene:
    """Return a login with a phone; a platform's code is spent once the platform was asked.

    `before` says what exists: ``nobody``; a person with the phone and without an account
    (``linked``); an account beside that person (``gives way``); an account with another phone,
    which stays (``keeps``).
    """
    person = stranger(world)
    enter = partial(world.call, "POST", "/v1/sessions")
    if before in ("linked", "gives way"):
        copy(person).log_in()
    if before == "gives way":
        enter(without_phone(proof(world, name, person.phone, "user"))).expect(201)
    if before == "keeps":
        enter(proof(world, name, "+8613900000101", "user")).expect(201)

    def body() -> Any:
        return proof(world, name, person.phone, "user")

    first = body()
    send = kept(person, lambda: enter(first))
    again = kept(person, lambda: enter(body()))

    def see() -> Any:
        by_account = home(person)
        coded(person)().expect(201)
        return [by_account, home(person)]

    return Scene(send, see, {"platform_code_invalid": again})


def phone_of_an_account(world: World, of_somebody: bool) -> Scene:
    """Return an account's confirmation of its phone.

    With `of_somebody` the phone has an owner, who gets the account.
    """
    person = stranger(world)
    if of_somebody:
        copy(person).log_in()
    login = without_phone(proof(world, PlatformName.WECHAT, person.phone, "user"))
    person.keep(world.call("POST", "/v1/sessions", login).expect(201))

    def confirm(text: str) -> HttpReply:
        return person.post("/v1/me/phone", {"client": "wechat", "phone_code": text})

    def button() -> str:
        return str(proof(world, PlatformName.WECHAT, person.phone)["phone_code"])

    def in_anew() -> HttpReply:
        again = without_phone(proof(world, PlatformName.WECHAT, person.phone, "user"))
        return world.call("POST", "/v1/sessions", again)

    def see() -> Any:
        there = home(person)
        coded(person)().expect(201)
        return [there, home(person)]

    first = button()
    spent: dict[str, Send | None] = {
        "phone_proof_invalid": kept(person, lambda: confirm(button())),
        "session_ended": kept(person, in_anew),
    }
    return Scene(kept(person, lambda: confirm(first)), see, spent)


def refreshing(world: World) -> Scene:
    person = world.visitor()
    send = kept(person, person.refresh)
    return Scene(send, lambda: home(person), {"session_ended": coded(person)})


def logging_out(world: World) -> Scene:
    person = world.visitor()
    send = partial(person.post, "/v1/sessions/logout")
    return Scene(send, lambda: person.get("/v1/me").code, {"session_ended": None})


def revoking_live_passes(world: World) -> Scene:
    guard, visitor = world.inspector(world.administrator()), world.visitor()
    code = visitor.get("/v1/me/pass").expect(200)["code"]
    path = f"/v1/venues/{guard.venue['venue_id']}/scans"
    body = {"nonce": world.nonce(), "pass_code": code}
    return Scene(partial(visitor.post, "/v1/me/pass/revoke"), lambda: guard.post(path, body).code)


def registering(world: World) -> Scene:
    person = stranger(world)
    person.log_in()
    return Scene(person.register, lambda: home(person))


def applying(world: World) -> Scene:
    person = world.visitor()
    body = world.venue_request()

    def see() -> Any:
        (venue,) = person.get("/v1/venues").expect(200)["items"]
        person.venue = venue
        another = person.post("/v1/venues", body | {"nonce": world.nonce()})
        page = world.call("GET", f"/V/{venue['code']}").status
        return [home(person), office(person), another.code, page]

    return Scene(lambda: person.post("/v1/venues", body), see)


def asking_for_a_poster(world: World) -> Scene:
    chief = world.administrator()
    path = f"/v1/venues/{chief.venue['venue_id']}/posters"

    def see() -> Any:
        poster = chief.post(path, {"form": "qr_svg"}).json["poster_id"]
        return chief.get(f"{path}/{poster}").expect(200)

    return Scene(lambda: chief.post(path, {"form": "qr_svg"}), see)


def _passes(person: Person) -> list[Any]:
    """Return what a person is shown of their paper passes."""
    shown = person.get("/v1/me/pass/paper").expect(200)
    shown["serial"] = bool(shown["serial"])  # random
    listed = person.get("/v1/me/passes").expect(200)["items"]
    return [shown, [{**entry, "serial": ""} for entry in listed]]


def issuing_a_paper_pass(world: World, before: bool) -> Scene:
    person, path = world.visitor(), "/v1/me/pass/paper"
    former = person.post(path, {}).expect(202)["serial"] if before else None
    world.clock.pass_(seconds=1)
    send = partial(person.post, path, {"replaces": former})
    return Scene(send, lambda: [send().status, _passes(person)])


def drawing_a_paper_pass_again(world: World) -> Scene:
    person = world.visitor()
    person.post("/v1/me/pass/paper", {}).expect(202)
    world.run_stream()
    world.renders.purge()  # the messages are lost
    world.clock.pass_(minutes=1)
    send = partial(person.post, "/v1/me/pass/paper/files", {"form": "card_png"})
    return Scene(send, lambda: _passes(person))


def revoking_a_paper_pass(world: World) -> Scene:
    person = world.visitor()
    serial = person.post("/v1/me/pass/paper", {}).expect(202)["serial"]
    send = partial(person.post, "/v1/me/pass/paper/revoke", {"serial": serial})
    return Scene(send, lambda: [send().expect(200)["state"], _passes(person), world.stored()])


def scanning(world: World) -> Scene:
    chief, visitor = world.administrator(), world.visitor()
    nonce = world.nonce()

    def see() -> Any:
        scan = visitor.scan(chief.venue, nonce).expect(200)["scan_id"]
        return [home(visitor), visitor.screen(scan), office(chief)]

    return Scene(lambda: visitor.scan(chief.venue, nonce), see)


def scanning_a_pass(world: World) -> Scene:
    chief = world.administrator()
    guard, visitor = world.inspector(chief), world.visitor()
    body = {"nonce": world.nonce(), "pass_code": visitor.get("/v1/me/pass").expect(200)["code"]}
    send = partial(guard.post, f"/v1/venues/{chief.venue['venue_id']}/scans", body)

    def see() -> Any:
        scan = send().expect(200)["scan_id"]
        mine = guard.get(f"/v1/venues/{chief.venue['venue_id']}/statistics?by=me").expect(200)
        return [home(visitor), guard.screen(scan), office(chief), mine]

    return Scene(send, see)


def checking_by_hand(world: World) -> Scene:
    chief = world.administrator()
    guard, number = world.inspector(chief), support.resident_id(900)
    world.secrets |= {number, "李不在册"}
    body = {
        "nonce": world.nonce(), "name": "李不在册",
        "document_type": "resident_id", "document_number": number,
    }  # fmt: skip
    send = partial(guard.post, f"/v1/venues/{chief.venue['venue_id']}/manual-checks", body)

    def see() -> Any:
        check = send().expect(202)["check_id"]
        world.clock.pass_(seconds=2)
        answer = guard.get(f"/v1/manual-checks/{check}").expect(200)
        world.work()  # the figures follow
        return [answer, office(chief)]

    return Scene(send, see)


def rotating(world: World) -> Scene:
    chief, guard = world.administrator(), world.visitor()
    path = f"/v1/venues/{chief.venue['venue_id']}/join-code"
    former = chief.get(path).expect(200)["join_code"]

    def see() -> Any:
        current = chief.get(path).expect(200)["join_code"]
        joins = [guard.post("/v1/bindings", {"join_code": code}) for code in (former, current)]
        return [[join.status for join in joins], home(guard), office(chief)]

    return Scene(partial(chief.post, f"{path}/rotate"), see)


def making_a_fast_code(world: World) -> Scene:
    chief, visitor = world.administrator(), world.visitor()
    send = partial(chief.post, f"/v1/venues/{chief.venue['venue_id']}/fast-code")

    def see() -> Any:
        scan = visitor.scan_code(send().expect(200)["code_url"]).expect(201)
        return [scan["means"], scan["temperature"]]

    return Scene(send, see)


def adding_staff(world: World, by: str, known: bool) -> Scene:
    chief = world.administrator()
    guard = world.visitor() if known else stranger(world)
    whole = {
        "by": by, "name": guard.name, "phone": guard.phone, "role": "administrator",
        "document_type": "resident_id", "document_number": guard.number,
    }  # fmt: skip
    entry = {key: whole[key] for key in whole if by == "identity" or "document" not in key}
    send = partial(chief.post, f"/v1/venues/{chief.venue['venue_id']}/staff", entry)

    def see() -> Any:
        if not known:
            guard.log_in()
            guard.register().expect(202)
            world.work()
            coded(guard)()
        return [home(guard), office(chief)]

    return Scene(send, see)


def removing_staff(world: World, by_themselves: bool) -> Scene:
    chief = world.administrator()
    guard = world.inspector(chief)
    path = f"/v1/venues/{chief.venue['venue_id']}"

    def see() -> Any:
        return [guard.get(f"{path}/statistics").code, home(guard), office(chief)]

    if by_themselves:
        leave = f"/v1/bindings/{chief.venue['venue_id']}/remove"
        return Scene(partial(guard.post, leave), see, {"not_your_venue": None})
    return Scene(partial(chief.post, f"{path}/staff/{guard.person_id}/remove"), see)


def joining(world: World) -> Scene:
    chief, guard = world.administrator(), world.visitor()
    path = f"/v1/venues/{chief.venue['venue_id']}/join-code"
    body = {"join_code": chief.get(path).expect(200)["join_code"]}
    return Scene(partial(guard.post, "/v1/bindings", body), lambda: [home(guard), office(chief)])


def asking_for_a_card(world: World) -> Scene:
    visitor = world.visitor()

    def see() -> Any:
        visitor.enter_card().expect(200)
        return home(visitor)

    return Scene(partial(visitor.post, "/v1/me/travel-card/code"), see)


def entering_a_card(world: World) -> Scene:
    chief, visitor = world.administrator(), world.visitor()
    scan = visitor.scan(chief.venue).expect(201)["scan_id"]
    visitor.ask_for_card()
    code = world.cards.codes[visitor.phone]
    world.secrets.add(code)
    return Scene(
        lambda: visitor.enter_card(scan, code),
        lambda: [home(visitor), visitor.screen(scan), office(chief)],
    )


def starting_a_check(world: World) -> Scene:
    visitor, nonce = world.visitor(), world.nonce()

    def send() -> HttpReply:
        return visitor.start_check("face", nonce)

    def see() -> Any:
        check = send().expect(202)["check_id"]
        world.call_back(check, State.PASSED).expect(200)
        return [visitor.see_check(check), home(visitor)]

    return Scene(send, see)


def receiving_a_result(world: World) -> Scene:
    visitor = world.visitor()
    check = visitor.start_check().expect(202)["check_id"]
    return Scene(
        lambda: world.call_back(check, State.PASSED),
        lambda: [visitor.see_check(check), home(visitor)],
    )


def pairing_a_kiosk(world: World) -> Scene:
    paired: list[Kiosk] = []

    def pair(code: str) -> HttpReply:
        answer = world.call("POST", "/v1/kiosks/pair", {"pairing_code": code})
        if answer.status == 201:
            paired.append(Kiosk(world, answer.json))
        return answer

    code = world.pairing_code()

    def see() -> Any:
        return [kiosk.card("crd_0000000000000000").code for kiosk in paired]

    # After a lost answer the operator adds the kiosk anew.
    again = {"pairing_code_invalid": lambda: pair(world.pairing_code())}
    return Scene(lambda: pair(code), see, again)


def asking_for_a_kiosk_card(world: World, of: str) -> Scene:
    kiosk, visitor = world.kiosk(), world.visitor()
    path = "/v1/me/pass/paper"
    known, lost = of != "nobody", of == "a visitor who lost theirs"
    if lost:
        visitor.post(path, {}).expect(202)
        world.clock.pass_(seconds=1)
    name = "李刷卡" if of in ("nobody", "another name") else visitor.name
    number = visitor.number if known else support.resident_id(910)
    body = kiosk.entry(name, number, replace=lost)
    send = partial(kiosk.post, "/v1/kiosks/cards", body)

    def see() -> Any:
        card = send().expect(202)["card_id"]
        world.clock.pass_(seconds=2)
        shown = kiosk.card(card).expect(200)
        seen = visitor.get("/v1/me/accesses").expect(200)
        passes = visitor.get("/v1/me/passes").expect(200)["items"]
        return [shown, [one["state"] for one in passes], seen]

    return Scene(send, see)


# --- Families


def adding_a_dependant(world: World, method: str) -> Scene:
    """Return the adding of a child who is new here, or of an elder with a phone."""
    guardian, elder = world.visitor(), world.visitor()
    child = Relative.born(world)
    body: dict[str, Any] = {"method": method, "nonce": world.nonce()}
    if method == "consent":
        body |= {"relation": "elder", "code": families.code_of(elder)}
    else:
        body |= {"relation": "child", **child.entry}
    if method == "face":
        body["check_id"] = families.checked(guardian, child)
    world.households.homes.append(frozenset({guardian.number, child.number}))
    return Scene(
        partial(guardian.post, "/v1/me/dependants", body),
        lambda: [families.dependants(guardian), families.guardians(elder)],
    )


def removing_a_dependant(world: World, by_guardian: bool) -> Scene:
    """Return the end of a link to an elder, whose paper pass the guardian has issued."""
    elder = world.visitor()
    guardian = world.guardian(elder)
    path = f"/v1/me/dependants/{elder.person_id}"
    guardian.post(f"{path}/pass/paper", {"name": "masked"}).expect(202)
    person = guardian if by_guardian else elder
    ending = path if by_guardian else f"/v1/me/guardians/{guardian.person_id}"
    return Scene(
        partial(person.post, f"{ending}/remove"),
        lambda: [
            families.dependants(guardian),
            families.guardians(elder),
            elder.get("/v1/me/pass/paper").expect(200)["state"],
        ],
    )


def removing_a_rejected_child(world: World) -> Scene:
    """Return the removal of a child whose registration was rejected, who is deleted."""
    guardian, child = world.visitor(), Relative.born(world, serial=99)
    world.providers[ProviderName.IDENTITY].answers[child.number] = Answer("mismatch")
    person_id = families.added(families.by_household(guardian, child))
    world.work()
    return Scene(
        partial(guardian.post, f"/v1/me/dependants/{person_id}/remove"),
        lambda: [
            families.dependants(guardian),
            sum("HOT#PROFILE" in item["sk"]["S"] for item in world.items()),
        ],
    )


def making_a_consent_code(world: World) -> Scene:
    elder, guardian = world.visitor(), world.visitor()
    codes: list[str] = []

    def send() -> HttpReply:
        answer = elder.post("/v1/me/consent-code")
        if answer.status < 300:
            codes.append(answer.json["code"])
            world.secrets.add(codes[-1])
        return answer

    return Scene(send, lambda: families.by_consent(guardian, codes[-1]).expect(201))


def taking_over(world: World) -> Scene:
    """Return the takeover of a child's record; whoever lost the answer logs in again."""
    guardian, child, heir = world.visitor(), Relative.born(world), stranger(world)
    person_id = families.added(families.by_household(guardian, child))
    world.work()
    guardian.post(f"/v1/me/dependants/{person_id}/pass/paper", {"name": "masked"}).expect(202)
    heir.log_in()
    body = {
        "nonce": world.nonce(),
        "check_id": families.checked(heir, child),
        **child.entry,
    }
    send = kept(heir, partial(heir.post, "/v1/me/registration/takeover", body))
    return Scene(
        send,
        lambda: [
            home(heir),
            families.dependants(guardian),
            heir.get("/v1/me/pass/paper").json["state"],
        ],
        {"session_ended": coded(heir)},
    )
