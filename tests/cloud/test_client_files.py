"""The client's files, from the bucket through the gateway."""

from pathlib import Path

import pytest

from infra.client_upload import upload
from infra.website import headers
from tests.cloud.driver import Deployed, operating
from tests.fakes.parts import NOON

pytestmark = pytest.mark.cloud


def test_uploaded_files_are_served_with_their_headers(deployed: Deployed, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<!doctype html><script src="./assets/one-a.js">')
    (tmp_path / "assets/one-a.js").write_text("let a = 1;")
    with operating(deployed.place) as found:
        bucket = found.outputs["ClientBucketName"]
        upload(found.client("s3"), bucket, tmp_path, files="", now=NOON)
    for name in ("index.html", "assets/one-a.js"):
        answer = deployed.call("GET", f"/app/{name}")
        assert answer.status == 200
        assert answer.body == (tmp_path / name).read_bytes()
        for header, value in headers(name).items():
            assert answer.headers[header] == value


@pytest.mark.parametrize("name", ["absent.js", "..%2Freleases.json"])
def test_what_is_no_file_of_the_client_is_not_found(deployed: Deployed, name: str) -> None:
    deployed.call("GET", f"/app/{name}").expect(404, "not_found")
