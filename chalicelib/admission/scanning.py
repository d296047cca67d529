"""Scans of a venue's code by visitors, and of visitors' passes by staff.

Each costs one conditional put and returns one screen. Rows YK-2, YK-3, SD-1; JN-8, JN-9, JN-28,
YK-6, YK-7, YK-20, YK-22, YK-23.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.admission import disclosure
from chalicelib.admission.accesses import StaffAccesses
from chalicelib.admission.disclosure import ScanView, ViewerKind, as_viewer, at_screen
from chalicelib.admission.eligibility import require_may_scan
from chalicelib.admission.judge import decide
from chalicelib.admission.location import Location, cell_of
from chalicelib.admission.policy import PaperAcceptance, Policies, Policy
from chalicelib.admission.recording import (
    CLOCK_TOLERANCE,
    Attempt,
    Circumstances,
    Recorded,
    Recorder,
    attempt,
    is_retry,
)
from chalicelib.admission.scan import EvidenceLevel, FoundScan, Method, Scan
from chalicelib.admission.waiting import WaitingScans
from chalicelib.core.crypto import KeyRing
from chalicelib.core.errors import Forbidden, Gone, NotFound, Unprocessable
from chalicelib.core.submission import Submission
from chalicelib.identity import passes
from chalicelib.identity.guardianship import Guardianship
from chalicelib.identity.passes import PaperPass, Pass, PassState
from chalicelib.identity.people import Actor, Holder, People, PersonRecord, Profile, Verification
from chalicelib.venues.codes import CodeKind, CodeState
from chalicelib.venues.venue import Directory, Venue

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.admission.staff_phones import Upload

    EndedSerial = Callable[[str, datetime], str]
    """Returns the serial of a person's paper pass at a time, if it has ended since, or nothing."""

_AT_THE_DOOR = timedelta(minutes=15)
"""For as long a scan takes a travel card, or the colour after a declaration (`waiting`)."""


class Result(NamedTuple):
    """A scan, the actor's view of it, its venue and its visitor; `created` is False for a retry.

    `visitor` is None if the visitor has been erased. `poll_after` is when to ask for a waiting scan
    again, and `answer_by` when its wait ends; both are None if it does not wait.
    """

    scan: Scan
    view: ScanView
    venue: Venue
    visitor: Profile | None
    created: bool
    poll_after: timedelta | None
    answer_by: datetime | None


def result_of(
    waiting: WaitingScans,
    found: FoundScan,
    view: ScanView,
    visitor: Profile | None,
    now: datetime,
    *,
    created: bool = False,
) -> Result:
    """Return the result of a scan as it is now, with when to ask for it again."""
    return Result(
        found.scan,
        view,
        found.venue,
        visitor,
        created=created,
        poll_after=waiting.poll_after(found, now),
        answer_by=waiting.answer_by(found, now),
    )


