"""The subscriptions to the table's stream, one a module.

To add one, add a module here with a `SUBSCRIPTION` (see `records.Subscription`). Modules are found
by listing the package. They import what they need when a matching record arrives.
"""

import functools

from chalicelib.core.registry import members
from chalicelib.workers.records import Subscription


@functools.cache
def all_subscriptions() -> tuple[Subscription, ...]:
    """Return the subscriptions, by module name."""
    return tuple(members(__name__, __path__, "SUBSCRIPTION"))
