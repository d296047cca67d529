"""The cast: invented people, and each provider's answers about them."""

import csv
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from chalicelib.admission import evidence
from chalicelib.admission.evidence.kind import Kind
from chalicelib.identity import documents
from chalicelib.identity.providers import Subject

_QUIRKS = ("pending_first", "garbage")
_POLL_AFTER_MS = 500
_MAX_LATENCY_MS = 1500
_REMEMBERED = 10_000
_CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Person:
    """A person known to the providers.

    `nucleic_acid_hours` is the age of the last result, `vaccination_days` that of the last of
    `vaccination_doses`. The health code's group, reason, lifting and whom to report to are texts
    for the person. `identity` is whether the provider that verifies their `document_type` knows
    them. The carrier of `phone` knows the travel card. `latency_ms` holds for every provider.
    A kind of provider that has no field here has its state in `further`, under its name, and the
    age of its answer under ``<kind>_hours``; without a state it knows nothing of the person.
    `quirks` are ``provider:quirk`` with a semicolon between: ``pending_first`` answers 202 to the
    first request of each lookup, ``garbage`` answers what no client should accept.
    """

    document_number: str
    name: str
    document_type: str = "resident_id"
    identity: str = "known"
    health_code: str = "green"
    nucleic_acid: str = "absent"
    nucleic_acid_hours: int = 0
    latency_ms: int = 0
    quirks: str = ""
    phone: str = ""
    health_group: str = ""
    health_reason: str = ""
    health_lifting: str = ""
    health_report_to: str = ""
    vaccination: str = "absent"
    vaccination_doses: int = 0
    vaccination_days: int = 0
    travel_card: str = "normal"
    further: Mapping[str, str | int] = field(default_factory=dict)

    def has(self, provider: str, quirk: str) -> bool:
        """Return whether this provider has this quirk about the person."""
        return f"{provider}:{quirk}" in self.quirks.split(";")


@dataclass(frozen=True)
class Finding:
    """A provider's answer: HTTP status and JSON body, to be sent after `latency_ms`."""

    status: int
    body: Mapping[str, object]
    latency_ms: int = 0
    garbage: bool = False


