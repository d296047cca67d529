"""The subscriptions to the table's stream, one a module.

To add one, add a module here with a `SUBSCRIPTION` (see `records.Subscription`). Modules are found
by listing the package. They import what they need when a matching record arrives.
"""

import functools
import importlib
import pkgutil

from chalicelib.workers.records import Subscription


@functools.cache
def all_subscriptions() -> tuple[Subscription, ...]:
    """Return the subscriptions, by module name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(importlib.import_module(f"{__name__}.{name}").SUBSCRIPTION for name in names)
