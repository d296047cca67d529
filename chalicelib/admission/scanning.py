"""A visitor scans a venue's code, or staff a visitor's pass: one conditional put, one screen.

Rows YK-2, YK-3, SD-1; JN-8, JN-9, YK-20, YK-22, YK-23.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.admission.judge import Verdict, decide, take_card
from chalicelib.admission.policy import Policies
from chalicelib.admission.scan import Method, Scan, ScanReference, Scans
from chalicelib.core import ids
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.errors import Conflict, Forbidden, Gone, NotFound, Unavailable, Unprocessable
from chalicelib.identity.passes import Pass
from chalicelib.identity.people import Actor, People, PersonRecord, Profile, Verification
from chalicelib.venues.codes import CodeKind, CodeState
from chalicelib.venues.rights import require_verified
from chalicelib.venues.venue import Directory, Venue

CLOCK_TOLERANCE = timedelta(minutes=10)
OFFLINE = timedelta(days=7)
"""For how long the staff's phones may keep what they scanned."""
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
    fingerprint: str,
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
    venue, fast = open_venue(code, now=now, directory=directory)
    require_may_scan(actor)
    at = time_of(nonce, now)
    # The fast code is shown to those whose temperature was found normal (YK-23).
    temperature = "normal" if fast else ""
    verdict = decide(
        actor.record, policies.of(venue.region, now), at=now, final=False, temperature=temperature
    )
    scan = Scan(
        venue_id=venue.venue_id,
        at=at,
        digest=ids.derive("scan", actor.person_id, nonce),
        person_id=actor.person_id,
        nonce=nonce,
        fingerprint=fingerprint,
        received_at=now,
        verdict=verdict,
        first_outcome=verdict.decision.outcome,
        correlation=correlation,
        method=Method.FAST if fast else Method.VISITOR,
        temperature=temperature,
    )
    earlier = scans.put(scan, venue)
    if earlier is None:
        return Result(scan, venue, created=True)
    if earlier.fingerprint != fingerprint:
        raise Conflict("nonce_reused")
    return Result(earlier, venue, created=False)


def scan_pass(
    actor: Actor,
    venue: Venue,
    presented: Pass,
    *,
    temperature: str,
    nonce: str,
    fingerprint: str,
    correlation: str,
    now: datetime,
    people: People,
    policies: Policies,
    scans: Scans,
) -> tuple[Result, Profile]:
    """Register the visit of whoever shows a pass to the actor, the venue's staff (JN-8, YK-20).

    A pass is good once for a venue: its hash and time come from whose it is and when it was
    minted. The nonce of the staff tells a retry from a second showing, and when it was shown: a
    phone that was offline sends it later (GO-1). Answers the visitor's profile with it. Raises
    Unprocessable ``pass_expired``, ``pass_invalid`` for somebody unknown,
    ``visitor_not_verified``, ``clock_skewed``; Conflict ``pass_used``, ``nonce_reused``.
    """
    shown_at = time_of(nonce, now, offline=OFFLINE)
    digest = ids.derive("pass", presented.person_id, str(epoch_ms(presented.minted_at)))
    # By our clock first: that of the staff's phone may be off.
    if not (presented.is_live(now) or presented.is_live(shown_at)):
        # It was, if this is a retry of what was accepted then.
        stands = scans.get(ScanReference(venue.venue_id, presented.minted_at, digest), venue)
        if stands is None or (stands.staff_id, stands.nonce) != (actor.person_id, nonce):
            raise Unprocessable("pass_expired")
    visitor = people.load(presented.person_id, consistent=False)
    profile = visitor.profile
    if profile is None:
        raise Unprocessable("pass_invalid")
    if not profile.may_scan:
        raise Unprocessable("visitor_not_verified")
    policy = policies.of(venue.region, now)
    verdict = decide(visitor, policy, at=now, final=False, temperature=temperature)
    scan = Scan(
        venue_id=venue.venue_id,
        at=presented.minted_at,
        digest=digest,
        person_id=presented.person_id,
        nonce=nonce,
        fingerprint=fingerprint,
        received_at=now,
        verdict=verdict,
        first_outcome=verdict.decision.outcome,
        correlation=correlation,
        method=Method.STAFF,
        staff_id=actor.person_id,
        temperature=temperature,
    )
    earlier = scans.put(scan, venue)
    if earlier is None:
        return Result(scan, venue, created=True), profile
    if (earlier.staff_id, earlier.nonce) != (actor.person_id, nonce):
        raise Conflict("pass_used")
    if earlier.fingerprint != fingerprint:
        raise Conflict("nonce_reused")
    return Result(earlier, venue, created=False), profile


