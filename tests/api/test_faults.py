"""Every call to AWS fails in turn, at every route and worker: nothing is left half-written.

Not only the table's: SQS, S3, KMS and Secrets Manager too. A call is refused, or it is made and its
answer gets lost, which is all that a timeout can mean. Then a client is answered 503 with
Retry-After and sends the same again, and a worker's message is delivered again. In the end people
see what they would see if nothing had failed.

The table is between two states only where a call has written. There the answer gets lost and the
story is told to its end; what is refused, or only read, leaves a state that was seen before, and
the retry's answer is enough.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from moto import mock_aws

import app
from chalicelib.identity.platforms import PlatformName
from chalicelib.identity.providers import Answer
from tests import support
from tests.api.driver import HttpReply, Person, World
from tests.api.test_clients import proof, without_phone
from tests.api.test_routes import MATRIX, ROUTES, Cast, cast
from tests.fakes.parts import NOON

__all__ = ["cast"]  # the fixture

THROTTLED, LOST = "ThrottlingException", "lost"
Route = tuple[str, str]
Send = Callable[[], HttpReply]
WRITES = {
    "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "SendMessage", "PutObject",
}  # fmt: skip
READS = {"GetItem", "Query", "BatchGetItem", "GetSecretValue", "Decrypt"}


Make = Callable[[World], "Scene"]


@pytest.fixture(scope="module")
def lasting() -> Iterator[World]:
    """A deployment with keys of KMS and Secrets Manager, to which stories go back."""
    with mock_aws():
        made = World(kms=True)
        yield made
        made.close()


@dataclass
class Scene:
    """One request of a client, and what people see when all is done.

    A retry may be refused with one of `spent`, because what works once has worked; then a client
    does what stands there, or needs to do nothing.
    """

    send: Send
    see: Callable[[], Any]
    spent: Mapping[str, Send | None] = field(default_factory=dict)


def failing(world: World, send: Send, how: str, at: int) -> HttpReply:
    """The answer of a fresh process of which one call fails: success, or a clear 503."""
    world.restart()
    world.wire.fail(how, at)
    answer = send()
    world.wire.heal()
    if answer.status >= 300 and at:
        answer.expect(503, "unavailable")
        assert answer.headers["retry-after"] == "2"
    return answer


def played(world: World, make: Make, how: str = "", at: int = 0, *, told: bool = True) -> Any:
    """A scene of which one call fails; what is seen in the end, if it is `told` to its end."""
    world.rewind()
    scene = make(world)
    answer = failing(world, scene.send, how, at)
    if answer.status == 503:
        answer = scene.send()
        if answer.status == 429:
            world.clock.pass_(seconds=int(answer.headers["retry-after"]))
            answer = scene.send()
        instead = scene.spent.get(answer.code)
        answer = instead() if instead else answer
        assert answer.status < 300 or answer.code in scene.spent, answer.body
    if not told:
        return None
    world.work()
    return masked(scene.see())


def masked(seen: Any) -> Any:
    """What was seen without what differs from run to run: ids, codes, links, times."""
    text = re.sub(r"[0-9A-HJKMNP-TV-Z]{16}", "ID", json.dumps(seen, ensure_ascii=False))
    text = re.sub(r"20\d\d-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r'("join_code": )"\w+"|("url": )"[^"]+"', r'\1\2"…"', text)
    return json.loads(text)


# --- What people see


def home(person: Person) -> list[Any]:
    """All that a person is shown of themselves."""
    paths = ("/v1/me", "/v1/me/health", "/v1/me/nucleic-acid", "/v1/venues", "/v1/bindings")
    return [person.get(path).json for path in paths]


def office(chief: Person) -> list[Any]:
    """All that an administrator is shown of their venue; its figures are those of its records."""
    path = f"/v1/venues/{chief.venue['venue_id']}"
    assert chief.figures() == chief.world.recount(chief.venue)
    rest = ("", "/statistics", "/scans?outcome=abnormal")
    staff = chief.get(f"{path}/staff").expect(200)["items"]
    staff.sort(key=lambda member: str(member["name"]))  # their ids are random
    return [staff, *(chief.get(path + one).expect(200) for one in rest)]


# --- What they do, by route


def stranger(world: World) -> Person:
    person = Person(world, "+8613900000100", "司马相如", 300)
    world.secrets |= {person.phone, person.phone[3:], person.name, person.number}
    return person


def kept(person: Person, send: Send) -> Send:
    """Log in by `send` and keep the tokens."""

    def keep() -> HttpReply:
        answer = send()
        if answer.status < 300:
            person.keep(answer.json)
        return answer

    return keep


def coded(person: Person) -> Send:
    """Log in by a new code."""

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
    """A login with a phone; a platform's code is spent when we have asked about it.

    `before` there is nobody, somebody with the phone who has no account (``linked``), and an
    account beside them (``gives way``), or the account has another phone (``moves``).
    """
    person = stranger(world)
    enter = partial(world.call, "POST", "/v1/sessions")
    if before in ("linked", "gives way"):
        copy(person).log_in()
    if before == "gives way":
        enter(without_phone(proof(world, name, person.phone, "user"))).expect(201)
    if before == "moves":
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
    """An account confirms its phone; where it is somebody's, the account becomes theirs."""
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
        return [guard.get(f"/v1/manual-checks/{check}").expect(200), office(chief)]

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


