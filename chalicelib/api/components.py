"""The components of responses, made from what a viewer may see. There are no rules here."""

from datetime import datetime
from typing import Any, Literal, get_args

from chalicelib.admission import evidence as kinds
from chalicelib.admission.disclosure import Masking, ScanView
from chalicelib.admission.judge import Evidence, Outcome
from chalicelib.admission.schemas_scan import (
    Component,
    Explained,
    HealthColour,
    PersonShown,
    TemperatureBand,
    VenueShown,
    component_model,
)
from chalicelib.api.endpoint import RequestContext
from chalicelib.core.messages import TEXTS
from chalicelib.identity.people import Profile
from chalicelib.identity.providers import ProviderName
from chalicelib.venues import regions
from chalicelib.venues.catalogue import type_name
from chalicelib.venues.venue import Venue


def venue(context: RequestContext, shown: Venue) -> VenueShown:
    """Return the venue, with its type and region in the caller's language."""
    return VenueShown(
        venue_id=shown.venue_id,
        name=shown.name,
        type_name=type_name(shown.kind, context.language),
        region_name=regions.name_of(shown.region, context.language, shown.region_name),
    )


_BANDS: tuple[TemperatureBand, ...] = get_args(TemperatureBand)


def temperature(view: ScanView) -> TemperatureBand | None:
    """Return the measured band, or None."""
    return next((band for band in _BANDS if band == view.temperature), None)


def name(context: RequestContext, view: ScanView, profile: Profile | None) -> str | None:
    """Return the person's name as the view masks it, or None.

    The name is decrypted in any case, so that withheld and shown names take the same calls and
    time.
    """
    profile = _kept(context, profile)
    masked = context.container.masked_people.name(profile) if profile else None
    return None if view.name is Masking.WITHHELD else masked


def phone(context: RequestContext, view: ScanView, profile: Profile | None) -> str | None:
    """Return the person's phone as the view masks it, or None."""
    profile = _kept(context, profile)
    if profile is None or view.phone is Masking.WITHHELD:
        return None
    return context.container.masked_people.phone(profile)


def _kept(context: RequestContext, profile: Profile | None) -> Profile | None:
    """Return the profile, or None for the subject of a manual check who has expired.

    DynamoDB deletes it up to days later.
    """
    until = profile.shadow_until if profile else None
    return None if until is not None and until <= context.now else profile


def person(context: RequestContext, view: ScanView, profile: Profile | None) -> PersonShown:
    """Return the visitor, masked as the view says."""
    # The subject of a manual check may have expired.
    return PersonShown(
        name=name(context, view, profile) or "*", phone=phone(context, view, profile)
    )


def reasons(context: RequestContext, view: ScanView) -> list[Explained]:
    """Return the reasons of the decision."""
    return [
        Explained(code=code, text=context.text(f"reason.{code}", hours=str(view.hours)))
        for code in view.reasons
    ]


def outcome(view: ScanView) -> Outcome:
    """Return the outcome. Raises LookupError for a manual check that is not answered."""
    if view.outcome is None:
        raise LookupError("an unanswered manual check has no outcome")
    return view.outcome


def decided(view: ScanView) -> Literal["admit", "check", "refuse"]:
    """Return the outcome of a decided scan. Raises LookupError for one that waits."""
    if view.outcome is Outcome.ADMIT:
        return "admit"
    return abnormal(view)


def abnormal(view: ScanView) -> Literal["check", "refuse"]:
    """Return the outcome of an abnormal scan. Raises LookupError for any other."""
    if view.outcome is Outcome.CHECK:
        return "check"
    if view.outcome is Outcome.REFUSE:
        return "refuse"
    raise LookupError(f"not decided, or not abnormal: {view.outcome}")


def outcome_text(context: RequestContext, view: ScanView) -> str:
    """Return the outcome in words, addressed to the visitor or to the staff."""
    return _addressed(context, view, f"outcome.{view.outcome}")


def next_steps(context: RequestContext, view: ScanView) -> list[Explained]:
    """Return the next steps, addressed to the visitor or to the staff."""
    return [
        Explained(code=code, text=_addressed(context, view, f"step.{code}"))
        for code in view.next_steps
    ]


def _addressed(context: RequestContext, view: ScanView, key: str) -> str:
    to_staff = f"staff_{key}"
    return context.text(to_staff if view.for_staff and to_staff in TEXTS else key)


def component(
    context: RequestContext,
    name: ProviderName,
    evidence: Evidence,
    at: datetime,
    *,
    admitted: bool = False,
) -> Component:
    """Return the component that shows one kind of evidence, as of `at`.

    `admitted`: the visitor is, so that a code that has not been entered is not needed.
    """
    shown = fields(context, name, evidence, at)
    if admitted and evidence.state == "code_needed":
        shown["text"] = context.text("travel_card.not_needed")
    return component_model(kinds.of(name))(**shown)


def health_colour(context: RequestContext, evidence: Evidence) -> HealthColour:
    """Return the colour of a health code."""
    return HealthColour(**fields(context, ProviderName.HEALTH_CODE, evidence, context.now))


def fields(
    context: RequestContext, name: ProviderName, evidence: Evidence, at: datetime
) -> dict[str, Any]:
    """Return the fields of a component, as of `at`."""
    shown = {
        "state": evidence.state,
        "text": f"state.{evidence.state}",
        "observed_at": evidence.observed_at,
        "fetched_at": evidence.fetched_at,
        "stale": evidence.stale,
        **kinds.of(name).show(evidence, at),
    }
    return {**shown, "text": context.text(shown["text"])}
