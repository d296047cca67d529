"""The form of health declarations and arrivals (YK-36, XC-8): its versions and its rules.

`VERSIONS` has every version ever in force, oldest first, because stored answers name theirs. A
change is a new version with the day, in China, from which it is in force. The version before is
accepted for one day more, because people may be filling it in.

Texts are ``form.<section>``, ``form.<question>`` and ``form.<question>.<option>``.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from chalicelib.core import normalisation
from chalicelib.core.clock import CHINA, local_day, start_of_day
from chalicelib.core.errors import BadInput, Conflict, FieldError
from chalicelib.venues import regions

Answer = bool | str | tuple[str, ...]
Answers = Mapping[str, Answer]
Section = Literal["health", "arrival"]

LOOKBACK = timedelta(days=14)
"""How far back the questions reach, and the oldest day that a date may name."""
_FORMER_ACCEPTED = timedelta(days=1)
_LONGEST_TEXT = 100
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class AnswerKind(StrEnum):
    """The type of an answer.

    ``YES_NO``: a boolean. ``CHOICE``: one option. ``CHOICES``: a list of options, perhaps empty.
    ``TEXT``: one line of at most 100 characters. ``DATE``: a day of the last 14 in China. A region
    is a six-digit code of GB/T 2260: ``REGION`` of a county, ``PROVINCE`` of a province.
    """

    YES_NO = "yes_no"
    CHOICE = "choice"
    CHOICES = "choices"
    TEXT = "text"
    DATE = "date"
    REGION = "region"
    PROVINCE = "province"


class Question(NamedTuple):
    """A question.

    `shown_if` is the code of a yes/no question before it; unless that is answered with yes, this
    question is not shown and takes no answer. A question that is shown needs an answer, unless it
    is `optional`.
    """

    code: str
    kind: AnswerKind
    options: tuple[str, ...] = ()
    shown_if: str = ""
    optional: bool = False


class Form(NamedTuple):
    """A version of the form, with the day in China from which it is in force."""

    version: int
    effective_on: date
    sections: Mapping[Section, tuple[Question, ...]]

    @property
    def effective_at(self) -> datetime:
        """The moment from which it is in force, in UTC."""
        return start_of_day(self.effective_on, CHINA)


class Declaration(NamedTuple):
    """Answers to a version of the form.

    A health declaration has `health`, and `arrival` if the person is a new arrival. An arrival
    alone has no `health`.
    """

    form_version: int
    health: Answers | None = None
    arrival: Answers | None = None


_TRANSPORTS = ("flight", "train", "coach", "ship", "car", "other")
VERSIONS: tuple[Form, ...] = (
    Form(
        version=1,
        effective_on=date(2022, 4, 1),
        sections={
            "health": (
                Question("fever", AnswerKind.YES_NO),
                Question(
                    "symptoms",
                    AnswerKind.CHOICES,
                    (
                        "cough",
                        "sore_throat",
                        "fatigue",
                        "breathlessness",
                        "taste_loss",
                        "diarrhoea",
                    ),
                ),
                Question("contact", AnswerKind.YES_NO),
                Question("contact_on", AnswerKind.DATE, shown_if="contact", optional=True),
                Question("risk_area", AnswerKind.YES_NO),
                Question("risk_region", AnswerKind.REGION, shown_if="risk_area"),
                Question("destination", AnswerKind.REGION),
            ),
            "arrival": (
                Question("from_province", AnswerKind.PROVINCE),
                Question("transport", AnswerKind.CHOICE, _TRANSPORTS),
                Question("transport_number", AnswerKind.TEXT, optional=True),
                Question("arrived_on", AnswerKind.DATE),
                Question("stay_address", AnswerKind.TEXT),
            ),
        },
    ),
)


class DeclarationForms:
    """The versions of the form, and which of them counts when."""

    __slots__ = ("_forms",)

    def __init__(self, *, forms: Sequence[Form]) -> None:
        self._forms = tuple(forms)

    def current(self, now: datetime) -> Form:
        """Return the version in force. The first version always is."""
        return [self._forms[0], *(form for form in self._forms if form.effective_at <= now)][-1]

    def former_until(self, now: datetime) -> datetime | None:
        """Return until when the version before the current one is accepted, or None if it is not.

        It is accepted for a day after the change.
        """
        current = self.current(now)
        ends = current.effective_at + _FORMER_ACCEPTED
        return ends if current != self._forms[0] and now < ends else None

    def find(self, version: int) -> Form | None:
        """Return the version, or None if there never was one of this number."""
        return next((form for form in self._forms if form.version == version), None)

    def check(self, given: Declaration, now: datetime) -> Declaration:
        """Return `given` with its answers checked.

        Raises Conflict ``form_changed`` if the version is not accepted now. Raises BadInput with
        every invalid answer, at ``/answers/<question>``, or ``/arrival/<question>`` for the arrival
        of a health declaration.
        """
        form, today = self._accepted(given.form_version, now), local_day(now, CHINA)
        place = "/answers" if given.health is None else "/arrival"
        faults: list[FieldError] = []
        if given.health is not None:
            faults += _faults("/answers", form.sections["health"], given.health, today)
        if given.arrival is not None:
            faults += _faults(place, form.sections["arrival"], given.arrival, today)
        if faults:
            raise BadInput(*faults)
        return given

    def _accepted(self, version: int, now: datetime) -> Form:
        current = self.current(now)
        if version == current.version:
            return current
        place = self._forms.index(current)
        if self.former_until(now) and self._forms[place - 1].version == version:
            return self._forms[place - 1]
        raise Conflict("form_changed")


def write_contents(given: Declaration) -> str:
    """Return answers as the text that is sealed."""
    return json.dumps(given._asdict(), ensure_ascii=False)


def read_contents(text: str) -> Declaration:
    """Return the answers in a text of `write_contents`."""
    stored = json.loads(text)
    return Declaration(
        stored["form_version"], _answers(stored["health"]), _answers(stored["arrival"])
    )


def _answers(stored: Mapping[str, Any] | None) -> Answers | None:
    if stored is None:
        return None
    return {code: tuple(one) if isinstance(one, list) else one for code, one in stored.items()}


def _faults(
    place: str, questions: Sequence[Question], answers: Answers, today: date
) -> Iterator[FieldError]:
    """Yield the fault of each invalid answer; `place` is the pointer to the answers."""
    known = {question.code: question for question in questions}
    for code in dict.fromkeys((*known, *answers)):
        try:
            _require_valid(known.get(code), answers.get(code), answers, today)
        except InvalidAnswer as invalid:
            params = tuple(sorted(invalid.params.items()))
            yield FieldError(f"{place}/{_escaped(code)}", invalid.code, params)


class InvalidAnswer(ValueError):
    """An invalid answer. `code` selects its text, ``field.<code>``, and `params` fill it."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def _require_valid(
    question: Question | None, answer: Answer | None, answers: Answers, today: date
) -> None:
    """Raise InvalidAnswer unless `answer` is one to `question`, beside the other `answers`."""
    if question is None:
        raise InvalidAnswer("unknown")
    shown = not question.shown_if or answers.get(question.shown_if) is True
    if answer is None:
        if shown and not question.optional:
            raise InvalidAnswer("missing")
        return
    if not shown:
        raise InvalidAnswer("not_asked")
    _require_answer(question, answer, today)