class Scanning:
    """The recording of scans, and their display."""

    __slots__ = (
        "_directory",
        "_guardianship",
        "_people",
        "_policies",
        "_recorder",
        "_ring",
        "_staff_accesses",
        "_waiting",
    )

    def __init__(
        self,
        *,
        people: People,
        directory: Directory,
        policies: Policies,
        recorder: Recorder,
        waiting: WaitingScans,
        ring: KeyRing,
        guardianship: Guardianship,
        staff_accesses: StaffAccesses,
    ) -> None:
        """Keep the collaborators: many parameters, because a scan meets every rule of admission."""
        self._people = people
        self._directory = directory
        self._policies = policies
        self._recorder = recorder
        self._waiting = waiting
        self._ring = ring
        self._guardianship = guardianship
        self._staff_accesses = staff_accesses

    def scan_venue(
        self,
        actor: Actor,
        code: str,
        submission: Submission,
        *,
        on_behalf_of: str | None = None,
        location: Location | None = None,
    ) -> Result:
        """Record a visit under `code`, and decide on it with the evidence there is.

        The visitor is the actor, or the actor's dependant `on_behalf_of`. Of `location`, its cell
        is recorded; a retry may come from another one. The stream handler
        requests missing answers when it sees the put, so a crash between put and send loses
        nothing. Raises NotFound ``code_unknown``, Gone ``code_revoked``, Forbidden (registration,
        ``not_your_dependant``), Unprocessable ``clock_skewed``, Conflict ``nonce_reused``.
        """
        now = submission.now
        venue, fast = self._open_venue(code, now)
        visitor = actor.holder
        if on_behalf_of is not None:
            visitor = self._guardianship.holder(actor, on_behalf_of, now)
        require_may_scan(visitor.profile)
        method = Method.FAST if fast else Method.VISITOR
        made = attempt(method, venue, actor.person_id, submission)
        # The fast code is shown to visitors whose temperature was normal (YK-23).
        temperature = "normal" if fast else ""
        cell = cell_of(location)
        policy = self._policies.of(venue.region, now)
        verdict = decide(visitor.record, policy, at=now, final=False, temperature=temperature)
        recorded = self._recorder.record(
            made,
            visitor.person_id,
            verdict,
            Circumstances(
                temperature,
                guardian_id=visitor.guardian_id,
                evidence_level=EvidenceLevel.LOCATION if cell else None,
                location_cell=cell,
            ),
        )
        return self._result(actor, recorded, venue, visitor.record, now)

    def scan_pass(
        self, actor: Actor, venue: Venue, pass_code: str, temperature: str, submission: Submission
    ) -> Result:
        """Record the visit of a visitor who shows a pass to the venue's staff (JN-8, YK-20).

        A live pass is valid once per venue: the scan's hash and time come from the pass. The staff
        member's nonce distinguishes a retry from a second use. A paper pass may be scanned any
        number of times (JN-28). `temperature` is the measured band, or empty.

        Raises BadInput at ``/pass_code``; Unprocessable ``pass_expired``, ``pass_invalid`` for a
        forged pass or an unknown person, ``pass_revoked``, ``paper_not_accepted``,
        ``visitor_not_verified``, ``clock_skewed``; Conflict ``pass_used``, ``nonce_reused``.
        """
        recorded, visitor = self._record_pass(
            actor, venue, pass_code, Circumstances(temperature), submission
        )
        return self._result(actor, recorded, venue, visitor.record, submission.now)

    def record_late(
        self,
        actor: Actor,
        venue: Venue,
        upload: "Upload",
        submission: Submission,
        *,
        ended_serial: "EndedSerial",
    ) -> Recorded:
        """Record the visit of a visitor whose pass a paired phone kept while it was offline.

        As `scan_pass`, but the pass was live, and not revoked, at the time in the nonce, at most
        seven days ago (GO-1). `ended_serial` finds a paper pass that has ended since. See
        `late_scans`.
        """
        circumstances = Circumstances(upload.temperature, device_id=upload.device_id)
        recorded, _ = self._record_pass(
            actor, venue, upload.pass_code, circumstances, submission, ended_serial
        )
        return recorded

    def _record_pass(
        self,
        actor: Actor,
        venue: Venue,
        pass_code: str,
        circumstances: Circumstances,
        submission: Submission,
        ended_serial: "EndedSerial | None" = None,
    ) -> tuple[Recorded, Holder]:
        presented, now = passes.read(pass_code, ring=self._ring), submission.now
        late = bool(circumstances.device_id)
        policy = self._policies.of(venue.region, now)
        if isinstance(presented, PaperPass):
            made = attempt(Method.PAPER, venue, actor.person_id, submission)
            self._require_on_time(made, late=late)
            visitor = self._holder_of_paper(presented, made, policy, ended_serial)
        else:
            made = attempt(Method.STAFF, venue, actor.person_id, submission, presented)
            self._require_on_time(made, late=late)
            visitor = self._holder_of_live(presented, made, late=late)
            circumstances = circumstances._replace(guardian_id=presented.guardian_id)
        temperature = circumstances.temperature
        verdict = decide(visitor.record, policy, at=now, final=False, temperature=temperature)
        recorded = self._recorder.record(made, visitor.person_id, verdict, circumstances)
        return recorded, visitor

    def _require_on_time(self, made: Attempt, *, late: bool) -> None:
        """Raise Unprocessable ``clock_skewed`` for an old scan, unless a paired phone has kept it.

        A retry of an accepted scan may be as old.
        """
        old = made.submission.now - made.made_at > CLOCK_TOLERANCE
        if old and not late and not self._is_retry(made):
            raise Unprocessable("clock_skewed")

    def _holder_of_live(self, presented: Pass, made: Attempt, *, late: bool) -> Holder:
        """Return the owner of a live pass, who may be admitted with it. Raises Unprocessable.

        A companion's pass needs the link on the dependant's side, strongly consistent: a removed
        guardian shows it no longer.
        """
        now = made.submission.now
        # A device that was offline sends the scan later: the pass was valid at the door. Otherwise
        # the server's clock decides, because anybody may have an old picture of a pass.
        shown_late = late and presented.is_live(made.made_at)
        at = min(now, made.made_at) if shown_late else now
        if not (shown_late or presented.is_live(now)) and not self._is_retry(made):
            raise Unprocessable("pass_expired")
        visitor = self._people.load(presented.person_id, consistent=bool(presented.guardian_id))
        if visitor.profile is None:
            raise Unprocessable("pass_invalid")
        if _is_revoked(presented, visitor, at) and not self._is_retry(made):
            raise Unprocessable("pass_revoked")
        if not visitor.profile.may_scan:
            raise Unprocessable("visitor_not_verified")
        return Holder(visitor)

    def _holder_of_paper(
        self,
        presented: PaperPass,
        made: Attempt,
        policy: Policy,
        ended_serial: "EndedSerial | None",
    ) -> Holder:
        """Return the owner of a paper pass, who may be admitted with it. Raises Unprocessable.

        The read is strongly consistent, so that a revocation counts at once.
        """
        visitor = self._people.load(presented.person_id)
        # A device that was offline sends the scan later: the pass was valid at the door.
        late = ended_serial is not None
        at = min(made.submission.now, made.made_at) if late else made.submission.now
        try:
            _require_valid(presented, visitor, policy, at, ended_serial)
        except Unprocessable:
            if visitor.profile is None or not self._is_retry(made):
                raise
        return Holder(visitor)

    def _is_retry(self, made: Attempt) -> bool:
        """Return whether the scan was accepted before. Its pass may have ended since."""
        standing = self._recorder.standing(made)
        return standing is not None and is_retry(made, standing)

    def visible_scan(
        self, actor: Actor, scan_id: str, now: datetime, *, correlation: str
    ) -> Result:
        """Return the current state of the actor's scan, or of one at a venue where they are staff.

        A guardian sees the scans of a dependant, and staff those of their venue, which puts them on
        the visitor's access log. Staff who poll the screen of a scan that they have just made are
        not put there: that is the visit itself. A scan whose wait is over is decided first. That is
        written, although it is a read: the decision follows from the time, is the same for every
        reader, and counts in the figures. Raises NotFound, alike for the scans of others and for
        unknown ids.
        """
        found = self._waiting.find(scan_id, now, actor.record)
        if found is None:
            raise NotFound
        viewer = at_screen(actor, found.scan, now)
        if viewer.kind is ViewerKind.GUARDIAN:
            try:
                self._guardianship.holder(
                    actor, found.scan.person_id, now, reads="scan", correlation=correlation
                )
            except Forbidden:  # the link has ended on the dependant's side
                viewer = as_viewer(ViewerKind.STAFF, actor, now)
        view = disclosure.view(found.scan, viewer)
        # Staff see less than a screen of a manual check; `ManualChecks` shows its result.
        if view is None or not view.complete:
            raise NotFound
        profile: Profile | None = actor.profile
        if found.scan.person_id != actor.person_id:
            profile = self._people.load(found.scan.person_id, consistent=False).profile
        if viewer.kind is ViewerKind.STAFF and profile and not _is_at_the_door(found, actor, now):
            self._staff_accesses.record(
                actor, found.venue.venue_id, [profile], correlation=correlation, now=now
            )
        return result_of(self._waiting, found, view, profile, now)

    def _result(
        self, actor: Actor, recorded: Recorded, venue: Venue, visitor: PersonRecord, now: datetime
    ) -> Result:
        found = FoundScan(recorded.scan, venue)
        if not recorded.created:
            found = self._waiting.current(found, now, visitor)
        view = disclosure.view(found.scan, at_screen(actor, found.scan, now))
        if view is None:
            raise Forbidden("not_your_venue")
        return result_of(self._waiting, found, view, visitor.profile, now, created=recorded.created)

    def _open_venue(self, code: str, now: datetime) -> tuple[Venue, bool]:
        """Return the venue of a code, and whether the code is for fast check-in.

        Raises NotFound ``code_unknown``, Gone ``code_revoked``.
        """
        known = self._directory.code(code, now)
        venue = self._directory.venue(known.venue_id, now) if known else None
        if known is None or venue is None:
            raise NotFound("code_unknown")
        if known.state is CodeState.REVOKED:
            raise Gone("code_revoked")
        return venue, known.kind is CodeKind.FAST


