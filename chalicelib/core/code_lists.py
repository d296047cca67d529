"""The codes that clients meet in requests and responses, with their texts (GO-14).

A list is every text under one prefix of `TEXTS`. Tests hold each to the type that its codes come
from.
"""

import string
from collections.abc import Iterator
from typing import NamedTuple

from chalicelib.core.messages import TEXTS, text

LISTS: dict[str, str] = {
    "outcomes": "outcome.",
    "next_steps": "step.",
    "states": "state.",
    "means": "means.",
    "pass_kinds": "pass_kind.",
    "directions": "direction.",
    "temperatures": "temperature.",
    "document_types": "document_type.",
    "number_types": "number_type.",
    "roles": "role.",
    "standings": "standing.",
    "verifications": "verification_state.",
    "relations": "relation.",
    "links": "link.",
    "strengths": "strength.",
    "accesses": "access.",
    "errors": "error.",
    "fields": "field.",
}
"""The prefix of the texts of each list."""
REASONS = "reason."
_VARIANTS = frozenset({"state.negative_48h"})
"""Other texts for a state in its context, which are no states."""


class Item(NamedTuple):
    """A code; `staff_text` is its variant for staff, or None if it is the same."""

    code: str
    text: str
    staff_text: str | None


def items(prefix: str, language: str) -> Iterator[Item]:
    """Yield the codes under `prefix`, in the order of `TEXTS`, with their texts in `language`.

    What a text is completed with at each use is an ellipsis.
    """
    for key in TEXTS:
        if key.startswith(prefix) and key not in _VARIANTS:
            to_staff = f"staff_{key}"
            yield Item(
                code=key.removeprefix(prefix),
                text=_general(key, language),
                staff_text=_general(to_staff, language) if to_staff in TEXTS else None,
            )


def codes(prefix: str) -> list[str]:
    """Return the codes under `prefix`."""
    return [item.code for item in items(prefix, "en")]


def _general(key: str, language: str) -> str:
    names = [name for _, name, _, _ in string.Formatter().parse(TEXTS[key]) if name]
    return text(key, language, **dict.fromkeys(names, "…"))
