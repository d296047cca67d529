"""How evidence is shown: one component of a screen each."""

from datetime import datetime
from typing import Any, Literal

from chalicelib.admission import evidence as kinds
from chalicelib.admission.judge import Decision, Evidence, Outcome
from chalicelib.admission.scan import Scan
from chalicelib.admission.schemas import (
    Component,
    Explained,
    HealthCodeShown,
    HealthColour,
    VenueShown,
    component_model,
)
from chalicelib.api.endpoint import RequestContext
from chalicelib.core.messages import TEXTS
from chalicelib.identity import personal
from chalicelib.identity.people import Profile, Snapshot, mask_name
from chalicelib.identity.providers import ProviderName
from chalicelib.venues.catalogue import type_name
from chalicelib.venues.venue import Venue


def venue(context: RequestContext, shown: Venue) -> VenueShown:
    """The venue, its type in the caller's language."""
    return VenueShown(
        venue_id=shown.venue_id,
        name=shown.name,
        type_name=type_name(shown.kind, context.language),
        region_name=shown.region_name,
    )


def temperature(scan: Scan) -> Literal["normal", "fever"] | None:
    """The band that was measured, if one was."""
    return scan.temperature or None  # type: ignore[return-value]


def masked_name(context: RequestContext, profile: Profile) -> str:
    """A person's name as others may see it."""
    return mask_name(personal.NAME.open(context.container.vault, profile.name, profile.person_id))


def reasons(context: RequestContext, decision: Decision, hours: int | None) -> list[Explained]:
    """Why it was decided so; `hours` is the age that policy allows a test."""
    return [
        Explained(code=code, text=context.text(f"reason.{code}", hours=str(hours)))
        for code in decision.reasons
    ]


def outcome_text(context: RequestContext, outcome: Outcome, *, for_staff: bool) -> str:
    """An outcome in words, to the visitor or to the staff before whom they stand."""
    return _addressed(context, f"outcome.{outcome}", for_staff=for_staff)


def next_steps(context: RequestContext, decision: Decision, *, for_staff: bool) -> list[Explained]:
    """What to do next, said to the visitor or to the staff."""
    return [
        Explained(code=code, text=_addressed(context, f"step.{code}", for_staff=for_staff))
        for code in decision.next_steps
    ]


def _addressed(context: RequestContext, key: str, *, for_staff: bool) -> str:
    to_staff = f"staff_{key}"
    return context.text(to_staff if for_staff and to_staff in TEXTS else key)


def component(
    context: RequestContext, name: ProviderName, evidence: Evidence, at: datetime
) -> Component:
    """Return the component that shows what is known of one thing, as of `at`."""
    return component_model(kinds.of(name))(**fields(context, name, evidence, at))


def health_colour(context: RequestContext, evidence: Evidence) -> HealthColour:
    """Return the colour of a health code, as staff may see it."""
    return HealthColour(**fields(context, ProviderName.HEALTH_CODE, evidence, context.now))


def fields(
    context: RequestContext, name: ProviderName, evidence: Evidence, at: datetime
) -> dict[str, Any]:
    """Return the fields of a component, as of `at`."""
    # A green that could not be renewed is never shown as green.
    unconfirmed = evidence.state == "green" and evidence.stale
    state = "unconfirmed" if unconfirmed else evidence.state
    shown = {
        "state": state,
        "text": f"state.{state}",
        "observed_at": evidence.observed_at,
        "fetched_at": evidence.fetched_at,
        "stale": evidence.stale,
        **kinds.of(name).show(evidence, at),
    }
    return {**shown, "text": context.text(shown["text"])}


def health_code(
    context: RequestContext, evidence: Evidence, snapshot: Snapshot | None
) -> HealthCodeShown:
    """One's own health code, with the provider's texts from the `snapshot` that it rests on."""
    return HealthCodeShown(
        **fields(context, ProviderName.HEALTH_CODE, evidence, context.now),
        group=(snapshot and snapshot.group) or None,
        reason=(snapshot and snapshot.reason) or None,
        lifting=(snapshot and snapshot.how_to_clear) or None,
    )