def _is_at_the_door(found: FoundScan, actor: Actor, now: datetime) -> bool:
    """Return whether the actor has made the scan and the visitor may still stand before them."""
    made_by_actor = found.scan.staff_id == actor.person_id
    return made_by_actor and now - found.scan.received_at <= _AT_THE_DOOR


def _is_revoked(presented: Pass, visitor: PersonRecord, at: datetime) -> bool:
    """Return whether the owner had revoked a live pass at `at`, or ended the guardian's link."""
    since = visitor.profile.passes_from if visitor.profile else None
    if since is not None and presented.minted_at <= since <= at:
        return True
    if not presented.guardian_id:
        return False
    link = visitor.guardians.get(presented.guardian_id)
    return link is None or not link.in_force(at)


def _require_valid(
    presented: PaperPass,
    visitor: PersonRecord,
    policy: Policy,
    at: datetime,
    ended_serial: "EndedSerial | None",
) -> None:
    """Require a paper pass that was valid `at`, and is accepted. Raises Unprocessable."""
    if policy.paper_pass is not PaperAcceptance.ACCEPTED:
        raise Unprocessable("paper_not_accepted")
    issued, state = visitor.paper_pass, PassState.REVOKED
    if visitor.profile is None:
        raise Unprocessable("pass_revoked")
    if issued is not None and issued.serial == presented.serial:
        state = passes.state_of(issued, visitor.profile, at)
    if state is PassState.EXPIRED:
        raise Unprocessable("pass_expired")
    if state is not PassState.VALID and not (
        ended_serial is not None and ended_serial(presented.person_id, at) == presented.serial
    ):
        raise Unprocessable("pass_revoked")
    # As for a live pass, which is shown only once the registration is approved.
    if visitor.profile.verification is not Verification.VERIFIED:
        raise Unprocessable("visitor_not_verified")
