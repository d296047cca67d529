"""How what may be seen becomes a response: one component of a screen each. No rule stands here."""

from datetime import datetime, timedelta
from typing import Any, Literal

from chalicelib.admission.disclosure import Masking, ScanView
from chalicelib.admission.judge import Evidence, good_until
from chalicelib.admission.schemas import (
    Explained,
    HealthCodeShown,
    HealthColour,
    NucleicAcidShown,
    TravelCardShown,
    VaccinationShown,
    VenueShown,
)
from chalicelib.admission.travel_card import OFFICIAL_URL
from chalicelib.api.endpoint import RequestContext
from chalicelib.core.clock import CHINA, local_day
from chalicelib.core.messages import TEXTS
from chalicelib.identity.people import Profile, Snapshot, mask_name, mask_phone
from chalicelib.venues.catalogue import type_name
from chalicelib.venues.venue import Venue

_RECENT = timedelta(hours=48)


def venue(context: RequestContext, shown: Venue) -> VenueShown:
    """The venue, its type in the caller's language."""
    return VenueShown(
        venue_id=shown.venue_id,
        name=shown.name,
        type_name=type_name(shown.kind, context.language),
        region_name=shown.region_name,
    )


def temperature(view: ScanView) -> Literal["normal", "fever"] | None:
    """The band that was measured, if one was."""
    return view.temperature or None  # type: ignore[return-value]


def name(context: RequestContext, view: ScanView, profile: Profile | None) -> str | None:
    """The person's name as the view masks it, or None.

    It is opened in any case, so that what is withheld and what is not take the same calls and time.
    """
    masked = masked_name(context, profile) if profile else None
    return None if view.name is Masking.WITHHELD else masked


def phone(context: RequestContext, view: ScanView, profile: Profile | None) -> str | None:
    """The person's phone as the view masks it, or None."""
    if profile is None or view.phone is Masking.WITHHELD:
        return None
    opened = context.container.vault.open(profile.phone, f"{profile.person_id}/phone")
    return mask_phone(opened)


def masked_name(context: RequestContext, profile: Profile) -> str:
    """A person's name as others may see it."""
    return mask_name(context.container.vault.open(profile.name, f"{profile.person_id}/name"))


def reasons(context: RequestContext, view: ScanView) -> list[Explained]:
    """Why it was decided so."""
    return [
        Explained(code=code, text=context.text(f"reason.{code}", hours=str(view.hours)))
        for code in view.reasons
    ]


def outcome_text(context: RequestContext, view: ScanView) -> str:
    """The outcome in words, to the visitor or to the staff before whom they stand."""
    return _addressed(context, view, f"outcome.{view.outcome}")


def next_steps(context: RequestContext, view: ScanView) -> list[Explained]:
    """What to do next, said to the visitor or to the staff."""
    return [
        Explained(code=code, text=_addressed(context, view, f"step.{code}"))
        for code in view.next_steps
    ]


def _addressed(context: RequestContext, view: ScanView, key: str) -> str:
    to_staff = f"staff_{key}"
    return context.text(to_staff if view.for_staff and to_staff in TEXTS else key)


def component(context: RequestContext, evidence: Evidence) -> HealthColour:
    """What is known of the health code."""
    return HealthColour(**_common(context, evidence))


def health_code(
    context: RequestContext, evidence: Evidence, snapshot: Snapshot | None
) -> HealthCodeShown:
    """One's own health code, with the provider's texts from the `snapshot` that it rests on."""
    return HealthCodeShown(
        **_common(context, evidence),
        group=(snapshot and snapshot.group) or None,
        reason=(snapshot and snapshot.reason) or None,
        lifting=(snapshot and snapshot.how_to_clear) or None,
    )


def nucleic_acid(context: RequestContext, evidence: Evidence, at: datetime) -> NucleicAcidShown:
    """A result as of `at`."""
    observed = evidence.observed_at
    recent = observed is not None and at - observed <= _RECENT
    common = _common(context, evidence)
    if recent and evidence.state == "negative":
        common["text"] = context.text("state.negative_48h")
    return NucleicAcidShown(**common, within_48h=recent)


def vaccination(context: RequestContext, evidence: Evidence) -> VaccinationShown:
    """The vaccination; it was observed when the last dose was given."""
    last = evidence.observed_at if evidence.doses else None
    return VaccinationShown(
        **_common(context, evidence),
        doses=evidence.doses,
        last_dose_on=local_day(last, CHINA) if last else None,
    )


def travel_card(context: RequestContext, evidence: Evidence) -> TravelCardShown:
    """The travel card of the day."""
    fetched = evidence.fetched_at
    return TravelCardShown(
        **_common(context, evidence),
        valid_until=good_until(fetched) if fetched else None,
        official_url=OFFICIAL_URL,
    )


def _common(context: RequestContext, evidence: Evidence) -> dict[str, Any]:
    return {
        "state": evidence.state,
        "text": context.text(f"state.{evidence.state}"),
        "observed_at": evidence.observed_at,
        "fetched_at": evidence.fetched_at,
        "stale": evidence.stale,
    }
