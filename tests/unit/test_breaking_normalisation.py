"""Attacks on the canonical forms: texts whose form has another form."""

import unicodedata
from collections.abc import Callable

import pytest

from chalicelib.core.normalisation import compact, person_name, place_name, scanned


@pytest.mark.parametrize(
    ("form", "text", "canonical"),
    [
        (person_name, "王\r·", "王"),
        (person_name, "·\x1f·王\u2028·", "王"),
        (compact, "A´", "Á"),  # NFKC makes a space and an accent of it, and the space is removed
        (compact, "ß¸", "SŞ"),
        (place_name, "一 \u0301", "一 \u0301"),
        (scanned, "]Q1VP1。L\x03", "VP1.L"),
    ],
)
def test_a_canonical_form_is_its_own(form: Callable[[str], str], text: str, canonical: str) -> None:
    once = form(text)
    assert once == unicodedata.normalize("NFC", canonical)
    assert form(once) == once
