"""Staff check somebody without a phone by hand: a name, a number, and at most a colour back.

Rows JN-12, JN-13, XC-9. Such a look-up has been an oracle elsewhere, so a question is paid for from
three quotas and put on record before it is asked; known, unknown and mismatched people cost the
same calls and are answered at the same time; and what is told is a colour and a masked name.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from chalicelib.admission.judge import Decision, Outcome, decide
from chalicelib.admission.policy import ManualPhone, Policies, Policy
from chalicelib.admission.scan import Method, Scan, ScanReference, Scans
from chalicelib.admission.scanning import Result, find, time_of
from chalicelib.core import ids
from chalicelib.core.crypto import BlindIndex, Vault
from chalicelib.core.errors import BadInput, Conflict, NotFound
from chalicelib.identity.people import Actor, Limits, People, PersonRecord, Profile, Verification
from chalicelib.identity.registration import is_verified_as
from chalicelib.venues.venue import Directory, Venue

ANSWERED_AFTER = timedelta(seconds=2)
_SHADOW_LIFE = timedelta(days=14)
_RECORD_LIFE = timedelta(days=183)
_HOUR_S, _DAY_S = 3600, 86_400
_TOLD = ("identity_", "health_code_", "temperature_")


@dataclass(frozen=True)
class Entry:
    """What staff typed; `number` is canonical. `phone` is E.164, perhaps a relative's, or empty."""

    name: str = field(repr=False)
    document_type: str
    number: str = field(repr=False)
    phone: str = field(default="", repr=False)
    temperature: str = ""


@dataclass(frozen=True)
class Access:
    """A question about a document's number: which check it belongs to, who asked, when (UTC)."""

    scan_id: str
    staff_id: str
    asked_at: datetime
    correlation: str
    until: datetime

    @property
    def reference(self) -> ScanReference:
        """Venue, time and hash of the check."""
        found = ScanReference.parse(self.scan_id)
        if found is None:
            raise ValueError("not a check's id")
        return found


class Accesses(Protocol):
    """Questions on record; `store.AccessStore` is the real one."""

    def record(self, blind: str, access: Access) -> None:
        """Record a question about the number with this blind index; again is harmless."""

    def of(self, blind: str, after: str, page: int) -> Iterator[tuple[str, Access]]:
        """Places and questions beyond the place `after`, newest first, read in pages."""


@dataclass(frozen=True)
class AccessPage:
    """Some questions, newest first; `last` is the place of the last one, if more follow."""

    accesses: list[Access]
    last: str | None


def check(
    actor: Actor,
    venue: Venue,
    entry: Entry,
    *,
    nonce: str,
    fingerprint: str,
    correlation: str,
    now: datetime,
    index: BlindIndex,
    vault: Vault,
    people: People,
    limits: Limits,
    accesses: Accesses,
    policies: Policies,
    scans: Scans,
) -> Result:
    """Put the visit of somebody without a phone on record, and have their colour asked for.

    Who is verified under this name and number is judged by what is known of them. For everybody
    else there is a shadow subject, about whom the identity and health providers are asked from the
    queue. A retry of the nonce meets its own check and is charged nothing. Raises BadInput for the
    phone, Unprocessable ``clock_skewed``, Conflict ``nonce_reused``, TooMany.
    """
    policy = policies.of(venue.region, now)
    _require_phone(entry.phone, policy)
    at = time_of(nonce, now)
    digest = ids.derive("manual", actor.person_id, nonce)
    earlier = scans.get(ScanReference(venue.venue_id, at, digest), venue)
    if earlier is None:
        blind = index.of(entry.document_type, entry.number)
        _charge(actor, venue, blind, policy, now=now, limits=limits)
        reference = ScanReference(venue.venue_id, at, digest)
        accesses.record(
            blind,
            Access(reference.scan_id, actor.person_id, now, correlation, now + _RECORD_LIFE),
        )
        subject, seen = _subject(entry, blind, now=now, index=index, vault=vault, people=people)
        verdict = decide(seen, policy, at=now, final=False, temperature=entry.temperature)
        scan = Scan(
            venue_id=venue.venue_id,
            at=at,
            digest=digest,
            person_id=subject,
            nonce=nonce,
            fingerprint=fingerprint,
            received_at=now,
            verdict=verdict,
            first_outcome=verdict.decision.outcome,
            correlation=correlation,
            method=Method.MANUAL,
            staff_id=actor.person_id,
            temperature=entry.temperature,
        )
        earlier = scans.put(scan, venue)
        if earlier is None:
            return Result(scan, venue, created=True)
    if earlier.fingerprint != fingerprint:
        raise Conflict("nonce_reused")
    return Result(earlier, venue, created=False)


