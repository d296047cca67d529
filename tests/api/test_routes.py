"""Every route with every caller: deny by default (security, *No one gets in*)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

import app
from chalicelib.api.endpoint import OPERATIONS, Operation
from chalicelib.core.crypto import KeyRing, Tokens
from chalicelib.venues import staffing
from tests import support
from tests.api.driver import HttpReply, Person, World
from tests.fakes.parts import FixedSecret

Answer = tuple[int, str]


@dataclass
class Cast:
    """Who calls, and what they call for: the administrator's venue, the visitor's scan.

    `guard` is an inspector of the administrator's venue, `other` administers another.
    """

    world: World
    administrator: Person
    other: Person
    visitor: Person
    guard: Person
    scan_id: str
    poster_id: str
    check_id: str

    def venue(self, rest: str = "") -> str:
        return f"/v1/venues/{self.administrator.venue['venue_id']}{rest}"


def by_hand(world: World, administrator: Person) -> tuple[str, Any]:
    """A check by hand, of somebody new."""
    return f"/v1/venues/{administrator.venue['venue_id']}/manual-checks", {
        "nonce": world.nonce(),
        "name": "李不在册",
        "document_type": "resident_id",
        "document_number": support.resident_id(901),
    }


@pytest.fixture(scope="module")
def cast(lasting: World) -> Cast:
    administrator, other = lasting.administrator(), lasting.administrator()
    visitor, guard = lasting.visitor(), lasting.inspector(administrator)
    scan = visitor.scan(administrator.venue).expect(201)
    path = f"/v1/venues/{administrator.venue['venue_id']}/posters"
    poster = administrator.post(path, {"form": "a4_pdf"}).expect(202)
    checked = administrator.post(*by_hand(lasting, administrator)).expect(202)
    return Cast(
        lasting, administrator, other, visitor, guard,
        scan["scan_id"], poster["poster_id"], checked["check_id"],
    )  # fmt: skip


OK, CREATED, ACCEPTED = (200, ""), (201, ""), (202, "")
NOT_FOUND, NOT_YOURS = (404, "not_found"), (403, "not_your_venue")


@dataclass(frozen=True)
class Row:
    """What a request to a route looks like, and what its four roles are answered.

    A route for anyone answers everybody as it answers the visitor.
    """

    request: Callable[[Cast, Person], tuple[str, Any]]
    visitor: Answer = NOT_YOURS
    administrator: Answer = OK
    guard: Answer = NOT_YOURS
    other: Answer = NOT_YOURS


def same(answer: Answer, request: Callable[[Cast, Person], tuple[str, Any]]) -> Row:
    """A row of which all roles are answered alike."""
    return Row(request, answer, answer, answer, answer)


def at(rest: str, body: Any = None) -> Callable[[Cast, Person], tuple[str, Any]]:
    """A request about the administrator's venue."""
    return lambda cast, _: (cast.venue(rest), body)


def to(path: str, body: Any = None) -> Callable[[Cast, Person], tuple[str, Any]]:
    return lambda _cast, _person: (path, body)


def registration(_: Cast, person: Person) -> tuple[str, Any]:
    return "/v1/me/registration", {
        "version": 1,
        "name": person.name,
        "document_type": "resident_id",
        "document_number": person.number,
    }


def scan(cast: Cast, _: Person) -> tuple[str, Any]:
    return "/v1/scans", {
        "nonce": cast.world.nonce(),
        "code": cast.administrator.venue["code_url"],
    }


def pass_scan(cast: Cast, _: Person) -> tuple[str, Any]:
    presented = cast.visitor.get("/v1/me/pass").expect(200)["code"]
    cast.world.clock.pass_(milliseconds=1)  # the next pass is another
    return cast.venue("/scans"), {"nonce": cast.world.nonce(), "pass_code": presented}


def invitation(cast: Cast) -> dict[str, str]:
    """Somebody who is not there yet."""
    return {"by": "phone", "name": cast.visitor.name, "phone": "13900001111", "role": "inspector"}


UNKNOWN_JOIN_CODE = "23456789" + staffing.check_character("23456789")

