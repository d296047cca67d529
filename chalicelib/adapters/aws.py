"""AWS clients of the adapters, and the translation of their errors."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import CONFIG, MAKING, session
from chalicelib.core.errors import Unavailable

_TEMPORARY = ("Throttl", "TooManyRequests", "RequestTimeout", "LimitExceeded")
"""Parts of the error codes of temporary errors that do not have a 5xx status."""

_S3 = Config(
    signature_version="s3v4",
    # Links name the region's own host: a bucket of a region launched after March 2019 is not found
    # under s3.amazonaws.com (S3 User Guide, "Virtual hosting of buckets"). An address by IP, as the
    # local cloud's, keeps the bucket in the path.
    s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
)


_KEYS = Config(read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"})
"""For services whose values are cached: a request need not wait long for them (`adapters.keys`)."""
_CONFIGS = {"s3": _S3, "kms": _KEYS, "secretsmanager": _KEYS}


@functools.cache
def client(service: str) -> Any:
    """Return the process's client of an AWS service."""
    with MAKING:
        return connect(session(), service)


def connect(of: Any, service: str) -> Any:
    """Return a new client of an AWS service, from the botocore session `of`."""
    config = CONFIG.merge(_CONFIGS[service]) if service in _CONFIGS else CONFIG
    return of.create_client(service, config=config)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise temporary errors of AWS as `Unavailable`. Other errors pass unchanged."""
    try:
        yield
    except ClientError as error:
        if _is_temporary(error):
            raise Unavailable from error
        raise
    except BotoCoreError as error:
        raise Unavailable from error


def _is_temporary(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or any(word in error.response["Error"]["Code"] for word in _TEMPORARY)
