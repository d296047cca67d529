"""Rules of a region as an operator writes them."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission.evidence import asked
from chalicelib.admission.policy import ManualPhone, OnUnknown, Policy, prefixes
from infra.ops import policies as command
from infra.policy_table import TARGET, printed

whole = st.integers(1, 336)


written = st.fixed_dictionaries(
    {},
    optional={
        "nucleic_acid_hours": st.none() | whole,
        "fresh_minutes": st.dictionaries(
            st.sampled_from([*map(str, asked())]), st.integers(1, 1440)
        ),
        "answer_within_seconds": st.integers(1, 900),
        "on_unknown": st.sampled_from([*map(str, OnUnknown)]),
        "grace_hours": st.integers(1, 168),
        "vaccination_required": st.booleans(),
        "travel_card_required": st.booleans(),
        "pass_while_pending": st.booleans(),
        "fever_from_celsius": st.integers(360, 390).map(lambda tenths: tenths / 10),
        "manual_phone": st.sampled_from([*map(str, ManualPhone)]),
        "manual_staff_day": st.integers(1, 10_000),
        "manual_venue_hour": st.integers(1, 10_000),
        "manual_subject_day": st.integers(1, 10_000),
    },
)


@given(written)
def test_what_is_left_out_is_as_by_default(rules: dict[str, Any]) -> None:
    policy, default = Policy.from_rules("4409.3", rules), Policy()
    assert policy.version == "4409.3"
    assert policy.nucleic_acid_hours == rules.get("nucleic_acid_hours", default.nucleic_acid_hours)
    minutes = rules.get("fresh_minutes", {})
    for provider in asked():
        expected = default.fresh[provider]
        if provider in minutes:
            expected = timedelta(minutes=minutes[provider])
        assert policy.fresh[provider] == expected
    seconds = rules.get("answer_within_seconds", default.answer_within.total_seconds())
    assert policy.answer_within == timedelta(seconds=seconds)
    assert policy.on_unknown is OnUnknown(rules.get("on_unknown", "check"))
    assert policy.grace == timedelta(hours=rules.get("grace_hours", 24))
    assert policy.vaccination_required is rules.get("vaccination_required", False)
    assert policy.travel_card_required is rules.get("travel_card_required", False)
    assert policy.pass_while_pending is rules.get("pass_while_pending", False)
    assert policy.fever_from == rules.get("fever_from_celsius", 37.3)
    assert policy.manual_phone is ManualPhone(rules.get("manual_phone", "optional"))
    for name, number in asdict(default.manual_quota).items():
        assert getattr(policy.manual_quota, name) == rules.get(f"manual_{name}", number)


@given(written)
def test_a_policy_is_written_as_it_was_read(rules: dict[str, Any]) -> None:
    policy = Policy.from_rules("4409.3", rules)
    assert policy.as_rules() == {**Policy().as_rules(), **rules, "fresh_minutes": fresh(rules)}
    assert Policy.from_rules("4409.3", policy.as_rules()) == policy


def fresh(rules: dict[str, Any]) -> dict[str, int]:
    return {**Policy().as_rules()["fresh_minutes"], **rules.get("fresh_minutes", {})}


def test_every_rule_is_explained_to_the_operator() -> None:
    document = TARGET.read_text("utf-8")
    assert printed(document) == document, "run python -m infra.policy_table"
    for key, rule in Policy.rules().items():
        assert rule.key == key
        assert f"| `{key}` | {rule.values} | {rule.text} |" in document
        assert f"  {key}: " in command.help_text()


BAD: list[object] = [0, -1, 100_000, 1.5, "24", True, False, [], {}, float("nan"), float("inf")]


@pytest.mark.parametrize("value", BAD, ids=repr)
@pytest.mark.parametrize(
    "key",
    [
        "nucleic_acid_hours",
        "answer_within_seconds",
        "grace_hours",
        "manual_staff_day",
        "manual_venue_hour",
        "manual_subject_day",
    ],
)
def test_a_bad_number_names_its_key(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        Policy.from_rules("x", {key: value})


@pytest.mark.parametrize("value", [*BAD, None, 35.9, 39.1, 37.25, 37.35], ids=repr)
def test_a_temperature_that_no_thermometer_shows_names_its_key(value: object) -> None:
    with pytest.raises(ValueError, match=r"fever_from_celsius must be from 36\.0 to 39\.0"):
        Policy.from_rules("x", {"fever_from_celsius": value})


@pytest.mark.parametrize("value", [*BAD, None], ids=repr)
def test_a_bad_age_names_its_provider(value: object) -> None:
    with pytest.raises(ValueError, match=r"fresh_minutes\.health_code"):
        Policy.from_rules("x", {"fresh_minutes": {"health_code": value}})


@pytest.mark.parametrize(
    "value", [None, 7, "x", [], [["health_code", 3]], {"identity": 3}, {"": 1}]
)
def test_ages_are_an_object_by_the_providers_that_are_asked(value: object) -> None:
    with pytest.raises(ValueError, match="fresh_minutes"):
        Policy.from_rules("x", {"fresh_minutes": value})


@pytest.mark.parametrize("value", ["", "admit", "CHECK", None, True, 1, [], {}], ids=repr)
def test_what_becomes_of_the_unknown_is_one_of_two(value: object) -> None:
    with pytest.raises(ValueError, match="on_unknown must be one of check, admit_recorded"):
        Policy.from_rules("x", {"on_unknown": value})


@pytest.mark.parametrize("value", ["", "yes", "NO", None, True, 1, []], ids=repr)
def test_whether_a_phone_is_asked_for_is_one_of_three(value: object) -> None:
    with pytest.raises(ValueError, match="manual_phone must be one of no, optional, required"):
        Policy.from_rules("x", {"manual_phone": value})


@pytest.mark.parametrize(
    "key", ["vaccination_required", "travel_card_required", "pass_while_pending"]
)
@pytest.mark.parametrize("value", ["true", 0, 1, None, []], ids=repr)
def test_a_demand_is_true_or_false(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key):
        Policy.from_rules("x", {key: value})


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(ValueError, match="colour"):
        Policy.from_rules("x", {"colour": "green"})


@pytest.mark.parametrize("key", ["nucleic_acid_hours"])
def test_null_turns_a_demand_off(key: str) -> None:
    assert Policy.from_rules("x", {key: None}).nucleic_acid_hours is None


def test_the_longest_prefix_comes_first() -> None:
    assert prefixes("440983") == ("440983", "4409", "44", "*")
    assert prefixes("4409") == ("4409", "44", "*")
    assert prefixes("*") == ("*",)
