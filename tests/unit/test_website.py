"""The client as a website: the same headers on the local cloud and on AWS, and its upload."""

import contextlib
import gzip
import http.client
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.client_upload import KEPT, upload
from infra.local.website import Website
from infra.website import METADATA, WebsiteError, headers

NOW = datetime(2022, 4, 24, 8, 0, tzinfo=UTC)
BUCKET = "https://bucket.s3.example.com"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    return built(tmp_path / "h5", "assets/index-one.js")


def built(folder: Path, *assets: str) -> Path:
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text("<!doctype html>" + " " * 2000)
    for asset in assets:
        (folder / asset).write_text("let a = 1;" * 200)
    return folder


# --- Headers


def policy(name: str, files: str = "") -> dict[str, list[str]]:
    """The content security policy of a file: sources by directive."""
    directives = headers(name, files)["Content-Security-Policy"].split("; ")
    return {words[0]: words[1:] for words in map(str.split, directives)}


def test_a_page_loads_and_sends_nothing_elsewhere() -> None:
    for directive, sources in policy("index.html").items():
        assert all(
            one in ("'self'", "'none'", "data:", "blob:", "'unsafe-inline'") for one in sources
        )
        assert "'unsafe-inline'" not in sources or directive == "style-src-attr"
    assert policy("index.html")["frame-ancestors"] == ["'none'"]


def test_posters_are_shown_from_the_bucket_where_there_is_no_own_host() -> None:
    assert BUCKET in policy("index.html", BUCKET)["img-src"]
    assert BUCKET not in policy("index.html", BUCKET)["default-src"]


def test_a_page_may_use_the_camera_and_others_may_not() -> None:
    sent = headers("index.html")
    assert "camera=(self)" in sent["Permissions-Policy"]
    assert sent["Referrer-Policy"] == "no-referrer"
    assert sent["X-Content-Type-Options"] == "nosniff"


def test_a_new_build_shows_at_once_and_its_assets_are_fetched_once() -> None:
    assert headers("index.html")["Cache-Control"] == "no-cache"
    assert "immutable" in headers("assets/index-one.js")["Cache-Control"]
    assert "immutable" not in headers("static/beep.wav")["Cache-Control"]


def test_a_file_of_an_unknown_kind_is_not_sent() -> None:
    with pytest.raises(WebsiteError, match=r"secret\.env"):
        headers("secret.env")


# --- The local cloud's server


class Api(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        said = {"path": self.path, "body": body.decode(), "token": self.headers["Authorization"]}
        self.send_response(409)
        self.send_header("Content-Type", "application/problem+json")
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def host(build: Path) -> Iterator[http.client.HTTPConnection]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as api:
        address = f"http://127.0.0.1:{api.server_port}/stage"
        with Website(0, api=address, files=BUCKET, folder=build) as website:
            for server in (api, website):
                threading.Thread(target=server.serve_forever, daemon=True).start()
            connection = http.client.HTTPConnection("127.0.0.1", website.server_port, timeout=10)
            with contextlib.closing(connection):
                yield connection
            website.shutdown()
        api.shutdown()


def get(
    host: http.client.HTTPConnection, path: str, **sent: str
) -> tuple[http.client.HTTPResponse, bytes]:
    host.request("GET", path, headers=sent)
    answer = host.getresponse()
    return answer, answer.read()


@pytest.mark.parametrize(
    ("path", "name"),
    [("/app/", "index.html"), ("/app/assets/index-one.js", "assets/index-one.js")],
)
def test_the_client_has_the_same_headers_as_on_aws(
    host: http.client.HTTPConnection, path: str, name: str
) -> None:
    answer, _ = get(host, path)
    assert answer.status == 200
    assert headers(name, BUCKET).items() <= dict(answer.getheaders()).items()


def test_texts_are_sent_in_gzip(host: http.client.HTTPConnection, build: Path) -> None:
    answer, body = get(host, "/app/", **{"Accept-Encoding": "gzip, br"})
    assert answer.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(body) == (build / "index.html").read_bytes()


def test_what_is_not_below_app_is_the_apis(host: http.client.HTTPConnection) -> None:
    host.request("POST", "/v1/scans?a=1", b'{"code": 1}', {"Authorization": "Bearer t"})
    answer = host.getresponse()
    assert answer.status == 409
    assert answer.getheader("Content-Type") == "application/problem+json"
    said = json.loads(answer.read())
    assert said == {"path": "/stage/v1/scans?a=1", "body": '{"code": 1}', "token": "Bearer t"}


@pytest.mark.parametrize("path", ["/app/absent.js", "/app/../secret.txt", "/app/..%2Fsecret.txt"])
def test_nothing_beside_the_build_is_sent(
    host: http.client.HTTPConnection, build: Path, path: str
) -> None:
    (build.parent / "secret.txt").write_text("secret")
    answer, body = get(host, path)
    assert answer.status == 404
    assert b"secret" not in body


def test_an_address_without_the_slash_leads_to_the_client(host: http.client.HTTPConnection) -> None:
    answer, _ = get(host, "/app")
    assert (answer.status, answer.getheader("Location")) == (302, "/app/")


# --- The upload


class S3:
    """A bucket: `objects` has what was put, in the order of the puts."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}

    def put_object(self, Key: str, **given: Any) -> None:  # noqa: N803 (boto3's)
        self.objects.pop(Key, None)
        self.objects[Key] = given

    def get_object(self, Key: str, **_: Any) -> Any:  # noqa: N803 (boto3's)
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": BytesIO(self.objects[Key]["Body"])}

    def delete_objects(self, Delete: Any, **_: Any) -> None:  # noqa: N803 (boto3's)
        for one in Delete["Objects"]:
            del self.objects[one["Key"]]


def test_the_upload_carries_all_headers_and_the_index_comes_last(build: Path) -> None:
    s3 = S3()
    upload(s3, "b", build, files=BUCKET, now=NOW)
    assert [*s3.objects] == ["app/assets/index-one.js", "app/index.html", "releases.json"]
    for name in ("assets/index-one.js", "index.html"):
        sent = s3.objects[f"app/{name}"]
        assert {
            "Content-Type": sent["ContentType"],
            "Cache-Control": sent["CacheControl"],
            **{key: sent["Metadata"][key.lower()] for key in METADATA},
        } == headers(name, BUCKET)


def test_files_of_open_pages_stay_for_a_week(tmp_path: Path) -> None:
    """An old page fetches its other files when it is navigated, however old its build is."""
    s3 = S3()
    upload(s3, "b", built(tmp_path / "1", "assets/one.js"), files="", now=NOW)
    replaced = NOW + timedelta(days=30)
    upload(s3, "b", built(tmp_path / "2", "assets/two.js"), files="", now=replaced)
    assert "app/assets/one.js" in s3.objects
    later = replaced + KEPT + timedelta(seconds=1)
    upload(s3, "b", built(tmp_path / "3", "assets/three.js"), files="", now=later)
    assert {"app/assets/two.js", "app/assets/three.js", "app/index.html"} <= s3.objects.keys()
    assert "app/assets/one.js" not in s3.objects


def test_what_is_not_built_is_not_uploaded(tmp_path: Path) -> None:
    s3 = S3()
    with pytest.raises(WebsiteError, match="make client"):
        upload(s3, "b", tmp_path, files="", now=NOW)
    assert not s3.objects
