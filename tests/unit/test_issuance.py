"""A venue applies for its code: who may, what is refused, what a retry meets."""

from dataclasses import fields, replace
from typing import Any

import pytest

from chalicelib.core.crypto import BlindIndex, KeyRing, Vault
from chalicelib.core.errors import BadInput, Conflict, Forbidden, Unprocessable
from chalicelib.core.submission import Submission
from chalicelib.identity.people import Actor, Profile, Role, Verification
from chalicelib.venues.issuance import Issuance, Issued
from chalicelib.venues.rights import MAX_VENUES, require_role
from chalicelib.venues.schemas import Venue as ShownVenue
from chalicelib.venues.schemas import VenueText
from chalicelib.venues.venue import Application
from tests.contract import makers
from tests.fakes.parts import NOON, CountingIds, FixedSecret, LocalDataKeys
from tests.fakes.stores import FakePeople, FakeVenues
from tests.support import nonce_at

APPLICATION = Application[str](
    name="信宜市人民医院",
    kind="medical",
    region="440983",
    region_name="广东省茂名市信宜市",
    street="东镇街道",
    address="新里二路 1 号",
    number_type="uscc",
    number="12440983456361234X",
    contact_name="梁思齐",
    contact_phone="+8613800000001",
)


class Office:
    """Applications of one person, in memory."""

    def __init__(self, verification: Verification = Verification.VERIFIED) -> None:
        self.people = FakePeople()
        self.venues = FakeVenues(self.people)
        self.vault = Vault(LocalDataKeys())
        ring = KeyRing(FixedSecret(active="1", index="1", **{"1": "r" * 64}))
        self.issuance = Issuance(
            venues=self.venues,
            people=self.people,
            index=BlindIndex(ring),
            vault=self.vault,
            ids=CountingIds(),
            code_host="V.TEST",
        )
        self.profile = Profile(f"per_{makers.random()}", b"", verification=verification)

    def actor(self) -> Actor:
        return Actor(self.profile, makers.session(), self.people.load(self.profile.person_id))

    def apply(self, nonce: str = "", fingerprint: str = "h", **changes: Any) -> Issued:
        submission = Submission(nonce or nonce_at(NOON), fingerprint, "c0ffee00", NOON)
        return self.issuance.issue(self.actor(), replace(APPLICATION, **changes), submission)


@pytest.fixture
def office() -> Office:
    return Office()


def test_a_code_is_issued_and_the_applicant_administers(office: Office) -> None:
    issued = office.apply()
    assert issued.created
    assert not issued.number_shared
    venue = issued.details.venue
    code = office.venues.code(venue.code)
    assert code is not None
    assert code.venue_id == venue.venue_id
    require_role(office.actor(), venue.venue_id, Role.ADMINISTRATOR)


def test_personal_fields_are_sealed_in_their_place(office: Office) -> None:
    venue = office.apply().details.venue
    for field in ("number", "contact_name", "contact_phone"):
        text = getattr(APPLICATION, field)
        sealed = getattr(venue, field)
        assert text.encode() not in sealed
        assert office.vault.open(sealed, f"{venue.venue_id}/{field}") == text
    with pytest.raises(ValueError, match="another place"):
        office.vault.open(venue.contact_name, f"{venue.venue_id}/number")


def test_every_field_of_an_application_is_filled_in_and_shown() -> None:
    names = {each.name for each in fields(Application)}
    assert set(VenueText.model_fields) < names
    assert names - {"kind"} < set(ShownVenue.model_fields)  # over HTTP it is the `type`


def test_an_administrator_is_shown_what_was_filled_in(office: Office) -> None:
    details = office.apply().details
    assert details.application == APPLICATION
    assert details.code_url == f"https://V.TEST/V/{details.venue.code}"
    assert office.issuance.administered_by(office.actor()) == [details]
    residents = office.apply(number_type="resident_id", number="440983198804129028").details
    assert residents.application.number == "4409************28"


@pytest.mark.parametrize(
    ("verification", "code"),
    [
        (Verification.NONE, "registration_required"),
        (Verification.PENDING, "registration_not_verified"),
        (Verification.REJECTED, "registration_rejected"),
    ],
)
def test_only_who_is_verified_may_apply(verification: Verification, code: str) -> None:
    with pytest.raises(Forbidden) as refused:
        Office(verification).apply()
    assert refused.value.code == code


def test_a_name_that_cannot_be_printed_names_the_characters(office: Office) -> None:
    with pytest.raises(BadInput) as refused:
        office.apply(name="快乐😀餐厅🍜😀")
    faults = [(f.pointer, f.code, f.params) for f in refused.value.fields]
    assert faults == [("/name", "glyph", (("characters", "😀 🍜"),))]
    assert office.venues.venues(list(office.actor().record.rights)) == []


def test_a_retry_meets_its_own_venue(office: Office) -> None:
    nonce = nonce_at(NOON)
    first, again = office.apply(nonce), office.apply(nonce)
    assert (first.created, again.created) == (True, False)
    assert again.details == first.details
    with pytest.raises(Conflict, match="nonce_reused"):
        office.apply(nonce, fingerprint="other", name="信宜汽车站")


def test_number_name_and_address_are_there_once(office: Office) -> None:
    first = office.apply()
    with pytest.raises(Conflict, match="venue_exists"):
        office.apply()
    branch = office.apply(address="新里二路 2 号")
    assert branch.number_shared
    assert branch.details.venue.venue_id != first.details.venue.venue_id
    assert not office.apply(number="other").number_shared


def test_a_person_has_so_many_venues_and_retries_still_work(office: Office) -> None:
    nonces = [nonce_at(NOON) for _ in range(MAX_VENUES)]
    for number, nonce in enumerate(nonces):
        office.apply(nonce, address=str(number))
    with pytest.raises(Unprocessable, match="too_many_venues"):
        office.apply(address="one more")
    assert not office.apply(nonces[0], address="0").created


def test_rights_are_at_a_venue(office: Office) -> None:
    office.apply()
    for venue_id in (f"ven_{makers.random()}", "", "ven_"):
        with pytest.raises(Forbidden, match="not_your_venue"):
            require_role(office.actor(), venue_id, Role.ADMINISTRATOR)
