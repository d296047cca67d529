"""Paper passes, with several writers at once: one serial of a person is valid."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.core.ids import RandomIds
from chalicelib.identity.paper_passes import PaperPasses, ShownPass
from chalicelib.identity.passes import PassState
from chalicelib.identity.people import Holder, Profile, Verification
from tests.contract import makers
from tests.contract.backends import TABLES, Backend, Stores
from tests.contract.races import codes, race
from tests.fakes.parts import NOON
from tests.fakes.stores import FakeStorage

pytestmark = pytest.mark.parametrize("backend", TABLES, indirect=True, scope="module")
LATER = NOON + timedelta(minutes=1)


def passes(stores: Stores) -> PaperPasses:
    return PaperPasses(
        issued=stores.issued_passes,
        people=stores.people,
        limits=stores.limits,
        ids=RandomIds(),
        storage=FakeStorage(),
    )


def issue(stores: Stores, person_id: str, replaces: str, *, full_name: bool = False) -> ShownPass:
    return passes(stores).issue(
        Holder(stores.people.load(person_id)),
        full_name=full_name,
        replaces=replaces,
        correlation="c0ffee00",
        now=LATER,
    )


def revoke(stores: Stores, person_id: str, serial: str) -> ShownPass:
    holder = Holder(stores.people.load(person_id))
    return passes(stores).revoke(holder, serial, correlation="c0ffee00", now=LATER)


def serial_of(shown: ShownPass) -> str:
    assert shown.issued is not None
    return shown.issued.serial


@pytest.fixture
def person(stores: Stores) -> Profile:
    """Return a verified person."""
    first = makers.profile()
    stores.people.create(first, makers.blind())
    edit = makers.registered(first)
    stores.people.register(edit, first, "c0ffee00")
    assert stores.people.settle(edit, Verification.VERIFIED, "")
    return edit


def valid(stores: Stores, person: Profile) -> Iterator[str]:
    """Yield the serials that the person's history says are valid."""
    holder = Holder(stores.people.load(person.person_id))
    page = passes(stores).history(holder, limit=50, after="", now=LATER)
    yield from (entry.record.serial for entry in page.items if entry.state is PassState.VALID)


@pytest.mark.parametrize("before", [False, True])
def test_the_same_request_twice_at_once_is_one_pass(
    backend: Backend, stores: Stores, person: Profile, before: bool
) -> None:
    former = serial_of(issue(stores, person.person_id, "")) if before else ""
    answers, refusals = race(backend, *[lambda racing: issue(racing, person.person_id, former)] * 3)
    assert codes(refusals) == []
    (serial,) = {serial_of(answer) for answer in answers}
    assert [*valid(stores, person)] == [serial]


def test_of_two_different_requests_at_once_one_counts(
    backend: Backend, stores: Stores, person: Profile
) -> None:
    former = serial_of(issue(stores, person.person_id, ""))
    answers, refusals = race(
        backend,
        lambda racing: issue(racing, person.person_id, former),
        lambda racing: issue(racing, person.person_id, former, full_name=True),
    )
    assert codes(refusals) == ["version_conflict"]
    assert [*valid(stores, person)] == [serial_of(answers[0])]


def test_a_reissue_and_a_revocation_at_once_end_the_former(
    backend: Backend, stores: Stores, person: Profile
) -> None:
    former = serial_of(issue(stores, person.person_id, ""))
    race(
        backend,
        lambda racing: issue(racing, person.person_id, former),
        lambda racing: revoke(racing, person.person_id, former),
    )
    record = stores.people.load(person.person_id)
    assert record.paper_pass is not None
    assert record.paper_pass.serial != former
    assert [*valid(stores, person)] == [record.paper_pass.serial]
    # Its files are its own, whatever the revocation forgot.
    files = stores.issued_passes.files(person.person_id)
    assert {file.serial for file in files} <= {record.paper_pass.serial}