SCENES: dict[Route, list[Make]] = {
    ("POST", "/v1/otp"): [asking_for_a_code],
    ("POST", "/v1/sessions"): [
        login_by_sms,
        partial(login_by_platform, before="nobody", name=PlatformName.WECHAT),
        partial(login_by_platform, before="linked", name=PlatformName.ALIPAY),
        partial(login_by_platform, before="gives way", name=PlatformName.WECHAT),
        partial(login_by_platform, before="moves", name=PlatformName.ALIPAY),
    ],
    ("POST", "/v1/sessions/refresh"): [refreshing],
    ("POST", "/v1/sessions/logout"): [logging_out],
    ("POST", "/v1/me/phone"): [
        partial(phone_of_an_account, of_somebody=False),
        partial(phone_of_an_account, of_somebody=True),
    ],
    ("POST", "/v1/me/registration"): [registering],
    ("POST", "/v1/me/travel-card/code"): [asking_for_a_card],
    ("POST", "/v1/me/travel-card"): [entering_a_card],
    ("POST", "/v1/venues"): [applying],
    ("POST", "/v1/venues/{venue_id}/posters"): [asking_for_a_poster],
    ("POST", "/v1/venues/{venue_id}/scans"): [scanning_a_pass],
    ("POST", "/v1/venues/{venue_id}/manual-checks"): [checking_by_hand],
    ("POST", "/v1/venues/{venue_id}/join-code/rotate"): [rotating],
    ("POST", "/v1/venues/{venue_id}/fast-code"): [making_a_fast_code],
    ("POST", "/v1/venues/{venue_id}/staff"): [
        partial(adding_staff, by="identity", known=True),
        partial(adding_staff, by="phone", known=True),
        partial(adding_staff, by="phone", known=False),
    ],
    ("POST", "/v1/venues/{venue_id}/staff/{person_id}/remove"): [
        partial(removing_staff, by_themselves=False)
    ],
    ("POST", "/v1/bindings"): [joining],
    ("POST", "/v1/bindings/{venue_id}/remove"): [partial(removing_staff, by_themselves=True)],
    ("POST", "/v1/scans"): [scanning],
}
VIEWS = [route for route in ROUTES if route[0] == "GET"]


def test_every_route_that_changes_something_has_its_scene() -> None:
    """Whoever adds a route says here what a client sends, and what is seen in the end."""
    assert SCENES.keys() == set(ROUTES) - set(VIEWS)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(make, id=f"{' '.join(route)} {number}")
        for route, makers in SCENES.items()
        for number, make in enumerate(makers, 1)
    ],
)
def test_what_fails_and_is_sent_again_ends_as_if_nothing_had_failed(
    lasting: World, make: Make
) -> None:
    world = lasting
    world.rewind()
    failing(world, make(world).send, "", 0)
    calls = list(world.wire.calls)
    assert len(calls) > 1, "a secret, and what the request is about"
    assert set(calls) <= WRITES | READS
    expected = played(world, make)
    for at, call in enumerate(calls, 1):
        if call in WRITES:
            played(world, make, THROTTLED, at, told=False)
            assert played(world, make, LOST, at) == expected, (at, calls)
        else:
            played(world, make, (THROTTLED, LOST)[at % 2], at, told=False)


