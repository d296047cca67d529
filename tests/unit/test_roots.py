"""The authorities that AWS clients trust in the package: Amazon's five, and where they count."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import certifi
import pytest
from cryptography import x509

from chalicelib.core import aws
from infra import package, roots

BUNDLES = {"botocore": roots.shipped(), "certifi": Path(certifi.where())}
YEARS = timedelta(days=5 * 365)


@pytest.mark.parametrize("path", BUNDLES.values(), ids=BUNDLES)
def test_a_bundle_has_all_roots_of_amazon_trust_services(path: Path) -> None:
    made = roots.bundle(path.read_bytes())
    held = ssl.create_default_context(cadata=made.decode()).get_ca_certs()
    assert len(held) == len(roots.KEYS) == 5
    named = {dict(pair[0] for pair in one["subject"])["commonName"] for one in held}  # type: ignore[misc]  # typeshed's type of a name is too wide
    assert named == set(roots.KEYS.values())


def test_both_bundles_hold_the_same_certificates() -> None:
    first, second = (roots.bundle(path.read_bytes()) for path in BUNDLES.values())
    assert first == second


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_root_ends_soon() -> None:
    """A release is pinned and may run for years; a new one picks new roots."""
    now = datetime.now(UTC)  # noqa: TID251 (of a real certificate)
    made = x509.load_pem_x509_certificates(roots.bundle(roots.shipped().read_bytes()))
    assert min(one.not_valid_after_utc for one in made) > now + YEARS


def test_a_missing_root_fails_the_build() -> None:
    full, mark = roots.shipped().read_bytes(), b"-----END CERTIFICATE-----\n"
    first = roots.bundle(full).partition(mark)[0] + mark
    with pytest.raises(roots.MissingRoot, match="Amazon Root CA 1"):
        roots.bundle(full.replace(first, b""))


@pytest.fixture
def bundled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of Amazon's roots, as in the package; sessions are made anew."""
    path = tmp_path / "amazon-roots.pem"
    path.write_bytes(b"")
    monkeypatch.setattr(aws, "AMAZON_ROOTS", path)
    return path


def trusted(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Any:
    """The bundle of the application's clients with these environment variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return aws.session.__wrapped__().get_config_variable("ca_bundle")


@pytest.mark.parametrize("region", ["ap-east-1", "us-east-1", "eu-south-2", "us-east-9"])
def test_clients_in_partition_aws_trust_amazon_only(
    region: str, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trusted(monkeypatch, AWS_DEFAULT_REGION=region) == str(bundled)


@pytest.mark.parametrize(
    "region", ["cn-north-1", "cn-northwest-1", "us-gov-west-1", "eusc-de-east-1", "mars-1"]
)
@pytest.mark.usefixtures("bundled")
def test_clients_elsewhere_trust_all_of_botocores(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert trusted(monkeypatch, AWS_DEFAULT_REGION=region) is None


@pytest.mark.usefixtures("bundled")
def test_a_bundle_of_the_environment_counts_before(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"AWS_DEFAULT_REGION": "ap-east-1", "AWS_CA_BUNDLE": "/own.pem"}
    assert trusted(monkeypatch, **own) == "/own.pem"


@pytest.mark.usefixtures("bundled")
def test_without_a_region_nothing_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert aws.session.__wrapped__().get_config_variable("ca_bundle") is None


def test_outside_the_package_clients_trust_all_of_botocores() -> None:
    assert not aws.AMAZON_ROOTS.exists()
    assert aws.session().get_config_variable("ca_bundle") is None


def test_every_service_whose_data_is_packaged_is_resolved() -> None:
    """`python -m infra.roots REGION` asks the endpoints of all services that functions call."""
    assert set(roots.SERVICES) == set(package.KEPT["botocore/data"]) - {"sts"}
    session = botocore.session.get_session()
    for region in ("ap-east-1", "us-east-1"):
        assert session.get_partition_for_region(region) == "aws"
        hosts = roots.endpoints(region)
        assert len(hosts) == len(roots.SERVICES)
        assert all(host.endswith(f".{region}.amazonaws.com") for host in hosts)
