"""The recording of visits: the only place that creates scans, for every method of check-in.

`METHODS` has a row for each method. It determines a scan's key, its retries, and how late it may
arrive. A scan that staff made offline is a staff scan whose nonce has an earlier time, and that a
paired phone has signed (`late_scans`). (The store reads scans back; `replace` creates their next
version.)
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.admission.judge import Verdict
from chalicelib.admission.policy import Policies
from chalicelib.admission.scan import (
    Direction,
    EvidenceLevel,
    Means,
    Method,
    Scan,
    ScanReference,
    Scans,
)
from chalicelib.core import ids
from chalicelib.core.clock import epoch_ms, from_epoch_ms
from chalicelib.core.errors import Conflict, Unprocessable
from chalicelib.core.submission import Submission
from chalicelib.identity.passes import Pass, minute_of
from chalicelib.venues.venue import Venue

CLOCK_TOLERANCE = timedelta(minutes=10)
"""The accepted error of a client's clock, either way."""
OFFLINE = timedelta(days=7)
"""How long a staff device may keep scans before it sends them."""

_NEW = timedelta(seconds=3)
"""How old a nonce is on arrival, at most, if it is sent at once by a phone with a right clock."""
_REMEMBERED = 5_000
"""Scans that a process remembers, about one megabyte."""


class MethodRules(NamedTuple):
    """The rules for scans of one method.

    `letter` is the method's code in the scan's item, `means` its name in the API. `salt` begins the
    input of the scan's hash. The rest of that input, and the scan's time, come from the nonce and
    the actor; with `by_pass`, from the pass. `late_by`: how long ago a scan may have happened by
    the client's clock; more than ten minutes ago, if a paired phone has kept it. `own`: the visitor
    or a guardian makes it, and the figures count it as the visitor's own scan; otherwise staff do.
    """

    letter: str
    means: Means
    salt: str
    by_pass: bool
    late_by: timedelta
    own: bool


METHODS: Mapping[Method, MethodRules] = {
    Method.VISITOR: MethodRules(
        letter="", means="visitor", salt="scan", by_pass=False, late_by=CLOCK_TOLERANCE,
        own=True,
    ),
    Method.FAST: MethodRules(
        letter="f", means="fast", salt="scan", by_pass=False, late_by=CLOCK_TOLERANCE,
        own=True,
    ),
    Method.STAFF: MethodRules(
        letter="s", means="staff", salt="pass", by_pass=True, late_by=OFFLINE,
        own=False,
    ),
    Method.MANUAL: MethodRules(
        letter="m", means="manual", salt="manual", by_pass=False, late_by=CLOCK_TOLERANCE,
        own=False,
    ),
    # A paper pass works every day and many times, so the scan's key comes from the nonce.
    Method.PAPER: MethodRules(
        letter="p", means="paper", salt="paper", by_pass=False, late_by=OFFLINE,
        own=False,
    ),
}  # fmt: skip


class Attempt(NamedTuple):
    """One attempt to record a visit.

    `made_at` is its time by the client's clock. `at` and `digest` form the scan's key.
    """

    method: Method
    venue: Venue
    actor_id: str
    submission: Submission
    made_at: datetime
    at: datetime
    digest: str

    @property
    def reference(self) -> ScanReference:
        """Venue, time and hash of the scan."""
        return ScanReference(self.venue.venue_id, self.at, self.digest)


class Circumstances(NamedTuple):
    """The optional properties of a visit; see the fields of `Scan`."""

    temperature: str = ""
    checkpoint_id: str = ""
    direction: Direction = Direction.ENTRY
    guardian_id: str = ""
    evidence_level: EvidenceLevel | None = None
    device_id: str = ""
    location_cell: str = ""
    subject_id: str = ""


_NOTHING_ELSE = Circumstances()


class Recorded(NamedTuple):
    """A recorded scan; `created` is False for a retry."""

    scan: Scan
    created: bool


def attempt(
    method: Method,
    venue: Venue,
    actor_id: str,
    submission: Submission,
    presented: Pass | None = None,
) -> Attempt:
    """Return the attempt that `submission` makes, with the key and time of its scan.

    `presented` is required for methods that scan a pass. Raises Unprocessable ``clock_skewed``.
    """
    rules, nonce = METHODS[method], submission.nonce
    made_at = client_time(nonce, submission.now, rules.late_by)
    if not rules.by_pass:
        digest = ids.derive(rules.salt, actor_id, nonce)
        return Attempt(method, venue, actor_id, submission, made_at, made_at, digest)
    if presented is None:
        raise ValueError(f"{method} takes a pass")
    # A person has one pass a minute: the one that follows a revocation counts as the same.
    minute = minute_of(presented.minted_at)
    digest = ids.derive(rules.salt, presented.person_id, str(epoch_ms(minute)))
    return Attempt(method, venue, actor_id, submission, made_at, minute, digest)


