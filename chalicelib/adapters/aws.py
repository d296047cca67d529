"""Clients of AWS, from one botocore session, with the short timeouts of someone at a door."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import session as _session
from chalicelib.core.errors import Unavailable

_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"total_max_attempts": 3, "mode": "standard"},
    signature_version=None,
)
_BUSY = ("Throttl", "TooManyRequests", "SlowDown", "ServiceUnavailable", "InternalError",
         "InternalFailure", "RequestTimeout", "LimitExceeded")  # fmt: skip


@functools.cache
def client(service: str) -> Any:
    """The process's client of an AWS service."""
    config = _CONFIG.merge(Config(signature_version="s3v4")) if service == "s3" else _CONFIG
    return _session().create_client(service, config=config)


@contextmanager
def answering() -> Iterator[None]:
    """Turn what AWS refuses for a while into `Unavailable`; mistakes of ours stay what they are."""
    try:
        yield
    except ClientError as error:
        if any(word in error.response["Error"]["Code"] for word in _BUSY):
            raise Unavailable from error
        raise
    except BotoCoreError as error:
        raise Unavailable from error
