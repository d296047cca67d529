"""The session and configuration of all AWS clients."""

import functools
import threading
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import UnknownRegionError

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


AMAZON_ROOTS = Path(botocore.__file__).with_name("amazon-roots.pem")
"""Amazon's own certificate authorities, which packaging picks (`infra.roots`)."""


@functools.cache
def session() -> Any:
    """Return the process's botocore session. A second one would read all data files again.

    In the package its clients trust Amazon's authorities only: reading all of botocore's would cost
    a cold start a third of its time, for each client reads them. ``AWS_CA_BUNDLE`` counts before.
    """
    made = botocore.session.get_session()
    if AMAZON_ROOTS.exists() and not made.get_config_variable("ca_bundle") and _in_aws(made):
        made.set_config_variable("ca_bundle", str(AMAZON_ROOTS))
    return made


def _in_aws(of: Any) -> bool:
    """Return whether the region is in the partition whose endpoints have these authorities.

    No document of AWS says it of others, such as China's: there all of botocore's are trusted.
    """
    try:
        partition = of.get_partition_for_region(of.get_config_variable("region"))
    except (UnknownRegionError, TypeError):  # a TypeError is no region at all
        return False
    return bool(partition == "aws")


MAKING = threading.Lock()
"""Held while a client is made: threads share clients, but a session makes one at a time."""