def visible_check(
    actor: Actor, check_id: str, *, now: datetime, directory: Directory, scans: Scans
) -> Result:
    """A check that the actor made, as long as they are staff of its venue.

    Raises NotFound, alike for checks of others and checks that are not.
    """
    found = find(check_id, now=now, directory=directory, scans=scans)
    if (
        found is None
        or found.scan.method is not Method.MANUAL
        or found.scan.staff_id != actor.person_id
        or found.venue.venue_id not in actor.record.rights
    ):
        raise NotFound
    return found


def is_answered(scan: Scan, now: datetime) -> bool:
    """Whether a check may be told: never sooner than others, whoever it is about."""
    decided = scan.verdict.decision.outcome is not Outcome.PENDING
    return decided and now - scan.received_at >= ANSWERED_AFTER


def is_listed(scan: Scan, now: datetime) -> bool:
    """Whether a scan may stand in the day's list: a check by hand not before it is answered."""
    return scan.method is not Method.MANUAL or is_answered(scan, now)


def is_matched(scan: Scan) -> bool:
    """Whether name and number belong together; what is known of the person shows only then."""
    return not any(reason.startswith("identity_") for reason in scan.verdict.decision.reasons)


def redact_for_staff(decision: Decision) -> Decision:
    """What staff may know of a decision: the colour's part in it, and no other result.

    The whole of policy decides, but a test or a vaccination is not told of: where one of them
    decided, the papers are to be shown.
    """
    reasons = tuple(reason for reason in decision.reasons if reason.startswith(_TOLD))
    if reasons == decision.reasons or decision.outcome is Outcome.ADMIT:
        return Decision(decision.outcome, reasons, decision.next_steps)
    refused = decision.outcome is Outcome.REFUSE
    steps = decision.next_steps if refused else ("verify_with_staff",)
    return Decision(decision.outcome, reasons or ("other_proof_needed",), steps)


def accesses_of(actor: Actor, *, limit: int, after: str, accesses: Accesses) -> AccessPage:
    """One page of the questions about the actor's own number beyond `after`, newest first.

    By the number and not by the person, so that who registers sees what was asked before, and who
    was asked about under a wrong name sees that too. The actor is verified.
    """
    blind = actor.profile.document_blind
    found = list(islice(accesses.of(blind, after, limit + 1), limit + 1))
    last = found[limit - 1][0] if len(found) > limit else None
    return AccessPage([access for _, access in found[:limit]], last)


def _require_phone(phone: str, policy: Policy) -> None:
    if phone and policy.manual_phone is ManualPhone.NO:
        raise BadInput.at("/phone", "not_allowed")
    if not phone and policy.manual_phone is ManualPhone.REQUIRED:
        raise BadInput.at("/phone", "missing")


def _charge(
    actor: Actor, venue: Venue, blind: str, policy: Policy, *, now: datetime, limits: Limits
) -> None:
    quota, venue_id = policy.manual_quota, venue.venue_id
    for what, whom, limit, seconds in (
        ("manual-staff", actor.person_id, quota.staff_day, _DAY_S),
        ("manual-venue", venue_id, quota.venue_hour, _HOUR_S),
        ("manual-subject", f"{venue_id}#{blind}", quota.subject_day, _DAY_S),
    ):
        limits.charge(what, whom, limit=limit, seconds=seconds, now=now)


def _subject(
    entry: Entry,
    blind: str,
    *,
    now: datetime,
    index: BlindIndex,
    vault: Vault,
    people: People,
) -> tuple[str, PersonRecord]:
    """Whom the check is about, and what is known of them.

    The calls are the same whoever it is: one get, two queries, one update. So the shadow subject is
    kept for a registered person as well, and somebody unknown is looked at twice.
    """
    # In hexadecimal, for the index does not tell letters' cases and widths apart; a provider does.
    name = entry.name.encode().hex()
    pair = index.of(f"{entry.document_type}+name", f"{entry.number}\x1f{name}")
    shadow_id = f"per_{ids.derive('shadow', pair)}"

    def sealed(text: str, field: str) -> bytes:
        return vault.seal(text, f"{shadow_id}/{field}", now=now) if text else b""

    shadow = Profile(
        person_id=shadow_id,
        phone=sealed(entry.phone, "phone"),
        name=sealed(entry.name, "name"),
        document_type=entry.document_type,
        document=sealed(entry.number, "document"),
        verification=Verification.PENDING,
        shadow_until=now + _SHADOW_LIFE,
    )
    owner_id = people.by_document(blind) or shadow_id
    owner = people.load(owner_id, consistent=False)
    known = people.load(shadow_id)
    before = known.profile
    # The provider may know by now whom it did not: who was rejected is asked about again.
    verified = before is not None and before.verification is Verification.VERIFIED
    rejected = before is not None and before.verification is Verification.REJECTED
    people.keep_shadow(shadow, again=rejected)
    if is_verified_as(owner.profile, entry.name, vault=vault):
        return owner_id, owner
    stands = before if before is not None and verified else shadow
    return shadow_id, PersonRecord(stands, snapshots=known.snapshots)
