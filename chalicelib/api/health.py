"""Routes: pass and health evidence, for oneself and for dependants; the caller's travel card."""

import math
from typing import Any

from chalice.app import Blueprint

from chalicelib.admission import evidence, travel_card
from chalicelib.admission.evidence.health_code import background, is_reported
from chalicelib.admission.judge import assess_card
from chalicelib.admission.prefetching import Overview
from chalicelib.admission.schemas import (
    CardCode,
    CardCodeRequest,
    Health,
    HealthCodeShown,
    LivePass,
    NucleicAcid,
)
from chalicelib.admission.schemas_scan import Explained, TravelCardShown
from chalicelib.api import components
from chalicelib.api.access import ANY_PERSON
from chalicelib.api.endpoint import POLL_MS, Answer, RequestContext, endpoint, own_and_dependants
from chalicelib.identity import passes
from chalicelib.identity.people import Snapshot
from chalicelib.identity.providers import ProviderName
from chalicelib.identity.schemas import Empty

routes = Blueprint(__name__)
_ADVICE = {  # what the holder of a colour should do (JN-23 to JN-26)
    "green": "advice.green",
    "yellow": "advice.yellow",
    "red": "advice.red",
    "light_green": "advice.light_green",
}
_UNREGISTERED = ("registration_required",)
_REGISTRATION = (*_UNREGISTERED, "registration_rejected")


@own_and_dependants(
    routes,
    "GET",
    "pass",
    response=LivePass,
    own_errors=_UNREGISTERED,
    errors=("registration_rejected", "registration_not_verified"),
)
def live_pass(context: RequestContext) -> LivePass:
    """Return the pass, one a minute, in the colour of the health code."""
    shown = context.container.live_passes.show(
        context.holder, correlation=context.correlation, now=context.now
    )
    overview = shown.overview
    colour = _health_code(context, overview)
    advice = _ADVICE.get(colour.state)
    return LivePass(
        code=shown.code,
        name=context.container.masked_people.name(context.holder.profile),
        minted_at=shown.minted_at,
        expires_at=shown.minted_at + passes.ACCEPTED,
        refresh_after_s=math.ceil(shown.refresh_after.total_seconds()),
        health_code=colour,
        background=background(colour.state),
        advice=context.text(advice) if advice else None,
        poll_after_ms=POLL_MS if ProviderName.HEALTH_CODE in overview.needs else None,
        demo=context.text("demo") if context.container.settings.demo else None,
    )


@own_and_dependants(routes, "POST", "pass/revoke", response=Empty)
def revoke_live_passes(context: RequestContext) -> Empty:
    """Revoke the live passes shown until now, such as one that was photographed."""
    context.container.live_passes.revoke(context.holder, context.now)
    return Empty()


@own_and_dependants(
    routes,
    "GET",
    "health",
    response=Health,
    own_errors=_UNREGISTERED,
    errors=("registration_rejected",),
)
def health(context: RequestContext) -> Health:
    """Return the health code, vaccination and travel card; stale ones are looked up."""
    overview = _overview(context)
    names = [name for name in evidence.shown() if evidence.of(name).in_health]
    shown: dict[str, Any] = {
        name: components.component(context, name, overview.evidence[name], context.now)
        for name in names
    }
    shown[ProviderName.HEALTH_CODE] = _health_code(context, overview)
    return Health(**shown, poll_after_ms=None if set(names).isdisjoint(overview.needs) else POLL_MS)


@own_and_dependants(
    routes,
    "GET",
    "nucleic-acid",
    response=NucleicAcid,
    own_errors=_UNREGISTERED,
    errors=("registration_rejected",),
)
def nucleic_acid(context: RequestContext) -> NucleicAcid:
    """Return the latest nucleic acid result within 14 days."""
    overview = _overview(context)
    kind = ProviderName.NUCLEIC_ACID
    shown = components.fields(context, kind, overview.evidence[kind], context.now)
    return NucleicAcid(**shown, poll_after_ms=POLL_MS if kind in overview.needs else None)


@endpoint(
    routes,
    "POST",
    "/v1/me/travel-card/code",
    access=ANY_PERSON,
    response=CardCode,
    statuses=(200, 202),
    errors=(*_REGISTRATION, "travel_card_no_phone", "too_many_requests"),
)
def travel_card_code(context: RequestContext) -> Answer:
    """Have the carrier send the travel card code, which is needed once a local day."""
    known = context.container.travel_card_entry.request_code(context.actor, context.now)
    steps = () if known else ("enter_travel_card_code", "no_code_see_staff")
    sent = CardCode(
        status="known" if known else "sent",
        resend_after_s=0 if known else int(travel_card.RESEND_AFTER.total_seconds()),
        travel_card=_card(context, known),
        next_steps=[Explained(code=step, text=context.text(f"step.{step}")) for step in steps],
    )
    return Answer(sent, 200 if known else 202)


@endpoint(
    routes,
    "POST",
    "/v1/me/travel-card",
    access=ANY_PERSON,
    request=CardCodeRequest,
    response=TravelCardShown,
    errors=(*_REGISTRATION, "travel_card_code_wrong", "not_found", "too_many_requests"),
)
def enter_travel_card_code(context: RequestContext) -> TravelCardShown:
    """Exchange the code for the travel card of the day; records no visit."""
    body = context.body(CardCodeRequest)
    card = context.container.travel_card_entry.enter_code(
        context.actor, body.code, scan_id=body.scan_id, now=context.now
    )
    return _card(context, card)


def _overview(context: RequestContext) -> Overview:
    return context.container.prefetching.overview(
        context.holder, correlation=context.correlation, now=context.now
    )


def _health_code(context: RequestContext, overview: Overview) -> HealthCodeShown:
    """Return the caller's health code, with the provider's texts from its snapshot."""
    found = overview.evidence[ProviderName.HEALTH_CODE]
    record = context.holder.record
    snapshot = None if record.unidentified else record.current(ProviderName.HEALTH_CODE)
    report_to = (snapshot and snapshot.report_to) or context.text("report_to.community")
    return HealthCodeShown(
        **components.fields(context, ProviderName.HEALTH_CODE, found, context.now),
        group=(snapshot and snapshot.group) or None,
        reason=(snapshot and snapshot.reason) or None,
        lifting=(snapshot and snapshot.how_to_clear) or None,
        report_to=report_to if is_reported(found.state) else None,
    )


def _card(context: RequestContext, card: Snapshot | None) -> TravelCardShown:
    found = assess_card(card, context.now)
    return TravelCardShown(
        **components.fields(context, ProviderName.TRAVEL_CARD, found, context.now)
    )
