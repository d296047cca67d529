"""Every deployed route, by callers who may not: the smoke of what tests/api walks in full."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.api.routes import CASES
from tests.cloud.driver import Deployed, Visitor

pytestmark = pytest.mark.cloud
_OPEN = {case.route for case in CASES if "nobody" in case.who}


@dataclass(frozen=True)
class Route:
    """A route as the deployed document describes it."""

    method: str
    path: str

    def at(self, venue_id: str) -> str:
        """Its path at a venue."""
        path = self.path.replace("{venue_id}", venue_id)
        return path.replace("{poster_id}", "0" * 16).replace("{scan_id}", "scn_1")


def routes(deployed: Deployed) -> Iterator[Route]:
    """The deployed routes that are not for everybody."""
    document = deployed.call("GET", "/v1/openapi.json").expect(200)
    found = {(m.upper(), path) for path, methods in document["paths"].items() for m in methods}
    assert found > _OPEN
    yield from (Route(*route) for route in sorted(found - _OPEN))


@pytest.fixture(scope="module")
def administrator(deployed: Deployed) -> Visitor:
    """Somebody with a venue."""
    return deployed.verified().issue()


def expired(visitor: Visitor) -> str:
    """The visitor's token of yesterday."""
    parts = visitor.world.parts()
    record = parts.people.load(visitor.person_id)
    claims = {"sub": visitor.person_id, "sid": next(iter(record.sessions))}
    yesterday = parts.clock.now() - timedelta(days=1)
    return parts.tokens.issue("session", claims, now=yesterday, life=timedelta(hours=2))


def test_without_a_token_nothing_is_told(deployed: Deployed, administrator: Visitor) -> None:
    for route in routes(deployed):
        path = route.at(administrator.venue["venue_id"])
        deployed.call(route.method, path).expect(401, "token_missing")


def test_a_token_that_is_none_is_refused(deployed: Deployed, administrator: Visitor) -> None:
    head, _, tail = administrator.token.rpartition(".")
    forged = f"{head}.{tail[::-1]}"
    for route in routes(deployed):
        path = route.at(administrator.venue["venue_id"])
        deployed.call(route.method, path, token=forged).expect(401, "token_invalid")


def test_an_expired_token_is_refused(deployed: Deployed, administrator: Visitor) -> None:
    token = expired(administrator)
    for route in routes(deployed):
        path = route.at(administrator.venue["venue_id"])
        # A kiosk's credential does not expire, and a session's token is none.
        code = "token_invalid" if path.startswith("/v1/kiosks/") else "token_expired"
        deployed.call(route.method, path, token=token).expect(401, code)


def test_another_venues_administrator_has_no_rights_here(
    deployed: Deployed, administrator: Visitor
) -> None:
    other = deployed.verified().issue()
    ours = [route for route in routes(deployed) if "{venue_id}" in route.path]
    assert ours
    for route in ours:
        path = route.at(administrator.venue["venue_id"])
        deployed.call(route.method, path, token=other.token).expect(403, "not_your_venue")


def test_a_logout_counts_at_the_next_call(deployed: Deployed) -> None:
    visitor = deployed.visitor()
    visitor.post("/v1/sessions/logout").expect(200)
    visitor.get("/v1/me").expect(401, "session_ended")
