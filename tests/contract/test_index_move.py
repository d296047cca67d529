"""The blind indexes are moved to another root while people use the service (issue 10).

Three processes serve people and one moves the indexes; each learns late of the next stage. Any of
them may be interrupted by another between two calls, and dies and tries again. In every state,
everybody is found by phone, document and account, as one person. At the end nothing in the table
is found by the old root alone.
"""

import itertools
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from chalicelib.core.crypto import Stage
from chalicelib.core.errors import Conflict, Unavailable
from chalicelib.core.submission import Submission
from chalicelib.identity.people import Actor, PersonRecord, Role, Strength, Verification
from chalicelib.identity.platforms import PlatformAccount, PlatformName
from chalicelib.identity.registration import Entry
from chalicelib.insight.store.index_move import IndexMove, Pass
from chalicelib.venues.venue import Application
from infra.ops import index_keys
from tests import support
from tests.contract.backends import Backend
from tests.contract.moving import Crash, Process
from tests.fakes.parts import NOON
from tests.support import nonce_at

Result = TypeVar("Result")
SERIALS = itertools.count()
OLD, NEW = "1", "2"
MADE_WITH_OLD = re.compile(rf"(^|[#,]|^[ai]){OLD}:[\w-]{{8}}([\w-]{{14}})?(,|$)")
_TRIES = 6


class Human:
    """Somebody, and what the service should know of them."""

    def __init__(self) -> None:
        self.name = f"梁{chr(0x4E00 + next(SERIALS) % 5000)}"
        self.phone = new_phone()
        self.number = new_number()
        self.account = PlatformAccount(PlatformName.WECHAT, "wx1", f"user-{next(SERIALS)}")
        self.person_id = ""
        self.verified = False
        self.linked = False
        self.rights: dict[str, str] = {}
        """The document number that each right was given for, by venue."""


def new_phone() -> str:
    return f"+8613{next(SERIALS):09d}"


def new_number() -> str:
    serial = next(SERIALS)
    return support.resident_id(serial % 1000, born=f"19{50 + serial // 1000 % 50}0101")


