"""DynamoDB's charges for a request, by the rules of its developer guide.

Sizes: "DynamoDB item sizes and formats". Units: "DynamoDB on-demand capacity mode" and, for
indexes, "Provisioned throughput considerations for global secondary indexes".
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
    """Return the bytes of an item in DynamoDB's JSON: names and values."""
    return sum(len(name.encode()) + value_size(value) for name, value in raw.items())


def value_size(value: dict[str, Any]) -> int:
    """Return the bytes of one value, such as ``{"S": "信宜"}``."""
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
    """Return one byte for two significant digits, one more, and one for the sign."""
    mantissa = number.lower().partition("e")[0]
    digits = mantissa.lstrip("+-").replace(".", "").strip("0")
    return (len(digits) + 1) // 2 + 1 + number.startswith("-")


def read_units(sizes: Iterable[int], *, consistent: bool) -> float:
    """Return the charge of one Query or Get for the items it read; half when not consistent.

    Sizes are added before they are rounded up to 4 KB; nothing found is charged as one step. A
    BatchGet is as many Gets.
    """
    steps = max(1, math.ceil(sum(sizes) / _READ_STEP))
    return steps if consistent else steps / 2


def write_units(before: Raw | None, after: Raw | None) -> int:
    """Return the table's charge of a write: the larger of both images, in steps of 1 KB."""
    largest = max((item_size(image) for image in (before, after) if image), default=0)
    return max(1, math.ceil(largest / _WRITE_STEP))


def index_units(
    before: Raw | None, after: Raw | None, *, keys: Sequence[str], projected: Sequence[str]
) -> int:
    """Return the charge of the same write by a sparse index of `keys` that holds `projected`.

    An entry that appears, vanishes or changes is one write of its size; one that moves to other
    keys is two; an unchanged one is free.
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