def is_retry(again: Attempt, earlier: Scan) -> bool:
    """Return whether `earlier` was recorded by an earlier attempt of the same write."""
    by_visitor = earlier.guardian_id or earlier.person_id
    actor_id = by_visitor if METHODS[again.method].own else earlier.staff_id
    return (actor_id, earlier.nonce) == (again.actor_id, again.submission.nonce)


def meet(again: Attempt, earlier: Scan) -> Recorded:
    """Return the scan of an earlier attempt. This is the retry rule of every method.

    Raises Conflict: ``pass_used`` for a different write of the same pass, ``nonce_reused`` for the
    same write with different content.
    """
    if METHODS[again.method].by_pass and not is_retry(again, earlier):
        raise Conflict("pass_used")
    if not is_retry(again, earlier) or earlier.fingerprint != again.submission.fingerprint:
        raise Conflict("nonce_reused")
    return Recorded(earlier, created=False)


class Recorder:
    """The maker of scans.

    A nonce makes one scan. At one venue the scan's key sees to that; a second scan elsewhere, or
    with another pass, has another key. A process remembers what it has recorded, and a visitor's
    scan that is not new by the server's clock is looked for among their visits (decision 0210).
    """

    __slots__ = ("_made", "_policies", "_scans")

    def __init__(self, *, scans: Scans, policies: Policies) -> None:
        self._scans = scans
        self._policies = policies
        self._made: OrderedDict[tuple[str, str], ScanReference] = OrderedDict()

    def standing(self, made: Attempt) -> Scan | None:
        """Return the scan that is stored under this attempt's key, or None."""
        return self._scans.get(made.reference, made.venue)

    def record(
        self,
        made: Attempt,
        person_id: str,
        verdict: Verdict,
        circumstances: Circumstances = _NOTHING_ELSE,
    ) -> Recorded:
        """Record the visit of `person_id`, or return the scan of an earlier attempt.

        The scan is kept as long as the policy of the venue's region says (GO-6). Raises Conflict as
        `meet` does, and ``nonce_reused`` if the nonce has made another scan. Cost: one conditional
        PutItem; one Query of the index before it if a visitor's nonce is over three seconds old.
        """
        self._require_unused(made, person_id)
        submission, method = made.submission, made.method
        kept_for = self._policies.of(made.venue.region, submission.now).retention
        scan = Scan(
            venue_id=made.venue.venue_id,
            at=made.at,
            digest=made.digest,
            person_id=person_id,
            nonce=submission.nonce,
            fingerprint=submission.fingerprint,
            received_at=submission.now,
            verdict=verdict,
            first_outcome=verdict.decision.outcome,
            correlation=submission.correlation,
            method=method,
            staff_id="" if METHODS[method].own else made.actor_id,
            expires_at=submission.now + kept_for,
            **circumstances._asdict(),
        )
        earlier = self._scans.put(scan, made.venue)
        recorded = Recorded(scan, created=True) if earlier is None else meet(made, earlier)
        self._made[made.actor_id, submission.nonce] = made.reference
        if len(self._made) > _REMEMBERED:
            self._made.popitem(last=False)
        return recorded

    def _require_unused(self, made: Attempt, person_id: str) -> None:
        """Raise Conflict ``nonce_reused`` if the actor has made another scan with the nonce."""
        known = self._made.get((made.actor_id, made.submission.nonce))
        if known is not None and known != made.reference:
            raise Conflict("nonce_reused")
        new = abs(made.submission.now - made.made_at) <= _NEW
        if known is not None or new or not METHODS[made.method].own:
            return
        for reference in self._scans.visits_at(person_id, made.at):
            if reference.digest == made.digest and reference != made.reference:
                raise Conflict("nonce_reused")


def client_time(nonce: str, now: datetime, late_by: timedelta) -> datetime:
    """Return the time of the scan by the client's clock, at most `late_by` ago.

    Raises Unprocessable ``clock_skewed``.
    """
    at_ms = ids.nonce_time(nonce)  # 48 bits: it may be beyond the calendar
    millisecond = timedelta(milliseconds=1)
    if not -(CLOCK_TOLERANCE // millisecond) <= epoch_ms(now) - at_ms <= late_by // millisecond:
        raise Unprocessable("clock_skewed")
    return from_epoch_ms(at_ms)
