"""What a viewer may see of a scan, when, and how masked. Scans are disclosed only through here.

`RULES` has a row for each kind of viewer, and separate rows for manual checks. Without a row,
nothing is shown.

What a phone of staff uploads late is shown to the visitor only: its pass may be an old picture.
The figures count it as pending (decision 0227).

A manual check must not reveal whether a person is registered (JN-12, JN-13). It is answered after
two seconds at the earliest, for known and unknown people alike. Staff see only the reasons that
concern identity, health code and temperature.

Figures add up scans of many people. `counted` says what of a scan goes into them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.admission import evidence as kinds
from chalicelib.admission.judge import UNKNOWN, Decision, Evidence, Outcome
from chalicelib.admission.recording import METHODS
from chalicelib.admission.scan import Direction, Means, Method, PassKind, Scan
from chalicelib.identity.people import Actor
from chalicelib.identity.providers import ProviderName

ANSWERED_AFTER = timedelta(seconds=2)
_REDACTED_TO = ("identity_", "health_code_", "temperature_")


class ViewerKind(StrEnum):
    """The capacity in which a viewer looks at a scan."""

    VISITOR = "visitor"
    GUARDIAN = "guardian"
    STAFF = "staff"
    CHECKER = "checker"
    """The staff member who made a manual check, reading its result."""
    DEVICE = "device"
    OFFICER = "officer"


class Viewer(NamedTuple):
    """The viewer of a scan.

    `viewer_id` is the id of the person or device; `venues` are the ids of the venues where they
    work, `dependants` the people for whom they act.
    """

    kind: ViewerKind
    viewer_id: str
    venues: frozenset[str]
    now: datetime
    dependants: frozenset[str] = frozenset()


class Masking(StrEnum):
    """How a personal field is shown."""

    MASKED = "masked"
    WITHHELD = "withheld"


class ScanView(NamedTuple):
    """What a viewer may see of a scan.

    While a manual check is not answered, `outcome` is None, and reasons, next steps and evidence
    are empty. `answer_at` is the earliest time of the answer. `evidence` holds only what may be
    shown. `complete`: the view has all evidence of a screen. `waits`: answers are pending.
    `for_staff`: texts address the staff, not the visitor. `pass_kind` is the kind of pass that
    staff scanned, or None. `hours` is the maximum age of a nucleic acid result by policy.
    `guardian` is the id of who scanned on the visitor's behalf; empty if nobody did, or if the
    viewer may not see it. `clock_ahead` is how far the client's clock was ahead of the server's:
    `scanned_at` is without it, so that no visit lies after its receipt.
    """

    scan_id: str
    means: Means
    scanned_at: datetime
    received_at: datetime
    checkpoint_id: str
    temperature: str
    answer_at: datetime
    for_staff: bool
    pass_kind: PassKind | None = None
    name: Masking = Masking.WITHHELD
    phone: Masking = Masking.WITHHELD
    outcome: Outcome | None = None
    reasons: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    evidence: Mapping[ProviderName, Evidence] = {}
    hours: int | None = None
    complete: bool = False
    waits: bool = True
    direction: Direction = Direction.ENTRY
    guardian: str = ""
    clock_ahead: timedelta = timedelta()


class Reasons(StrEnum):
    """How much of the decision's reasons and next steps is shown."""

    ALL = "all"
    REDACTED = "redacted"
    NONE = "none"


class Due(StrEnum):
    """When a scan is shown."""

    AT_ONCE = "at_once"
    DELAYED = "delayed"
    """Two seconds after it was received."""
    ANSWERED = "answered"
    """Two seconds after it was received, and once it is decided."""


class Rule(NamedTuple):
    """A row of `RULES`.

    `may`: whether the viewer may see this scan. `due`: when. Before that nothing is shown, or, with
    `placeholder`, a view without an outcome. `name`, `phone`: how they are masked. `identity`: name
    and evidence are shown only if name and number match. `evidence`: the kinds that are shown; None
    for all kinds of a screen. `fetched_at`: whether fetch times are shown. `details`: whether
    temperature, checkpoint and direction are shown. `guardian`: whether the guardian is shown.
    """

    may: Callable[[Scan, Viewer], bool]
    due: Due
    name: Masking
    phone: Masking
    reasons: Reasons
    evidence: tuple[ProviderName, ...] | None
    placeholder: bool = False
    identity: bool = False
    fetched_at: bool = True
    details: bool = True
    guardian: bool = False


def _own(scan: Scan, viewer: Viewer) -> bool:
    return scan.person_id == viewer.viewer_id