class Cast:
    """The people known to the providers; thread-safe."""

    def __init__(self, people: list[Person]) -> None:
        self._people = {_key(person): person for person in people}
        self._health_since: dict[_Key, datetime] = {}
        self._asked: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._declared: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def load(cls, *paths: Path) -> "Cast":
        """Read CSV files with a column per field of `Person`; further columns are ignored.

        Raises ValueError that names the line and the column, not the value.
        """
        return cls([person for path in paths for person in _read(path)])

    def change(self, values: Mapping[str, object], now: datetime) -> None:
        """Change the person with this ``document_number``, or add one.

        ``document_type`` is that of a resident ID by default.

        Raises ValueError that names the wrong field.
        """
        kind = str(values.get("document_type", "resident_id"))
        with self._lock:
            before = self._people.get((_numbers(kind), str(values.get("document_number", ""))))
            after = _person(before, values)
            self._people[_key(after)] = after
            if before is None or before.health_code != after.health_code:
                self._health_since[_key(after)] = now

    def look_up(
        self, provider: str, subject: Subject, *, request_id: str, now: datetime
    ) -> Finding:
        """Return the answer of `provider` to one request.

        A provider that verifies knows only documents of its types.
        """
        key, name = (_numbers(subject.document_type), subject.document_number), subject.name
        verifies = evidence.of(provider).verifies
        with self._lock:
            person = self._people.get(key)
            if person is None or (verifies and _verifier(person) != provider):
                return Finding(404, {"status": "absent"})
            if person.has(provider, "garbage"):
                return Finding(200, {}, person.latency_ms, garbage=True)
            if person.has(provider, "pending_first") and self._first(provider, request_id):
                pending = {"status": "pending", "poll_after_ms": _POLL_AFTER_MS}
                return Finding(202, pending, person.latency_ms)
            since = self._health_since.get(key)
        if verifies:
            answer = _identity(person, name, now)
        elif provider in _ANSWERS:
            answer = _ANSWERS[provider](person, name, now, since)
        else:
            answer = _further(provider, person, name, now)
        if answer is None:
            return Finding(404, {"status": "absent"}, person.latency_ms)
        return Finding(200, {"status": "answer", **answer}, person.latency_ms)

    def knows(self, name: str, document_number: str) -> bool:
        """Return whether there is a person of this name and number."""
        with self._lock:
            people = [
                one for one in self._people.values() if one.document_number == document_number
            ]
        return any(one.identity == "known" and one.name == name for one in people)

    def declare(
        self, subject: Subject, answers: Mapping[str, object], *, request_id: str, now: datetime
    ) -> Finding:
        """Take a health declaration; a request id is acted on once.

        Light green turns green, or yellow after a yes to fever or contact. Another colour stays.
        """
        with self._lock:
            key = (_numbers(subject.document_type), subject.document_number)
            person = self._people.get(key)
            if person is None or person.name != subject.name or person.health_code == "absent":
                return Finding(404, {"status": "absent"})
            if request_id not in self._declared and person.health_code == "light_green":
                ill = answers.get("fever") is True or answers.get("contact") is True
                colour = "yellow" if ill else "green"
                self._people[key] = replace(person, health_code=colour)
                self._health_since[key] = now
            self._declared[request_id] = None
            if len(self._declared) > _REMEMBERED:
                self._declared.popitem(last=False)
        return Finding(200, {"status": "accepted"}, person.latency_ms)

    def travel_card(self, phone: str) -> str:
        """Return the carrier's state for a phone; unknown phones are normal."""
        with self._lock:
            cards = [one.travel_card for one in self._people.values() if one.phone == phone]
        return cards[0] if cards else "normal"

    def _first(self, provider: str, request_id: str) -> bool:
        key = (provider, request_id)
        if key in self._asked:
            return False
        self._asked[key] = None
        if len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)
        return True


_Key = tuple[str, str]
"""Whose numbers a number is one of (`DocumentType.numbered_as`), and the number."""


def _key(person: Person) -> _Key:
    return _numbers(person.document_type), person.document_number


def _numbers(document_type: str) -> str:
    found = documents.find(document_type)
    return found.numbered_as if found else ""


def _verifier(person: Person) -> str:
    return documents.of(person.document_type).verified_by


def _read(path: Path) -> Iterator[Person]:
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                yield _person(None, {k: v for k, v in row.items() if _is_field(k)})
            except ValueError as error:
                raise ValueError(f"{path.name}, line {number}: {error}") from None


def _identity(person: Person, name: str, now: datetime) -> dict[str, object] | None:
    if person.identity == "absent":
        return None
    if person.name == name:
        return {"state": "match", "observed_at": _rfc3339(now)}
    return {"state": "mismatch", "observed_at": _rfc3339(now), "reason": "name_mismatch"}


