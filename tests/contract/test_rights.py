"""A person's rights in one item, and those that releases up to 0.2.0 wrote, an item each."""

import pytest

from chalicelib.core import keys
from chalicelib.core.table import Raw, Table
from chalicelib.identity.people import Profile, Role, Verification
from chalicelib.identity.store.rights import RightItem, right_removal, right_write
from chalicelib.venues.rights import MAX_VENUES
from chalicelib.venues.staffing import Member
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.contract.test_sizes import item_size
from tests.fakes.parts import NOON

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")


@pytest.fixture
def table(backend: Backend) -> Table:
    assert backend.table is not None
    return backend.table


@pytest.fixture
def person(backend: Backend) -> Profile:
    """Somebody who is verified."""
    before, people = makers.profile(), backend.stores.people
    people.create(before, makers.blind())
    after = makers.registered(before)
    people.register(after, before, "c")
    assert people.settle(after, Verification.VERIFIED, "")
    return after


def new_venue() -> str:
    return f"ven_{makers.random()}"


def older(person: Profile, venue_id: str, role: Role) -> RightItem:
    """A right as 0.2.0 wrote it."""
    document = person.document_blind[:10]
    return RightItem.at(keys.right(person.person_id, venue_id), role=role, document=document)


def rights(stores: Stores, person: Profile) -> dict[str, Role]:
    return dict(stores.people.load(person.person_id).rights)


def items(table: Table, person: Profile) -> dict[str, Raw]:
    """The items that hold rights, by sort key."""
    found = table.query(keys.person(person.person_id), ("HOT#RIGHT", "HOT#RIGHT~"))
    return {raw["sk"]["S"]: raw for raw in found}


def member(person: Profile, role: Role) -> Member:
    return Member(person.person_id, role, NOON, person.document_blind)


def test_older_ones_are_as_they_were_written(person: Profile) -> None:
    venue = new_venue()
    assert older(person, venue, Role.INSPECTOR).raw() == {
        "pk": {"S": f"PER#{person.person_id}"},
        "sk": {"S": f"HOT#RIGHT#{venue}"},
        "v": {"N": "1"},
        "ro": {"S": "inspector"},
        "db": {"S": person.document_blind[:10]},
    }


def test_older_and_newer_ones_count_together(
    backend: Backend, table: Table, person: Profile
) -> None:
    first, second, third = sorted(new_venue() for _ in range(3))
    table.put(older(person, third, Role.INSPECTOR))
    table.put(older(person, first, Role.ADMINISTRATOR))
    backend.stores.staff.bind(second, member(person, Role.INSPECTOR))
    found = rights(backend.stores, person)
    assert list(found.items()) == [
        (first, Role.ADMINISTRATOR),
        (second, Role.INSPECTOR),
        (third, Role.INSPECTOR),
    ]
    assert items(table, person).keys() == {
        "HOT#RIGHTS", f"HOT#RIGHT#{first}", f"HOT#RIGHT#{third}",
    }  # fmt: skip


def test_a_right_that_is_given_again_moves(backend: Backend, table: Table, person: Profile) -> None:
    venue, other = new_venue(), new_venue()
    table.put(older(person, venue, Role.INSPECTOR))
    table.put(older(person, other, Role.INSPECTOR))
    backend.stores.staff.bind(venue, member(person, Role.ADMINISTRATOR))
    assert rights(backend.stores, person) == {venue: Role.ADMINISTRATOR, other: Role.INSPECTOR}
    assert items(table, person).keys() == {"HOT#RIGHTS", f"HOT#RIGHT#{other}"}


def test_what_was_written_later_counts(backend: Backend, table: Table, person: Profile) -> None:
    """As when a function of the older release is still running."""
    venue = new_venue()
    backend.stores.staff.bind(venue, member(person, Role.ADMINISTRATOR))
    table.put(older(person, venue, Role.INSPECTOR))
    assert rights(backend.stores, person) == {venue: Role.ADMINISTRATOR}
    # Under a former document, too: the older one does not come back to life.
    table.transact(*right_write(person.person_id, venue, Role.ADMINISTRATOR, makers.blind()))
    table.put(older(person, venue, Role.INSPECTOR))
    assert rights(backend.stores, person) == {}


@pytest.mark.parametrize("form", ["older", "newer", "both"])
def test_a_removal_leaves_neither(
    backend: Backend, table: Table, person: Profile, form: str
) -> None:
    staff, venue, other = backend.stores.staff, new_venue(), new_venue()
    staff.bind(venue, member(person, Role.INSPECTOR))
    staff.bind(other, member(person, Role.INSPECTOR))
    if form == "older":
        table.transact(*right_removal(person.person_id, venue))
    if form != "newer":
        table.put(older(person, venue, Role.INSPECTOR))
    assert rights(backend.stores, person).keys() == {venue, other}
    for _ in range(2):
        staff.unbind(venue, person.person_id)
        assert rights(backend.stores, person) == {other: Role.INSPECTOR}
        assert items(table, person).keys() == {"HOT#RIGHTS"}


def test_a_removal_of_somebody_who_is_not_there_writes_nothing(
    backend: Backend, table: Table
) -> None:
    stranger = makers.profile()
    backend.stores.staff.unbind(new_venue(), stranger.person_id)
    assert items(table, stranger) == {}


def test_twenty_rights_take_less_than_seven_hundred_bytes(
    backend: Backend, table: Table, person: Profile
) -> None:
    before = 0
    for _ in range(MAX_VENUES):
        before += item_size(older(person, new_venue(), Role.ADMINISTRATOR).raw())
        backend.stores.staff.bind(new_venue(), member(person, Role.ADMINISTRATOR))
    (raw,) = items(table, person).values()
    assert len(rights(backend.stores, person)) == MAX_VENUES
    assert (before, item_size(raw)) == (1760, 664)
