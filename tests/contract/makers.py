"""Objects to store, each with new ids, so that tests may share a table."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.admission.judge import Decision, Evidence, Outcome, Verdict
from chalicelib.admission.scan import Scan
from chalicelib.core import ids
from chalicelib.core.ids import RandomIds
from chalicelib.identity.people import (
    Account,
    Actor,
    IssuedPass,
    PersonRecord,
    Profile,
    Role,
    Session,
    Snapshot,
    Strength,
    Verification,
)
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.staffing import Invitation, SentInvitation, invitation_id
from chalicelib.venues.venue import PosterRecord, PosterState, Venue
from tests.fakes.parts import NOON
from tests.support import nonce_at

random = RandomIds().random


def blind() -> str:
    """Return a new blind index."""
    return f"1:{random()}{random()}"[:24]


def account(platform: str = "wechat") -> Account:
    """Return a new platform account."""
    return Account(blind(), platform)


def phone() -> str:
    """Return a new mobile number (E.164)."""
    return f"+86138{secrets.randbelow(10**8):08d}"


def profile(**changes: Any) -> Profile:
    """Return the profile of a person's first login."""
    return replace(Profile(f"per_{random()}", b"\x01sealed phone"), **changes)


def registered(before: Profile, **changes: Any) -> Profile:
    """Return `before` with an edited registration that is to be verified."""
    edit = replace(
        before,
        name=b"\x01sealed name",
        document_type="resident_id",
        document=b"\x01sealed number",
        document_blind=blind(),
        registration=before.registration + 1,
        verification=Verification.PENDING,
        reason="",
    )
    return replace(edit, **changes)


def actor(who: Profile, record: PersonRecord | None = None) -> Actor:
    """Return a logged-in actor with the profile `who`."""
    return Actor(who, session(), record or PersonRecord(who))


def staff(place: Venue) -> Actor:
    """Return a logged-in inspector of the venue."""
    who = profile()
    return actor(who, PersonRecord(who, rights={place.venue_id: Role.INSPECTOR}))


def session(**changes: Any) -> Session:
    """Return a session."""
    made = Session(f"ses_{random()}", NOON + timedelta(days=30), 1, "sms", Strength.PHONE)
    return replace(made, **changes)


def issued_pass(**changes: Any) -> IssuedPass:
    """Return a new paper pass."""
    made = IssuedPass(random()[:12], NOON, NOON + timedelta(days=365), False, "", "", "1:abcdefgh")
    return replace(made, **changes)


def snapshot(**changes: Any) -> Snapshot:
    """Return a provider's answer."""
    made = Snapshot("health_code", "green", NOON - timedelta(hours=2), NOON, 1, "name_mismatch")
    return replace(made, **changes)


def venue(**changes: Any) -> Venue:
    """Return a venue."""
    made = Venue(
        venue_id=f"ven_{random()}",
        name="信宜市人民医院",
        kind="medical",
        region="440983",
        region_name="广东省茂名市信宜市",
        street="东镇街道",
        address="新里二路 1 号",
        number_type="uscc",
        number=b"\x01sealed number",
        contact_name=b"\x01sealed contact",
        contact_phone=b"\x01sealed phone",
        code=random(),
        time_zone="Asia/Shanghai",
        shards=1,
        created_at=NOON,
        fingerprint="abcdefghijklmnop",
        applicant=f"per_{random()}",
    )
    return replace(made, **changes)


def verdict(**changes: Any) -> Verdict:
    """Return the verdict before any provider has answered."""
    made = Verdict(
        Decision(Outcome.PENDING, ("health_code_pending", "nucleic_acid_pending"), ("wait",)),
        {
            ProviderName.HEALTH_CODE: Evidence("pending"),
            ProviderName.NUCLEIC_ACID: Evidence("pending"),
            ProviderName.VACCINATION: Evidence("pending"),
            ProviderName.TRAVEL_CARD: Evidence("code_needed"),
        },
        (ProviderName.HEALTH_CODE, ProviderName.NUCLEIC_ACID, ProviderName.VACCINATION),
        "440983.7",
        48,
    )
    return replace(made, **changes)


ADMITTED = Verdict(
    Decision(Outcome.ADMIT, ("health_code_green", "nucleic_acid_recent"), ("enter",)),
    {
        ProviderName.HEALTH_CODE: Evidence("green", None, NOON, stale=False),
        ProviderName.NUCLEIC_ACID: Evidence(
            "negative", NOON - timedelta(hours=9), NOON - timedelta(minutes=70), stale=True
        ),
    },
    (),
    "*.0",
    None,
)


def scan(place: Venue, at: datetime = NOON, **changes: Any) -> Scan:
    """Return a scan that waits for both providers."""
    person_id, nonce = f"per_{random()}", nonce_at(at)
    made = Scan(
        venue_id=place.venue_id,
        at=at,
        digest=ids.derive("scan", person_id, nonce),
        person_id=person_id,
        nonce=nonce,
        fingerprint="abcdefghijklmnop",
        received_at=at + timedelta(milliseconds=40),
        verdict=verdict(),
        first_outcome=Outcome.PENDING,
        correlation="c0ffee00-0000-4000-8000-000000000000",
    )
    return replace(made, **changes)


def poster(place: Venue, **changes: Any) -> PosterRecord:
    """Return a pending poster."""
    made = PosterRecord(
        random(), place.venue_id, "a4_pdf", PosterState.PENDING, NOON, NOON + timedelta(days=29)
    )
    return replace(made, **changes)


def sent(phone_blind: str, invitation: Invitation) -> SentInvitation:
    """An invitation as it stands in its venue's list."""
    return SentInvitation(
        invitation_id(invitation.venue_id, phone_blind),
        invitation.role,
        invitation.name,
        b"\x01sealed phone",
        invitation.by,
        NOON,
        phone_blind,
        invitation.expires_at,
    )
