"""Every answer of the lists of codes, and of the files beside them, for `test_openapi`."""

from tests.api.driver import CODE_FILES, World

PATHS = ("/v1/venue-types", "/v1/regions", "/v1/reasons", "/v1/codes")


def tour_of_lists(world: World) -> None:
    """Ask for each list, once more with its tag, and for regions below what is none."""
    for path in PATHS:
        tag = {"If-None-Match": world.call("GET", path).headers["etag"]}
        assert world.call("GET", path, headers=tag).status == 304
    world.call("GET", "/v1/regions?parent=x").expect(400, "invalid_input")


def tour_of_verification_files(world: World) -> None:
    """Ask for a file that is configured, and for one that is not."""
    name, _, contents = CODE_FILES.split()[0].partition("=")
    shown = world.call("GET", f"/{name}")
    assert (shown.status, shown.body.decode()) == (200, contents)
    world.call("GET", "/other.txt").expect(404, "not_found")
