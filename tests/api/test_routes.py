"""Every route with every caller: deny by default (security, *No one gets in*)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

import app
from chalicelib.api.endpoint import OPERATIONS
from chalicelib.core.crypto import KeyRing, Tokens
from tests.api.driver import HttpReply, Kiosk, Person, World
from tests.api.routes import CALLERS, CASE, NOT_A_TOKEN, Answer, Cast
from tests.fakes.parts import FixedSecret


@pytest.fixture(scope="module")
def cast(lasting: World) -> Cast:
    return Cast.of(lasting)


BY_ROUTE = {(operation.method, operation.path): operation for operation in OPERATIONS}
ROUTES = sorted(BY_ROUTE)


def call(cast: Cast, route: tuple[str, str], person: Person, token: str | None) -> HttpReply:
    path, body = CASE[route].request(cast, person)
    return cast.world.call(route[0], path, body, token=token)


def test_every_route_has_its_case() -> None:
    """Each route says in `tests.api.routes` who may call it."""
    assert CASE.keys() == BY_ROUTE.keys()


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_a_route_lets_in_whom_its_case_says(route: tuple[str, str]) -> None:
    access = BY_ROUTE[route].access
    admitted = {role for role, kinds in CALLERS.items() if access.admits(kinds)}
    assert admitted | ({"nobody"} if access.admits(()) else set()) == CASE[route].who


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
    "a kiosk's, altered": (lambda cast: cast.kiosk.token[:-1] + "U", (401, "token_invalid")),
    "that of a session that is over": (logged_out, (401, "session_ended")),
}


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("nobody", NOBODIES)
def test_nobody_gets_in(cast: Cast, route: tuple[str, str], nobody: str) -> None:
    make, refused = NOBODIES[nobody]
    open_to_all = "nobody" in CASE[route].who
    if CASE[route].for_devices and nobody != "no token":
        refused = NOT_A_TOKEN
    answer = call(cast, route, cast.visitor, make(cast))
    got = (answer.status, answer.code)
    assert got == (CASE[route].answer_to("visitor") if open_to_all else refused)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
@pytest.mark.parametrize("role", CALLERS)
def test_each_role_gets_what_is_theirs(cast: Cast, route: tuple[str, str], role: str) -> None:
    caller: Person | Kiosk = getattr(cast, role)
    person = caller if isinstance(caller, Person) else cast.visitor
    answer = call(cast, route, person, caller.token)
    assert (answer.status, answer.code) == CASE[route].answer_to(role)
    if answer.status == 200 and route == ("POST", "/v1/sessions/logout"):
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
    """A caller who may not do it does not learn what it takes."""
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
