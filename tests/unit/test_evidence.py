"""The table of provider kinds: what every kind must have, however it was added."""

import pytest

from chalicelib.admission import evidence
from chalicelib.admission.evidence.kind import Kind
from chalicelib.admission.policy import Policy
from chalicelib.core.messages import TEXTS
from chalicelib.identity.documents import TYPES

STRICTEST = Policy(vaccination_required=True, travel_card_required=True)


@pytest.mark.parametrize("kind", evidence.KINDS, ids=lambda kind: kind.name)
class TestEveryKind:
    """What the rest of the application takes for granted."""

    def test_its_letter_is_one_and_its_own(self, kind: Kind) -> None:
        assert len(kind.letter) == 1
        assert evidence.named(kind.letter) == (kind.name,)
        assert evidence.letters((kind.name,)) == kind.letter

    def test_its_states_have_texts_and_no_commas(self, kind: Kind) -> None:
        assert not any(set(state) & set(",;=") for state in kind.states)
        if not kind.verifies:
            assert {f"state.{state}" for state in kind.states} <= TEXTS.keys()

    def test_what_a_scan_may_wait_for_is_asked_again_and_has_its_reason(self, kind: Kind) -> None:
        if kind.required(STRICTEST):
            assert kind.name in evidence.asked()
            assert kind.fresh is not None
            assert f"reason.{kind.name}_pending" in TEXTS


def test_letters_of_kinds_that_are_gone_are_left_out() -> None:
    assert evidence.named("h?n") == ("health_code", "nucleic_acid")


def test_each_type_of_document_is_verified_by_a_kind_that_verifies() -> None:
    for document in TYPES:
        kind = evidence.of(document.verified_by)
        assert kind.verifies
        assert not kind.by_code
        assert document.canonical(document.example) == document.example
