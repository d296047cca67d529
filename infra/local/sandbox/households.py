"""The register of households: who lives with whom, by name, type and number of a document."""

import csv
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from infra.local.sandbox.messages import Verdict


class Member(NamedTuple):
    """A person as the register knows them."""

    name: str
    document_type: str
    document_number: str


class Households:
    """Members of households; thread-safe. A person may be known by several documents.

    A member's birth date is compared if it is known here and the question has one.
    """

    def __init__(self, members: Iterable[tuple[str, Member]] = ()) -> None:
        self._of: dict[Member, str] = {member: household for household, member in members}
        self._born: dict[Member, object] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: Path) -> "Households":
        """Read a CSV file with a household and a member in each row."""
        with path.open(encoding="utf-8", newline="") as file:
            return cls((row["household"], _member(row)) for row in csv.DictReader(file))

    def add(self, asked: Mapping[str, object]) -> None:
        """Put a person into a household. Raises ValueError."""
        household = asked.get("household")
        if not isinstance(household, str) or not household:
            raise ValueError("household: missing")
        with self._lock:
            self._of[_member(asked)] = household
            self._born[_member(asked)] = asked.get("birth_date")

    def check(self, asked: Mapping[str, object], _now: float) -> Verdict:
        """Return whether guardian and child are in one household; unknown people are in none."""
        people = [asked.get("guardian"), asked.get("child")]
        if not isinstance(asked.get("request_id"), str) or not asked["request_id"]:
            raise ValueError("request_id: missing")
        members = [_member(person) if isinstance(person, Mapping) else None for person in people]
        if None in members:
            raise ValueError("guardian, child: missing")
        with self._lock:
            first, second = (self._of.get(member) if member else None for member in members)
            dates = {self._born.get(members[1]) if members[1] else None, _born(people[1])}
        same = first is not None and first == second and len(dates - {None}) < 2
        return Verdict(200, {"status": "answer", "same_household": same})


def _born(child: object) -> object:
    return child.get("birth_date") if isinstance(child, Mapping) else None


def _member(row: Mapping[str, object]) -> Member:
    values = [row.get(key) for key in Member._fields]
    if not all(isinstance(value, str) and value for value in values):
        raise ValueError(f"{', '.join(Member._fields)}: missing")
    return Member(*map(str, values))