def _require_answer(question: Question, answer: Answer, today: date) -> None:
    match question.kind, answer:
        case AnswerKind.YES_NO, bool():
            pass
        case AnswerKind.CHOICES, tuple():
            if len({*answer}) < len(answer) or not {*answer} <= {*question.options}:
                raise InvalidAnswer("not_allowed")
        case (AnswerKind.YES_NO, _) | (AnswerKind.CHOICES, _) | (_, bool() | tuple()):
            raise InvalidAnswer("type")
        case AnswerKind.CHOICE, _:
            if answer not in question.options:
                raise InvalidAnswer("not_allowed")
        case AnswerKind.TEXT, str():
            _require_line(answer)
        case AnswerKind.DATE, str():
            _require_recent_day(answer, today)
        case kind, str():
            _require_region(answer, kind)


def _require_line(text: str) -> None:
    if not text:
        raise InvalidAnswer("too_short")
    if len(text) > _LONGEST_TEXT:
        raise InvalidAnswer("too_long")
    try:
        normalisation.require_printable(text)
    except normalisation.Unprintable as found:
        raise InvalidAnswer("control_character", character=found.character) from None


def _require_recent_day(text: str, today: date) -> None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidAnswer("day") from None
    if not _DAY.fullmatch(text):  # ISO 8601 has other formats for a day
        raise InvalidAnswer("day")
    if not today - LOOKBACK <= day <= today:
        raise InvalidAnswer("day_range")


def _require_region(code: str, kind: AnswerKind) -> None:
    region = regions.region(code)
    current = region is not None and not region.obsolete
    if kind is AnswerKind.PROVINCE:
        if not (current and code.endswith("0000")):
            raise InvalidAnswer("province")
    elif not (current and region and region.is_county_level):
        raise InvalidAnswer("region")


def _escaped(code: str) -> str:
    """Return a question's code as a token of a JSON pointer (RFC 6901)."""
    return code.replace("~", "~0").replace("/", "~1")
