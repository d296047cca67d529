"""Routes: what the providers say of oneself, and the travel card."""

from chalice.app import Blueprint

from chalicelib.admission import snapshots, travel_card
from chalicelib.admission.judge import assess
from chalicelib.admission.schemas import (
    CardCode,
    CardCodeRequest,
    Explained,
    Health,
    NucleicAcid,
    TravelCardShown,
)
from chalicelib.api import components
from chalicelib.api.endpoint import Answer, Call, Caller, endpoint
from chalicelib.identity.people import Snapshot
from chalicelib.identity.providers import ProviderName

routes = Blueprint(__name__)
_POLL_MS = 1000
_REGISTRATION = ("registration_required", "registration_rejected")


@endpoint(
    routes,
    "GET",
    "/v1/me/health",
    caller=Caller.PERSON,
    response=Health,
    errors=_REGISTRATION,
)
def health(call: Call) -> Health:
    """One's health code, vaccination and travel card; what is out of date is fetched meanwhile."""
    overview = _overview(call)
    evidence = overview.evidence
    asked = {ProviderName.HEALTH_CODE, ProviderName.VACCINATION}
    return Health(
        health_code=components.health_code(
            call,
            evidence[ProviderName.HEALTH_CODE],
            call.actor.hot.current(ProviderName.HEALTH_CODE),
        ),
        vaccination=components.vaccination(call, evidence[ProviderName.VACCINATION]),
        travel_card=components.travel_card(call, evidence[ProviderName.TRAVEL_CARD]),
        poll_after_ms=None if asked.isdisjoint(overview.needs) else _POLL_MS,
    )


@endpoint(
    routes,
    "GET",
    "/v1/me/nucleic-acid",
    caller=Caller.PERSON,
    response=NucleicAcid,
    errors=_REGISTRATION,
)
def nucleic_acid(call: Call) -> NucleicAcid:
    """One's latest nucleic acid result within 14 days, and whether it is within 48 hours."""
    overview = _overview(call)
    shown = components.nucleic_acid(call, overview.evidence[ProviderName.NUCLEIC_ACID], call.now)
    waiting = ProviderName.NUCLEIC_ACID in overview.needs
    return NucleicAcid(**shown.model_dump(), poll_after_ms=_POLL_MS if waiting else None)


@endpoint(
    routes,
    "POST",
    "/v1/me/travel-card/code",
    caller=Caller.PERSON,
    response=CardCode,
    statuses=(200, 202),
    errors=(*_REGISTRATION, "travel_card_no_phone", "too_many_requests"),
)
def travel_card_code(call: Call) -> Answer:
    """Have the carrier send the travel card's code; once a local day it is needed."""
    parts = call.container
    known = travel_card.request_code(
        call.actor, now=call.now, cards=parts.travel_cards, limits=parts.limits, vault=parts.vault
    )
    steps = () if known else ("enter_travel_card_code", "no_code_see_staff")
    sent = CardCode(
        status="known" if known else "sent",
        resend_after_s=0 if known else int(travel_card.RESEND_AFTER.total_seconds()),
        travel_card=_card(call, known),
        next_steps=[Explained(code=step, text=call.text(f"step.{step}")) for step in steps],
    )
    return Answer(sent, 200 if known else 202)


@endpoint(
    routes,
    "POST",
    "/v1/me/travel-card",
    caller=Caller.PERSON,
    request=CardCodeRequest,
    response=TravelCardShown,
    errors=(*_REGISTRATION, "travel_card_code_wrong", "not_found", "too_many_requests"),
)
def enter_travel_card_code(call: Call) -> TravelCardShown:
    """Exchange the code for the travel card of the day; registers no visit."""
    parts, body = call.container, call.body(CardCodeRequest)
    card = travel_card.enter_code(
        call.actor,
        body.code,
        scan_id=body.scan_id,
        now=call.now,
        cards=parts.travel_cards,
        index=parts.index,
        limits=parts.limits,
        vault=parts.vault,
        people=parts.people,
        directory=parts.directory,
        policies=parts.policies,
        scans=parts.scans,
    )
    return _card(call, card)


def _overview(call: Call) -> snapshots.Overview:
    parts = call.container
    return snapshots.prefetch(
        call.actor,
        correlation=call.correlation,
        now=call.now,
        policies=parts.policies,
        prefetches=parts.prefetches,
    )


def _card(call: Call, card: Snapshot | None) -> TravelCardShown:
    policy = call.container.policies.of("*", call.now)
    evidence = assess(ProviderName.TRAVEL_CARD, card, policy, at=call.now, late=False)
    return components.travel_card(call, evidence)
