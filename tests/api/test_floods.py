"""A flood by one visitor is linear; the client does not choose the provider's request id."""

from chalicelib.identity.providers import Answer, ProviderName
from tests.api.driver import World


def calls_of(world: World, scans: int) -> int:
    """Return how many calls to AWS so many scans of one visitor cost until all are decided.

    They come ten a second, and the workers run twice a second.
    """
    venue = world.administrator()
    visitor = world.visitor(health_code=Answer("light_green", world.clock.at))
    world.work()
    world.wire.calls.clear()
    for number in range(scans):
        visitor.scan(venue.venue).expect(201)
        world.clock.pass_(milliseconds=100)
        if number % 5 == 4:
            world.work()
    world.work()
    return len(world.wire.calls)


def test_a_flood_by_one_visitor_costs_linearly(world: World) -> None:
    """Forty scans cost 3,364 calls once."""
    ten, forty = calls_of(world, 10), calls_of(world, 40)
    assert forty <= 4.4 * ten
    assert forty < 600


def test_the_correlation_id_does_not_decide_the_providers_request_id(world: World) -> None:
    """A provider that answers the same request id the same must not replay an old green."""
    venue, visitor = world.administrator(), world.visitor()
    headers = {"X-Correlation-Id": "chosen-by-the-client"}
    body = {"code": venue.venue["code_url"]}
    for _ in range(2):
        world.call(
            "POST", "/v1/scans", body | {"nonce": world.nonce()}, token=visitor.token,
            headers=headers,
        ).expect(201)  # fmt: skip
        world.work()
        world.clock.pass_(minutes=2)
    asked = [
        request_id
        for subject, request_id in world.providers[ProviderName.HEALTH_CODE].asked
        if subject.document_number == visitor.number
    ]
    assert len(asked) == len(set(asked)) == 2
