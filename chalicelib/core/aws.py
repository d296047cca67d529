"""The process's one botocore session: a second one would read all of its data files again."""

import functools
from typing import Any

import botocore.session


@functools.cache
def session() -> Any:
    """What clients of AWS are made from, the table's and those of the adapters."""
    return botocore.session.get_session()
