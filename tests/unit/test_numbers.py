"""Venue numbers (JN-3): every kind's own check, and what each check is able to catch."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from chalicelib.core.messages import TEXTS
from chalicelib.identity.documents.resident_id import canonical as resident_id
from chalicelib.venues.numbers import NUMBER_TYPES, InvalidNumber, NumberType, normalise

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def refusal(kind: NumberType, value: str) -> str | None:
    """The code with which a number is refused, or None."""
    try:
        normalise(kind, value)
    except InvalidNumber as error:
        return error.code
    return None


def with_uscc_check(body: str) -> str:
    return body + str(uscc.calc_check_digit(body))


def with_organisation_check(body: str) -> str:
    """GB 11714 written out from the standard: 11 − Σ cᵢ·wᵢ mod 11, X for ten, 0 for eleven."""
    weights = [3, 7, 9, 10, 5, 8, 4, 2]
    check = 11 - sum(int(c, 36) * w for c, w in zip(body, weights, strict=True)) % 11
    return body + {10: "X", 11: "0"}.get(check, str(check))


def with_resident_check(body: str) -> str:
    return body + str(ric.calc_check_digit(body + "0"))


usccs = st.from_regex(
    r"[1-9A-HJ-NP-RTUWXY][1-9][0-9]{6}[0-9A-HJ-NP-RTUWXY]{9}", fullmatch=True
).map(with_uscc_check)
organisation_codes = st.from_regex(r"[0-9A-Z]{8}", fullmatch=True).map(with_organisation_check)
resident_ids = st.builds(
    lambda region, born, order: with_resident_check(f"{region}{born:%Y%m%d}{order:03d}"),
    st.sampled_from(["440983", "440921", "370883", "110103", "330624"]),
    st.dates(min_value=date(1900, 1, 1), max_value=date(2099, 12, 31)),
    st.integers(0, 999),
)
plates = st.one_of(
    st.from_regex(r"[鲁粤京][A-HJ-NP-Z][0-9A-HJ-NP-Z]{5}", fullmatch=True),
    st.from_regex(r"[鲁粤京][A-HJ-NP-Z][A-HJK][0-9A-HJ-NP-Z][0-9]{4}", fullmatch=True),
    st.from_regex(r"[鲁粤京][A-HJ-NP-Z][0-9]{5}[DF]", fullmatch=True),
)
numbers: st.SearchStrategy[tuple[NumberType, str]] = st.one_of(
    usccs.map(lambda value: ("uscc", value)),
    organisation_codes.map(lambda value: ("organisation_code", value)),
    resident_ids.map(lambda value: ("resident_id", value)),
    plates.map(lambda value: ("plate", value)),
)


@given(numbers)
def test_a_canonical_number_is_itself(number: tuple[NumberType, str]) -> None:
    kind, value = number
    assert normalise(kind, value) == value


@given(numbers, st.data())
def test_however_it_is_typed_it_is_the_same_number(
    number: tuple[NumberType, str], data: st.DataObject
) -> None:
    kind, value = number
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)
    typed = list(data.draw(st.sampled_from([value, value.lower(), wide])))
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(typed)))
        typed.insert(place, data.draw(st.sampled_from([" ", "\u3000", "-", ".", "·", "・", "･"])))
    assert normalise(kind, "".join(typed)) == value


@given(usccs, st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_a_wrong_character_in_a_social_credit_code_is_always_caught(
    value: str, place: int, wrong: str
) -> None:
    assume(value[place] != wrong)
    corrupt = value[:place] + wrong + value[place + 1 :]
    assert refusal("uscc", corrupt) in {"check_digit", "number_format"}


@given(resident_ids, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_a_wrong_character_in_a_resident_id_is_always_caught(
    value: str, place: int, wrong: str
) -> None:
    assume(value[place] != wrong)
    corrupt = value[:place] + wrong + value[place + 1 :]
    assert refusal("resident_id", corrupt) == "resident_id"


@given(resident_ids, st.integers(0, 16))
def test_swapped_neighbours_in_a_resident_id_are_always_caught(value: str, place: int) -> None:
    assume(value[place] != value[place + 1])
    corrupt = value[:place] + value[place + 1] + value[place] + value[place + 2 :]
    assert refusal("resident_id", corrupt) == "resident_id"


@given(organisation_codes, st.integers(0, 7), st.sampled_from("0123456789" + LETTERS + "IO"))
@example("000000000", 0, "B")
def test_a_wrong_character_in_an_organisation_code_is_caught_unless_eleven_apart(
    value: str, place: int, wrong: str
) -> None:
    assume(value[place] != wrong)
    corrupt = value[:place] + wrong + value[place + 1 :]
    alike = (int(value[place], 36) - int(wrong, 36)) % 11 == 0
    assert refusal("organisation_code", corrupt) == (None if alike else "check_digit")


@given(organisation_codes, st.sampled_from("0123456789X"))
def test_every_other_check_character_is_refused(value: str, wrong: str) -> None:
    assume(value[-1] != wrong)
    assert refusal("organisation_code", value[:-1] + wrong) == "check_digit"


@given(st.sampled_from(NUMBER_TYPES), st.text())
def test_any_text_is_refused_with_a_reason_that_has_words_or_has_a_canonical_form(
    kind: NumberType, text: str
) -> None:
    code = refusal(kind, text)
    if code:
        assert f"field.{code}" in TEXTS
    else:
        assert normalise(kind, normalise(kind, text)) == normalise(kind, text)


@pytest.mark.parametrize(
    ("kind", "typed", "canonical"),
    [
        ("uscc", "91110000600037341L", "91110000600037341L"),
        ("uscc", with_uscc_check("N24409830000001XX"), with_uscc_check("N24409830000001XX")),
        ("organisation_code", "D2143569-X", "D2143569X"),  # the example of GB 11714
        ("resident_id", "11010519491231002x", "11010519491231002X"),  # the example of GB 11643
        # An address code that no list has; there are people with such numbers.
        ("resident_id", "32021919000101007-1", "320219190001010071"),
        ("plate", "鲁H·12345", "鲁H12345"),
        ("plate", "粤k f12345", "粤KF12345"),
        ("plate", "鲁HD12345", "鲁HD12345"),
        ("plate", "鲁HDA2345", "鲁HDA2345"),
        ("plate", "鲁H12345D", "鲁H12345D"),
        ("plate", "粤Z1234港", "粤Z1234港"),
        ("plate", "粤ZAB12澳", "粤ZAB12澳"),
        ("plate", "鲁H1234学", "鲁H1234学"),
        ("plate", "京A0006警", "京A0006警"),
        ("plate", "沪A1234领", "沪A1234领"),
        ("plate", "京A1234使", "京A1234使"),
        ("plate", "鲁H1234挂", "鲁H1234挂"),
    ],
)
def test_numbers_that_exist(kind: NumberType, typed: str, canonical: str) -> None:
    assert normalise(kind, typed) == canonical


@pytest.mark.parametrize(
    ("kind", "typed", "code"),
    [
        ("uscc", "", "number_length"),
        ("uscc", "91110000600037341", "number_length"),
        ("uscc", "A1110000600037341L", "check_digit"),
        ("uscc", "9111000060003734IL", "number_format"),
        ("uscc", "0" * 18, "number_format"),
        ("uscc", "９１１１００００６０００３７３４１O", "number_format"),
        ("uscc", "9111000060003734١L", "number_format"),
        ("organisation_code", "D2143569", "number_length"),
        ("organisation_code", "D2143569-Y", "number_format"),
        ("organisation_code", "D2143569-0", "check_digit"),
        ("resident_id", "110105491231002", "resident_id"),  # the 15 digits of before 1999
        ("resident_id", with_resident_check("11010519490231002"), "resident_id"),
        ("resident_id", with_resident_check("99010519491231002"), "resident_id"),
        ("plate", "鲁I12345", "plate"),
        ("plate", "鲁H1234O", "plate"),
        ("plate", "鲁H1234港", "plate"),
        ("plate", "鲁HI12345", "plate"),
        ("plate", "鲁HD1234A", "plate"),
        ("plate", "鲁H12345A", "plate"),
        ("plate", "台H12345", "plate"),
        ("plate", "鲁H1234", "plate"),
        ("plate", "鲁H12345学", "plate"),
    ],
)
def test_numbers_that_do_not(kind: NumberType, typed: str, code: str) -> None:
    assert refusal(kind, typed) == code


@pytest.mark.parametrize(
    "body", ["44098319381225910", "44092119600101123", "37088319490903913", "37088119500101001"]
)
def test_people_older_than_the_code_of_their_county_have_valid_ids(body: str) -> None:
    """Whom python-stdnum's own `validate` refuses: resident IDs are only given out since 1984."""
    number = with_resident_check(body)
    assert resident_id(number) == number


@pytest.mark.parametrize("check", [resident_id, lambda text: normalise("uscc", text)])
def test_a_refusal_does_not_quote_the_number(check: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match=r"^[a-z_ ]+$"):
        check("110105194912310021")
