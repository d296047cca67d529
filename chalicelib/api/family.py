"""Routes: a guardian's dependants, a dependant's guardians, consent codes."""

from chalice.app import Blueprint

from chalicelib.api.access import ANY_PERSON
from chalicelib.api.endpoint import POLL_MS, Answer, RequestContext, endpoint
from chalicelib.identity.dependants import Candidate, Dependant
from chalicelib.identity.family import Proof, Relation
from chalicelib.identity.people import Verification
from chalicelib.identity.registration import Entry
from chalicelib.identity.schemas import (
    ConsentCodeShown,
    DependantAdded,
    DependantByConsent,
    DependantByFace,
    DependantByHousehold,
    DependantRequest,
    Dependants,
    DependantShown,
    Empty,
    Guardians,
    GuardianShown,
)

routes = Blueprint(__name__)
_UNVERIFIED = ("registration_required", "registration_rejected", "registration_not_verified")


@endpoint(routes, "GET", "/v1/me/dependants", access=ANY_PERSON, response=Dependants)
def list_dependants(context: RequestContext) -> Dependants:
    """List the people for whom the caller acts."""
    found = context.container.dependants.of(context.actor, now=context.now)
    return Dependants(items=[_dependant(context, one) for one in found])


@endpoint(
    routes,
    "POST",
    "/v1/me/dependants",
    access=ANY_PERSON,
    request=DependantRequest,
    response=DependantAdded,
    statuses=(200, 201, 202),
    errors=(
        *_UNVERIFIED,
        "guardian_not_adult",
        "stronger_login_needed",
        "dependant_no_match",
        "identity_check_unusable",
        "consent_code_invalid",
        "dependant_taken",
        "too_many_dependants",
        "nonce_reused",
        "version_conflict",
        "too_many_requests",
    ),
)
def add_dependant(context: RequestContext) -> Answer:
    """Add a child or an elderly person; one who is new here is verified in the background."""
    body = context.body(DependantRequest).root
    added = context.container.dependant_adding.add(
        context.actor, _candidate(body), context.submission(body.nonce)
    )
    pending = added.dependant.profile.verification is Verification.PENDING
    shown = DependantAdded(
        status="pending" if pending else "settled",
        poll_after_ms=POLL_MS if pending else None,
        dependant=_dependant(context, added.dependant),
    )
    return Answer(shown, 202 if pending else 201 if added.created else 200)


@endpoint(
    routes,
    "POST",
    "/v1/me/dependants/{dependant_id}/remove",
    access=ANY_PERSON,
    response=Empty,
    errors=("not_found",),
)
def remove_dependant(context: RequestContext) -> Empty:
    """Stop acting for a dependant, at once; a paper pass that the caller issued ends."""
    context.container.dependants.remove(
        context.actor.person_id,
        context.dependant_id,
        correlation=context.correlation,
        now=context.now,
    )
    return Empty()


@endpoint(routes, "GET", "/v1/me/guardians", access=ANY_PERSON, response=Guardians)
def list_guardians(context: RequestContext) -> Guardians:
    """List the people who act for the caller."""
    return Guardians(
        items=[
            GuardianShown(
                person_id=one.person_id,
                name=one.name,
                relation=one.link.relation.value,
                method=one.link.proof.value,
                since=one.link.since,
                until=one.link.until,
            )
            for one in context.container.dependants.guardians(context.actor, now=context.now)
        ]
    )


@endpoint(
    routes,
    "POST",
    "/v1/me/guardians/{guardian_id}/remove",
    access=ANY_PERSON,
    response=Empty,
    errors=("not_found",),
)
def remove_guardian(context: RequestContext, guardian_id: str) -> Empty:
    """Let a guardian no longer act for the caller, at once."""
    context.container.dependants.remove(
        guardian_id,
        context.actor.person_id,
        correlation=context.correlation,
        now=context.now,
    )
    return Empty()


@endpoint(
    routes,
    "POST",
    "/v1/me/consent-code",
    access=ANY_PERSON,
    response=ConsentCodeShown,
    statuses=(201,),
    errors=(*_UNVERIFIED, "too_many_requests"),
)
def make_consent_code(context: RequestContext) -> Answer:
    """Make a code by which the caller agrees to a guardian; it replaces a former one."""
    made = context.container.consent_codes.make(context.actor, now=context.now)
    shown = ConsentCodeShown(
        code=made.code, purpose=context.text("consent.purpose"), expires_at=made.expires_at
    )
    return Answer(shown, 201)


def _candidate(body: DependantByFace | DependantByHousehold | DependantByConsent) -> Candidate:
    relation, proof = Relation(body.relation), Proof(body.method)
    if isinstance(body, DependantByConsent):
        return Candidate(relation, proof, evidence=body.code)
    return Candidate(
        relation,
        proof,
        Entry(body.name, body.document_type, body.document_number),
        body.birth_date,
        body.check_id if isinstance(body, DependantByFace) else "",
    )


def _dependant(context: RequestContext, one: Dependant) -> DependantShown:
    profile = one.profile
    return DependantShown(
        person_id=profile.person_id,
        name=one.name,
        relation=one.link.relation.value,
        method=one.link.proof.value,
        since=one.link.since,
        until=one.link.until,
        verification=profile.verification.value,
        reason=profile.reason or None,
        reason_text=context.text(f"verification.{profile.reason}") if profile.reason else None,
        has_paper_pass=one.has_pass,
    )
