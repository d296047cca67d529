"""A call for every answer of the route of files, for `test_openapi`."""

from datetime import timedelta
from urllib.parse import urlsplit

from chalicelib.core.downloads import MOST_BYTES
from tests import support
from tests.api.driver import World


def tour_of_downloads(world: World) -> None:
    """Call for a file, a large one, and none."""
    world.call("GET", "/v1/files/x.y.z").expect(404, "not_found")
    for length, status in ((1, 200), (MOST_BYTES + 1, 302)):
        support.client("s3").put_object(Bucket=world.bucket, Key="posters/x", Body=bytes(length))
        link = world.container.downloads.link("posters/x", "x.pdf", timedelta(minutes=1))
        assert world.call("GET", urlsplit(link).path).status == status
