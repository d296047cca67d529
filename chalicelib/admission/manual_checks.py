"""Manual checks: staff check a visitor without a phone by name and document number.

Rows JN-12, JN-13, XC-9. To prevent misuse as an oracle, a lookup is charged to three quotas and put
on the access log before it is made. Known, unknown and mismatched people cost the same calls and
are answered at the same time. Staff see only a colour and a masked name.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.admission import disclosure
from chalicelib.admission.accesses import KEPT_FOR, Access, Accesses, AccessKind
from chalicelib.admission.disclosure import ScanView, ViewerKind, as_viewer
from chalicelib.admission.judge import begin_check
from chalicelib.admission.policy import ManualPhone, ManualQuota, Policies, Policy
from chalicelib.admission.recording import Circumstances, Recorder, attempt, meet
from chalicelib.admission.scan import Method, Scan
from chalicelib.admission.shadows import ManualEntry, Subjects
from chalicelib.admission.waiting import WaitingScans
from chalicelib.core.errors import BadInput, Forbidden, NotFound
from chalicelib.core.submission import Submission
from chalicelib.identity.people import Actor, Limits, People, Profile
from chalicelib.venues.venue import Venue

_HOUR_S, _DAY_S = 3600, 86_400


class Check(NamedTuple):
    """What may be seen of a manual check, and its venue.

    `subject` is the profile of the person checked; None if it was not read or has expired.
    `poll_after` is when to ask for a waiting check again, or None.
    """

    view: ScanView
    venue: Venue
    subject: Profile | None = None
    poll_after: timedelta | None = None


class ManualChecks:
    """The manual checks of a staff member."""

    __slots__ = (
        "_accesses",
        "_limits",
        "_people",
        "_policies",
        "_recorder",
        "_subjects",
        "_waiting",
    )

    def __init__(
        self,
        *,
        subjects: Subjects,
        people: People,
        limits: Limits,
        accesses: Accesses,
        policies: Policies,
        recorder: Recorder,
        waiting: WaitingScans,
    ) -> None:
        self._subjects = subjects
        self._people = people
        self._limits = limits
        self._accesses = accesses
        self._policies = policies
        self._recorder = recorder
        self._waiting = waiting

    def check(
        self, actor: Actor, venue: Venue, entry: ManualEntry, submission: Submission
    ) -> Check:
        """Record the visit of a person without a phone, and request their health code.

        Everybody is judged as a shadow subject, about whom the identity and health providers are
        asked from the queue. The visit is that of the person who is verified under this name and
        number, if there is one; what is known of them already is not used, so that a check does not
        tell who is registered, also when providers are slow. A retry returns the check of its nonce
        and is not charged. The entry's fingerprint is made here. Raises BadInput for the phone,
        Unprocessable ``clock_skewed``, Conflict ``nonce_reused``, TooMany.
        """
        now = submission.now
        policy = self._policies.of(venue.region, now)
        _require_phone(entry.phone, policy)
        submission = submission._replace(fingerprint=self._subjects.fingerprint(entry))
        made = attempt(Method.MANUAL, venue, actor.person_id, submission)
        standing = self._recorder.standing(made)
        if standing is not None:
            return _check(actor, meet(made, standing).scan, venue)
        blind = self._subjects.blind(entry)
        self._charge(actor, venue, blind, policy.manual_quota, now)
        self._accesses.record(
            blind,
            Access(
                AccessKind.MANUAL_CHECK,
                at=made.at,
                digest=made.digest,
                asked_at=now,
                correlation=submission.correlation,
                until=now + KEPT_FOR,
                by=actor.person_id,
                venue_id=venue.venue_id,
            ),
        )
        subject = self._subjects.of(entry, blind, now)
        shadow_id = subject.shadow.person_id
        recorded = self._recorder.record(
            made,
            subject.person_id,
            begin_check(subject.shadow, policy),
            Circumstances(
                entry.temperature,
                subject_id=shadow_id if subject.person_id != shadow_id else "",
            ),
        )
        return _check(actor, recorded.scan, venue)

    def visible_check(self, actor: Actor, check_id: str, now: datetime) -> Check:
        """Return a check that the actor made, while they are staff of its venue.

        The subject is read even while the check is pending, so that both take the same time. A
        check whose wait is over is decided first, as in `Scanning.visible_scan`. Raises
        NotFound, alike for the checks of others and for unknown ids.
        """
        found = self._waiting.find(check_id, now)
        if found is None:
            raise NotFound
        view = disclosure.view(found.scan, as_viewer(ViewerKind.CHECKER, actor, now))
        if view is None:
            raise NotFound
        subject = self._people.load(found.scan.judged_by, consistent=False).profile
        again = self._waiting.poll_after(found, now)
        return Check(view, found.venue, subject, again)

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


def _check(actor: Actor, scan: Scan, venue: Venue) -> Check:
    """Return the check as of its receipt: pending, even if the result is known already."""
    view = disclosure.view(scan, as_viewer(ViewerKind.CHECKER, actor, scan.received_at))
    if view is None:
        raise Forbidden("not_your_venue")
    return Check(view, venue)


def _require_phone(phone: str, policy: Policy) -> None:
    if phone and policy.manual_phone is ManualPhone.NO:
        raise BadInput.at("/phone", "not_allowed")
    if not phone and policy.manual_phone is ManualPhone.REQUIRED:
        raise BadInput.at("/phone", "missing")
