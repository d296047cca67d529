"""A visitor scans a venue's code: one query, one conditional put, one screen (YK-2, YK-3, SD-1)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.admission.judge import Verdict, decide, take_card
from chalicelib.admission.policy import Policies
from chalicelib.admission.scan import Scan, ScanReference, Scans
from chalicelib.core import ids
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.errors import Conflict, Forbidden, Gone, NotFound, Unavailable, Unprocessable
from chalicelib.identity.people import Actor, Hot, Verification
from chalicelib.venues.codes import CodeState
from chalicelib.venues.venue import Directory, Venue

CLOCK_TOLERANCE = timedelta(minutes=10)
_RACES = 4


@dataclass(frozen=True)
class Result:
    """A scan with its venue; `created` is False when a retry met its own scan."""

    scan: Scan
    venue: Venue
    created: bool


def scan_venue(
    actor: Actor,
    code: str,
    *,
    nonce: str,
    body_hash: str,
    correlation: str,
    now: datetime,
    directory: Directory,
    policies: Policies,
    scans: Scans,
) -> Result:
    """Register the actor's visit under `code` and decide on it with what is known by now.

    What is missing is asked for by the stream handler, which sees the put, so that a crash
    between put and send loses nothing. Raises NotFound ``code_unknown``, Gone ``code_revoked``,
    Forbidden (registration), Unprocessable ``clock_skewed``, Conflict ``nonce_reused``.
    """
    venue = open_venue(code, now=now, directory=directory)
    require_may_scan(actor)
    at_ms = ids.nonce_time(nonce)  # 48 bits: it may be beyond the calendar
    if abs(epoch_ms(now) - at_ms) > CLOCK_TOLERANCE // timedelta(milliseconds=1):
        raise Unprocessable("clock_skewed")
    verdict = decide(actor.hot, policies.of(venue.region, now), at=now, late=False)
    scan = Scan(
        venue_id=venue.venue_id,
        at=from_epoch_ms(at_ms),
        digest=ids.derive("scan", actor.person_id, nonce),
        person_id=actor.person_id,
        nonce=nonce,
        body_hash=body_hash,
        received_at=now,
        verdict=verdict,
        first_outcome=verdict.decision.outcome,
        correlation=correlation,
    )
    earlier = scans.put(scan, venue)
    if earlier is None:
        return Result(scan, venue, created=True)
    if earlier.body_hash != body_hash:
        raise Conflict("nonce_reused")
    return Result(earlier, venue, created=False)


def own_scan(
    actor: Actor, scan_id: str, *, now: datetime, directory: Directory, scans: Scans
) -> Result:
    """A scan of the actor's as it now stands. Raises NotFound, alike for those of others."""
    found = find(scan_id, now=now, directory=directory, scans=scans)
    if found is None or found.scan.person_id != actor.person_id:
        raise NotFound
    return found


def find(scan_id: str, *, now: datetime, directory: Directory, scans: Scans) -> Result | None:
    """A scan and its venue by the scan's id, or None."""
    reference = ScanReference.parse(scan_id)
    venue = directory.venue(reference.venue_id, now) if reference else None
    scan = scans.get(reference, venue) if reference and venue else None
    return Result(scan, venue, created=False) if scan and venue else None


def reconsider(
    scan_id: str,
    person: Hot,
    *,
    late: bool,
    card: bool = False,
    now: datetime,
    directory: Directory,
    policies: Policies,
    scans: Scans,
) -> Verdict | None:
    """Judge a waiting scan again by what `person` now says; final or not, it may be done twice.

    `late`: the wait is over and the scan is decided with what there is. Evidence is weighed as at
    the time of the scan, by the policy as it stands now. `card`: the person has entered the code
    for the day's travel card, which a scan that waits for nothing any more takes as well. Answers
    the verdict, or None when there is no such scan. Raises Unavailable when the scan changes faster
    than it can be judged.
    """
    for _ in range(_RACES):
        found = find(scan_id, now=now, directory=directory, scans=scans)
        if found is None:
            return None
        scan, venue = found.scan, found.venue
        verdict = scan.verdict
        joins = card and verdict.lacks_card
        if verdict.needs or joins:
            policy = policies.of(venue.region, now)
            if verdict.needs:
                verdict = decide(person, policy, at=scan.received_at, late=late)
            else:
                verdict = take_card(verdict, person, policy, at=scan.received_at)
            changed = replace(scan, verdict=verdict, version=scan.version + 1)
            if verdict != scan.verdict and not scans.change(changed, venue):
                continue
        if not verdict.needs:
            scans.stop_waiting(scan.person_id, scan_id)
        return verdict
    raise Unavailable


def open_venue(code: str, *, now: datetime, directory: Directory) -> Venue:
    """The venue behind a code. Raises NotFound ``code_unknown``, Gone ``code_revoked``."""
    known = directory.code(code, now)
    venue = directory.venue(known.venue_id, now) if known else None
    if known is None or venue is None:
        raise NotFound("code_unknown")
    if known.state is CodeState.REVOKED:
        raise Gone("code_revoked")
    return venue


def require_may_scan(actor: Actor) -> None:
    """Pending for the first time may scan, rejected may not (JN-19, JN-20). Raises Forbidden."""
    if actor.profile.may_scan:
        return
    unregistered = actor.profile.verification is Verification.NONE
    raise Forbidden("registration_required" if unregistered else "registration_rejected")