def _of_dependant(scan: Scan, viewer: Viewer) -> bool:
    return scan.person_id in viewer.dependants


def _at_their_venue(scan: Scan, viewer: Viewer) -> bool:
    return scan.venue_id in viewer.venues


def _seen_there(scan: Scan, viewer: Viewer) -> bool:
    """Return whether the scan is of their venue, and its pass was live when it was sent."""
    return _at_their_venue(scan, viewer) and not scan.is_late


def _made_there(scan: Scan, viewer: Viewer) -> bool:
    return scan.staff_id == viewer.viewer_id and _at_their_venue(scan, viewer)


def _recorded(scan: Scan, viewer: Viewer) -> bool:
    return bool(scan.device_id) and scan.device_id == viewer.viewer_id


_MASKED, _WITHHELD = Masking.MASKED, Masking.WITHHELD
_COLOUR = (ProviderName.HEALTH_CODE,)
RULES: Mapping[tuple[ViewerKind, bool], Rule] = {
    (ViewerKind.VISITOR, False): Rule(
        _own, Due.AT_ONCE, _MASKED, _MASKED, Reasons.ALL, None, guardian=True
    ),
    (ViewerKind.VISITOR, True): Rule(
        _own, Due.DELAYED, _MASKED, _MASKED, Reasons.ALL, None, guardian=True
    ),
    (ViewerKind.GUARDIAN, False): Rule(
        _of_dependant, Due.AT_ONCE, _MASKED, _MASKED, Reasons.ALL, None, guardian=True
    ),
    (ViewerKind.GUARDIAN, True): Rule(
        _of_dependant, Due.DELAYED, _MASKED, _MASKED, Reasons.ALL, None, guardian=True
    ),
    (ViewerKind.STAFF, False): Rule(
        _seen_there, Due.AT_ONCE, _MASKED, _MASKED, Reasons.ALL, None
    ),
    (ViewerKind.STAFF, True): Rule(
        _at_their_venue, Due.ANSWERED, _MASKED, _WITHHELD, Reasons.REDACTED, ()
    ),
    (ViewerKind.CHECKER, True): Rule(
        _made_there, Due.ANSWERED, _MASKED, _WITHHELD, Reasons.REDACTED, _COLOUR,
        placeholder=True, identity=True, fetched_at=False,
    ),
    (ViewerKind.DEVICE, False): Rule(
        _recorded, Due.AT_ONCE, _MASKED, _WITHHELD, Reasons.NONE, (), details=False
    ),
}  # fmt: skip
"""By kind of viewer, and whether the scan is a manual check. Without a row, nothing is shown."""


def view(scan: Scan, viewer: Viewer) -> ScanView | None:
    """Return what `viewer` may see of `scan`, or None for nothing.

    A device sees the outcome and the masked name of its own scans. Officers have no rows:
    disclosure to them belongs to tracing, with rules and records of its own.
    """
    rule = RULES.get((viewer.kind, scan.method is Method.MANUAL))
    if rule is None or not rule.may(scan, viewer):
        return None
    hidden = ScanView(
        scan_id=scan.scan_id,
        means=METHODS[scan.method].means,
        scanned_at=scan.happened_at,
        received_at=scan.received_at,
        checkpoint_id=scan.checkpoint_id if rule.details else "",
        temperature=scan.temperature if rule.details else "",
        answer_at=scan.received_at + ANSWERED_AFTER,
        direction=scan.direction if rule.details else Direction.ENTRY,
        guardian=scan.guardian_id if rule.guardian else "",
        for_staff=viewer.kind not in (ViewerKind.VISITOR, ViewerKind.GUARDIAN),
        pass_kind=_pass_kind(scan),
        clock_ahead=scan.at - scan.happened_at,
    )
    if not _is_due(rule.due, scan, viewer.now):
        return hidden if rule.placeholder else None
    verdict, identified = scan.verdict, is_matched(scan) or not rule.identity
    decision = _decision(rule.reasons, verdict.decision)
    return hidden._replace(
        name=rule.name if identified else Masking.WITHHELD,
        phone=rule.phone,
        outcome=decision.outcome,
        reasons=decision.reasons,
        next_steps=_steps(scan, rule, decision, for_staff=hidden.for_staff),
        evidence={
            provider: _evidence(rule, verdict.evidence, provider) if identified else UNKNOWN
            for provider in (kinds.shown() if rule.evidence is None else rule.evidence)
        },
        hours=verdict.hours if decision.reasons else None,
        complete=rule.evidence is None,
        waits=bool(verdict.needs),
    )


