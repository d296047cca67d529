"""No published pattern or length refuses what the server accepts, in its canonical form."""

import json
import re
import sys
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from stdnum.cn import ric

from chalicelib.admission import schemas_scan as admission
from chalicelib.api import openapi
from chalicelib.core.errors import BadInput
from chalicelib.core.fields import TEXT, Request, parse
from chalicelib.identity import documents
from chalicelib.identity import schemas as identity
from chalicelib.identity.documents.base import DocumentType
from chalicelib.venues import numbers
from chalicelib.venues import schemas as venues
from tests.fakes.parts import NOON
from tests.support import nonce_at, resident_id

SCHEMAS: dict[str, Any] = openapi.document()["components"]["schemas"]
REGISTRATION = {
    "version": 0,
    "name": "梁思齐",
    "document_type": "resident_id",
    "document_number": resident_id(1),
}
NONCE = nonce_at(NOON)
VENUE = {
    "nonce": NONCE,
    "name": "信宜市人民医院",
    "type": "medical",
    "region": "440983",
    "address": "新里二路 1 号",
    "number": {"type": "uscc", "value": "91440983MA0000001T"},
    "contact": {"name": "梁思齐", "phone": "13800138000"},
}


def accepted(model: type[Request], body: dict[str, Any], field: str, value: str) -> str | None:
    """What the server makes of a field; None when it refuses it."""
    try:
        read = parse(model, json.dumps(body | {field: value}))
    except BadInput:
        return None
    return str(getattr(read, field))


def allowed(model: type[Request], field: str, value: str) -> bool:
    """Whether the document allows this value of a field."""
    return bool(Draft202012Validator(SCHEMAS[model.__name__]["properties"][field]).is_valid(value))


def check(model: type[Request], body: dict[str, Any], field: str, value: str) -> None:
    found = accepted(model, body, field, value)
    assert found is None or allowed(model, field, found)


def written_otherwise(canonical: str) -> st.SearchStrategy[str]:
    """How people write a number."""
    wide = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    ways: list[Callable[[str], str]] = [
        str,
        str.lower,
        lambda text: f" {text}\n",
        lambda text: "-".join((text[:3], text[3:])),
        " ".join,
        lambda text: text.translate(wide),
    ]
    return st.sampled_from(ways).map(lambda way: way(canonical))


@given(st.text(max_size=70))
@example("  梁思齐\n")
@example("a\u00a0b")
@example("e\u0301" * 50)
@example("\ufffd\ufffc")
def test_names_and_addresses(text: str) -> None:
    if "\ud800" <= max(text, default="") <= "\udfff":
        return
    check(identity.RegistrationRequest, REGISTRATION, "name", text)
    for field in ("street", "address"):
        check(venues.VenueRequest, VENUE, field, text)


def test_every_character_of_a_name() -> None:
    """What `Clean` refuses is told by categories; no regular expression of ECMA 262 knows all."""
    unprintable = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    text = "".join(
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) not in unprintable
    )
    assert re.fullmatch(TEXT, text)


def test_phones_of_every_country_and_kind() -> None:
    found = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in phonenumbers.PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            for form in (
                phonenumbers.PhoneNumberFormat.E164,
                phonenumbers.PhoneNumberFormat.INTERNATIONAL,
            ):
                typed = phonenumbers.format_number(number, form)
                check(identity.CodeRequest, {}, "phone", typed)
                found += accepted(identity.CodeRequest, {}, "phone", typed) is not None
    assert found > 2_000


@given(st.data(), st.dates(date.min, date.max), st.integers(0, 999))
@example(None, date(1, 1, 1), 1)
def test_resident_id_numbers(data: Any, born: date, serial: int) -> None:
    body = f"440983{born.year:04d}{born:%m%d}{serial:03d}"
    number = body + ric.calc_check_digit(body + "0")
    typed = data.draw(written_otherwise(number)) if data else number
    check(identity.RegistrationRequest, REGISTRATION, "document_number", typed)


@pytest.mark.parametrize("kind", documents.TYPES, ids=lambda kind: kind.name)
@given(st.data())
def test_numbers_of_every_type_of_document(kind: DocumentType, data: Any) -> None:
    typed = data.draw(st.from_regex(kind.pattern.replace("$", r"\Z")).flatmap(written_otherwise))
    body = REGISTRATION | {"document_type": kind.name}
    found = accepted(identity.RegistrationRequest, body, "document_number", typed)
    if found is not None:
        whole = {**SCHEMAS["RegistrationRequest"], "components": {"schemas": SCHEMAS}}
        assert Draft202012Validator(whole).is_valid(body | {"document_number": found})


def test_a_number_of_another_type_does_not_fit_the_document() -> None:
    whole = Draft202012Validator(
        {**SCHEMAS["RegistrationRequest"], "components": {"schemas": SCHEMAS}}
    )
    for kind in documents.TYPES:
        fits = [
            other.name
            for other in documents.TYPES
            if whole.is_valid(
                REGISTRATION | {"document_type": kind.name, "document_number": other.example}
            )
        ]
        also = ["residence_permit"] if kind.name == "resident_id" else []
        assert fits == sorted([kind.name, *also])


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("uscc", "91440983MA0000001T"),
        ("organisation_code", "MA0000001"),
        ("resident_id", resident_id(3)),
        ("plate", "粤K12345"),
        ("plate", "粤ZA123港"),
        ("plate", "粤KD12345"),
        ("plate", "粤K12345F"),
    ],
)
@given(st.data())
def test_numbers_of_venues(kind: Any, number: str, data: Any) -> None:
    typed = data.draw(written_otherwise(number))
    try:
        canonical = numbers.normalise(kind, typed)
    except numbers.InvalidNumber:
        return
    assert Draft202012Validator(SCHEMAS["VenueNumber"]).is_valid({"type": kind, "value": canonical})


@given(st.data(), st.sampled_from([NONCE, NONCE.upper(), f"{{{NONCE}}}", f"urn:uuid:{NONCE}"]))
def test_nonces_and_join_codes(data: Any, nonce: str) -> None:
    check(admission.ScanRequest, {"code": "0" * 16}, "nonce", nonce)
    typed = data.draw(written_otherwise("23456789N"))
    check(venues.JoinRequest, {}, "join_code", typed)


def test_what_else_is_accepted_is_said() -> None:
    """A field whose pattern is a canonical form says in the document how else it is read."""
    tolerant = {
        ("RegistrationRequest", "name"),
        ("RegistrationRequest", "document_number"),
        ("CodeRequest", "phone"),
        ("VenueRequest", "name"),
        ("VenueRequest", "street"),
        ("VenueRequest", "address"),
        ("VenueNumber", "value"),
        ("JoinRequest", "join_code"),
        ("PassScanRequest", "pass_code"),
    }
    for model, field in tolerant:
        assert "Also accepted: " in SCHEMAS[model]["properties"][field]["description"], field


def test_patterns_are_read_without_the_flag_u_too() -> None:
    """As Spectral does: beyond the first plane a character is two, no range ends in it."""
    patterns = re.findall(
        r'"pattern": "((?:[^"\\]|\\.)*)"', json.dumps(SCHEMAS, ensure_ascii=False)
    )
    assert patterns
    assert all(character <= "\uffff" for pattern in patterns for character in pattern)
