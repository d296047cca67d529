"""`accesses.Accesses.record_all`: many people's access records in one request."""

from datetime import timedelta

from chalicelib.admission.accesses import AccessKind
from tests.contract import makers
from tests.contract.backends import Stores
from tests.contract.test_accesses import access
from tests.fakes.parts import NOON


def test_each_number_gets_its_record(stores: Stores) -> None:
    numbers = [makers.blind() for _ in range(30)]  # more than one BatchWriteItem takes
    made = access(kind=AccessKind.STAFF)
    stores.accesses.record_all([(number, made) for number in numbers])
    for number in numbers:
        assert [one for _, one in stores.accesses.of(number, "", 5)] == [made]


def test_a_later_access_of_the_day_replaces_the_record(stores: Stores) -> None:
    number, made = makers.blind(), access(kind=AccessKind.STAFF)
    later = made._replace(asked_at=NOON + timedelta(hours=1))
    for one in (made, later):
        stores.accesses.record_all([(number, one)])
    assert [one for _, one in stores.accesses.of(number, "", 5)] == [later]


def test_nobody_is_no_request(stores: Stores) -> None:
    stores.accesses.record_all([])
