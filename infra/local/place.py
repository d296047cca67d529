"""Where a local cloud is, and how a program reaches a running one."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.local.language import words
from infra.package import ROOT

REGION = "us-east-1"
CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


class LocalCloudError(Exception):
    """The local cloud cannot do what was requested; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A local cloud's folder and three ports. Several may run side by side."""

    home: Path
    port: int
    sandbox_port: int
    client_port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Place":
        """Return the place that VENUECODE_HOME and the variables of its ports name."""
        return cls(
            home=Path(environment.get("VENUECODE_HOME", ROOT / ".local")).absolute(),
            port=_port(environment, "VENUECODE_PORT", 4566),
            sandbox_port=_port(environment, "VENUECODE_SANDBOX_PORT", 4567),
            client_port=_port(environment, "VENUECODE_CLIENT_PORT", 4568),
        )

    @property
    def endpoint_url(self) -> str:
        """The emulated AWS's URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """The sandbox's URL."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def host_url(self) -> str:
        """The URL of the host that serves the client, and the API beside it."""
        return f"http://127.0.0.1:{self.client_port}"


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LocalCloudError(
            words(
                f"{name} is {text!r}: set it to a free port between 1 and 65535.",
                f"{name} 为 {text!r}：请设为 1 到 65535 之间的空闲端口。",
            )
        )
    return int(text)


@dataclasses.dataclass(frozen=True)
class LocalCloud:
    """A running local cloud with the application deployed.

    `outputs` has: table, bucket, lookups_url, lookups_dead_letters_url, renders_url,
    renders_dead_letters_url, stream_dead_letters_url, api_function, lookups_function,
    renders_function, stream_function, keys_secret, index_secret, partners_secret, kms_key.
    """

    base_url: str
    sandbox_url: str
    endpoint_url: str
    host_url: str
    outputs: Mapping[str, str]
    log_dir: Path

    @property
    def client_url(self) -> str:
        """The URL of the client's browser build."""
        return f"{self.host_url}/app/"

    def session(self) -> Any:
        """Return a boto3 session as administrator; its clients need `endpoint_url`."""
        return boto3.Session(**CREDENTIALS, region_name=REGION)

    def client(self, service: str) -> Any:
        """Return a boto3 client of `service` with the administrator's rights."""
        return client_of(self.endpoint_url, service)


def environment(place: Place | None = None) -> dict[str, str]:
    """Return the environment that connects boto3 and operator's commands to the local cloud."""
    return {
        "AWS_ENDPOINT_URL": (place or Place.from_environment()).endpoint_url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
    }


def client_of(endpoint: str, service: str) -> Any:
    """Return a boto3 client of `service` at `endpoint`, with the administrator's rights."""
    # A call without a response may have been carried out: never retry.
    config = Config(retries={"total_max_attempts": 1}, signature_version="v4", read_timeout=120)
    if service == "s3":
        config = config.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))
    session = boto3.Session(**CREDENTIALS, region_name=REGION)
    return session.client(service, endpoint_url=endpoint, config=config)
