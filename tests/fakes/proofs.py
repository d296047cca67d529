"""Proofs of families that always hold, and paper passes of which there are none."""

from datetime import datetime
from typing import Any

from chalicelib.core.submission import Submission
from chalicelib.identity.checks import IdentityChecks
from chalicelib.identity.dependants import Candidate, Proofs
from chalicelib.identity.people import Actor
from chalicelib.identity.providers import Subject


class AnyProof(Proofs):
    """Proofs of which every one holds."""

    __slots__ = ()

    def __init__(self) -> None:
        pass

    def verify(self, actor: Actor, candidate: Candidate, submission: Submission) -> None:
        del actor, candidate, submission


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
