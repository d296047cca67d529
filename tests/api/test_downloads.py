"""Files under the deployment's own host, because mini-programs download from registered hosts."""

import dataclasses
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import pytest

from chalicelib.core import downloads
from tests import support
from tests.api.driver import HttpReply, World

HOST = "https://v.test"


@pytest.fixture
def world(world: World) -> World:
    """A deployment with a host of its own."""
    world.replace(settings=dataclasses.replace(world.container.settings, files_url=HOST))
    return world


def poster_link(world: World, form: str = "a4_pdf") -> str:
    administrator = world.administrator()
    path = f"/v1/venues/{administrator.venue['venue_id']}/posters"
    asked = administrator.post(path, {"form": form}).expect(202)
    world.work()
    link: str = administrator.get(f"{path}/{asked['poster_id']}").expect(200)["url"]
    return link


def follow(world: World, link: str, accept: str | None = None) -> HttpReply:
    """Request a link as a client does that accepts what it accepts."""
    assert link.startswith(HOST)
    headers = {"Accept": accept} if accept else {}
    return world.call("GET", urlsplit(link).path, headers=headers)


@pytest.mark.requirement("JN-5")
@pytest.mark.parametrize("accept", [None, "*/*", "text/html,*/*;q=0.8", "application/json"])
def test_a_poster_is_downloaded_from_the_own_host(world: World, accept: str | None) -> None:
    got = follow(world, poster_link(world), accept)
    assert got.status == 200
    assert got.headers["Content-Type"] == "application/pdf"
    assert got.body.startswith(b"%PDF")
    assert "-场所码.pdf" in unquote(got.headers["Content-Disposition"])


def test_a_picture_is_sent_to_who_accepts_it_without_saying_so(world: World) -> None:
    """Chalice would refuse it with 400: it knows pictures as binary, and PDF not."""
    got = follow(world, poster_link(world, "a4_png"))
    assert (got.status, got.headers["Content-Type"]) == (200, "image/png")
    assert got.body.startswith(b"\x89PNG")


def test_a_link_ends_and_cannot_be_made(world: World) -> None:
    link = poster_link(world)
    follow(world, link[:-4] + "AAAA").expect(404, "not_found")
    world.clock.pass_(minutes=15)
    follow(world, link).expect(404, "not_found")


def test_a_deleted_file_is_not_found(world: World) -> None:
    link = world.container.downloads.link("posters/none.pdf", "x.pdf", timedelta(minutes=1))
    follow(world, link).expect(404, "not_found")


def test_a_file_that_lambda_cannot_send_is_redirected_to_the_bucket(world: World) -> None:
    key, size = "posters/large.pdf", downloads.MOST_BYTES
    for length, status in ((size, 200), (size + 1, 302)):
        support.client("s3").put_object(
            Bucket=world.bucket, Key=key, Body=bytes(length), ContentType="application/pdf"
        )
        link = world.container.downloads.link(key, "x.pdf", timedelta(minutes=1))
        got = follow(world, link)
        assert got.status == status
    assert (
        urlsplit(got.headers["Location"]).hostname == f"{world.bucket}.s3.us-east-1.amazonaws.com"
    )


def test_a_link_is_no_other_token_and_none_is_a_link(world: World) -> None:
    visitor = world.visitor()
    token = poster_link(world).rpartition("/")[2]
    world.call("GET", "/v1/me", token=token).expect(401, "token_invalid")
    for other in (visitor.token, visitor.refresh_token):
        world.call("GET", f"/v1/files/{other}").expect(404, "not_found")
