"""Every answer of the lists of codes, for `test_openapi`."""

from tests.api.driver import World

PATHS = ("/v1/venue-types", "/v1/regions", "/v1/reasons", "/v1/codes")


def tour_of_lists(world: World) -> None:
    """Ask for each list, once more with its tag, and for regions below what is none."""
    for path in PATHS:
        tag = {"If-None-Match": world.call("GET", path).headers["etag"]}
        assert world.call("GET", path, headers=tag).status == 304
    world.call("GET", "/v1/regions?parent=x").expect(400, "invalid_input")
