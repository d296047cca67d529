"""What follows from a record of the table's stream: one subscription a module.

To add one, add a module here with a `SUBSCRIPTION` (see `records.Subscription`). Modules are found
by listing the package, and import what they need when a record of theirs comes.
"""

import functools
import importlib
import pkgutil

from chalicelib.workers.records import Subscription


@functools.cache
def all_subscriptions() -> tuple[Subscription, ...]:
    """Return the subscriptions, in the order of their modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").SUBSCRIPTION for name in names)