MATRIX: dict[tuple[str, str], Row] = {
    ("GET", "/v1/status"): same(OK, to("/v1/status")),
    ("GET", "/v1/openapi.json"): same(OK, to("/v1/openapi.json")),
    ("POST", "/v1/otp"): same((400, "invalid_input"), to("/v1/otp", {"phone": "110"})),
    ("POST", "/v1/sessions"): same(
        (401, "otp_invalid"),
        to("/v1/sessions", {"client": "sms", "phone": "13800138000", "code": "000000"}),
    ),
    ("POST", "/v1/sessions/refresh"): same(
        (401, "token_invalid"), to("/v1/sessions/refresh", {"refresh_token": "x" * 40})
    ),
    ("POST", "/v1/sessions/logout"): same(OK, to("/v1/sessions/logout")),
    ("POST", "/v1/me/phone"): same(
        (422, "phone_proof_invalid"),
        to("/v1/me/phone", {"client": "wechat", "phone_code": "x"}),
    ),
    ("GET", "/v1/me"): same(OK, to("/v1/me")),
    ("POST", "/v1/me/registration"): same(OK, registration),
    ("GET", "/v1/me/pass"): same(OK, to("/v1/me/pass")),
    ("GET", "/v1/me/health"): same(OK, to("/v1/me/health")),
    ("GET", "/v1/me/nucleic-acid"): same(OK, to("/v1/me/nucleic-acid")),
    ("POST", "/v1/me/travel-card/code"): same(ACCEPTED, to("/v1/me/travel-card/code")),
    ("POST", "/v1/me/travel-card"): same(
        (422, "travel_card_code_wrong"), to("/v1/me/travel-card", {"code": "864209"})
    ),
    ("GET", "/v1/venues"): same(OK, to("/v1/venues")),
    ("POST", "/v1/venues"): same(
        CREATED, lambda cast, _: ("/v1/venues", cast.world.venue_request())
    ),
    ("GET", "/v1/venues/{venue_id}"): Row(at("")),
    ("POST", "/v1/venues/{venue_id}/posters"): Row(
        at("/posters", {"form": "a4_pdf"}), administrator=ACCEPTED
    ),
    ("GET", "/v1/venues/{venue_id}/posters/{poster_id}"): Row(
        lambda cast, _: (cast.venue(f"/posters/{cast.poster_id}"), None)
    ),
    ("GET", "/v1/venues/{venue_id}/statistics"): Row(at("/statistics"), guard=OK),
    ("GET", "/v1/venues/{venue_id}/join-code"): Row(at("/join-code")),
    ("POST", "/v1/venues/{venue_id}/join-code/rotate"): Row(at("/join-code/rotate")),
    ("POST", "/v1/venues/{venue_id}/fast-code"): Row(at("/fast-code")),
    ("GET", "/v1/venues/{venue_id}/staff"): Row(at("/staff")),
    ("POST", "/v1/venues/{venue_id}/staff"): Row(
        lambda cast, _: (cast.venue("/staff"), invitation(cast)), administrator=ACCEPTED
    ),
    ("POST", "/v1/venues/{venue_id}/staff/{person_id}/remove"): Row(
        at("/staff/per_0000000000000000/remove")
    ),
    ("POST", "/v1/venues/{venue_id}/scans"): Row(pass_scan, administrator=CREATED, guard=CREATED),
    ("GET", "/v1/venues/{venue_id}/scans"): Row(at("/scans?outcome=abnormal"), guard=OK),
    ("POST", "/v1/venues/{venue_id}/manual-checks"): Row(
        lambda cast, _: by_hand(cast.world, cast.administrator),
        administrator=ACCEPTED,
        guard=ACCEPTED,
    ),
    ("GET", "/v1/manual-checks/{check_id}"): Row(
        lambda cast, _: (f"/v1/manual-checks/{cast.check_id}", None),
        NOT_FOUND,
        OK,
        NOT_FOUND,
        NOT_FOUND,
    ),
    ("GET", "/v1/me/accesses"): same(OK, to("/v1/me/accesses")),
    ("GET", "/v1/bindings"): same(OK, to("/v1/bindings")),
    ("POST", "/v1/bindings"): same(
        (404, "join_code_unknown"), to("/v1/bindings", {"join_code": UNKNOWN_JOIN_CODE})
    ),
    ("POST", "/v1/bindings/{venue_id}/remove"): Row(
        lambda cast, _: (f"/v1/bindings/{cast.administrator.venue['venue_id']}/remove", None),
        administrator=(409, "initial_administrator"),
        guard=OK,
    ),
    ("POST", "/v1/scans"): same(CREATED, scan),
    ("GET", "/v1/scans/{scan_id}"): Row(
        lambda cast, _: (f"/v1/scans/{cast.scan_id}", None), OK, OK, OK, NOT_FOUND
    ),
    ("GET", "/V/{code}"): same(
        OK, lambda cast, _: (f"/V/{cast.administrator.venue['code']}", None)
    ),
    ("GET", "/v/{code}"): same((301, ""), to("/v/0000000000000000")),
}

BY_ROUTE = {(operation.method, operation.path): operation for operation in OPERATIONS}
ROUTES = sorted(BY_ROUTE)


def call(cast: Cast, route: tuple[str, str], person: Person, token: str | None) -> HttpReply:
    path, body = MATRIX[route].request(cast, person)
    return cast.world.call(route[0], path, body, token=token)


def test_the_matrix_knows_every_route() -> None:
    """Whoever adds a route says here who may call it."""
    assert MATRIX.keys() == BY_ROUTE.keys()


def test_no_route_goes_round_the_contract() -> None:
    """A route that Chalice knows and `endpoint` does not would authenticate nobody."""
    served = {(method, path) for path, by_method in app.app.routes.items() for method in by_method}
    assert served == BY_ROUTE.keys()


def forged(cast: Cast) -> str:
    """A session token by somebody who knows all but the key."""
    elsewhere = Tokens(KeyRing(FixedSecret(active="1", **{"1": "x" * 64})))
    return _token(cast, elsewhere, "session")


