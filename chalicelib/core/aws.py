"""The session and configuration of all AWS clients."""

import functools
import threading
from typing import Any

import botocore.session
from botocore.config import Config

CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"total_max_attempts": 3, "mode": "standard"},
    # These three steps take a fifth of every call and have no use here: validating requests that
    # the code builds, describing the machine, and finding an endpoint of the account.
    parameter_validation=False,
    user_agent="venuecode",
    account_id_endpoint_mode="disabled",
)
"""Short timeouts, because a visitor is waiting at the door."""


@functools.cache
def session() -> Any:
    """Return the process's botocore session. A second one would read all data files again."""
    return botocore.session.get_session()


MAKING = threading.Lock()
"""Held while a client is made: threads share clients, but a session makes one at a time."""