def visible_scan(
    actor: Actor, scan_id: str, *, now: datetime, directory: Directory, scans: Scans
) -> Result:
    """A scan of the actor's, or of a venue that they are staff of, as it now stands.

    Raises NotFound, alike for scans of others and scans that are not.
    """
    found = find(scan_id, now=now, directory=directory, scans=scans)
    if found is None:
        raise NotFound
    if found.scan.person_id == actor.person_id:
        return found
    # A check by hand is answered to who made it, later and with less (`manual_checks`).
    if found.scan.method is Method.MANUAL or found.venue.venue_id not in actor.record.rights:
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
    person: PersonRecord,
    *,
    final: bool,
    card: bool = False,
    now: datetime,
    people: People,
    directory: Directory,
    policies: Policies,
    scans: Scans,
) -> Verdict | None:
    """Judge a waiting scan again by what `person` now says; final or not, it may be done twice.

    `person` is read again when somebody else has judged by a later answer in the meantime, so that
    no verdict rests on less than the one before it.

    `final`: the wait is over and the scan is decided with what there is. Evidence is weighed as at
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
        # Of who is checked by hand nothing stands in the verdict until name and number match.
        if person.unidentified or any(
            person.lacks(provider, seen.fetched_at) for provider, seen in verdict.evidence.items()
        ):
            person = people.subject(scan.person_id)
        joins = card and verdict.lacks_card
        if verdict.needs or joins:
            policy = policies.of(venue.region, now)
            temperature = scan.temperature
            if verdict.needs:
                verdict = decide(
                    person, policy, at=scan.received_at, final=final, temperature=temperature
                )
            else:
                verdict = take_card(
                    verdict, person, policy, at=scan.received_at, temperature=temperature
                )
            changed = replace(scan, verdict=verdict, version=scan.version + 1)
            if verdict != scan.verdict and not scans.change(changed, venue):
                continue
        if not verdict.needs:
            scans.stop_waiting(scan.person_id, scan_id)
        return verdict
    raise Unavailable


def time_of(nonce: str, now: datetime, *, offline: timedelta = CLOCK_TOLERANCE) -> datetime:
    """When the client says that it happened, at most `offline` ago.

    Raises Unprocessable ``clock_skewed``.
    """
    at_ms = ids.nonce_time(nonce)  # 48 bits: it may be beyond the calendar
    millisecond = timedelta(milliseconds=1)
    if not -(CLOCK_TOLERANCE // millisecond) <= epoch_ms(now) - at_ms <= offline // millisecond:
        raise Unprocessable("clock_skewed")
    return from_epoch_ms(at_ms)


def open_venue(code: str, *, now: datetime, directory: Directory) -> tuple[Venue, bool]:
    """The venue behind a code, and whether it is the one for fast check-in.

    Raises NotFound ``code_unknown``, Gone ``code_revoked``.
    """
    known = directory.code(code, now)
    venue = directory.venue(known.venue_id, now) if known else None
    if known is None or venue is None:
        raise NotFound("code_unknown")
    if known.state is CodeState.REVOKED:
        raise Gone("code_revoked")
    return venue, known.kind is CodeKind.FAST


def require_may_show_pass(actor: Actor, *, now: datetime, policies: Policies) -> None:
    """A pass comes with the approval, or by policy before it (JN-21). Raises Forbidden.

    People have no region, so the default policy says.
    """
    if not policies.of("*", now).pass_while_pending:
        require_verified(actor)
    require_may_scan(actor)


def require_may_scan(actor: Actor) -> None:
    """Pending for the first time may scan, rejected may not (JN-19, JN-20). Raises Forbidden."""
    if actor.profile.may_scan:
        return
    unregistered = actor.profile.verification is Verification.NONE
    raise Forbidden("registration_required" if unregistered else "registration_rejected")
