"""The certificates of Amazon's own authority: all that AWS clients of partition `aws` need trust.

Amazon Trust Services, "Repository" (amazontrust.com/repository), names five roots for a trust store
of one's own, with the SHA-256 of their public keys. Packaging picks them by these from the bundle
that botocore ships, so that no certificate comes from elsewhere.

    python -m infra.roots ap-east-1

asks every endpoint that the functions call whether these roots are enough, without credentials.
"""

import argparse
import hashlib
import re
import socket
import ssl
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import botocore.session
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.adapters.aws import connect

KEYS = {
    "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2": "Amazon Root CA 1",
    "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461": "Amazon Root CA 2",
    "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9": "Amazon Root CA 3",
    "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5": "Amazon Root CA 4",
    "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92": (
        "Starfield Services Root Certificate Authority - G2"
    ),
}
"""The roots' names by the SHA-256 of their public keys."""
SERVICES = ("dynamodb", "kms", "s3", "secretsmanager", "sqs")
"""The services that functions call; botocore's data of the same ones is packaged."""
_PEM = re.compile(b"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)
_SECONDS = 5


class MissingRoot(Exception):
    """A root is not in the bundle that it is to be picked from."""


def bundle(source: bytes) -> bytes:
    """Return Amazon's roots of a bundle, as PEM. Raises MissingRoot."""
    found: dict[str, bytes] = {}
    for pem in _PEM.findall(source):
        if (name := name_of(pem)) is not None:
            found.setdefault(name, pem)  # some keys have two certificates
    if missing := sorted(set(KEYS.values()) - found.keys()):
        raise MissingRoot(f"botocore's bundle has no {', '.join(missing)}.")
    return b"".join(found[name] for name in KEYS.values())


def name_of(pem: bytes) -> str | None:
    """Return the name of the root whose key is in a certificate, or None for another's."""
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of old certificates' serial numbers
        key = x509.load_der_x509_certificate(der).public_key()
    return KEYS.get(
        hashlib.sha256(
            key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).hexdigest()
    )


def endpoints(region: str, services: Iterable[str] = SERVICES) -> list[str]:
    """Return the hosts that functions in `region` call; of S3, a bucket's."""
    session = botocore.session.get_session()
    session.set_config_variable("region", region)
    hosts = []
    for service in services:
        host = str(urlsplit(connect(session, service).meta.endpoint_url).hostname)
        hosts.append(f"venuecode.{host}" if service == "s3" else host)
    return hosts


def refusals(region: str, roots: bytes) -> dict[str, str]:
    """Return the endpoints of `region` that `roots` do not vouch for, with the reason.

    One TLS handshake each.
    """
    context = ssl.create_default_context(cadata=roots.decode())
    refused = {}
    for host in endpoints(region):
        try:
            with (
                socket.create_connection((host, 443), _SECONDS) as connection,
                context.wrap_socket(connection, server_hostname=host),
            ):
                pass
        except OSError as error:
            refused[host] = str(error)
    return refused


def main() -> int:
    """Check a region's endpoints."""
    parser = argparse.ArgumentParser(description="Check Amazon's roots against a region.")
    parser.add_argument("region")
    region = parser.parse_args().region
    roots = bundle(shipped().read_bytes())
    refused = refusals(region, roots)
    for host in endpoints(region):
        print(f"{host}: {refused.get(host, 'trusted')}")
    return 1 if refused else 0


def shipped() -> Path:
    """Return the path of the bundle that botocore ships."""
    return Path(botocore.__file__).with_name("cacert.pem")


def put(packages: Path) -> None:
    """Write Amazon's roots beside the bundle of the botocore in a folder of packages."""
    full = packages / "botocore/cacert.pem"
    if full.exists():  # the layer has none
        (packages / "botocore/amazon-roots.pem").write_bytes(bundle(full.read_bytes()))


if __name__ == "__main__":
    sys.exit(main())
