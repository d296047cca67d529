"""Scans of a venue's code by visitors, and of visitors' passes by staff.

Each costs one conditional put and returns one screen. Rows YK-2, YK-3, SD-1; JN-8, JN-9, YK-20,
YK-22, YK-23.
"""

from datetime import datetime
from typing import NamedTuple

from chalicelib.admission import disclosure
from chalicelib.admission.disclosure import ScanView, at_screen
from chalicelib.admission.eligibility import require_may_scan
from chalicelib.admission.judge import decide
from chalicelib.admission.policy import Policies
from chalicelib.admission.recording import Circumstances, Recorded, Recorder, attempt, is_retry
from chalicelib.admission.scan import Method, Scan, ScanFinder
from chalicelib.core.crypto import KeyRing
from chalicelib.core.errors import Forbidden, Gone, NotFound, Unprocessable
from chalicelib.core.submission import Submission
from chalicelib.identity import passes
from chalicelib.identity.families import Families
from chalicelib.identity.people import Actor, People, Profile
from chalicelib.venues.codes import CodeKind, CodeState
from chalicelib.venues.venue import Directory, Venue


class Result(NamedTuple):
    """A scan, the actor's view of it, its venue and its visitor; `created` is False for a retry.

    `visitor` is None if the visitor has been erased.
    """

    scan: Scan
    view: ScanView
    venue: Venue
    visitor: Profile | None
    created: bool


class Scanning:
    """The recording of scans, and their display."""

    __slots__ = ("_directory", "_families", "_finder", "_people", "_policies", "_recorder", "_ring")

    def __init__(
        self,
        *,
        people: People,
        directory: Directory,
        policies: Policies,
        recorder: Recorder,
        finder: ScanFinder,
        ring: KeyRing,
        families: Families,
    ) -> None:
        self._people = people
        self._directory = directory
        self._policies = policies
        self._recorder = recorder
        self._finder = finder
        self._ring = ring
        self._families = families

    def scan_venue(
        self, actor: Actor, code: str, submission: Submission, *, on_behalf_of: str | None = None
    ) -> Result:
        """Record a visit under `code`, and decide on it with the evidence there is.

        The visitor is the actor, or the actor's dependant `on_behalf_of`. The stream handler
        requests missing answers when it sees the put, so a crash between put and send loses
        nothing. Raises NotFound ``code_unknown``, Gone ``code_revoked``, Forbidden (registration,
        ``not_your_dependant``), Unprocessable ``clock_skewed``, Conflict ``nonce_reused``.
        """
        now = submission.now
        venue, fast = self._open_venue(code, now)
        visitor = actor.holder
        if on_behalf_of is not None:
            visitor = self._families.holder(actor, on_behalf_of, now)
        require_may_scan(visitor.profile)
        method = Method.FAST if fast else Method.VISITOR
        made = attempt(method, venue, actor.person_id, submission)
        # The fast code is shown to visitors whose temperature was normal (YK-23).
        temperature = "normal" if fast else ""
        policy = self._policies.of(venue.region, now)
        verdict = decide(visitor.record, policy, at=now, final=False, temperature=temperature)
        recorded = self._recorder.record(
            made,
            visitor.person_id,
            verdict,
            Circumstances(temperature, guardian_id=visitor.guardian_id),
        )
        return _result(actor, recorded, venue, visitor.profile, now)

    def scan_pass(
        self, actor: Actor, venue: Venue, pass_code: str, temperature: str, submission: Submission
    ) -> Result:
        """Record the visit of a visitor who shows a pass to the venue's staff (JN-8, YK-20).

        A pass is valid once per venue: the scan's hash and time come from the pass. The staff
        member's nonce distinguishes a retry from a second use, and gives the time of the scan,
        because an offline device sends it later (GO-1). `temperature` is the measured band, or
        empty. Raises BadInput at ``/pass_code``; Unprocessable ``pass_expired``, ``pass_invalid``
        for a forged pass or an unknown person, ``visitor_not_verified``, ``clock_skewed``; Conflict
        ``pass_used``, ``nonce_reused``.
        """
        presented, now = passes.read(pass_code, ring=self._ring), submission.now
        made = attempt(Method.STAFF, venue, actor.person_id, submission, presented)
        # By the server's clock first: that of the staff's device may be wrong.
        if not (presented.is_live(now) or presented.is_live(made.made_at)):
            # A retry of a scan that was accepted while the pass was live is not refused.
            standing = self._recorder.standing(made)
            if standing is None or not is_retry(made, standing):
                raise Unprocessable("pass_expired")
        visitor = self._people.load(presented.person_id, consistent=False)
        profile = visitor.profile
        if profile is None:
            raise Unprocessable("pass_invalid")
        if not profile.may_scan:
            raise Unprocessable("visitor_not_verified")
        policy = self._policies.of(venue.region, now)
        verdict = decide(visitor, policy, at=now, final=False, temperature=temperature)
        recorded = self._recorder.record(
            made, presented.person_id, verdict, Circumstances(temperature)
        )
        return _result(actor, recorded, venue, profile, now)

    def visible_scan(self, actor: Actor, scan_id: str, now: datetime) -> Result:
        """Return the current state of the actor's scan, or of one at a venue where they are staff.

        Raises NotFound, alike for the scans of others and for unknown ids.
        """
        found = self._finder.find(scan_id, now)
        if found is None:
            raise NotFound
        view = disclosure.view(found.scan, at_screen(actor, found.scan, now))
        # Staff see less than a screen of a manual check; `ManualChecks` shows its result.
        if view is None or not view.complete:
            raise NotFound
        profile: Profile | None = actor.profile
        if found.scan.person_id != actor.person_id:
            profile = self._people.load(found.scan.person_id, consistent=False).profile
        return Result(found.scan, view, found.venue, profile, created=False)

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


def _result(
    actor: Actor, recorded: Recorded, venue: Venue, visitor: Profile, now: datetime
) -> Result:
    scan = recorded.scan
    view = disclosure.view(scan, at_screen(actor, scan, now))
    if view is None:
        raise Forbidden("not_your_venue")
    return Result(scan, view, venue, visitor, recorded.created)
