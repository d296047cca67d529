"""The cell of a location: coarse, short, and one for each place on Earth."""

from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission.location import Location, cell_of
from chalicelib.core import ids

XINYI = Location(22.3547, 110.9471, 30)
KM_A_DEGREE = 111.2
anywhere = st.builds(Location, st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 5000))


@given(anywhere)
def test_every_place_has_a_cell_of_five_characters(place: Location) -> None:
    assert ids.is_number(cell_of(place), 5)


def test_a_cell_is_about_five_kilometres_wide() -> None:
    step = 0.0001
    for field, kilometres in (
        ("latitude", KM_A_DEGREE),
        ("longitude", KM_A_DEGREE * cos(radians(XINYI.latitude))),
    ):
        start = getattr(XINYI, field)
        moved = [XINYI._replace(**{field: start + n * step}) for n in range(3000)]
        cells = [cell_of(place) for place in moved]
        widths = [
            cells.count(cell) * step * kilometres for cell in {*cells} - {cells[0], cells[-1]}
        ]
        assert widths
        assert all(5 <= width <= 6 for width in widths)


@given(anywhere)
def test_the_fine_digits_are_not_kept(place: Location) -> None:
    """Whatever is in the cell gives the same five characters."""
    cell = cell_of(place)
    row, column = divmod(ids.decode(cell), 7200)
    corner = Location((row + 0.5) / 20 - 90, (column + 0.5) / 20 - 180, 0)
    assert cell_of(corner) == cell


@pytest.mark.parametrize("location", [None, XINYI._replace(accuracy_m=5000.1)])
def test_what_is_missing_or_inaccurate_has_no_cell(location: Location | None) -> None:
    assert cell_of(location) == ""


def test_the_edges_of_the_map_have_cells() -> None:
    edges = [
        Location(latitude, longitude, 0) for latitude in (-90, 90) for longitude in (-180, 180)
    ]
    assert len({cell_of(edge) for edge in edges}) == 4
