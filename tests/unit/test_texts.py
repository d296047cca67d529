"""Texts: every code has one, every text is used, and every one is there in all languages."""

import ast
import functools
import gettext
import string
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.admission.accesses import AccessKind
from chalicelib.admission.declaration_form import VERSIONS
from chalicelib.admission.disclosure import redact_for_staff
from chalicelib.admission.evidence import shown, states
from chalicelib.admission.judge import Outcome, decide
from chalicelib.admission.policy import Policy
from chalicelib.core import fields
from chalicelib.core.code_lists import LISTS
from chalicelib.core.errors import CODES
from chalicelib.core.messages import DOMAIN, LANGUAGES, LOCALES, TEXTS, negotiate, text
from chalicelib.identity.documents import TYPES
from chalicelib.identity.people import PersonRecord, Profile, Verification
from chalicelib.identity.providers import Absent, Answer, ProviderName
from chalicelib.identity.registration import verdict
from chalicelib.identity.strength import RULES
from chalicelib.insight.erasures import Category, Kept
from infra.decision_table import cases
from tests.fakes.parts import NOON

SOURCES = [
    path
    for path in sorted((Path(__file__).parents[2] / "chalicelib").rglob("*.py"))
    if path.name != "messages.py"
]
TREES = [ast.parse(path.read_text()) for path in SOURCES]
TRANSLATED = [language for language in LANGUAGES if language != "en"]


