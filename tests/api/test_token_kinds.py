"""No code or token of one kind passes as another (security, *No one gets in*)."""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.identity import passes
from tests.api.driver import HttpReply, Person, World

KINDS = (
    "venue code", "fast code", "join code", "live pass", "companion's pass", "paper pass",
    "serial", "consent code", "pairing code", "kiosk credential", "session", "refresh token",
    "cursor", "export link", "receipt", "identity check",
)  # fmt: skip


class Taker(NamedTuple):
    """A place that takes a value of some kinds, and of no other."""

    takes: tuple[str, ...]
    send: Callable[[str], HttpReply]


class Genuine(NamedTuple):
    """A value of each kind that is in force, and everything that takes one."""

    world: World
    values: dict[str, str]
    takers: dict[str, Taker]


@pytest.fixture(scope="module")
def genuine(lasting: World) -> Genuine:
    world = lasting
    administrator, visitor = world.administrator(), world.visitor()
    dependant, leaving = world.visitor(), world.visitor()
    guardian = world.guardian(dependant)
    for _ in range(2):
        look_up(world, administrator, visitor)
    visitor.post("/v1/me/pass/paper", {}).expect(202)
    visitor.post("/v1/me/export", {"nonce": world.nonce()}).expect(202)
    world.work()
    issued = world.container.people.load(visitor.person_id).paper_pass
    assert issued is not None
    mine = f"/v1/me/dependants/{dependant.person_id}/pass"
    venue = administrator.venue
    erasure = leaving.post("/v1/me/erasure", {"confirm": True}).expect(202)
    values = {
        "venue code": venue["code"],
        "fast code": administrator.post(f"/v1/venues/{venue['venue_id']}/fast-code").expect(200)[
            "code"
        ],
        "join code": administrator.join_code(venue["venue_id"]),
        "live pass": visitor.get("/v1/me/pass").expect(200)["code"],
        "companion's pass": guardian.get(mine).expect(200)["code"],
        "paper pass": passes.mint_paper(
            visitor.person_id, issued.serial, ring=world.container.ring
        ),
        "serial": issued.serial,
        "consent code": dependant.post("/v1/me/consent-code").expect(201)["code"],
        "pairing code": world.pairing_code(),
        "kiosk credential": world.kiosk().token,
        "session": visitor.token,
        "refresh token": visitor.refresh_token,
        "cursor": visitor.get("/v1/me/accesses?limit=1").expect(200)["next_cursor"],
        "export link": visitor.get("/v1/me/export").expect(200)["url"],
        "receipt": erasure["receipt_id"],
        "identity check": visitor.start_check().expect(202)["check_id"],
    }
    return Genuine(world, values, takers(world, administrator, guardian, visitor))


def look_up(world: World, administrator: Person, visitor: Person) -> None:
    """Have the visitor looked up by number, which gives their list of accesses an entry."""
    body = {
        "nonce": world.nonce(), "name": visitor.name, "document_type": "resident_id",
        "document_number": visitor.number,
    }  # fmt: skip
    path = f"/v1/venues/{administrator.venue['venue_id']}/manual-checks"
    administrator.post(path, body).expect(202)
    world.clock.pass_(seconds=3)