def _health_code(
    person: Person, name: str, now: datetime, since: datetime | None
) -> dict[str, object] | None:
    if person.name != name or person.health_code == "absent":
        return None
    # Colours change at midnight, and when something becomes known about a person.
    midnight = now.astimezone(_CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    texts = {
        "group": person.health_group,
        "reason": person.health_reason,
        "lifting": person.health_lifting,
        "report_to": person.health_report_to,
    }
    return {
        "state": person.health_code,
        "observed_at": _rfc3339(max(midnight, since or midnight)),
        **{key: text for key, text in texts.items() if text},
    }


def _nucleic_acid(
    person: Person, name: str, now: datetime, _since: datetime | None
) -> dict[str, object] | None:
    if person.name != name or person.nucleic_acid == "absent":
        return None
    # By the full hour, so that a result keeps its time between requests.
    hour = now.replace(minute=0, second=0, microsecond=0)
    taken = hour - timedelta(hours=person.nucleic_acid_hours)
    return {"state": person.nucleic_acid, "observed_at": _rfc3339(taken)}


def _vaccination(
    person: Person, name: str, now: datetime, _since: datetime | None
) -> dict[str, object] | None:
    if person.name != name or person.vaccination == "absent":
        return None
    answer: dict[str, object] = {"state": person.vaccination, "doses": person.vaccination_doses}
    if person.vaccination_doses:
        midnight = now.astimezone(_CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
        answer["observed_at"] = _rfc3339(midnight - timedelta(days=person.vaccination_days))
    return answer


def _further(provider: str, person: Person, name: str, now: datetime) -> dict[str, object] | None:
    state = person.further.get(provider, "absent")
    if person.name != name or state == "absent":
        return None
    hour = now.replace(minute=0, second=0, microsecond=0)
    age = timedelta(hours=int(person.further.get(f"{provider}_hours", 0)))
    return {"state": state, "observed_at": _rfc3339(hour - age)}


_ANSWERS = {
    "health_code": _health_code,
    "nucleic_acid": _nucleic_acid,
    "vaccination": _vaccination,
}
_FIELDS = {one.name for one in fields(Person)} - {"further"}


def _is_field(key: str) -> bool:
    """Return whether people have this field: one of `Person`, or one of a further kind."""
    kind = key.removesuffix("_hours")
    found = evidence.find(kind)
    return key in _FIELDS or (kind not in _FIELDS and found is not None and not found.verifies)


def _states(kind: Kind) -> tuple[str, ...]:
    """Return what the cast may say of a person and a kind."""
    if kind.verifies:
        return ("known", "absent")
    return (*sorted(kind.states),) if kind.by_code else (*sorted(kind.states), "absent")


def _person(before: Person | None, values: Mapping[str, object]) -> Person:
    """Return `before` with these fields changed; numbers may be text, as in a CSV file."""
    read: dict[str, object] = {}
    for key, value in values.items():
        if not _is_field(key):
            raise ValueError(f"{key}: no such field")
        number = key in _LIMITS or key.endswith("_hours")
        read[key] = _number(key, value) if number else _text(key, value)
    if before is None and not (read.get("document_number") and read.get("name")):
        raise ValueError("document_number, name: needed for a new person")
    known = before or Person("", "")
    further = {key: read.pop(key) for key in [*read] if key not in _FIELDS}
    read["further"] = {**known.further, **further}
    person = replace(known, **read)  # type: ignore[arg-type]
    for quirk in filter(None, person.quirks.split(";")):
        provider, _, what = quirk.partition(":")
        if evidence.find(provider) is None or what not in _QUIRKS:
            raise ValueError("quirks: not a provider and one of its quirks")
    if (person.vaccination in ("complete", "partial")) != (person.vaccination_doses > 0):
        raise ValueError("vaccination, vaccination_doses: the one does not go with the other")
    return person


_OLDEST_HOURS = 24 * 3650
_LIMITS = {
    "nucleic_acid_hours": _OLDEST_HOURS,
    "latency_ms": _MAX_LATENCY_MS,
    "vaccination_doses": 9,
    "vaccination_days": 3650,
}


def _number(key: str, value: object) -> int:
    text, most = str(value), _LIMITS.get(key, _OLDEST_HOURS)
    if not text.isascii() or not text.isdigit() or len(text) > 6 or int(text) > most:
        raise ValueError(f"{key}: not a number from 0 to {most}")
    return int(text)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise ValueError(f"{key}: not a text")
    if key == "document_type" and documents.find(value) is None:
        raise ValueError("document_type: not one that there is")
    kind = evidence.find(key)
    if kind and value not in _states(kind):
        raise ValueError(f"{key}: not one of {', '.join(_states(kind))}")
    return value


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
