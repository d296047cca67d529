"""What all clients of AWS share, the table's and the adapters': one session, one configuration."""

import functools
from typing import Any

import botocore.session
from botocore.config import Config

CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"total_max_attempts": 3, "mode": "standard"},
    # Two things that botocore does at every call, and that take a fifth of it: it checks what is
    # our own making, and puts a description of the machine together.
    parameter_validation=False,
    user_agent="venuecode",
)
"""The short timeouts of someone at a door."""


@functools.cache
def session() -> Any:
    """The process's botocore session; another one would read all of its data files again."""
    return botocore.session.get_session()
