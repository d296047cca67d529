"""Every answer of the deep status, for `test_openapi`."""

from chalicelib.insight.deep_status import DeepStatus
from tests.api.driver import World


def tour_of_the_status(world: World) -> None:
    """Ask without a token, with wrong ones, with a good one, and too often."""
    path = "/v1/status?deep=1"
    parts = world.container
    token = parts.deep_status.token(world.clock.now())
    world.call("GET", "/v1/status?deep=x").expect(400, "invalid_input")
    world.call("GET", path).expect(401, "token_missing")
    world.call("GET", path, token="x").expect(401, "token_invalid")
    world.call("GET", path, token=token).expect(503, "unhealthy")  # has no KMS
    parts.deep_status = DeepStatus(tokens=parts.tokens, limits=parts.limits, probes={})
    while world.call("GET", path, token=token).status == 200:
        pass
    world.call("GET", path, token=token).expect(429, "too_many_requests")
    world.clock.pass_(seconds=3600)
    world.call("GET", path, token=token).expect(401, "token_expired")
