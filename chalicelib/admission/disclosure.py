"""What may be seen of a scan: by whom, when, and how masked. The only way out.

`RULES` has a row for each kind of viewer and, within it, for manual checks apart from all other
methods. Where there is no row, nothing is seen.

Figures add up scans of many people; what of a scan goes into them, `counted` says.

Manual checks are an oracle unless they are answered alike (JN-12, JN-13): not before two seconds
after, to nobody, known or unknown; and to staff with the colour's part in the decision only.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

from chalicelib.admission import evidence as kinds
from chalicelib.admission.judge import UNKNOWN, Decision, Evidence, Outcome
from chalicelib.admission.recording import METHODS
from chalicelib.admission.scan import Method, Scan
from chalicelib.identity.people import Actor
from chalicelib.identity.providers import ProviderName

ANSWERED_AFTER = timedelta(seconds=2)
_REDACTED_TO = ("identity_", "health_code_", "temperature_")


class ViewerKind(StrEnum):
    """In which capacity somebody looks."""

    VISITOR = "visitor"
    STAFF = "staff"
    CHECKER = "checker"
    """The staff member who made a manual check, reading its answer."""
    DEVICE = "device"
    OFFICER = "officer"


class Viewer(NamedTuple):
    """Who looks: in which capacity, the id of the person or device, where they work, and when."""

    kind: ViewerKind
    viewer_id: str
    venues: frozenset[str]
    now: datetime


class Masking(StrEnum):
    """How a personal field is shown."""

    MASKED = "masked"
    WITHHELD = "withheld"


class ScanView(NamedTuple):
    """What a viewer may see of a scan.

    `outcome` is None, with no reasons, steps or evidence, while a manual check is not answered;
    `answer_at` is when it may be, at the earliest. `evidence` holds what may be shown, and what is
    not in it may not. `complete`: it fills a screen. `waits`: more is on its way. `for_staff`:
    texts address the staff, before whom the visitor stands. `hours` is the age that policy allows a
    test.
    """

    scan_id: str
    means: Literal["visitor", "fast", "staff", "manual"]
    scanned_at: datetime
    received_at: datetime
    checkpoint_id: str
    temperature: str
    answer_at: datetime
    for_staff: bool
    name: Masking = Masking.WITHHELD
    phone: Masking = Masking.WITHHELD
    outcome: Outcome | None = None
    reasons: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    evidence: Mapping[ProviderName, Evidence] = {}
    hours: int | None = None
    complete: bool = False
    waits: bool = True


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
    """The same, and decided."""


class Rule(NamedTuple):
    """A row of `RULES`.

    `may`: whose scans. `due`: when; until then nothing is shown, or with `placeholder` that the
    scan is there. `name`, `phone`: how masked. `identity`: name and evidence show only when name
    and number belong together. `evidence`: the kinds that show, None for all that a screen shows;
    without `fetched_at`, not when they were fetched. `details`: temperature and checkpoint show.
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


def _own(scan: Scan, viewer: Viewer) -> bool:
    return scan.person_id == viewer.viewer_id


def _at_their_venue(scan: Scan, viewer: Viewer) -> bool:
    return scan.venue_id in viewer.venues


def _made_there(scan: Scan, viewer: Viewer) -> bool:
    return scan.staff_id == viewer.viewer_id and _at_their_venue(scan, viewer)


def _recorded(scan: Scan, viewer: Viewer) -> bool:
    return bool(scan.device_id) and scan.device_id == viewer.viewer_id


_MASKED, _WITHHELD = Masking.MASKED, Masking.WITHHELD
_COLOUR = (ProviderName.HEALTH_CODE,)
RULES: Mapping[tuple[ViewerKind, bool], Rule] = {
    (ViewerKind.VISITOR, False): Rule(
        _own, Due.AT_ONCE, _MASKED, _MASKED, Reasons.ALL, None
    ),
    (ViewerKind.VISITOR, True): Rule(
        _own, Due.DELAYED, _MASKED, _MASKED, Reasons.ALL, None
    ),
    (ViewerKind.STAFF, False): Rule(
        _at_their_venue, Due.AT_ONCE, _MASKED, _MASKED, Reasons.ALL, None
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
"""By kind of viewer, and whether it is a manual check. No row: nothing is seen."""


def view(scan: Scan, viewer: Viewer) -> ScanView | None:
    """Return what `viewer` may see of `scan`, or None for nothing at all.

    A device sees the outcome and the masked name of its own scans. An officer sees nothing through
    this view: that comes with tracing, which has rules and a record of its own.
    """
    rule = RULES.get((viewer.kind, scan.method is Method.MANUAL))
    if rule is None or not rule.may(scan, viewer):
        return None
    hidden = ScanView(
        scan_id=scan.scan_id,
        means=METHODS[scan.method].means,
        scanned_at=scan.at,
        received_at=scan.received_at,
        checkpoint_id=scan.checkpoint_id if rule.details else "",
        temperature=scan.temperature if rule.details else "",
        answer_at=scan.received_at + ANSWERED_AFTER,
        for_staff=viewer.kind is not ViewerKind.VISITOR,
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
        next_steps=decision.next_steps,
        evidence={
            provider: _evidence(rule, verdict.evidence, provider) if identified else UNKNOWN
            for provider in (kinds.shown() if rule.evidence is None else rule.evidence)
        },
        hours=verdict.hours if decision.reasons else None,
        complete=rule.evidence is None,
        waits=bool(verdict.needs),
    )


def counted(scan: Scan) -> Outcome:
    """Return the outcome as which a scan counts in its venue's figures, and on its lists.

    Figures are for all staff of the venue, name nobody, and take in every method at once.
    """
    return scan.verdict.decision.outcome


def shown(evidence: Evidence) -> Evidence:
    """Return evidence as it may be shown: a green that could not be renewed never as green.

    Neither does the time of a result show that is too old to be shown itself.
    """
    if evidence.state == "green" and evidence.stale:
        return replace(evidence, state="unconfirmed")
    if evidence.state == "absent":
        return replace(evidence, observed_at=None)
    return evidence


def is_matched(scan: Scan) -> bool:
    """Return whether name and number of a manual check belong together."""
    return not any(reason.startswith("identity_") for reason in scan.verdict.decision.reasons)


def redact_for_staff(decision: Decision) -> Decision:
    """Return what staff may know of a manual check's decision: the colour's part in it.

    The whole of policy decides, but a test or a vaccination is not shown: where one of them
    decided, the papers are to be shown.
    """
    reasons = tuple(reason for reason in decision.reasons if reason.startswith(_REDACTED_TO))
    if reasons == decision.reasons or decision.outcome is Outcome.ADMIT:
        return Decision(decision.outcome, reasons, decision.next_steps)
    refused = decision.outcome is Outcome.REFUSE
    steps = decision.next_steps if refused else ("verify_with_staff",)
    return Decision(decision.outcome, reasons or ("other_proof_needed",), steps)


def as_viewer(kind: ViewerKind, actor: Actor, now: datetime) -> Viewer:
    """Return the actor, who looks now and in this capacity."""
    return Viewer(kind, actor.person_id, frozenset(actor.record.rights), now)


def at_screen(actor: Actor, scan: Scan, now: datetime) -> Viewer:
    """Return the actor as the visitor of their own scan, and as staff of any other."""
    kind = ViewerKind.VISITOR if scan.person_id == actor.person_id else ViewerKind.STAFF
    return as_viewer(kind, actor, now)


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
    # When it was fetched would tell who is registered, and when they were last at some door.
    return seen if rule.fetched_at else replace(seen, fetched_at=None)