class Deployment(RuleBasedStateMachine):
    """A deployment with three processes, some people, and an operator."""

    backend: Backend

    @initialize(ahead=st.integers(0, 12), lazy=st.integers(0, 2))
    def begin(self, ahead: int, lazy: int) -> None:
        for raw in self.raws():
            support.client("dynamodb").delete_item(
                TableName=self.backend.resource, Key={"pk": raw["pk"], "sk": raw["sk"]}
            )
        self.secret = {"index": OLD, OLD: "r" * 64}
        self.processes = [Process(self.backend, self.secret) for _ in range(3)]
        self.job = Process(self.backend, self.secret)
        self.people = [Human() for _ in range(3)]
        self.waiting: dict[tuple[str, str], str] = {}
        """The name in an invitation, by venue and phone."""
        self.venues: dict[str, Application[str]] = {}
        self.passed: Pass | None = None
        self.steps = 0
        for who in (0, 1):
            self.log_in(0, who)
            self.register(0, who, other=False)
        self.log_in_by_platform(0, 1)
        self.a_venue(0, 0, again=False)
        self.an_invitation(0, 0, 2)
        for turn in range(ahead):  # most faults need processes at two stages
            self.the_move_goes_on((lazy + turn) % 3)

    def raws(self) -> list[dict[str, Any]]:
        pages = support.client("dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self.backend.resource, ConsistentRead=True)
        return [raw for page in found for raw in page["Items"]]

    # --- How things happen

    def attempt(self, do: Callable[[], Result]) -> Result:
        """Do it as clients do: again after a crash, or if something else came first."""
        for _ in range(_TRIES):
            try:
                return do()
            except (Crash, Unavailable):
                continue
            except Conflict as conflict:
                if conflict.code != "version_conflict":
                    raise
        raise AssertionError("it never succeeds")

    @rule(process=st.integers(0, 2), call=st.integers(0, 12), before=st.booleans())
    def a_crash_comes(self, process: int, call: int, before: bool) -> None:
        def crash() -> None:
            raise Crash

        self.processes[process].connection.arm(call, before, crash)

    @rule(process=st.integers(0, 2), call=st.integers(0, 12), before=st.booleans())
    def the_job_comes_between(self, process: int, call: int, before: bool) -> None:
        self.processes[process].connection.arm(call, before, self.sweep)

    @rule(process=st.integers(0, 2), other=st.integers(0, 2), who=st.integers(0, 2),
          call=st.integers(0, 12))  # fmt: skip
    def a_login_comes_between(self, process: int, other: int, who: int, call: int) -> None:
        if other != process:
            connection = self.processes[process].connection
            connection.arm(call, True, lambda: self.log_in(other, who))

    @rule(call=st.integers(0, 40), before=st.booleans())
    def the_job_crashes(self, call: int, before: bool) -> None:
        def crash() -> None:
            raise Crash

        self.job.connection.arm(call, before, crash)

    @rule(process=st.integers(0, 2), who=st.integers(0, 2), call=st.integers(0, 40))
    def somebody_logs_in_between_the_jobs_calls(self, process: int, who: int, call: int) -> None:
        self.job.connection.arm(call, True, lambda: self.log_in(process, who))

    # --- The operator

    @property
    def all_know(self) -> bool:
        return all(one.source.pairs == self.secret for one in self.processes)

    @rule(process=st.integers(0, 2))
    def the_move_goes_on(self, process: int) -> None:
        """A process learns of the stage; if all have, the operator takes the next step."""
        if not self.all_know:
            return self.processes[process].learn(self.secret)
        stage = self.secret.get("index_stage")
        if stage is None and self.secret["index"] == OLD:
            return self.publish()
        if stage in (Stage.MOVING, Stage.SETTLING) and self.passed is None:
            return self.sweep()
        if stage is not None:
            before = self.secret
            self.proceed()
            if self.secret is before:
                self.sweep()
        return None

    def publish(self) -> None:
        self.secret = index_keys.publish(self.secret, "t" * 64, NOON)

    @rule()
    def sweep(self) -> None:
        """A pass of the operator's command, which waits until every process knows the stage."""
        stage = self.secret.get("index_stage")
        if not self.all_know or stage not in (Stage.MOVING, Stage.SETTLING):
            return
        self.job.learn(self.secret)
        move = IndexMove(self.job.table, self.job.container.index)
        try:
            self.passed = index_keys.sweep(
                move, Stage(stage), NOON, NOON, seen=lambda _: None, rest=lambda _: None
            )
        except (Crash, Unavailable):
            self.passed = None

    def proceed(self) -> None:
        stage, passed = Stage(self.secret["index_stage"]), self.passed
        if not self.all_know:
            return
        if stage is not Stage.PUBLISHED:
            if passed is None or passed.stage != stage or passed.left:
                return
            if stage is Stage.SETTLING and passed.moved:
                return
        self.secret, self.passed = index_keys.proceed(self.secret, NOON), None

    # --- People

    def actor(self, process: Process, human: Human) -> Actor:
        container = process.container
        record = container.people.load(human.person_id)
        if not record.sessions:
            container.sessions.begin(human.person_id, "sms", Strength.FACE, now=NOON)
            record = container.people.load(human.person_id)
        assert record.profile is not None
        return Actor(record.profile, next(iter(record.sessions.values())), record)

    @rule(process=st.integers(0, 2), who=st.integers(0, 2))
    def log_in(self, process: int, who: int) -> None:
        container, human = self.processes[process].container, self.people[who]
        known = human.person_id
        person_id = self.attempt(lambda: container.accounts.by_phone(human.phone, now=NOON))
        # Another login may have come between.
        assert person_id == (known or human.person_id or person_id)
        human.person_id = person_id
        self.accept(process, human)

    @rule(process=st.integers(0, 2), who=st.integers(0, 2))
    def log_in_by_platform(self, process: int, who: int) -> None:
        container, human = self.processes[process].container, self.people[who]
        assigned = self.attempt(
            lambda: container.accounts.by_account(human.account, human.phone, now=NOON)
        )
        assert assigned.person_id == (human.person_id or assigned.person_id)
        human.person_id, human.linked = assigned.person_id, True

    @rule(process=st.integers(0, 2), who=st.integers(0, 2), other=st.booleans())
    def register(self, process: int, who: int, other: bool) -> None:
        at, human = self.processes[process], self.people[who]
        if not human.person_id:
            return
        number = new_number() if other or not human.verified else human.number
        entry = Entry(human.name, "resident_id", number)
        version = self.record(human).profile.registration  # type: ignore[union-attr]  # logged in

        def register() -> None:
            at.container.registrations.register(
                self.actor(at, human), entry, version=version, correlation="c", now=NOON
            )

        self.attempt(register)
        human.number, human.verified = number, False
        self.attempt(lambda: self.verify(at, human, Verification.VERIFIED))
        human.verified = True
        self.accept(process, human)

    @rule(process=st.integers(0, 2), who=st.integers(0, 2))
    def a_rejection(self, process: int, who: int) -> None:
        at, human = self.processes[process], self.people[who]
        if not human.person_id or human.rights:
            return
        entry = Entry(human.name, "resident_id", new_number())
        version = self.record(human).profile.registration  # type: ignore[union-attr]  # logged in
        self.attempt(
            lambda: at.container.registrations.register(
                self.actor(at, human), entry, version=version, correlation="c", now=NOON
            )
        )
        human.number, human.verified = entry.number, False
        self.attempt(lambda: self.verify(at, human, Verification.REJECTED))
        for one in self.processes:
            blind = one.container.index.of("resident_id", entry.number)
            assert self.attempt(partial(one.container.people.by_document, blind)) is None

    def verify(self, process: Process, human: Human, verdict: Verification) -> None:
        profile = process.container.people.load(human.person_id).profile
        assert profile is not None
        if profile.verification is Verification.PENDING:
            assert process.container.people.settle(profile, verdict, "")

    def accept(self, process: int, human: Human) -> None:
        staffing = self.processes[process].container.staffing
        self.attempt(lambda: staffing.accept_invitations(human.person_id, now=NOON))
        for (venue_id, phone), name in [*self.waiting.items()]:
            if phone == human.phone and human.verified and name == human.name:
                del self.waiting[venue_id, phone]
                human.rights[venue_id] = human.number

    @rule(process=st.integers(0, 2), who=st.integers(0, 2))
    def replace_the_phone(self, process: int, who: int) -> None:
        at, human = self.processes[process], self.people[who]
        if not human.person_id:
            return
        phone, former = new_phone(), human.phone
        self.attempt(
            lambda: at.container.accounts.confirm_phone(self.actor(at, human), phone, now=NOON)
        )
        human.phone = phone
        for one in self.processes:
            blind = one.container.index.of("phone", former)
            assert self.attempt(partial(one.container.people.by_phone, blind)) is None

    @rule(process=st.integers(0, 2), who=st.integers(0, 2), again=st.booleans())
    def a_venue(self, process: int, who: int, again: bool) -> None:
        at, human = self.processes[process], self.people[who]
        if not human.verified or len(human.rights) > 4:
            return
        standing = next(iter(self.venues.values()), None) if again else None
        application = standing or application_of(next(SERIALS))
        submission = Submission(nonce_at(NOON), f"f{next(SERIALS)}", "c", NOON)

        def issue() -> str:
            holder = self.actor(at, human)
            return at.container.issuance.issue(
                holder, application, submission
            ).details.venue.venue_id

        if standing:
            with pytest.raises(Conflict, match="venue_exists"):
                self.attempt(issue)
            return
        venue_id = self.attempt(issue)
        self.venues[venue_id] = application
        human.rights[venue_id] = human.number

    @rule(process=st.integers(0, 2), who=st.integers(0, 2), whom=st.integers(0, 2))
    def an_invitation(self, process: int, who: int, whom: int) -> None:
        at, human, invited = self.processes[process], self.people[who], self.people[whom]
        mine = [one for one, number in human.rights.items() if number == human.number]
        mine = [one for one in mine if one in self.venues and self.applicant(at, one) is human]
        if not mine or not human.verified or who == whom or mine[0] in invited.rights:
            return
        venue = at.container.venues.venue(mine[0])
        assert venue is not None
        self.attempt(
            lambda: at.container.staffing.add_by_phone(
                self.actor(at, human), venue, Role.INSPECTOR, invited.name, invited.phone, now=NOON
            )
        )
        self.waiting[mine[0], invited.phone] = invited.name
        if invited.person_id:
            self.accept(process, invited)

    def applicant(self, process: Process, venue_id: str) -> Human | None:
        venue = process.container.venues.venue(venue_id)
        assert venue is not None
        return next((one for one in self.people if one.person_id == venue.applicant), None)

    @rule(process=st.integers(0, 2), who=st.integers(0, 2))
    def an_erasure(self, process: int, who: int) -> None:
        at, human = self.processes[process], self.people[who]
        if not human.person_id or {*human.rights} & {*self.venues}:
            return
        actor = self.attempt(lambda: self.actor(at, human))
        self.attempt(lambda: at.container.erasure_requests.request(actor, actor.holder, NOON))
        for days in (2, 4, 6):
            due = NOON + timedelta(days=days)
            self.attempt(partial(at.container.erasing.run, due))
        assert not self.record(human).profile
        for key in [one for one in self.waiting if one[1] == human.phone]:
            del self.waiting[key]
        human.person_id, human.verified, human.linked, human.rights = "", False, False, {}

    def record(self, human: Human) -> PersonRecord:
        return self.processes[0].container.people.load(human.person_id)

    # --- What holds in every state

    @invariant()
    def everybody_is_found(self) -> None:
        self.steps += 1
        if self.steps % 3 == 0:  # it costs more than a step
            self.found_by(self.processes[self.steps // 3 % 3])

    def found_by(self, process: Process) -> None:
        plan, process.connection.plan = process.connection.plan, None
        container = process.container
        index, people = container.index, container.people
        for human in self.people:
            expected = human.person_id or None
            assert people.by_phone(index.of("phone", human.phone)) == expected
            account = people.by_account(index.of("account", human.account.canonical))
            assert account == (expected if human.linked else None)
            if not expected:
                continue
            record = people.load(expected)
            owner = people.by_document(index.of("resident_id", human.number))
            assert owner == (expected if human.verified else None)
            if human.verified:
                in_force = {one for one, number in human.rights.items() if number == human.number}
                assert record.rights.keys() == in_force
        process.connection.plan = plan

    def teardown(self) -> None:
        if not hasattr(self, "processes"):
            return
        for one in (*self.processes, self.job):
            one.connection.plan = None
        if self.secret["index"] == OLD and "index_stage" not in self.secret:
            self.publish()
        for _ in range(8):
            for one in self.processes:
                one.learn(self.secret)
            if "index_stage" in self.secret:
                self.sweep()
                self.proceed()
        assert self.secret["index"] == f"{OLD},{NEW}"
        assert "index_stage" not in self.secret
        for one in self.processes:
            one.learn(self.secret)
            self.found_by(one)
        self.nothing_is_left()

    def nothing_is_left(self) -> None:
        raws = self.raws()
        for raw in raws:
            texts = [stored["S"] for stored in raw.values() if "S" in stored]
            made = [text for text in texts if MADE_WITH_OLD.search(text)]
            assert not made or ("ttl" in raw and not raw["pk"]["S"].startswith("IDENT")), raw
        people = [one for one in self.people if one.person_id]
        of_kind = [raw["pk"]["S"].partition("#")[0] for raw in raws]
        assert of_kind.count("PHONE") == len(people)
        assert of_kind.count("IDENT") == sum(one.verified for one in people)
        assert of_kind.count("ACCOUNT") == sum(one.linked for one in people)
        assert of_kind.count("VENNUM") == of_kind.count("VENKEY") == len(self.venues)
        assert of_kind.count("INVITE") == len(self.waiting)
        listed = [raw for raw in raws if raw["sk"]["S"].startswith("INVITE#")]
        assert len(listed) == len(self.waiting)
        shown = [member.standing for venue_id in self.venues for member in self.staff_of(venue_id)]
        assert shown.count("active") == sum(
            number == one.number for one in people if one.verified for number in one.rights.values()
        )

    def staff_of(self, venue_id: str) -> list[Any]:
        container = self.processes[0].container
        venue = container.venues.venue(venue_id)
        assert venue is not None
        return container.staffing.members(venue, limit=100, after="").members


def application_of(serial: int) -> Application[str]:
    return Application(
        name=f"店{serial}", kind="restaurant", region="440983", region_name="信宜市", street="",
        address=f"路{serial}号", number_type="uscc", number=f"9144{serial:014d}",
        contact_name="梁一", contact_phone="+8613800000001",
    )  # fmt: skip


@pytest.mark.parametrize("backend", ["dynamodb-local", "moto"], indirect=True, scope="module")
def test_issue_10_blind_indexes_are_moved_and_nothing_hangs_on_the_old_root_alone(
    backend: Backend,
) -> None:
    run_state_machine_as_test(
        type("DeploymentOnBackend", (Deployment,), {"backend": backend}),
        settings=settings(
            max_examples=6 if backend.name == "moto" else 2,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
