"""What follows from a record of the table's stream: one subscription a module.

To add one, add a module here with a `SUBSCRIPTION` (see `records.Subscription`). Modules are found
by listing the package, and import what they need when a record of theirs comes.
"""

import functools

from chalicelib.core.registry import members
from chalicelib.workers.records import Subscription


@functools.cache
def all_subscriptions() -> tuple[Subscription, ...]:
    """Return the subscriptions, in the order of their modules' names."""
    return tuple(members(__name__, __path__, "SUBSCRIPTION"))
