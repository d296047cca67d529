"""What DynamoDB charges for a request, by the rules of its developer guide.

Sizes: "DynamoDB item sizes and formats". Units: "DynamoDB on-demand capacity mode" and, for what an
index is charged, "Provisioned throughput considerations for global secondary indexes".
"""

import base64
import math
from collections.abc import Iterable, Sequence
from typing import Any

Raw = dict[str, dict[str, Any]]

_WRITE_STEP = 1024
_READ_STEP = 4096
_NESTED = 3  # bytes of a list or a map, and one more for each of its elements


def item_size(raw: Raw) -> int:
    """The bytes of an item in DynamoDB's JSON: names and values."""
    return sum(len(name.encode()) + value_size(value) for name, value in raw.items())


def value_size(value: dict[str, Any]) -> int:
    """The bytes of one value, such as ``{"S": "信宜"}``."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_size(content)
        case "B":
            return len(base64.b64decode(content))
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(value_size({kind[0]: element}) for element in content)
        case "L":
            return _NESTED + sum(1 + value_size(element) for element in content)
        case "M":
            return _NESTED + sum(
                1 + len(name.encode()) + value_size(element) for name, element in content.items()
            )
    raise ValueError(f"no type of DynamoDB's: {kind}")


def _number_size(number: str) -> int:
    """A byte for two significant digits, one more, and one for the sign."""
    mantissa = number.lower().partition("e")[0]
    digits = mantissa.lstrip("+-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + number.startswith("-")


def read_units(sizes: Iterable[int], *, consistent: bool) -> float:
    """What one Query, or one Get, is charged for the items it read; half when not consistent.

    The sizes are added up before they are rounded to 4 KB; nothing found is charged as one step.
    A BatchGet is as many Gets.
    """
    steps = max(1, math.ceil(sum(sizes) / _READ_STEP))
    return steps if consistent else steps / 2


def write_units(before: Raw | None, after: Raw | None) -> int:
    """What a write is charged by the table itself: the larger of both images, in steps of 1 KB."""
    largest = max((item_size(image) for image in (before, after) if image), default=0)
    return max(1, math.ceil(largest / _WRITE_STEP))


def index_units(
    before: Raw | None, after: Raw | None, *, keys: Sequence[str], projected: Sequence[str]
) -> int:
    """What the same write is charged by a sparse index of `keys`, holding `projected`.

    An entry that appears, vanishes or changes is one write of its size; one that moves to other
    keys is two; one that stays as it is costs nothing.
    """
    old, new = (_entry(image, keys, projected) for image in (before, after))
    if old == new:
        return 0
    if old and new and any(old[key] != new[key] for key in keys):
        return write_units(old, None) + write_units(None, new)
    return write_units(old, new)


def _entry(image: Raw | None, keys: Sequence[str], projected: Sequence[str]) -> Raw | None:
    if image is None or any(key not in image for key in keys):
        return None
    return {name: image[name] for name in (*keys, *projected) if name in image}
