"""The table while blind indexes are moved: nothing is lost, nothing is there twice (issue 10)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.core import keys
from chalicelib.core.errors import AppError
from chalicelib.core.table import ABSENT, ConditionFailed, Delete, Put
from chalicelib.identity.people import Role, SentCode, Verification
from chalicelib.identity.store.people import OwnerItem, ProfileItem
from chalicelib.insight.store.index_move import IndexMove
from chalicelib.venues.staffing import Invitation, Member
from infra.ops import index_keys
from tests.contract import makers
from tests.contract.backends import Backend
from tests.contract.moving import Process
from tests.fakes.parts import NOON

ENGINES = ["dynamodb-local", "moto"]
BEFORE = {"index": "1", "1": "r" * 64}
PUBLISHED = index_keys.publish(BEFORE, "t" * 64, NOON)
MOVING = index_keys.proceed(PUBLISHED, NOON)
SETTLING = index_keys.proceed(MOVING, NOON)
DONE = index_keys.proceed(SETTLING, NOON)
STAGES = {
    "before": BEFORE, "published": PUBLISHED, "moving": MOVING, "settling": SETTLING,
    "done": DONE,
}  # fmt: skip
NEIGHBOURS = [
    ("before", "published"), ("published", "moving"), ("moving", "settling"), ("settling", "done"),
]  # fmt: skip
pytestmark = pytest.mark.parametrize("backend", ENGINES, indirect=True, scope="module")


@pytest.fixture
def at(backend: Backend) -> Callable[[str], Process]:
    """Makes a process that knows a stage."""
    return lambda stage: Process(backend, STAGES[stage])


@pytest.fixture
def phone() -> str:
    """A phone that nobody has."""
    return f"+86{makers.random()}"


def create(process: Process, phone: str) -> str:
    """Log a new person in by `phone`; return whose it is then."""
    people, blind = process.container.people, process.container.index.of("phone", phone)
    for _ in range(4):
        owner = people.by_phone(blind)
        if owner:
            return owner
        try:
            return people.create(makers.profile(), blind)
        except AppError:
            continue
    raise AssertionError("nobody gets it")


def owner(process: Process, phone: str) -> str | None:
    return process.container.people.by_phone(process.container.index.of("phone", phone))


@pytest.mark.parametrize("call", range(6))
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("stages", NEIGHBOURS, ids="-".join)
def test_processes_at_two_stages_give_a_phone_to_one_person(
    at: Callable[[str], Process], stages: tuple[str, str], call: int, first: bool, phone: str
) -> None:
    one, other = (at(stage) for stage in (stages if first else reversed(stages)))
    between: list[str] = []
    one.connection.arm(call, True, lambda: between.append(create(other, phone)))
    got = create(one, phone)
    assert {got, *between} == {got}
    assert owner(one, phone) == owner(other, phone) == got


@pytest.mark.parametrize("stage", ["published", "moving"])
@pytest.mark.parametrize("call", range(2))
def test_a_reader_finds_what_is_moved_between_its_calls(
    at: Callable[[str], Process], stage: str, call: int, phone: str
) -> None:
    person_id = create(at("before"), phone)
    job, reader = at("moving"), at(stage)
    key = keys.phone(at("before").container.index.of("phone", phone))

    def move() -> None:
        assert job.table.settle(key)

    reader.connection.arm(call, True, move)
    assert owner(reader, phone) == person_id


@pytest.mark.parametrize("call", range(2))
def test_a_change_between_the_calls_of_a_move_is_kept(
    at: Callable[[str], Process], call: int, phone: str
) -> None:
    before, job = at("before"), at("moving")
    create(before, phone)
    key = keys.phone(before.container.index.of("phone", phone))
    changed = OwnerItem.at(key, person="per_the_next")
    job.connection.arm(call, True, lambda: at("published").table.put(changed))
    job.table.settle(key)
    assert owner(job, phone) == "per_the_next"


@pytest.mark.parametrize("stage", ["published", "moving"])
@pytest.mark.parametrize("moved", [True, False])
def test_whatever_is_written_is_written_where_the_item_is(
    at: Callable[[str], Process], stage: str, moved: bool, phone: str
) -> None:
    before, process, job = at("before"), at(stage), at("moving")
    blind = before.container.index.of("phone", phone)
    person_id = create(before, phone)
    codes = process.container.codes
    code = SentCode("digest", NOON + timedelta(minutes=5))
    before.container.codes.put(blind, code)
    before.container.phone_proofs.claim(blind, "by", now=NOON)
    staff = before.container.staff
    given = {one: Invitation(one, Role.INSPECTOR, b"name", "per") for one in ("b", "c", "d")}
    for venue in ("b", "d"):
        staff.invite(blind, given[venue], makers.sent(blind, given[venue]))
    if moved:
        for key in (keys.phone(blind), keys.otp(blind), keys.phone_proof(blind)):
            assert job.table.settle(key)
        job.table.settle(keys.invitation(blind, "b"))
    assert codes.get(blind) == code
    assert codes.spend(blind, "digest", network="n", by="b", now=NOON).state.value == "right"
    assert not process.container.phone_proofs.claim(blind, "another", now=NOON)
    there = process.container.staff
    there.invite(blind, given["c"], makers.sent(blind, given["c"]))
    assert there.invitations(blind) == [*given.values()]
    with pytest.raises(ConditionFailed):
        process.table.transact(Put(OwnerItem.at(keys.phone(blind), person="per_x"), ABSENT))
    mine = OwnerItem.person == person_id
    process.table.transact(Delete(keys.phone(blind), mine))
    assert owner(at("published"), phone) is owner(job, phone) is None


def test_a_right_holds_at_every_moment_of_a_move(at: Callable[[str], Process], phone: str) -> None:
    before, after = at("before"), at("settling")
    people = before.container.people
    person_id = create(before, phone)
    first = people.load(person_id).profile
    assert first is not None
    blind = before.container.index.of("resident_id", person_id)
    people.register(makers.registered(first, document_blind=blind), first, "c")
    pending = people.load(person_id).profile
    assert pending is not None
    people.settle(pending, Verification.VERIFIED, "")
    member = Member(person_id, Role.INSPECTOR, NOON, blind)
    before.container.staff.bind("ven_a", member)
    # A half of the transaction, as a query may see it.
    half = ProfileItem.document_blind.set(after.container.index.moved(blind))
    after.table.update(keys.profile(person_id), [half])
    assert after.container.people.load(person_id).rights
    job = IndexMove(after.table, after.container.index)
    assert job.move(before.table.get(keys.staff("ven_a", person_id)) or {}).value == "moved"
    for process in (after, at("done")):
        assert process.container.people.load(person_id).rights == {"ven_a": Role.INSPECTOR}
        (listed,) = process.container.staff.members("ven_a")
        profile = process.container.people.load(person_id).profile
        assert profile is not None
        assert listed.document_blind == profile.document_beginning
        assert listed.document_blind.startswith("2:")