def constants() -> set[str]:
    """Every text constant of the application, but those of the catalogue itself."""
    found = (node for tree in TREES for node in ast.walk(tree))
    return {n.value for n in found if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def arguments(*calls: str) -> set[str]:
    """The constants that are handed to functions of these names, keywords aside."""
    found: set[str] = set()
    for node in (node for tree in TREES for node in ast.walk(tree)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if name in calls:
                found |= {
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                }
    return found


QUERY = {"by", "day", "limit", "outcome", "parent"}
"""Parameters, which are named where a pointer into a body would be."""


def field_codes() -> set[str]:
    """Every code that a bad field can be answered with."""
    said = arguments(
        "refuse", "at", "FieldError", "InvalidNumber", "InvalidAnswer", "_require", "short_code"
    )
    pointers = {code for code in said if not code or code.startswith("/")} | QUERY
    documents = {one.name for one in TYPES}
    return (said - pointers) | documents | {"type", "day"} | set(fields.FAULT_CODES.values())


@functools.cache
def judgements() -> tuple[set[str], set[str]]:
    """The codes of all reasons and next steps that a scan can be answered with."""
    decisions = [one.decision for one in cases()]
    decisions += [redact_for_staff(decision) for decision in decisions]
    for verification in (Verification.PENDING, Verification.REJECTED):
        by_hand = PersonRecord(
            Profile(
                "per_x",
                b"",
                document_type="resident_id",
                verification=verification,
                shadow_until=NOON,
            )
        )
        decisions += [
            decide(by_hand, Policy(), at=NOON, final=final).decision for final in (False, True)
        ]
    return (
        {reason for decision in decisions for reason in decision.reasons},
        {step for decision in decisions for step in decision.next_steps},
    )


def of(prefix: str) -> set[str]:
    """The codes that there are texts for under a prefix."""
    return {key.removeprefix(prefix) for key in TEXTS if key.startswith(prefix)}


class TestEveryCodeHasItsText:
    """And every text has a code that leads to it."""

    def test_errors(self) -> None:
        assert of("error.") == set(CODES)

    def test_fields(self) -> None:
        assert of("field.") == field_codes()

    def test_outcomes(self) -> None:
        assert of("outcome.") == set(Outcome)

    def test_reasons_and_steps(self) -> None:
        reasons, steps = judgements()
        assert of("reason.") == reasons
        assert of("step.") == steps | {"compare_id"}  # no part of a judgement

    def test_what_is_said_to_staff_is_said_to_visitors_too(self) -> None:
        _, steps = judgements()
        assert of("staff_step.") < steps
        assert of("staff_outcome.") < set(Outcome)

    def test_states(self) -> None:
        said = {state for provider in shown() for state in states(provider)}
        ours = {"absent", "unknown", "pending", "code_needed", "unconfirmed", "negative_48h"}
        ours |= {"identity_pending"}
        assert of("state.") == said | ours

    def test_the_form_of_declarations(self) -> None:
        said = {"yes", "no"}
        for form in VERSIONS:
            for section, questions in form.sections.items():
                said.add(section)
                for question in questions:
                    options = {f"{question.code}.{option}" for option in question.options}
                    said |= {question.code} | options
        assert of("form.") == said

    def test_verifications(self) -> None:
        identity = states(ProviderName.IDENTITY)
        answers: list[Answer | Absent] = [Absent(), *map(Answer, sorted(identity))]
        assert of("verification.") == {verdict(answer)[1] for answer in answers} - {""}

    def test_requirements_of_actions(self) -> None:
        asking = {action for action, rule in RULES.items() if rule.strengths or rule.proofs}
        assert of("stronger_login.") == asking

    def test_erasures(self) -> None:
        assert of("erased.") == set(Category)
        assert of("kept.") == set(Kept)

    def test_accesses(self) -> None:
        assert of("access.") == set(AccessKind)

    def test_the_rest_is_named_where_it_is_used(self) -> None:
        by_code = (
            "error.", "field.", "outcome.", "staff_outcome.", "reason.", "step.", "staff_step.",
            "state.", "verification.", "stronger_login.", "access.", "erased.", "kept.", "form.",
            *LISTS.values(),
        )  # fmt: skip
        rest = {key for key in TEXTS if not key.startswith(by_code)}
        assert rest <= constants()
        assert {
            key
            for key in constants()
            if key.startswith(("landing.", "warning.")) and " " not in key
        } <= rest


def placeholders(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
class TestTranslations:
    """Nobody meets a language that they did not choose (GO-9)."""

    @pytest.mark.parametrize("key", TEXTS)
    def test_every_text_is_translated_with_its_placeholders(self, key: str, language: str) -> None:
        catalogue = gettext.translation(DOMAIN, LOCALES, [language.replace("-", "_")])
        translated = catalogue.gettext(TEXTS[key])
        assert translated != TEXTS[key]
        assert translated.strip() == translated
        assert translated
        assert placeholders(translated) == placeholders(TEXTS[key])

    def test_nothing_is_translated_that_is_not_said(self, language: str) -> None:
        folder = LOCALES / language.replace("-", "_") / "LC_MESSAGES"
        with (folder / f"{DOMAIN}.mo").open("rb") as file:
            translated = {message.id for message in read_mo(file)}
        assert translated - {""} == set(TEXTS.values())


class TestText:
    """A text comes in the caller's language, its placeholders filled."""

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_placeholders_are_filled(self, language: str) -> None:
        assert "7" in text("error.too_many_requests", language, when="7")
        assert "龘" in text("field.glyph", language, characters="龘")

    @pytest.mark.parametrize("character", ["{", "}", "{0}", "{x.__class__}", "%s"])
    def test_what_fills_them_is_not_read(self, character: str) -> None:
        assert character in text("field.glyph", "en", characters=character)

    def test_languages_differ(self) -> None:
        assert len({text("outcome.refuse", language) for language in LANGUAGES}) == 3


class TestNegotiation:
    """The language to answer in, by what the caller wants (RFC 9110, section 12.5.4)."""

    @pytest.mark.parametrize(
        ("header", "language"),
        [
            (None, "zh-Hans"),
            ("", "zh-Hans"),
            ("*", "zh-Hans"),
            ("fr, de;q=0.5", "zh-Hans"),
            ("en", "en"),
            ("EN-us", "en"),
            ("en-GB,en;q=0.9,zh;q=0.8", "en"),
            ("zh", "zh-Hans"),
            ("zh-CN", "zh-Hans"),
            ("zh_CN", "zh-Hans"),
            ("zh-SG", "zh-Hans"),
            ("zh-TW", "zh-Hant"),
            ("zh-HK", "zh-Hant"),
            ("zh-mo", "zh-Hant"),
            ("zh-Hant", "zh-Hant"),
            ("zh-Hant-CN", "zh-Hant"),
            ("zh-Hans-HK", "zh-Hans"),
            ("zh-TW;q=0.8, zh-CN;q=0.9", "zh-Hans"),
            ("zh-CN;q=0.8, en;q=0.9", "en"),
            ("en;q=0.5, zh-TW;q=0.5", "en"),
            ("en;q=0, zh-TW;q=0.1", "zh-Hant"),
            ("en;q=0", "zh-Hans"),
            ("fr;q=1, en;q=0.1", "en"),
            ("en; q=0.3 , zh-TW ; q=0.4", "zh-Hant"),
            ("en;q=x, zh-TW;q=0.1", "zh-Hant"),
            ("en;q=nan, zh-TW;q=0.1", "zh-Hant"),
            ("eng", "zh-Hans"),
            ("yue-Hant-HK", "zh-Hant"),
            ("yue", "zh-Hant"),
            ("yue-HK", "zh-Hant"),
            ("yue-Hans-CN", "zh-Hans"),
            ("yue-CN", "zh-Hans"),
            ("zh-yue-HK", "zh-Hant"),
            ("zh-yue", "zh-Hant"),
            ("cmn-Hans-CN", "zh-Hans"),
            ("cmn-TW", "zh-Hant"),
        ],
    )
    def test_what_is_wanted_most(self, header: str | None, language: str) -> None:
        assert negotiate(header) == language

    @given(st.text())
    @example("en;q=1e999")
    @example(",;=,;q=,")
    @example("en;q=" + "9" * 5000)
    def test_hostile_headers_are_answered(self, header: str) -> None:
        assert negotiate(header) in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_outcome_for_staff_holds_the_words_of_another(language: str) -> None:
    """From afar only a part is read: 请勿放行 (do not let in) holds 放行 (let in)."""
    words = [text(f"staff_outcome.{one}", language) for one in ("admit", "check", "refuse")]
    for one in words:
        for other in words:
            assert one == other or one.lower() not in other.lower()
            if language != "en":
                assert one == other or not set(one) & set(other)


def test_no_text_names_a_format_that_people_do_not_know() -> None:
    said = list(TEXTS.values())
    for language in TRANSLATED:
        folder = LOCALES / language.replace("-", "_") / "LC_MESSAGES"
        with (folder / f"{DOMAIN}.mo").open("rb") as file:
            said += [str(message.string) for message in read_mo(file) if message.id]
    words = ("UUID", "ULID", "BASE64")
    assert [one for one in said if any(word in one.upper() for word in words)] == []
