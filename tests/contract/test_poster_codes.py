"""The store of posters: which code a poster shows."""

import pytest

from chalicelib.venues.venue import PosterKind
from tests.contract import makers
from tests.contract.backends import Stores


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (PosterKind.VENUE, "0123456789ABCDEF"),
        (PosterKind.FAST, "ZZZZ456789ABCDEF"),
        (PosterKind.JOIN, "23456789N"),
    ],
)
def test_a_poster_keeps_the_code_that_it_shows(stores: Stores, kind: PosterKind, code: str) -> None:
    poster = makers.poster(makers.venue(), kind=kind, code=code)
    stores.posters.request(poster, "correlation")
    assert stores.posters.get(poster.venue_id, poster.poster_id) == poster
