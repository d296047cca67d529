"""AWS clients of the adapters, and the translation of their errors."""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.aws import CONFIG, session
from chalicelib.core.errors import Unavailable

_TEMPORARY = ("Throttl", "TooManyRequests", "RequestTimeout", "LimitExceeded")
"""Parts of the error codes of temporary errors that do not have a 5xx status."""


_making = threading.Lock()


@functools.cache
def client(service: str) -> Any:
    """Return the process's client of an AWS service."""
    config = CONFIG.merge(Config(signature_version="s3v4")) if service == "s3" else CONFIG
    with _making:  # clients are shared by threads, but a session makes one at a time
        return session().create_client(service, config=config)


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
