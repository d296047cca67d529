"""Who somebody is: what others may see of it, and who may scan."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity.documents import resident_id
from chalicelib.identity.people import (
    PersonRecord,
    Profile,
    Snapshot,
    Verification,
    mask_name,
    mask_phone,
)
from chalicelib.identity.providers import Absent, Answer
from chalicelib.identity.registration import verdict
from tests.fakes.parts import NOON

names = st.text(st.characters(categories=["L"]), min_size=1, max_size=50)
phones = st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True)
resident_ids = st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True)


class TestMasking:
    """A phone is shown around: enough to know oneself by, too little for others."""

    @pytest.mark.parametrize(
        ("name", "masked"),
        [("梁", "梁*"), ("梁思", "梁*"), ("梁思齐", "梁**"), ("欧阳思齐", "欧***"),
         ("阿卜杜拉·买买提", "阿***"), ("Elizabeth Windsor", "E***")],
    )  # fmt: skip
    def test_names(self, name: str, masked: str) -> None:
        assert mask_name(name) == masked

    @given(names)
    def test_of_a_name_one_character_shows(self, name: str) -> None:
        masked = mask_name(name)
        assert masked[0] == name[0]
        assert set(masked[1:]) == {"*"}
        assert len(masked) <= 4

    def test_phones(self) -> None:
        assert mask_phone("+8613812345678") == "+86138****5678"
        assert mask_phone("+85266123456") == "+852****3456"

    @pytest.mark.parametrize(
        ("phone", "masked"),
        [("+2904567", "+29****7"), ("+29012345", "+29****45"), ("+298123456", "+29****456"),
         ("+299999", "+29****"), ("+4712345678", "+47****5678")],
    )  # fmt: skip
    def test_of_a_short_phone_the_middle_is_hidden_too(self, phone: str, masked: str) -> None:
        assert mask_phone(phone) == masked

    @given(phones)
    def test_of_a_phone_four_digits_are_hidden(self, phone: str) -> None:
        masked = mask_phone(phone)
        assert len(masked) == len(phone)
        assert masked[-8:-4] == "****"
        assert masked[:-8] + masked[-4:] == phone[:-8] + phone[-4:]

    def test_documents(self) -> None:
        assert resident_id.TYPE.mask("44098319880412902X") == "4409************2X"

    @given(resident_ids)
    def test_of_a_document_the_birth_date_is_hidden(self, number: str) -> None:
        masked = resident_id.TYPE.mask(number)
        assert masked == f"{number[:4]}{'*' * 12}{number[-2:]}"


PERSON = Profile("per_x", b"", registration=2)


class TestScanning:
    """Pending for the first time may scan; rejected may not until approved (JN-19, JN-20)."""

    @pytest.mark.parametrize(
        ("verification", "blocked", "may"),
        [
            (Verification.NONE, False, False),
            (Verification.PENDING, False, True),
            (Verification.VERIFIED, False, True),
            (Verification.REJECTED, True, False),
            (Verification.PENDING, True, False),
        ],
    )
    def test_who_may(self, verification: Verification, blocked: bool, may: bool) -> None:
        assert replace(PERSON, verification=verification, blocked=blocked).may_scan is may

    @pytest.mark.parametrize(
        ("answer", "meaning"),
        [
            (Answer("match"), (Verification.VERIFIED, "")),
            (Answer("mismatch", None, "name_mismatch"), (Verification.REJECTED, "mismatch")),
            (Answer("anything else"), (Verification.REJECTED, "mismatch")),
            (Absent(), (Verification.REJECTED, "absent")),
        ],
    )
    def test_only_a_match_verifies(
        self, answer: Answer | Absent, meaning: tuple[Verification, str]
    ) -> None:
        assert verdict(answer) == meaning


class TestCurrent:
    """An answer is about one registration."""

    @pytest.mark.parametrize("registration", [1, 2, 3])
    def test_only_about_the_registration_as_it_stands(self, registration: int) -> None:
        answer = Snapshot("health_code", "green", None, NOON, registration)
        record = PersonRecord(PERSON, snapshots={"health_code": answer})
        assert record.current("health_code") == (answer if registration == 2 else None)
        assert record.current("nucleic_acid") is None
        assert replace(record, profile=None).current("health_code") is None
