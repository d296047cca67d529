"""The form of declarations: its versions follow one another, and each can be filled in."""

from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.admission.declaration_form import (
    VERSIONS,
    AnswerKind,
    Declaration,
    DeclarationForms,
    Form,
    read_contents,
    write_contents,
)
from chalicelib.core.messages import LANGUAGES, TEXTS, text
from tests.fakes.parts import NOON

CODES = [
    code
    for form in VERSIONS
    for section, questions in form.sections.items()
    for question in questions
    for code in (
        section,
        question.code,
        *(f"{question.code}.{option}" for option in question.options),
    )
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", [*CODES, "yes", "no"])
def test_every_code_has_a_text_in_each_language(code: str, language: str) -> None:
    shown = text(f"form.{code}", language)
    assert shown
    assert (shown == TEXTS[f"form.{code}"]) is (language == "en")


@pytest.mark.parametrize("form", VERSIONS, ids=lambda form: f"v{form.version}")
def test_a_form_can_be_filled_in(form: Form) -> None:
    for questions in form.sections.values():
        seen: dict[str, AnswerKind] = {}
        for question in questions:
            assert question.code not in seen
            if question.shown_if:
                assert seen[question.shown_if] is AnswerKind.YES_NO, "it stands before"
            chosen = question.kind in (AnswerKind.CHOICE, AnswerKind.CHOICES)
            assert bool(question.options) is chosen
            seen[question.code] = question.kind


def test_versions_follow_one_another() -> None:
    for earlier, later in pairwise(VERSIONS):
        assert later.version == earlier.version + 1
        assert later.effective_on > earlier.effective_on + timedelta(days=1)
    assert VERSIONS[0].version == 1


def test_before_the_first_day_the_first_version_counts() -> None:
    forms = DeclarationForms(forms=VERSIONS)
    assert forms.current(VERSIONS[0].effective_at - timedelta(days=9)) == VERSIONS[0]
    assert forms.former_until(VERSIONS[0].effective_at) is None
    assert forms.find(99) is None


def test_answers_survive_on_file() -> None:
    given = Declaration(1, {"fever": True, "symptoms": ("cough", "fatigue")}, {"transport": "car"})
    for one in (given, given._replace(arrival=None), given._replace(health=None)):
        assert read_contents(write_contents(one)) == one


def test_the_lookback_is_counted_in_days_of_china() -> None:
    forms = DeclarationForms(forms=VERSIONS)
    arrival = {
        "from_province": "450000", "transport": "car", "stay_address": "东镇",
        "arrived_on": "2026-11-23",
    }  # fmt: skip
    in_the_night = NOON.replace(hour=16)  # midnight in China, the 23rd
    given = Declaration(1, arrival=arrival)
    assert forms.check(given, in_the_night) == given