@pytest.mark.parametrize("route", VIEWS, ids=" ".join)
def test_what_is_looked_at_is_shown_or_is_a_503(cast: Cast, route: Route) -> None:
    world, row = cast.world, MATRIX[route]
    roles = ("visitor", "guard", "administrator")
    role = next(role for role in roles if getattr(row, role)[0] < 400)
    person: Person = getattr(cast, role)
    path, _ = row.request(cast, person)
    world.work()

    def send() -> HttpReply:
        return world.call("GET", path, token=person.token)

    good = failing(world, send, "", 0)
    assert good.status < 400
    calls = len(world.wire.calls)
    for at in range(1, calls + 1):
        failing(world, send, (THROTTLED, LOST)[at % 2], at)
        again = send()
        assert again.status == good.status
        assert masked(again.body.decode()) == masked(good.body.decode())


# --- Workers


@dataclass
class Morning:
    """Something for every worker: what was set in motion, and what people see when it is done."""

    world: World
    chief: Person
    visitor: Person
    newcomer: Person

    @classmethod
    def begin(cls, world: World) -> "Morning":
        world.rewind()
        chief, newcomer = world.administrator(), stranger(world)
        visitor = world.visitor(health_code=Answer("red", NOON))
        newcomer.log_in()
        newcomer.register().expect(202)
        visitor.get("/v1/me/health").expect(200)
        visitor.scan(chief.venue).expect(201)
        path = f"/v1/venues/{chief.venue['venue_id']}/posters"
        chief.post(path, {"form": "qr_svg"}).expect(202)
        return cls(world, chief, visitor, newcomer)

    def see(self) -> Any:
        path = f"/v1/venues/{self.chief.venue['venue_id']}/posters"
        poster = self.chief.post(path, {"form": "qr_svg"}).expect(200)
        return masked([poster, office(self.chief), home(self.visitor), home(self.newcomer)])


def by_stream(world: World) -> bool:
    """Whether all of the next batch of the stream was handled."""
    records = world.records(world.streamed)
    return world.deliver(records) == len(records)


def by_lookups(world: World) -> bool:
    """Whether all of the next messages were handled; exactly one fails where one call does."""
    records = world.lookups.receive()
    failed = world.lookups.handle(records)
    assert failed in (0, 1)
    return not failed


def by_renders(world: World) -> bool:
    """Whether the next message was handled."""
    return not world.renders.handle(world.renders.receive())


WORKERS: dict[str, Callable[[World], bool]] = {
    "stream": by_stream,
    "lookups": by_lookups,
    "renders": by_renders,
}


def test_every_worker_is_among_them() -> None:
    assert WORKERS.keys() == {function.name for function in app.app.pure_lambda_functions}


@pytest.mark.parametrize("name", WORKERS)
def test_what_a_worker_could_not_do_is_delivered_again(lasting: World, name: str) -> None:
    def morning(how: str, at: int) -> tuple[Any, list[str]]:
        """What is seen in the end, and the worker's calls."""
        begun, world = Morning.begin(lasting), lasting
        if name != "stream":
            assert world.run_stream()
        world.restart()
        world.wire.fail(how, at)
        good = WORKERS[name](world)
        world.wire.heal()
        calls = list(world.wire.calls)
        assert good is (at == 0), calls[at - 1 : at]
        world.work()
        return begun.see(), calls

    expected, calls = morning("", 0)
    assert set(calls) <= WRITES | READS
    for at, call in enumerate(calls, 1):
        how = LOST if call in WRITES else THROTTLED
        seen, _ = morning(how, at)
        assert seen == expected, (how, at, calls)
