"""Lines of issue 10 that other tests show in part: text messages, and a flood by one visitor."""

import pytest

from chalicelib.identity.providers import Answer, Pending
from tests.api.driver import World


def test_an_ipv6_subnet_shares_the_limit_of_one_network(world: World) -> None:
    """Somebody with a /64 has one address for each request: 600 codes an hour all the same."""
    for number in range(600):
        world.transport.address = f"2001:db8::{number:x}"
        world.call("POST", "/v1/otp", {"phone": f"+86138{number:08d}"}).expect(202)
    world.transport.address = "2001:db8::ffff"
    other = {"phone": "+8613900000000"}
    world.call("POST", "/v1/otp", other).expect(429, "too_many_requests")
    world.transport.address = "2001:db8:0:1::1"
    world.call("POST", "/v1/otp", other).expect(202)


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-Hans", "重新获取"), ("zh-Hant", "重新獲取"), ("en", "request a new one")],
)
def test_a_wrong_code_of_the_travel_card_says_to_request_a_new_one(
    world: World, language: str, said: str
) -> None:
    visitor = world.visitor()
    visitor.ask_for_card()
    for _ in range(5):
        body = {"code": "864209"}
        refused = visitor.post("/v1/me/travel-card", body, language=language)
        refused.expect(422, "travel_card_code_wrong")
        assert said in refused.json["detail"]


def calls_of(world: World, scans: int) -> int:
    """Scan ten times a second while the provider needs time; return all calls to AWS."""
    venue, visitor = world.administrator(), world.visitor(health_code=Pending(500))
    world.work()
    world.wire.calls.clear()
    made = []
    for _ in range(scans):
        made.append(visitor.scan(venue.venue).expect(201)["scan_id"])
        world.clock.pass_(milliseconds=100)
    world.run_stream()
    while world.lookups.run():
        pass
    world.say(visitor, health_code=Answer("green", world.clock.at))
    world.clock.pass_(seconds=1)
    world.work()
    calls = len(world.wire.calls)
    assert {visitor.screen(one)["outcome"] for one in made} == {"admit"}
    return calls


def test_a_flood_while_the_provider_needs_time_costs_linearly(world: World) -> None:
    """Each answer wrote each scan that waited: 40 scans cost 3,857 calls in 0.2.0."""
    ten, forty = calls_of(world, 10), calls_of(world, 40)
    assert forty <= 4.4 * ten
    assert forty < 600
