"""Where a visitor's phone was at a scan, as far as it is kept: a cell of a coarse grid (JN-15).

A location is optional. It is evidence of presence, for tracing; it decides nothing, staff do not
see it, and the coordinates themselves are not stored (docs/decisions/0126).
"""

from math import floor
from typing import NamedTuple

from chalicelib.core import ids

_CELLS_A_DEGREE = 20
"""A cell is 0.05 degrees wide and high: 5.6 km, and from west to east 5.2 km in Guangdong."""
_LATITUDES, _LONGITUDES = 180 * _CELLS_A_DEGREE, 360 * _CELLS_A_DEGREE
_CHARACTERS = 5
WORST_ACCURACY_M = 5_000
"""A less accurate location may lie in any of several cells, and is not kept."""


class Location(NamedTuple):
    """A location in degrees (WGS 84 or GCJ-02: they differ by less than a cell)."""

    latitude: float
    longitude: float
    accuracy_m: float


def cell_of(location: Location | None) -> str:
    """Return the cell of a location in five characters; empty without a usable location."""
    if location is None or location.accuracy_m > WORST_ACCURACY_M:
        return ""
    row = min(floor((location.latitude + 90) * _CELLS_A_DEGREE), _LATITUDES - 1)
    column = min(floor((location.longitude + 180) * _CELLS_A_DEGREE), _LONGITUDES - 1)
    return ids.encode_number(row * _LONGITUDES + column, _CHARACTERS)