def _pass_kind(scan: Scan) -> PassKind | None:
    if scan.method is Method.PAPER:
        return "paper"
    if scan.method is Method.STAFF:
        return "companion" if scan.guardian_id else "live"
    return None


def _steps(scan: Scan, rule: Rule, decision: Decision, *, for_staff: bool) -> tuple[str, ...]:
    """Return the next steps. Paper does not show who holds it: staff first compare the ID.

    This is no part of the decision, which is made again when answers arrive.
    """
    paper = scan.method is Method.PAPER and rule.reasons is not Reasons.NONE
    compare = paper and for_staff
    return ("compare_id", *decision.next_steps) if compare else decision.next_steps


def own_record(scan: Scan) -> dict[str, object]:
    """Return all that a scan has on record of its visitor, for their own export (GO-6)."""
    decision = scan.verdict.decision
    return {
        "at": scan.happened_at,
        "direction": scan.direction,
        "method": scan.method,
        "outcome": decision.outcome,
        "reasons": ",".join(decision.reasons),
        "evidence": {name: one.state for name, one in scan.verdict.evidence.items()},
        "temperature": scan.temperature,
        "location_cell": scan.location_cell,
        "on_behalf": bool(scan.guardian_id),
        "deleted_at": scan.expires_at,
    }


def counted(scan: Scan) -> Outcome:
    """Return the outcome as which a scan counts in its venue's figures, and on its lists.

    Figures are for all staff of the venue, name nobody, and take in every method at once. A late
    upload counts as pending for good: a staff member who sends a single one would read its outcome,
    which is that of one visitor, from the difference of the figures.
    """
    if scan.is_late:
        return Outcome.PENDING
    return scan.verdict.decision.outcome


def shown(evidence: Evidence) -> Evidence:
    """Return evidence as it may be shown.

    A stale green becomes ``unconfirmed``. The time of a result that is too old to be shown is
    removed.
    """
    if evidence.state == "green" and evidence.stale:
        return replace(evidence, state="unconfirmed")
    if evidence.state == "absent":
        return replace(evidence, observed_at=None)
    return evidence


def is_matched(scan: Scan) -> bool:
    """Return whether name and number of a manual check match."""
    return not any(reason.startswith("identity_") for reason in scan.verdict.decision.reasons)


def redact_for_staff(decision: Decision) -> Decision:
    """Return the part of a manual check's decision that staff may see.

    The decision rests on all evidence, but staff may not see tests and vaccinations. If only these
    decided, the reason becomes ``other_proof_needed``.
    """
    reasons = tuple(reason for reason in decision.reasons if reason.startswith(_REDACTED_TO))
    if reasons == decision.reasons or decision.outcome is Outcome.ADMIT:
        return Decision(decision.outcome, reasons, decision.next_steps)
    refused = decision.outcome is Outcome.REFUSE
    steps = decision.next_steps if refused else ("verify_with_staff",)
    return Decision(decision.outcome, reasons or ("other_proof_needed",), steps)


def as_viewer(kind: ViewerKind, actor: Actor, now: datetime) -> Viewer:
    """Return the actor as a viewer in the capacity `kind`."""
    links = actor.record.dependants.items()
    dependants = frozenset(person_id for person_id, link in links if link.in_force(now))
    return Viewer(kind, actor.person_id, frozenset(actor.record.rights), now, dependants)


def at_screen(actor: Actor, scan: Scan, now: datetime) -> Viewer:
    """Return the actor as a screen's viewer: visitor, guardian of the visitor, or else staff."""
    if scan.person_id == actor.person_id:
        return as_viewer(ViewerKind.VISITOR, actor, now)
    guardian = as_viewer(ViewerKind.GUARDIAN, actor, now)
    if scan.person_id in guardian.dependants:
        return guardian
    return as_viewer(ViewerKind.STAFF, actor, now)


def _is_due(due: Due, scan: Scan, now: datetime) -> bool:
    if due is Due.AT_ONCE:
        return True
    decided = scan.verdict.decision.outcome is not Outcome.PENDING
    return now - scan.received_at >= ANSWERED_AFTER and (due is Due.DELAYED or decided)


def _decision(shows: Reasons, decision: Decision) -> Decision:
    if shows is Reasons.NONE:
        return Decision(decision.outcome, (), ())
    return redact_for_staff(decision) if shows is Reasons.REDACTED else decision


def _evidence(
    rule: Rule, evidence: Mapping[ProviderName, Evidence], provider: ProviderName
) -> Evidence:
    seen = shown(evidence.get(provider, UNKNOWN))
    # The fetch time would reveal who is registered, and when they were last scanned.
    return seen if rule.fetched_at else replace(seen, fetched_at=None)
