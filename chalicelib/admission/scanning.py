"""A visitor scans a venue's code, or staff a visitor's pass: one conditional put, one screen.

Rows YK-2, YK-3, SD-1; JN-8, JN-9, YK-20, YK-22, YK-23.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.admission.eligibility import require_may_scan
from chalicelib.admission.judge import decide
from chalicelib.admission.policy import Policies
from chalicelib.admission.scan import Method, Scan, ScanFinder, ScanReference, Scans
from chalicelib.core import ids
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.crypto import KeyRing
from chalicelib.core.errors import Conflict, Gone, NotFound, Unprocessable
from chalicelib.core.submission import Submission
from chalicelib.identity import passes
from chalicelib.identity.people import Actor, People, Profile
from chalicelib.venues.codes import CodeKind, CodeState
from chalicelib.venues.venue import Directory, Venue

CLOCK_TOLERANCE = timedelta(minutes=10)
OFFLINE = timedelta(days=7)
"""For how long the staff's phones may keep what they scanned."""


class Result(NamedTuple):
    """A scan, its venue and its visitor; `created` is False when a retry met its own scan."""

    scan: Scan
    venue: Venue
    visitor: Profile
    created: bool


class Scanning:
    """Registers visits, and shows them again."""

    __slots__ = ("_directory", "_finder", "_people", "_policies", "_ring", "_scans")

    def __init__(
        self,
        *,
        people: People,
        directory: Directory,
        policies: Policies,
        scans: Scans,
        finder: ScanFinder,
        ring: KeyRing,
    ) -> None:
        self._people = people
        self._directory = directory
        self._policies = policies
        self._scans = scans
        self._finder = finder
        self._ring = ring

    def scan_venue(self, actor: Actor, code: str, submission: Submission) -> Result:
        """Register the actor's visit under `code` and decide on it with what is known by now.

        What is missing is asked for by the stream handler, which sees the put, so that a crash
        between put and send loses nothing. Raises NotFound ``code_unknown``, Gone ``code_revoked``,
        Forbidden (registration), Unprocessable ``clock_skewed``, Conflict ``nonce_reused``.
        """
        now = submission.now
        venue, fast = self._open_venue(code, now)
        require_may_scan(actor)
        at = time_of(submission.nonce, now)
        # The fast code is shown to those whose temperature was found normal (YK-23).
        temperature = "normal" if fast else ""
        policy = self._policies.of(venue.region, now)
        verdict = decide(actor.record, policy, at=now, final=False, temperature=temperature)
        scan = Scan(
            venue_id=venue.venue_id,
            at=at,
            digest=ids.derive("scan", actor.person_id, submission.nonce),
            person_id=actor.person_id,
            nonce=submission.nonce,
            fingerprint=submission.fingerprint,
            received_at=now,
            verdict=verdict,
            first_outcome=verdict.decision.outcome,
            correlation=submission.correlation,
            method=Method.FAST if fast else Method.VISITOR,
            temperature=temperature,
        )
        earlier = self._scans.put(scan, venue)
        if earlier is None:
            return Result(scan, venue, actor.profile, created=True)
        if earlier.fingerprint != submission.fingerprint:
            raise Conflict("nonce_reused")
        return Result(earlier, venue, actor.profile, created=False)

    def scan_pass(
        self, actor: Actor, venue: Venue, pass_code: str, temperature: str, submission: Submission
    ) -> Result:
        """Register the visit of a visitor who shows a pass to the venue's staff (JN-8, YK-20).

        A pass is good once for a venue: its hash and time come from whose it is and when it was
        minted. The nonce of the staff tells a retry from a second showing, and when it was shown: a
        phone that was offline sends it later (GO-1). `temperature` is the band that was measured,
        or empty. Raises BadInput at ``/pass_code``; Unprocessable ``pass_expired``,
        ``pass_invalid`` for a pass that is forged or of an unknown person,
        ``visitor_not_verified``, ``clock_skewed``; Conflict ``pass_used``, ``nonce_reused``.
        """
        presented, now = passes.read(pass_code, ring=self._ring), submission.now
        shown_at = time_of(submission.nonce, now, offline=OFFLINE)
        digest = ids.derive("pass", presented.person_id, str(epoch_ms(presented.minted_at)))
        # By our clock first: that of the staff's phone may be off.
        if not (presented.is_live(now) or presented.is_live(shown_at)):
            # It was, if this is a retry of what was accepted then.
            reference = ScanReference(venue.venue_id, presented.minted_at, digest)
            stands = self._scans.get(reference, venue)
            if stands is None or (stands.staff_id, stands.nonce) != (
                actor.person_id,
                submission.nonce,
            ):
                raise Unprocessable("pass_expired")
        visitor = self._people.load(presented.person_id, consistent=False)
        profile = visitor.profile
        if profile is None:
            raise Unprocessable("pass_invalid")
        if not profile.may_scan:
            raise Unprocessable("visitor_not_verified")
        policy = self._policies.of(venue.region, now)
        verdict = decide(visitor, policy, at=now, final=False, temperature=temperature)
        scan = Scan(
            venue_id=venue.venue_id,
            at=presented.minted_at,
            digest=digest,
            person_id=presented.person_id,
            nonce=submission.nonce,
            fingerprint=submission.fingerprint,
            received_at=now,
            verdict=verdict,
            first_outcome=verdict.decision.outcome,
            correlation=submission.correlation,
            method=Method.STAFF,
            staff_id=actor.person_id,
            temperature=temperature,
        )
        earlier = self._scans.put(scan, venue)
        if earlier is None:
            return Result(scan, venue, profile, created=True)
        if (earlier.staff_id, earlier.nonce) != (actor.person_id, submission.nonce):
            raise Conflict("pass_used")
        if earlier.fingerprint != submission.fingerprint:
            raise Conflict("nonce_reused")
        return Result(earlier, venue, profile, created=False)

    def visible_scan(self, actor: Actor, scan_id: str, now: datetime) -> Result:
        """Return a scan of the actor's, or of a venue that they are staff of, as it now stands.

        Raises NotFound, alike for scans of others and scans that are not.
        """
        found = self._finder.find(scan_id, now)
        if found is None:
            raise NotFound
        if found.scan.person_id == actor.person_id:
            return Result(*found, actor.profile, created=False)
        # A check by hand is answered to who made it, later and with less (`manual_checks`).
        if found.scan.method is Method.MANUAL or found.venue.venue_id not in actor.record.rights:
            raise NotFound
        profile = self._people.load(found.scan.person_id, consistent=False).profile
        if profile is None:
            raise NotFound
        return Result(*found, profile, created=False)

    def _open_venue(self, code: str, now: datetime) -> tuple[Venue, bool]:
        """Return the venue behind a code, and whether it is the one for fast check-in.

        Raises NotFound ``code_unknown``, Gone ``code_revoked``.
        """
        known = self._directory.code(code, now)
        venue = self._directory.venue(known.venue_id, now) if known else None
        if known is None or venue is None:
            raise NotFound("code_unknown")
        if known.state is CodeState.REVOKED:
            raise Gone("code_revoked")
        return venue, known.kind is CodeKind.FAST


def time_of(nonce: str, now: datetime, *, offline: timedelta = CLOCK_TOLERANCE) -> datetime:
    """When the client says that it happened, at most `offline` ago.

    Raises Unprocessable ``clock_skewed``.
    """
    at_ms = ids.nonce_time(nonce)  # 48 bits: it may be beyond the calendar
    millisecond = timedelta(milliseconds=1)
    if not -(CLOCK_TOLERANCE // millisecond) <= epoch_ms(now) - at_ms <= offline // millisecond:
        raise Unprocessable("clock_skewed")
    return from_epoch_ms(at_ms)
