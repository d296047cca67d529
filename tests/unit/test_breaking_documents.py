"""Attacks on identity documents: masks that reveal too much, pasted text, types that collide."""

import pytest

from chalicelib.core.crypto import BlindIndex, KeyRing
from chalicelib.identity import documents
from tests.fakes.parts import FixedSecret

SHORTEST = {
    "birth_certificate": "T440123456",
    "foreign_permanent_resident": "USA190001010001",
    "hk_macau_permit": "H12345678",
    "passport": "USAAB12",
    "residence_permit": "810000199001010035",
    "resident_id": "44098319900101001X",
    "taiwan_permit": "01234567",
}


@pytest.mark.parametrize("name", sorted(SHORTEST))
def test_a_mask_hides_at_least_four_characters(name: str) -> None:
    """Two hidden digits of a short passport number are a hundred tries."""
    number = documents.of(name).canonical(SHORTEST[name])
    masked = documents.of(name).mask(number)
    assert len(masked) == len(number)
    assert masked.count("*") >= 4


def test_every_type_is_here() -> None:
    assert {one.name for one in documents.TYPES} == set(SHORTEST)


@pytest.mark.parametrize("name", sorted(SHORTEST))
@pytest.mark.parametrize(
    "odd",
    ["{0}\n", "\u00a0{0}", "{0}\u3000"],
)
def test_white_space_around_a_number_changes_nothing(name: str, odd: str) -> None:
    number = SHORTEST[name]
    assert documents.of(name).canonical(odd.format(number)) == number


@pytest.mark.parametrize("name", sorted(SHORTEST))
@pytest.mark.parametrize("swap", ["٣", "Х", "\ue000", "\ud800", "\x00"])
def test_characters_that_only_look_alike_are_no_number(name: str, swap: str) -> None:
    number = SHORTEST[name]
    for text in (number[:-1] + swap, swap + number, number + swap):
        with pytest.raises(ValueError, match=r"^(form|check character|birth date)$"):
            documents.of(name).canonical(text)


def test_one_canonical_number_is_one_document() -> None:
    """No two types share an index, except the two that print the same citizen number."""
    index = BlindIndex(KeyRing(FixedSecret(index="1", **{"1": "r" * 64})))
    blinds = [documents.blind(index, one.name, "H12345678") for one in documents.TYPES]
    assert len(set(blinds)) == len(blinds) - 1


def test_each_canonical_form_is_its_own_canonical_form() -> None:
    for name, number in SHORTEST.items():
        kind = documents.of(name)
        assert kind.canonical(kind.canonical(number)) == kind.canonical(number)
    permit = documents.of("hk_macau_permit")
    for text in ("H1234567801", "ha1234567", "HA123456702", "Ｈ１２３４５６７８"):
        once = permit.canonical(text)
        assert permit.canonical(once) == once