def takers(
    world: World, administrator: Person, guardian: Person, visitor: Person
) -> dict[str, Taker]:
    """Return everything that takes a code or a token."""

    def by_token(method: str, path: str, body: object = None) -> Callable[[str], HttpReply]:
        return lambda value: world.call(method, path, body, token=value)

    def posted(person: Person, path: str, **body: str) -> Callable[[str], HttpReply]:
        ((key, _),) = ((key, one) for key, one in body.items() if one == "*")

        def send(value: str) -> HttpReply:
            return person.post(path, {**body, key: value, "nonce": world.nonce()})

        return send

    def without_nonce(path: str, key: str) -> Callable[[str], HttpReply]:
        return lambda value: world.call("POST", path, {key: value})

    entry = {"name": "某人", "document_type": "resident_id", "document_number": visitor.number}
    scans = f"/v1/venues/{administrator.venue['venue_id']}/scans"
    return {
        "a visitor's scanner": Taker(
            ("venue code", "fast code"), posted(guardian, "/v1/scans", code="*")
        ),
        "a staff member's scanner": Taker(
            ("live pass", "companion's pass", "paper pass"),
            posted(administrator, scans, pass_code="*"),
        ),
        "a venue's staff": Taker(
            ("join code",),
            lambda value: guardian.post("/v1/bindings", {"join_code": value}),
        ),
        "a dependant's consent": Taker(
            ("consent code",),
            posted(guardian, "/v1/me/dependants", method="consent", relation="elder", code="*"),
        ),
        "a kiosk's pairing": Taker(
            ("pairing code",), without_nonce("/v1/kiosks/pair", "pairing_code")
        ),
        "a kiosk's request": Taker(
            ("kiosk credential",), by_token("POST", "/v1/kiosks/cards", entry)
        ),
        "a person's request": Taker(("session",), by_token("GET", "/v1/me")),
        "a refresh": Taker(
            ("refresh token",), without_nonce("/v1/sessions/refresh", "refresh_token")
        ),
        "a list": Taker(
            ("cursor",),
            lambda value: visitor.get(f"/v1/me/accesses?cursor={quote(value, safe='')}"),
        ),
        "another list": Taker(
            (), lambda value: visitor.get(f"/v1/me/visits?cursor={quote(value, safe='')}")
        ),
        "a receipt": Taker(
            ("receipt",),
            lambda value: world.call("GET", f"/v1/erasures/{quote(value, safe='')}"),
        ),
        "a check's result": Taker(
            ("identity check",),
            lambda value: visitor.get(f"/v1/me/identity-checks/{quote(value, safe='')}"),
        ),
        "a revocation": Taker(
            ("serial",),
            lambda value: guardian.post("/v1/me/pass/paper/revoke", {"serial": value}),
        ),
    }


DRESSES: dict[str, Callable[[str], str]] = {
    "plain": lambda value: value,
    "lower": str.lower,
    "upper": str.upper,
    "as a venue's URL": lambda value: f"https://V.TEST/V/{value}",
    "as a launch parameter": lambda value: f"q={quote(value, safe='')}",
    "as a live pass": lambda value: f"VP1.L.1.{value}",
    "as a paper pass": lambda value: f"VP1.P.1.{value}",
    "as a credential": lambda value: f"VK1.{value}",
    "as an id": lambda value: f"per_{value}",
    "its last part": lambda value: value.rpartition(".")[2].rpartition("/")[2],
    "its first sixteen": lambda value: value[:16],
}


def kept(world: World) -> list[dict[str, object]]:
    """The table without the counts of attempts."""
    return [one for one in world.items() if not one["pk"]["S"].startswith("RATE#")]


def test_every_kind_is_in_force(genuine: Genuine) -> None:
    """Otherwise the refusals below would show nothing."""
    assert genuine.values.keys() == set(KINDS)
    for name in ("a person's request", "a list", "a receipt", "a check's result"):
        taker = genuine.takers[name]
        taker.send(genuine.values[taker.takes[0]]).expect(200)
    for kind in ("live pass", "companion's pass", "paper pass"):
        staff = genuine.takers["a staff member's scanner"]
        assert staff.send(genuine.values[kind]).status == 201
    for kind in ("venue code", "fast code"):
        assert genuine.takers["a visitor's scanner"].send(genuine.values[kind]).status == 201


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kind=st.sampled_from(KINDS),
    place=st.integers(0, 12),
    dress=st.sampled_from(sorted(DRESSES)),
)
def test_a_value_of_one_kind_is_no_value_of_another(
    genuine: Genuine, kind: str, place: int, dress: str
) -> None:
    world = genuine.world
    taker = genuine.takers[sorted(genuine.takers)[place]]
    if kind in taker.takes:
        return
    world.clock.pass_(minutes=61)  # past the limits of attempts
    before = kept(world)
    refused = taker.send(DRESSES[dress](genuine.values[kind]))
    world.clock.pass_(minutes=-61)
    assert 400 <= refused.status < 500, (kind, dress)
    assert kept(world) == before
