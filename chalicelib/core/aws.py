"""What all clients of AWS share, the table's and the adapters': one session, one configuration."""

import functools
from typing import Any

import botocore.session
from botocore.config import Config

CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"total_max_attempts": 3, "mode": "standard"},
    # What botocore does at every call, a fifth of it: check what is our own making, describe the
    # machine, look for the account's own endpoint, of which a function's environment knows nothing.
    parameter_validation=False,
    user_agent="venuecode",
    account_id_endpoint_mode="disabled",
)
"""The short timeouts of someone at a door."""


@functools.cache
def session() -> Any:
    """The process's botocore session; another one would read all of its data files again."""
    return botocore.session.get_session()
