"""Each type of identity document: its form, check character, canonical form and mask."""

import ast
import csv
import re
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_2

from chalicelib.core.crypto import BlindIndex, KeyRing
from chalicelib.identity import documents
from chalicelib.identity.documents.base import DocumentType
from tests.fakes.parts import FixedSecret
from tests.support import ROOT

INDEX = BlindIndex(KeyRing(FixedSecret(active="1", index="1", **{"1": "root" * 8})))
CHECKED = {
    "resident_id": "440983",
    "residence_permit": "810000",
    "foreign_permanent_resident": "944276",
}
"""The types with a check character, each with a beginning of its numbers."""
GOOD = [
    ("resident_id", "４４０９８３19900101001x", "44098319900101001X"),
    ("resident_id", "440983-19900101-001X", "44098319900101001X"),
    ("resident_id", "320219190001010071", "320219190001010071"),  # in no list of regions
    ("resident_id", "830000190001010070", "830000190001010070"),
    ("residence_permit", "810000 1990 0101 0035", "810000199001010035"),
    ("residence_permit", "820000190001010079", "820000190001010079"),
    ("residence_permit", "830000190001010070", "830000190001010070"),
    ("hk_macau_permit", "H12345678", "H12345678"),
    ("hk_macau_permit", "ｍ 1234 5678", "M12345678"),
    ("hk_macau_permit", "H1234567801", "H12345678"),  # the second card
    ("hk_macau_permit", "ha1234567", "HA1234567"),  # without Chinese nationality
    ("taiwan_permit", "01234567", "01234567"),
    ("taiwan_permit", "0123456705", "01234567"),  # of Fujian, Jiangsu and Shanghai in 2006
    ("taiwan_permit", "0123456705（b）", "01234567"),
    ("taiwan_permit", "0123456705(1)", "01234567"),
    ("taiwan_permit", "0123456705B", "01234567"),
    ("foreign_permanent_resident", "944276190001010078", "944276190001010078"),
    ("foreign_permanent_resident", "932682198501010017", "932682198501010017"),
    ("foreign_permanent_resident", "usa 4401 9751 2031", "USA440197512031"),
    ("passport", "USA123456789", "USA123456789"),
    ("passport", "usa-123 456 789", "USA123456789"),
    ("passport", "CHNE12345678", "CHNE12345678"),
    ("passport", "D<<C01X00T47", "DEUC01X00T47"),  # as in the machine-readable zone
    ("passport", "UTOL898902C<", "UTOL898902C"),  # the specimen of Doc 9303
    ("birth_certificate", "t440123456", "T440123456"),
]  # fmt: skip
BAD = [
    ("resident_id", "944276190001010078"),  # a foreigner's
    ("resident_id", "440983000101001"),  # 15 digits, void since 2013
    ("resident_id", "440983200002300073"),  # 30 February
    ("resident_id", "44098319900101001"),
    ("residence_permit", "44098319900101001X"),
    ("residence_permit", "840000190001010079"),
    ("residence_permit", "810000190001010078"),
    ("hk_macau_permit", "A12345678"),
    ("hk_macau_permit", "H1234567"),
    ("hk_macau_permit", "H123456789"),
    ("hk_macau_permit", "H123456789012"),
    ("hk_macau_permit", "HB1234567"),
    ("taiwan_permit", "0123456"),
    ("taiwan_permit", "012345678"),
    ("taiwan_permit", "A1234567"),
    ("taiwan_permit", "0123456705(BC)"),
    ("foreign_permanent_resident", "44098319900101001X"),
    ("foreign_permanent_resident", "944276190002300078"),
    ("foreign_permanent_resident", "US4401975120311"),
    ("passport", "E12345678"),  # of which country?
    ("passport", "US123456789"),
    ("passport", "USA1234567890"),
    ("passport", "USAMILLER"),
    ("passport", "USA"),
    ("birth_certificate", "4401234567"),
    ("birth_certificate", "T44012345"),
    ("birth_certificate", "TA40123456"),
]


@pytest.mark.parametrize(("name", "typed", "canonical"), GOOD)
def test_numbers_as_people_type_them(name: str, typed: str, canonical: str) -> None:
    kind = documents.of(name)
    assert kind.canonical(typed) == canonical
    assert kind.canonical(canonical) == canonical
    assert re.fullmatch(kind.pattern, canonical)


@pytest.mark.parametrize(("name", "typed"), BAD)
def test_numbers_of_another_form(name: str, typed: str) -> None:
    with pytest.raises(ValueError, match=r"^(form|check character|birth date)$"):
        documents.of(name).canonical(typed)


@pytest.mark.parametrize("kind", documents.TYPES, ids=lambda kind: kind.name)
class TestEveryType:
    """What holds for each type."""

    @given(st.text(max_size=25))
    def test_any_text_is_refused_or_has_one_canonical_form(
        self, kind: DocumentType, text: str
    ) -> None:
        try:
            number = kind.canonical(text)
        except ValueError:
            return
        assert kind.canonical(number) == number

    @pytest.mark.parametrize("spoil", [lambda n: n + "0", lambda n: n[1:], lambda n: n + "\u0661"])
    def test_a_character_more_or_less_is_refused(
        self, kind: DocumentType, spoil: Callable[[str], str]
    ) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            kind.canonical(spoil(kind.example))

    def test_at_least_half_of_a_number_is_masked(self, kind: DocumentType) -> None:
        masked = kind.mask(kind.example)
        assert len(masked) == len(kind.example)
        assert masked.count("*") >= len(masked) / 2
        assert masked[-1] == kind.example[-1]


