"""`staff_phones.StaffPhoneStore`, and a person's visits of one millisecond."""

from dataclasses import replace
from datetime import timedelta

from chalicelib.admission.scan import ScanReference
from chalicelib.admission.staff_phones import PairedPhones, StaffPhone
from tests.contract import makers
from tests.contract.backends import Stores
from tests.fakes.parts import NOON

PHONE = StaffPhone("phn_7RHYG5G075CMMCW9", NOON, "1")
OTHER = StaffPhone("phn_32P3WWT3Y0B8J32H", NOON + timedelta(milliseconds=1), "12")


def test_who_has_paired_nothing_has_no_phones(stores: Stores) -> None:
    assert stores.staff_phones.of(f"per_{makers.random()}") == PairedPhones()


def test_phones_are_read_as_they_were_saved(stores: Stores) -> None:
    me = f"per_{makers.random()}"
    for version, phones in enumerate(((PHONE,), (PHONE, OTHER), (OTHER,), ()), 1):
        paired = PairedPhones(phones, version, phones[1:])
        assert stores.staff_phones.save(me, paired)
        assert stores.staff_phones.of(me) == paired


def test_a_version_is_saved_once_and_none_is_left_out(stores: Stores) -> None:
    me = f"per_{makers.random()}"
    first = PairedPhones((PHONE,), 1)
    assert not stores.staff_phones.save(me, PairedPhones((PHONE,), 2))
    assert stores.staff_phones.save(me, first)
    assert not stores.staff_phones.save(me, PairedPhones((OTHER,), 1))
    assert not stores.staff_phones.save(me, PairedPhones((OTHER,), 3))
    assert stores.staff_phones.of(me) == first


def test_the_visits_of_a_millisecond_are_found_at_every_venue(stores: Stores) -> None:
    me = f"per_{makers.random()}"
    here, there = makers.venue(), makers.venue()
    made = [makers.scan(place, person_id=me) for place in (here, there)]
    later = makers.scan(here, NOON + timedelta(milliseconds=1), person_id=me)
    of_another = makers.scan(here)
    for scan, place in zip((*made, later, of_another), (here, there, here, here), strict=True):
        stores.scans.put(replace(scan, digest=makers.random()), place)
    found = stores.scans.visits_at(me, NOON)
    assert {one.venue_id for one in found} == {here.venue_id, there.venue_id}
    assert all(isinstance(one, ScanReference) and one.at == NOON for one in found)
