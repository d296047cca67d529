"""`venue.Venues`, `venue.Directory` and `venue.Posters`."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.core.errors import Conflict
from chalicelib.identity.people import Role
from chalicelib.venues.codes import Code, CodeState
from chalicelib.venues.venue import PosterState, Venue
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON


def create(stores: Stores, venue: Venue, *, unique: str = "", number: str = "") -> Venue | None:
    return stores.venues.create(
        venue,
        unique=unique or makers.random(),
        number_blind=number or makers.blind(),
        document_blind="",
    )


class TestVenues:
    """A venue is written with its code and its administrator's right, or not at all."""

    def test_all_of_it_is_there(self, stores: Stores) -> None:
        venue = makers.venue(shards=64)
        assert create(stores, venue) is None
        assert stores.venues.venue(venue.venue_id) == venue
        active = Code(venue.code, venue.venue_id, CodeState.ACTIVE)
        assert stores.venues.code(venue.code) == active
        assert stores.people.load(venue.applicant).rights == {venue.venue_id: Role.ADMINISTRATOR}

    def test_an_empty_street_stays_empty(self, stores: Stores) -> None:
        venue = makers.venue(street="")
        create(stores, venue)
        assert stores.venues.venue(venue.venue_id) == venue

    def test_what_is_not_there_is_none(self, stores: Stores) -> None:
        assert stores.venues.venue(f"ven_{makers.random()}") is None
        assert stores.venues.code(makers.random()) is None

    def test_a_retry_meets_its_own_venue(self, stores: Stores) -> None:
        venue, unique, person = makers.venue(), makers.random(), f"per_{makers.random()}"
        create(stores, venue, unique=unique)
        again = replace(venue, code=makers.random(), name="Elsewhere", applicant=person)
        assert create(stores, again, unique=unique) == venue
        assert stores.venues.venue(venue.venue_id) == venue
        assert stores.venues.code(again.code) is None
        assert stores.people.load(person).rights == {}

    def test_number_name_and_address_are_there_once(self, stores: Stores) -> None:
        unique, number, person = makers.random(), makers.blind(), f"per_{makers.random()}"
        first, second = makers.venue(), makers.venue(applicant=person)
        create(stores, first, unique=unique, number=number)
        with pytest.raises(Conflict, match="venue_exists"):
            create(stores, second, unique=unique, number=number)
        assert stores.venues.venue(second.venue_id) is None
        assert stores.venues.code(second.code) is None
        assert stores.people.load(person).rights == {}
        assert not stores.venues.sharing_number(number, besides=first.venue_id)

    def test_several_keep_their_order(self, stores: Stores) -> None:
        venues = [makers.venue() for _ in range(4)]
        for venue in venues:
            create(stores, venue)
        wanted = [venue.venue_id for venue in reversed(venues)]
        with_a_stranger = [wanted[0], f"ven_{makers.random()}", *wanted[1:]]
        assert stores.venues.venues(with_a_stranger) == venues[::-1]
        assert stores.venues.venues([]) == []

    def test_branches_share_a_number(self, stores: Stores) -> None:
        number = makers.blind()
        first, second, third = (makers.venue() for _ in range(3))
        create(stores, first, number=number)
        assert not stores.venues.sharing_number(number, besides=first.venue_id)
        create(stores, second, number=number)
        assert stores.venues.sharing_number(number, besides=first.venue_id)
        assert stores.venues.sharing_number(number, besides=second.venue_id)
        create(stores, third, number=number)
        assert stores.venues.sharing_number(number, besides=third.venue_id)
        assert not stores.venues.sharing_number(makers.blind(), besides=first.venue_id)


class TestDirectory:
    """What a scan needs of venues and codes, at most 60 s old."""

    def test_it_finds_what_is_there(self, stores: Stores) -> None:
        venue = makers.venue()
        create(stores, venue)
        directory = stores.directory()
        for _ in range(2):
            assert directory.venue(venue.venue_id, NOON) == venue
            code = directory.code(venue.code, NOON)
            assert code == Code(venue.code, venue.venue_id, CodeState.ACTIVE)

    def test_what_comes_later_is_found_at_once(self, stores: Stores) -> None:
        venue, directory = makers.venue(), stores.directory()
        assert directory.venue(venue.venue_id, NOON) is None
        assert directory.code(venue.code, NOON) is None
        create(stores, venue)
        assert directory.venue(venue.venue_id, NOON) == venue
        assert directory.code(venue.code, NOON) is not None


class TestPosters:
    """A poster is asked for, and becomes ready or cannot be."""

    @pytest.mark.parametrize("state", [PosterState.READY, PosterState.FAILED])
    def test_it_is_asked_for_and_finished(self, stores: Stores, state: PosterState) -> None:
        poster = makers.poster(makers.venue())
        stores.posters.request(poster, "correlation")
        assert stores.posters.get(poster.venue_id, poster.poster_id) == poster
        stores.posters.finish(poster.venue_id, poster.poster_id, state)
        finished = replace(poster, state=state)
        assert stores.posters.get(poster.venue_id, poster.poster_id) == finished

    def test_asking_again_begins_anew(self, stores: Stores) -> None:
        poster = makers.poster(makers.venue())
        stores.posters.request(poster, "correlation")
        stores.posters.finish(poster.venue_id, poster.poster_id, PosterState.FAILED)
        later = NOON + timedelta(minutes=2)
        again = replace(poster, requested_at=later, expires_at=later + timedelta(days=29))
        stores.posters.request(again, "correlation")
        assert stores.posters.get(poster.venue_id, poster.poster_id) == again

    def test_one_that_is_gone_stays_gone(self, stores: Stores) -> None:
        poster = makers.poster(makers.venue())
        stores.posters.finish(poster.venue_id, poster.poster_id, PosterState.READY)
        assert stores.posters.get(poster.venue_id, poster.poster_id) is None
