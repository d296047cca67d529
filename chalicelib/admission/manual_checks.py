"""Staff check somebody without a phone by hand: a name, a number, and at most a colour back.

Rows JN-12, JN-13, XC-9. Such a look-up has been an oracle elsewhere, so a question is paid for from
three quotas and put on record before it is asked; known, unknown and mismatched people cost the
same calls and are answered at the same time; and what is told is a colour and a masked name.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.admission.accesses import Access, Accesses
from chalicelib.admission.judge import Decision, Outcome, decide
from chalicelib.admission.policy import ManualPhone, ManualQuota, Policies, Policy
from chalicelib.admission.scan import Method, Scan, ScanFinder, ScanReference, Scans
from chalicelib.admission.scanning import time_of
from chalicelib.admission.shadows import ManualEntry, Subjects
from chalicelib.core import ids
from chalicelib.core.errors import BadInput, Conflict, NotFound
from chalicelib.core.submission import Submission
from chalicelib.identity.people import Actor, Limits, People, Profile
from chalicelib.venues.venue import Venue

ANSWERED_AFTER = timedelta(seconds=2)
_RECORD_LIFE = timedelta(days=183)
_HOUR_S, _DAY_S = 3600, 86_400
_TOLD = ("identity_", "health_code_", "temperature_")


class Check(NamedTuple):
    """A check and its venue; `subject` is whom it is about, None when unread or forgotten."""

    scan: Scan
    venue: Venue
    subject: Profile | None = None


class ManualChecks:
    """Makes manual checks, and shows them to the staff member who made them."""

    __slots__ = ("_accesses", "_finder", "_limits", "_people", "_policies", "_scans", "_subjects")

    def __init__(
        self,
        *,
        subjects: Subjects,
        people: People,
        limits: Limits,
        accesses: Accesses,
        policies: Policies,
        scans: Scans,
        finder: ScanFinder,
    ) -> None:
        self._subjects = subjects
        self._people = people
        self._limits = limits
        self._accesses = accesses
        self._policies = policies
        self._scans = scans
        self._finder = finder

    def check(
        self, actor: Actor, venue: Venue, entry: ManualEntry, submission: Submission
    ) -> Check:
        """Put the visit of somebody without a phone on record, and have their colour asked for.

        Who is verified under this name and number is judged by what is known of them. For everybody
        else there is a shadow subject, about whom the identity and health providers are asked from
        the queue. A retry of the nonce meets its own check and is charged nothing. Raises BadInput
        for the phone, Unprocessable ``clock_skewed``, Conflict ``nonce_reused``, TooMany.
        """
        now = submission.now
        policy = self._policies.of(venue.region, now)
        _require_phone(entry.phone, policy)
        at = time_of(submission.nonce, now)
        digest = ids.derive("manual", actor.person_id, submission.nonce)
        reference = ScanReference(venue.venue_id, at, digest)
        earlier = self._scans.get(reference, venue)
        if earlier is None:
            blind = self._subjects.blind(entry)
            self._charge(actor, venue, blind, policy.manual_quota, now)
            until = now + _RECORD_LIFE
            access = Access(reference.scan_id, actor.person_id, now, submission.correlation, until)
            self._accesses.record(blind, access)
            subject = self._subjects.of(entry, blind, now)
            verdict = decide(
                subject.record, policy, at=now, final=False, temperature=entry.temperature
            )
            scan = Scan(
                venue_id=venue.venue_id,
                at=at,
                digest=digest,
                person_id=subject.person_id,
                nonce=submission.nonce,
                fingerprint=submission.fingerprint,
                received_at=now,
                verdict=verdict,
                first_outcome=verdict.decision.outcome,
                correlation=submission.correlation,
                method=Method.MANUAL,
                staff_id=actor.person_id,
                temperature=entry.temperature,
            )
            earlier = self._scans.put(scan, venue)
            if earlier is None:
                return Check(scan, venue)
        if earlier.fingerprint != submission.fingerprint:
            raise Conflict("nonce_reused")
        return Check(earlier, venue)

    def visible_check(self, actor: Actor, check_id: str, now: datetime) -> Check:
        """Return a check that the actor made, as long as they are staff of its venue.

        The subject is read in any case, so that what is answered and what is not takes the same
        time. Raises NotFound, alike for checks of others and checks that are not.
        """
        found = self._finder.find(check_id, now)
        if (
            found is None
            or found.scan.method is not Method.MANUAL
            or found.scan.staff_id != actor.person_id
            or found.venue.venue_id not in actor.record.rights
        ):
            raise NotFound
        subject = self._people.load(found.scan.person_id, consistent=False).profile
        return Check(*found, subject)

    def _charge(
        self, actor: Actor, venue: Venue, blind: str, quota: ManualQuota, now: datetime
    ) -> None:
        venue_id = venue.venue_id
        for what, whom, limit, seconds in (
            ("manual-staff", actor.person_id, quota.staff_day, _DAY_S),
            ("manual-venue", venue_id, quota.venue_hour, _HOUR_S),
            ("manual-subject", f"{venue_id}#{blind}", quota.subject_day, _DAY_S),
        ):
            self._limits.charge(what, whom, limit=limit, seconds=seconds, now=now)


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


def _require_phone(phone: str, policy: Policy) -> None:
    if phone and policy.manual_phone is ManualPhone.NO:
        raise BadInput.at("/phone", "not_allowed")
    if not phone and policy.manual_phone is ManualPhone.REQUIRED:
        raise BadInput.at("/phone", "missing")
