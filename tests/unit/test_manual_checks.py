"""What is told of somebody who was checked by hand: a colour, and nothing before they match."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.admission.disclosure import redact_for_staff
from chalicelib.admission.evidence import looked_up, shown, states
from chalicelib.admission.judge import UNKNOWN, Evidence, Outcome, decide
from chalicelib.admission.policy import Policy
from chalicelib.admission.schemas import ManualCheckRequest
from chalicelib.admission.shadows import ManualEntry, Subjects
from chalicelib.core.crypto import BlindIndex, KeyRing, Vault
from chalicelib.core.fields import canonical
from chalicelib.identity.people import PersonRecord, Profile, Snapshot, Verification
from chalicelib.identity.providers import ProviderName
from infra.decision_table import cases
from tests.fakes.parts import NOON, FixedSecret, LocalDataKeys
from tests.fakes.stores import FakePeople
from tests.support import nonce_at, resident_id

UNVERIFIED = [Verification.PENDING, Verification.REJECTED]


def shadow(verification: Verification, said: dict[ProviderName, str]) -> PersonRecord:
    profile = Profile(
        "per_x", b"", b"n", "resident_id", b"d", verification=verification, shadow_until=NOON
    )
    snapshots = {
        str(name): Snapshot(name, state, NOON - timedelta(hours=1), NOON, 0)
        for name, state in said.items()
    }
    return PersonRecord(profile, snapshots=snapshots)


answers = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(sorted(states(name))) for name in shown()}
)


@given(answers, answers, st.sampled_from(UNVERIFIED), st.booleans(), st.sampled_from(["", "fever"]))
def test_what_is_known_of_a_number_shows_nowhere_before_the_name_matches(
    one: dict[ProviderName, str],
    other: dict[ProviderName, str],
    verification: Verification,
    final: bool,
    temperature: str,
) -> None:
    verdicts = [
        decide(shadow(verification, said), Policy(), at=NOON, final=final, temperature=temperature)
        for said in (one, other)
    ]
    assert verdicts[0].decision == verdicts[1].decision
    assert verdicts[0].evidence == verdicts[1].evidence
    assert verdicts[0].decision.outcome in (Outcome.PENDING, Outcome.CHECK)


@given(answers)
def test_who_is_waited_for_is_asked_about_by_name_too(said: dict[ProviderName, str]) -> None:
    waits = decide(shadow(Verification.PENDING, said), Policy(), at=NOON, final=False)
    assert ProviderName.IDENTITY in waits.needs
    assert set(waits.needs) <= set(looked_up())
    over = decide(shadow(Verification.PENDING, said), Policy(), at=NOON, final=True)
    assert (over.needs, over.decision.reasons) == ((), ("identity_unknown",))
    assert set(over.evidence.values()) == {UNKNOWN}


@pytest.mark.parametrize("colour", sorted(states(ProviderName.HEALTH_CODE)))
def test_once_they_match_it_is_judged_like_a_scan(colour: str) -> None:
    said = {ProviderName.HEALTH_CODE: colour, ProviderName.NUCLEIC_ACID: "negative"}
    verdict = decide(shadow(Verification.VERIFIED, said), Policy(), at=NOON, final=True)
    assert verdict.evidence[ProviderName.HEALTH_CODE] == Evidence(
        colour, NOON - timedelta(hours=1), NOON
    )


def test_no_reason_but_the_colours_is_told() -> None:
    for case in cases():
        shown = redact_for_staff(case.decision)
        assert shown.outcome is case.decision.outcome
        assert shown.next_steps
        for reason in shown.reasons:
            begins = reason.startswith(("health_code_", "temperature_"))
            assert begins or reason == "other_proof_needed"
        assert shown.reasons or shown.outcome is Outcome.PENDING
        assert not any("nucleic" in step or "vaccin" in step for step in shown.next_steps)


def test_a_retry_is_told_by_all_that_staff_said_and_by_a_key() -> None:
    """In the form of release 0.2.0, so that a retry may come after an update."""
    body = ManualCheckRequest(
        nonce=nonce_at(NOON),
        name="梁思齐",
        document_type="resident_id",
        document_number=resident_id(1),
        temperature="fever",
    )
    index = BlindIndex(KeyRing(FixedSecret(active="1", index="1", **{"1": "0" * 64})))
    subjects = Subjects(index=index, vault=Vault(LocalDataKeys()), people=FakePeople())
    entry = ManualEntry(
        name=body.name,
        document_type=body.document_type,
        number=body.document_number,
        temperature="fever",
    )
    assert subjects.fingerprint(entry) == index.of("manual_check", canonical(body))