def number_of(name: str, born: date, order: int) -> str:
    body = f"{CHECKED[name]}{born:%Y%m%d}{order:03d}"
    return body + str(mod_11_2.calc_check_digit(body))


births = st.dates(date(1900, 1, 1), date(2030, 1, 1))
orders = st.integers(0, 999)


@pytest.mark.parametrize("name", CHECKED)
class TestCheckCharacter:
    """ISO 7064 MOD 11-2."""

    @given(births, orders)
    def test_a_number_tells_the_birth_date(self, name: str, born: date, order: int) -> None:
        number = number_of(name, born, order)
        kind = documents.of(name)
        assert kind.canonical(number) == number
        assert kind.birth_date(number) == born
        assert re.fullmatch(kind.pattern, number)

    @given(births, orders, st.integers(0, 17), st.sampled_from("0123456789X"))
    def test_a_wrong_character_is_always_caught(
        self, name: str, born: date, order: int, place: int, wrong: str
    ) -> None:
        number = number_of(name, born, order)
        assume(number[place] != wrong)
        with pytest.raises(ValueError, match=r"\w"):
            documents.of(name).canonical(number[:place] + wrong + number[place + 1 :])

    @given(births, orders, st.integers(0, 16))
    def test_swapped_neighbours_are_always_caught(
        self, name: str, born: date, order: int, at: int
    ) -> None:
        number = number_of(name, born, order)
        assume(number[at] != number[at + 1])
        swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        with pytest.raises(ValueError, match=r"\w"):
            documents.of(name).canonical(swapped)


@pytest.mark.parametrize(
    "name", ["hk_macau_permit", "taiwan_permit", "passport", "birth_certificate"]
)
def test_other_numbers_tell_no_birth_date(name: str) -> None:
    kind = documents.of(name)
    assert kind.birth_date(kind.example) is None
    assert documents.of("foreign_permanent_resident").birth_date("USA440197512031") is None


def test_who_is_not_born_yet() -> None:
    number = number_of("resident_id", date(2026, 11, 22), 7)
    assert not documents.is_unborn("resident_id", number, date(2026, 11, 22))
    assert documents.is_unborn("resident_id", number, date(2026, 11, 21))
    assert not documents.is_unborn("passport", "USA123456789", date(1800, 1, 1))


def test_equal_numbers_of_two_types_are_two_documents() -> None:
    number = "830000190001010070"
    found = {one.name: documents.blind(INDEX, one.name, number) for one in documents.TYPES}
    assert found["residence_permit"] == found["resident_id"]  # one person's, on two cards
    assert len(set(found.values())) == len(documents.TYPES) - 1


def test_an_older_card_is_the_same_persons() -> None:
    for name, older, newer in (
        ("hk_macau_permit", "H1234567801", "H12345678"),
        ("taiwan_permit", "0123456705(B)", "01234567"),
    ):
        kind = documents.of(name)
        one, other = (documents.blind(INDEX, name, kind.canonical(n)) for n in (older, newer))
        assert one == other


def test_the_casts_documents_are_of_every_type_and_in_canonical_form() -> None:
    with (ROOT / "infra/local/data/documents.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["document_type"] for row in rows} == {
        one.name for one in documents.TYPES if one.name != "resident_id"
    }
    for row in rows:
        number = row["document_number"]
        assert documents.of(row["document_type"]).canonical(number) == number
        told = all(row[f"health_{what}"] for what in ("group", "reason", "lifting", "report_to"))
        assert told is (row["health_code"] in ("red", "yellow"))
    with (ROOT / "infra/local/data/people.csv").open(encoding="utf-8", newline="") as file:
        phones = {row["phone"] for row in csv.DictReader(file)} - {""}
    assert phones.isdisjoint(row["phone"] for row in rows), "apart from those who scan in the demo"


def test_who_verifies_each_type() -> None:
    assert {one.name: one.verified_by for one in documents.TYPES} == {
        "resident_id": "identity",
        "residence_permit": "identity",
        "hk_macau_permit": "exit_entry",
        "taiwan_permit": "exit_entry",
        "foreign_permanent_resident": "exit_entry",
        "passport": "exit_entry",
        "birth_certificate": "birth_registry",
    }


def test_numbers_are_indexed_in_one_place() -> None:
    """A residence permit and a resident ID share their numbers, and so their index."""
    for path in sorted((ROOT / "chalicelib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            index = ast.unparse(node.func).rpartition(".")[0]
            by_type = node.args and ast.unparse(node.args[0]).endswith("document_type")
            if node.func.attr == "of" and index.endswith("index"):
                assert not by_type, (path, node.lineno)
