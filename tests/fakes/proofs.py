"""Stand-ins for the proofs of families: face checks and the register of households."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.errors import Unavailable
from chalicelib.core.submission import Submission
from chalicelib.identity.checks import IdentityCheck, IdentityChecks, Order, Result, Started, State
from chalicelib.identity.dependants import Candidate, Proofs
from chalicelib.identity.people import Actor
from chalicelib.identity.providers import Subject
from tests.fakes.parts import StandingClock


class AnyProof(Proofs):
    """Proofs of which every one holds."""

    __slots__ = ()

    def __init__(self) -> None:
        pass

    def verify(self, actor: Actor, candidate: Candidate, submission: Submission) -> None:
        del actor, candidate, submission


@dataclass
class FakeCheckService:
    """A service whose checks pass, unless the name is in `failing`."""

    clock: StandingClock
    failing: set[str] = field(default_factory=set)
    _states: dict[str, State] = field(default_factory=dict)

    def start(self, order: Order) -> Started:
        failed = order.subject.name in self.failing
        self._states[order.check_id] = State.FAILED if failed else State.PASSED
        expires_at = self.clock.now() + timedelta(minutes=10)
        return Started(f"ref-{order.check_id}", "https://face.example/check", {}, expires_at)

    def result(self, check: IdentityCheck) -> Result:
        state = self._states[check.check_id]
        return Result(check.check_id, check.started.reference, check.binding, state)


@dataclass
class FakeHouseholds:
    """The register of households: sets of names; unavailable when `down`."""

    households: list[set[str]] = field(default_factory=list)
    down: bool = False
    asked: list[tuple[Subject, Subject, str]] = field(default_factory=list)

    def same_household(self, guardian: Subject, child: Subject, *, request_id: str) -> bool:
        self.asked.append((guardian, child, request_id))
        if self.down:
            raise Unavailable
        return any({guardian.name, child.name} <= names for names in self.households)


class PassedChecks(IdentityChecks):
    """Face checks of which every one is passed."""

    __slots__ = ()

    def __init__(self) -> None:
        pass

    def spend(
        self, actor: Actor, check_id: str, subject: Subject, *, by: str, now: datetime
    ) -> None:
        del actor, check_id, subject, by, now


class NoPasses:
    """Paper passes of which there are none. See `paper_passes.IssuedPasses`."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name}: nobody has a paper pass")