def _token(cast: Cast, tokens: Tokens, kind: str) -> str:
    visitor = cast.visitor
    claims = cast.world.container.tokens.verify("session", visitor.token, now=cast.world.clock.at)
    own = {"sub": claims["sub"], "sid": claims["sid"], "ser": 1}
    return tokens.issue(kind, own, now=cast.world.clock.at, life=timedelta(hours=1))


def unsigned(cast: Cast) -> str:
    """The visitor's own token, its signature cut off and its algorithm said to be none."""
    _, claims, _ = cast.visitor.token.split(".")
    return "eyJhbGciOiJub25lIiwia2lkIjoiMSIsInR5cCI6IkpXVCJ9." + claims + "."


def altered(cast: Cast) -> str:
    """The visitor's token with another person's claims."""
    head, _, signature = cast.visitor.token.split(".")
    return ".".join((head, cast.administrator.token.split(".")[1], signature))


def expired(cast: Cast) -> str:
    clock = cast.world.clock
    tokens = cast.world.container.tokens
    claims = tokens.verify("session", cast.visitor.token, now=clock.at)
    own = {"sub": claims["sub"], "sid": claims["sid"]}
    return tokens.issue("session", own, now=clock.at, life=timedelta(0))


def logged_out(cast: Cast) -> str:
    person = cast.world.person()
    person.post("/v1/sessions/logout").expect(200)
    return person.token


def of_kind(kind: str) -> Callable[[Cast], str]:
    """A token that we have signed ourselves, for another purpose."""
    return lambda cast: _token(cast, cast.world.container.tokens, kind)


NOBODIES: dict[str, tuple[Callable[[Cast], str | None], Answer]] = {
    "no token": (lambda _: None, (401, "token_missing")),
    "a bad one": (lambda _: "x.y.z", (401, "token_invalid")),
    "a forged one": (forged, (401, "token_invalid")),
    "an unsigned one": (unsigned, (401, "token_invalid")),
    "an altered one": (altered, (401, "token_invalid")),
    "an expired one": (expired, (401, "token_expired")),
    "a refresh token": (lambda cast: cast.visitor.refresh_token, (401, "token_invalid")),
    "one of another kind": (of_kind("pass"), (401, "token_invalid")),
    "that of a session that is over": (logged_out, (401, "session_ended")),
}


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("nobody", NOBODIES)
def test_nobody_gets_in(cast: Cast, route: tuple[str, str], nobody: str) -> None:
    make, refused = NOBODIES[nobody]
    operation: Operation = BY_ROUTE[route]
    open_to_all = operation.access.admits(())
    answer = call(cast, route, cast.visitor, make(cast))
    got = (answer.status, answer.code)
    assert got == (MATRIX[route].visitor if open_to_all else refused)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("role", ["visitor", "administrator", "guard", "other"])
def test_each_role_gets_what_is_theirs(cast: Cast, route: tuple[str, str], role: str) -> None:
    person: Person = getattr(cast, role)
    answer = call(cast, route, person, person.token)
    assert (answer.status, answer.code) == getattr(MATRIX[route], role)
    if route == ("POST", "/v1/sessions/logout"):
        cast.world.clock.pass_(minutes=1)
        person.log_in()
    if answer.status == 200 and route == ("POST", "/v1/bindings/{venue_id}/remove"):
        cast.world.hire(person, cast.administrator)


@pytest.mark.parametrize(
    "header", ["Basic {token}", "Bearer", "Bearer ", "{token}", "bearer{token}"]
)
def test_only_a_bearer_is_let_in(cast: Cast, header: str) -> None:
    given = header.format(token=cast.visitor.token)
    answer = cast.world.call("GET", "/v1/me", headers={"Authorization": given})
    assert answer.status == 401
    loose = f"bearer  {cast.visitor.token} "  # RFC 9110: the scheme in any letter case
    cast.world.call("GET", "/v1/me", headers={"authorization": loose}).expect(200)


@pytest.mark.parametrize("kind", ["session", "pass", "cursor", "receipt", "venue", "otp"])
def test_a_token_of_another_kind_refreshes_nothing(cast: Cast, kind: str) -> None:
    body = {"refresh_token": of_kind(kind)(cast)}
    cast.world.call("POST", "/v1/sessions/refresh", body).expect(401, "token_invalid")


def test_rights_are_looked_up_before_the_body_is_read(cast: Cast) -> None:
    """Whoever may not do it does not learn what it takes."""
    cast.visitor.post(cast.venue("/posters"), {"x": 1}).expect(403, "not_your_venue")
    cast.world.call("POST", "/v1/venues", {"x": 1}).expect(401, "token_missing")


def test_a_right_that_is_taken_away_is_gone_at_the_next_call(cast: Cast) -> None:
    world = cast.world
    person = world.administrator()
    path = f"/v1/venues/{person.venue['venue_id']}"
    person.get(path).expect(200)
    world.take_right(person)
    person.get(path).expect(403, "not_your_venue")
    assert person.get("/v1/venues").expect(200)["items"] == []
