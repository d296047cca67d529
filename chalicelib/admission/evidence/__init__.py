"""The kinds of provider, one a module.

A new kind is a module beside the others, with its `KIND`, and its texts: ``state.<state>`` for
new states, and ``reason.<kind>_pending`` if a policy can require it. Rules that decide by it are
rows of `judge.RULES`.
"""

import functools
from collections.abc import Mapping

from chalicelib.admission.evidence.kind import Kind
from chalicelib.core.registry import members
from chalicelib.identity.providers import ProviderName

KINDS: tuple[Kind, ...] = tuple(members(__name__, __path__, "KIND", beside="kind"))


def find(name: str) -> Kind | None:
    """Return the kind of this name, or None."""
    return _by_name(KINDS).get(name)


def of(name: str) -> Kind:
    """Return the kind of this name. Raises KeyError if it is not registered."""
    return _by_name(KINDS)[name]


def states(name: str) -> frozenset[str]:
    """Return the states that a kind's providers may answer."""
    return of(name).states


def looked_up() -> tuple[ProviderName, ...]:
    """Return the kinds that are asked from the queue."""
    return tuple(kind.name for kind in KINDS if not kind.by_code)


def asked() -> tuple[ProviderName, ...]:
    """Return the kinds that are asked from the queue when an answer is absent or stale."""
    return tuple(kind.name for kind in KINDS if not (kind.by_code or kind.verifies))


def shown() -> tuple[ProviderName, ...]:
    """Return the kinds that a screen shows."""
    return tuple(kind.name for kind in KINDS if not kind.verifies)


def letters(names: tuple[ProviderName, ...]) -> str:
    """Return the letters of kinds, as items list them."""
    return "".join(of(name).letter for name in names)


def named(letters: str) -> tuple[ProviderName, ...]:
    """Return the kinds of `letters`, without those that are no longer registered."""
    names = {kind.letter: kind.name for kind in KINDS}
    return tuple(names[letter] for letter in letters if letter in names)


@functools.cache
def _by_name(kinds: tuple[Kind, ...]) -> Mapping[str, Kind]:
    # A scan looks up sixteen kinds.
    return {kind.name: kind for kind in kinds}
