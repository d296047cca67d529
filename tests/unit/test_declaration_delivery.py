"""The lookup worker delivers a declaration once, and asks for the colour that follows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.admission.declaration_form import Answer as Answered
from chalicelib.admission.declaration_form import Declaration, write_contents
from chalicelib.admission.lookup_requests import Declared
from chalicelib.identity import personal
from chalicelib.identity.people import Verification
from chalicelib.identity.personal_records import PersonalRecord
from chalicelib.identity.providers import Answer, ProviderFault
from tests.contract import makers
from tests.fakes.parts import NOON
from tests.unit.region import HEALTH, VAULT, Region

WELL: dict[str, Answered] = {"fever": False, "symptoms": ("cough",), "contact": False}


def declared(region: Region, *, scan_id: str = "") -> Declared:
    """Put a declaration of the region's person on file; return its message."""
    person_id = region.person.person_id
    text = write_contents(Declaration(1, WELL))
    made = PersonalRecord(
        person_id=person_id,
        kind="declaration",
        at=NOON,
        digest=makers.random(),
        contents=personal.RECORD.seal(VAULT, text, person_id, now=NOON),
        recorded_at=NOON,
        nonce="n",
        fingerprint="f",
        correlation="c0ffee00",
        until=NOON + timedelta(days=28),
        scan_id=scan_id,
    )
    region.records.put(made)
    return Declared(person_id, made.record_id, scan_id, "c0ffee00")


def test_the_answers_arrive_as_they_were_given() -> None:
    region = Region()
    assert region.deliver(declared(region)) == "answered"
    ((subject, delivered),) = region.receiver.taken.values()
    assert (subject.name, subject.document_number) == ("梁思齐", "440983198804129028")
    assert delivered["answers"] == WELL
    assert (delivered["form_version"], delivered["arrival"]) == (1, None)


def test_a_colour_that_is_fresh_is_asked_for_again() -> None:
    """It may have been under way while the declaration was delivered."""
    region = Region()
    region.providers[HEALTH].otherwise = Answer("green", NOON)
    later = NOON + timedelta(milliseconds=1)
    light = makers.snapshot(state="light_green", fetched_at=later, registration=1)
    region.people.save_answers(region.person.person_id, [light])
    region.deliver(declared(region))
    assert region.asked(HEALTH) == 1


def test_a_message_that_fails_is_delivered_under_the_same_request() -> None:
    region = Region()
    message = declared(region)
    region.receiver.fault = ProviderFault("down")
    with pytest.raises(ProviderFault):
        region.deliver(message)
    assert region.asked(HEALTH) == 0
    region.receiver.fault = None
    region.deliver(message)
    region.deliver(message)
    assert len(region.receiver.taken) == 1
    assert len(set(region.receiver.sent)) == 1
    another = declared(region)
    region.deliver(another)
    assert len(region.receiver.taken) == 2


@pytest.mark.parametrize("record_id", ["dec_000000000000_0000000000000000", "dec_x", "x"])
def test_a_declaration_that_is_gone_is_nothing_to_deliver(record_id: str) -> None:
    region = Region()
    message = declared(region)._replace(record_id=record_id)
    assert region.deliver(message) == "gone"
    assert (region.receiver.sent, region.asked(HEALTH)) == ([], 0)


def test_a_person_who_is_gone_is_nobody_to_declare_for() -> None:
    region = Region()
    message = declared(region)
    region.people.partition(region.person.person_id).profile = replace(
        region.person, verification=Verification.NONE
    )
    assert region.deliver(message) == "nobody"
    assert region.receiver.sent == []


def test_a_person_whom_the_provider_does_not_know_is_not_asked_about() -> None:
    region = Region()
    region.receiver.unknown = True
    assert region.deliver(declared(region)) == "unknown to the provider"
    assert region.asked(HEALTH) == 0


def test_only_the_scan_that_was_declared_from_takes_the_colour() -> None:
    region = Region()
    number = "440983198804129028"
    region.providers[HEALTH].answers[number] = Answer("light_green", NOON)
    first, second = region.scan(), region.scan()
    for message, delay in list(region.queue.sent):
        if not delay:
            region.deliver(message)
    assert region.stands(first).verdict.undeclared
    region.clock.pass_(seconds=1)
    region.deliver(declared(region, scan_id=first.scan_id))
    assert region.stands(first).verdict.evidence[HEALTH].state == "green"
    assert region.stands(second).verdict.undeclared
