"""Links to the bucket name the region's own host, which newer regions require."""

from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest

from chalicelib.adapters import aws

FILE = {"Bucket": "posters-bucket", "Key": "posters/a.pdf"}


def link(region: str) -> str:
    """A link as the application makes it in a region."""
    session = botocore.session.Session()
    session.set_config_variable("region", region)
    session.set_credentials("x", "x")
    url: str = aws.connect(session, "s3").generate_presigned_url("get_object", FILE)
    return url


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "posters-bucket.s3.us-east-1.amazonaws.com"),
        ("ap-east-1", "posters-bucket.s3.ap-east-1.amazonaws.com"),
        ("cn-north-1", "posters-bucket.s3.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_a_link_names_the_regions_own_host(region: str, host: str) -> None:
    parts = urlsplit(link(region))
    assert (parts.scheme, parts.hostname, parts.path) == ("https", host, "/posters/a.pdf")
    [credential] = parse_qs(parts.query)["X-Amz-Credential"]
    assert credential.endswith(f"/{region}/s3/aws4_request")


def test_the_local_clouds_bucket_stays_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert link("us-east-1").startswith("http://127.0.0.1:4566/posters-bucket/posters/a.pdf?")
