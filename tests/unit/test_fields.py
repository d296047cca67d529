"""Input: trimmed, NFC, without control characters; a fault names its field, nothing else comes."""

import json
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import Field

from chalicelib.admission.schemas_scan import ScanRequest
from chalicelib.core.errors import BadInput
from chalicelib.core.fields import MAX_BODY, Clean, Nonce, Phone, Request, canonical, parse
from chalicelib.core.messages import TEXTS
from chalicelib.core.normalisation import is_printable, line
from chalicelib.identity.schemas import (
    CodeRequest,
    LoginRequest,
    RefreshRequest,
    RegistrationRequest,
)
from chalicelib.venues.schemas import PosterRequest, VenueRequest
from tests.support import nonce_at

NONCE = nonce_at(datetime(2026, 11, 22, tzinfo=UTC))
MODELS = [CodeRequest, LoginRequest, RefreshRequest, RegistrationRequest, ScanRequest,
          PosterRequest, VenueRequest]  # fmt: skip


class Sample(Request):
    """One of each of the fields that requests share."""

    nonce: Nonce = NONCE
    name: Annotated[str, Clean, Field(min_length=1, max_length=5)] = "x"
    phone: Phone = "+8613800000001"


def faults(raw: bytes | str | None, model: type[Request] = Sample) -> dict[str, str]:
    """The codes of the faults by pointer."""
    try:
        parse(model, raw)
    except BadInput as error:
        return {fault.pointer: fault.code for fault in error.fields}
    return {}


class TestClean:
    """What is stored is what is seen."""

    @given(st.text(min_size=1, max_size=5))
    @example("  梁 ")
    @example("e\u0301")
    def test_it_is_trimmed_and_composed_or_refused(self, text: str) -> None:
        assume("\ud800" not in text)
        body = json.dumps({"name": text})
        expected = line(text)
        found = faults(body)
        if not found:
            name = parse(Sample, body).name
            assert name == expected == unicodedata.normalize("NFC", expected).strip()
            assert all(map(is_printable, name))
        elif not all(map(is_printable, expected)):
            assert found == {"/name": "control_character"}
        else:
            assert found in ({"/name": "too_short"}, {"/name": "too_long"})

    @pytest.mark.parametrize("character", "\x00\x1f\x7f\u2028\ue000\U000e0001\ufffe")
    def test_what_cannot_be_printed_is_refused(self, character: str) -> None:
        assert faults(json.dumps({"name": f"a{character}b"})) == {"/name": "control_character"}

    def test_half_a_character_is_refused(self) -> None:
        assert faults('{"name": "a\\ud800b"}') == {"": "not_json"}

    @pytest.mark.parametrize(
        ("typed", "phone"),
        [
            ("13800138000", "+8613800138000"),
            ("138 0013 8000", "+8613800138000"),
            ("+86-138-0013-8000", "+8613800138000"),
            ("008613800138000", "+8613800138000"),
            ("１３８００１３８０００", "+8613800138000"),
            ("+852 5123 4567", "+85251234567"),
            ("+886 912 345 678", "+886912345678"),
        ],
    )
    def test_it_becomes_e_164(self, typed: str, phone: str) -> None:
        assert parse(Sample, json.dumps({"phone": typed})).phone == phone

    @pytest.mark.parametrize("typed", ["", "1", "23800138000", "+86138001380", "abc", "+" * 300])
    def test_what_is_none_is_refused(self, typed: str) -> None:
        assert faults(json.dumps({"phone": typed})) == {"/phone": "phone"}


class TestNonce:
    """A UUIDv7, whose letter case does not matter."""

    def test_letter_case_is_folded(self) -> None:
        assert parse(Sample, json.dumps({"nonce": NONCE.upper()})).nonce == NONCE

    @pytest.mark.parametrize(
        "nonce",
        ["", "x", NONCE[:-1], "01234567-89ab-4def-8123-456789abcdef"],
        ids=["empty", "letter", "short", "version-4"],
    )
    def test_what_is_none_is_refused(self, nonce: str) -> None:
        assert faults(json.dumps({"nonce": nonce})) == {"/nonce": "nonce"}


class TestParsing:
    """Bad input names its field; nothing else ever comes of it."""

    def test_every_fault_is_named(self) -> None:
        body = {"nonce": 7, "name": "123456", "phone": None, "colour/~": 1}
        assert faults(json.dumps(body)) == {
            "/nonce": "type",
            "/name": "too_long",
            "/phone": "type",
            "/colour~1~0": "unknown",
        }

    @pytest.mark.parametrize("raw", ["", None, b"", "{}"])
    def test_no_body_is_an_empty_one(self, raw: bytes | str | None) -> None:
        assert faults(raw) == {}
        assert faults(raw, CodeRequest) == {"/phone": "missing"}

    @pytest.mark.parametrize("raw", ["{", "nul", b"\xff", "{}{}", "[" * 60_000, '{"a":' * 9000])
    def test_what_is_not_json_is_said_to_be_so(self, raw: bytes | str) -> None:
        assert faults(raw) == {"": "not_json"}

    @pytest.mark.parametrize("raw", ["[]", "null", "1", '"x"', "1e999999"])
    def test_what_is_no_object_has_the_wrong_type(self, raw: str) -> None:
        assert faults(raw) == {"": "type"}

    def test_what_is_too_large_is_not_read(self) -> None:
        assert faults(b" " * (MAX_BODY + 1)) == {"": "too_large"}
        assert faults(b"{}" + b" " * (MAX_BODY - 2)) == {}

    @pytest.mark.parametrize("model", MODELS)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["nonce", "name", "phone", "code", "version", "number", "type", "value",
                         "contact", "region", "document_type", "document_number", "address"]
                    )
                    | st.text(),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=12,
        )
    )  # fmt: skip
    def test_hostile_bodies_are_refused_with_a_text_for_each_fault(
        self, model: type[Request], body: Any
    ) -> None:
        for pointer, code in faults(json.dumps(body), model).items():
            assert f"field.{code}" in TEXTS
            assert pointer == "" or pointer.startswith("/")


class Order(Request):
    """To tell a retry from another request."""

    nonce: Nonce
    name: str
    count: int = 1


class TestCanonical:
    """A request's meaning does not depend on how it was written."""

    def test_order_spaces_defaults_and_the_nonce_mean_nothing(self) -> None:
        other = nonce_at(datetime(2026, 11, 23, tzinfo=UTC))
        bodies = [
            f'{{"nonce": "{NONCE}", "name": "信宜", "count": 1}}',
            f'{{"name":"\\u4fe1宜",  "nonce":"{other}"}}',
        ]
        assert len({canonical(parse(Order, body)) for body in bodies}) == 1

    @given(st.text(max_size=9), st.text(max_size=9), st.integers(0, 3), st.integers(0, 3))
    def test_all_else_means_something(self, one: str, other: str, first: int, second: int) -> None:
        assume((one, first) != (other, second))
        orders = [
            canonical(Order(nonce=NONCE, name=name, count=count))
            for name, count in ((one, first), (other, second))
        ]
        assert orders[0] != orders[1]
