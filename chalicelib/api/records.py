"""Routes: the form, declarations, arrivals, notices, visits and temperatures (YK-36, YK-37)."""

from collections.abc import Mapping

from chalice.app import Blueprint

from chalicelib.admission.declaration_form import Answer as Given
from chalicelib.admission.declaration_form import (
    AnswerKind,
    Answers,
    Declaration,
    Form,
    Question,
    Section,
)
from chalicelib.admission.declarations import Filed
from chalicelib.admission.schemas import Named
from chalicelib.admission.schemas_records import (
    AnswerShown,
    ArrivalList,
    ArrivalRequest,
    ArrivalShown,
    DeclarationList,
    DeclarationRequest,
    DeclarationShown,
    FormShown,
    NoticeList,
    NoticeShown,
    OptionShown,
    QuestionShown,
    SectionShown,
    TemperatureList,
    TemperatureShown,
    VisitList,
    VisitShown,
)
from chalicelib.admission.visits import Visit
from chalicelib.api import components
from chalicelib.api.access import ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint, own_and_dependants
from chalicelib.core.crypto import fingerprint
from chalicelib.core.fields import Paged, canonical
from chalicelib.identity.notices import Issued
from chalicelib.identity.people import Profile
from chalicelib.venues import regions

routes = Blueprint(__name__)
_UNREGISTERED = ("registration_required",)  # a dependant is registered
_FILING = (
    "registration_rejected",
    "form_changed",
    "nonce_reused",
    "clock_skewed",
    "too_many_requests",
)


@endpoint(routes, "GET", "/v1/declaration-form", access=ANYONE, response=FormShown)
def declaration_form(context: RequestContext) -> FormShown:
    """Return the form of health declarations and arrivals that is in force."""
    found = context.container.declarations.form(context.now)
    form = found.form
    return FormShown(
        version=form.version,
        effective_on=form.effective_on,
        former_accepted_until=found.former_until,
        sections=[
            SectionShown(
                code=code,
                title=context.text(f"form.{code}"),
                questions=[_question(context, question) for question in questions],
            )
            for code, questions in form.sections.items()
        ],
    )


@own_and_dependants(
    routes,
    "POST",
    "declarations",
    request=DeclarationRequest,
    response=DeclarationShown,
    statuses=(200, 201),
    own_errors=_UNREGISTERED,
    errors=(*_FILING, "registration_not_verified", "not_found"),
)
def declare(context: RequestContext) -> Answer:
    """Declare health; the health code follows in the background."""
    body = context.body(DeclarationRequest)
    filed = context.container.declarations.declare(
        context.holder,
        Declaration(body.form_version, body.answers, body.arrival),
        context.submission(body.nonce, fingerprint(canonical(body))),
        scan_id=body.scan_id,
    )
    shown = _declaration(context, filed, _acting(context, filed))
    return Answer(shown, 201 if filed.created else 200)


@own_and_dependants(routes, "GET", "declarations", response=DeclarationList, query=Paged)
def list_declarations(context: RequestContext) -> DeclarationList:
    """Return the health declarations on file, newest first."""
    of, query = f"declarations/{context.holder.person_id}", context.query(Paged)
    after = context.after(of, query.cursor)
    page = context.container.declarations.declared(
        context.holder, limit=query.limit, after=after, now=context.now
    )
    return DeclarationList(
        items=[_declaration(context, filed, page.guardians) for filed in page.filed],
        next_cursor=context.cursor(of, page.last),
    )


@own_and_dependants(
    routes,
    "POST",
    "arrivals",
    request=ArrivalRequest,
    response=ArrivalShown,
    statuses=(200, 201),
    own_errors=_UNREGISTERED,
    errors=_FILING,
)
def register_arrival(context: RequestContext) -> Answer:
    """Register an arrival in the province."""
    body = context.body(ArrivalRequest)
    filed = context.container.declarations.arrive(
        context.holder,
        Declaration(body.form_version, arrival=body.answers),
        context.submission(body.nonce, fingerprint(canonical(body))),
    )
    shown = _arrival(context, filed, _acting(context, filed))
    return Answer(shown, 201 if filed.created else 200)


@own_and_dependants(routes, "GET", "arrivals", response=ArrivalList, query=Paged)
def list_arrivals(context: RequestContext) -> ArrivalList:
    """Return the arrivals on file, newest first."""
    of, query = f"arrivals/{context.holder.person_id}", context.query(Paged)
    after = context.after(of, query.cursor)
    page = context.container.declarations.arrived(
        context.holder, limit=query.limit, after=after, now=context.now
    )
    return ArrivalList(
        items=[_arrival(context, filed, page.guardians) for filed in page.filed],
        next_cursor=context.cursor(of, page.last),
    )


@own_and_dependants(routes, "GET", "notices", response=NoticeList, query=Paged)
def list_notices(context: RequestContext) -> NoticeList:
    """Return the notices that medical observation has ended, newest first."""
    of, query = f"notices/{context.holder.person_id}", context.query(Paged)
    after = context.after(of, query.cursor)
    page = context.container.notices.page(
        context.holder, limit=query.limit, after=after, now=context.now
    )
    return NoticeList(
        items=[_notice(context, issued) for issued in page.notices],
        next_cursor=context.cursor(of, page.last),
    )


@own_and_dependants(routes, "GET", "visits", response=VisitList, query=Paged)
def list_visits(context: RequestContext) -> VisitList:
    """Return the visits, newest first."""
    of, query = f"visits/{context.holder.person_id}", context.query(Paged)
    page = context.container.visit_history.page(
        context.holder, limit=query.limit, after=context.after(of, query.cursor), now=context.now
    )
    return VisitList(
        items=[_visit(context, visit, page.guardians) for visit in page.visits],
        next_cursor=context.cursor(of, page.last),
    )


@own_and_dependants(routes, "GET", "temperatures", response=TemperatureList, query=Paged)
def list_temperatures(context: RequestContext) -> TemperatureList:
    """Return the temperatures measured at visits, newest first."""
    of, query = f"temperatures/{context.holder.person_id}", context.query(Paged)
    page = context.container.visit_history.temperatures(
        context.holder, limit=query.limit, after=context.after(of, query.cursor), now=context.now
    )
    return TemperatureList(
        items=[
            TemperatureShown(
                scan_id=visit.view.scan_id,
                measured_at=visit.view.scanned_at,
                venue_name=_venue_name(visit),
                temperature=band,
            )
            for visit in page.visits
            if (band := components.temperature(visit.view))
        ],
        next_cursor=context.cursor(of, page.last),
    )


def _question(context: RequestContext, question: Question) -> QuestionShown:
    return QuestionShown(
        code=question.code,
        text=context.text(f"form.{question.code}"),
        type=question.kind.value,
        required=not question.optional,
        shown_if=question.shown_if or None,
        options=[
            OptionShown(code=option, text=context.text(f"form.{question.code}.{option}"))
            for option in question.options
        ],
    )


def _declaration(
    context: RequestContext, filed: Filed, guardians: Mapping[str, Profile]
) -> DeclarationShown:
    given = filed.given
    return DeclarationShown(
        declaration_id=filed.record.record_id,
        recorded_at=filed.record.recorded_at,
        form_version=given.form_version,
        answers=_answers(context, filed.form, "health", given.health or {}),
        arrival=None
        if given.arrival is None
        else _answers(context, filed.form, "arrival", given.arrival),
        scan_id=filed.record.scan_id or None,
        guardian=_guardian(context, filed.guardian, guardians),
    )


def _arrival(
    context: RequestContext, filed: Filed, guardians: Mapping[str, Profile]
) -> ArrivalShown:
    return ArrivalShown(
        arrival_id=filed.record.record_id,
        recorded_at=filed.record.recorded_at,
        form_version=filed.given.form_version,
        answers=_answers(context, filed.form, "arrival", filed.given.arrival or {}),
        guardian=_guardian(context, filed.guardian, guardians),
    )


def _answers(
    context: RequestContext, form: Form | None, section: Section, answers: Answers
) -> list[AnswerShown]:
    """Return the answers in the order of the form's questions."""
    questions = form.sections[section] if form else ()
    return [
        AnswerShown(
            code=question.code,
            question=context.text(f"form.{question.code}"),
            answer=list(answer) if isinstance(answer, tuple) else answer,
            text=_in_words(context, question, answer),
        )
        for question in questions
        if (answer := answers.get(question.code)) is not None
    ]


def _in_words(context: RequestContext, question: Question, answer: Given) -> str:
    if isinstance(answer, bool):
        return context.text("form.yes" if answer else "form.no")
    if question.kind in (AnswerKind.CHOICE, AnswerKind.CHOICES):
        options = answer if isinstance(answer, tuple) else (answer,)
        texts = [context.text(f"form.{question.code}.{option}") for option in options]
        return (", " if context.language == "en" else "、").join(texts)
    text = str(answer)
    if question.kind in (AnswerKind.REGION, AnswerKind.PROVINCE):
        region = regions.region(text)
        return region.names[context.language] if region else text
    return text


def _notice(context: RequestContext, issued: Issued) -> NoticeShown:
    notice = issued.notice
    days = {"began": notice.began_on.isoformat(), "ended": notice.ended_on.isoformat()}
    return NoticeShown(
        notice_id=issued.record.record_id,
        issued_at=issued.record.recorded_at,
        began_on=notice.began_on,
        ended_on=notice.ended_on,
        authority=notice.authority,
        text=context.text("notice.released", **days),
    )


def _visit(context: RequestContext, visit: Visit, guardians: Mapping[str, Profile]) -> VisitShown:
    view = visit.view
    return VisitShown(
        scan_id=view.scan_id,
        visited_at=view.scanned_at,
        venue_id=visit.venue_id,
        venue_name=_venue_name(visit),
        checkpoint=view.checkpoint_id or None,
        direction=view.direction.value,
        means=view.means,
        outcome=components.outcome(view),
        outcome_text=components.outcome_text(context, view),
        temperature=components.temperature(view),
        guardian=_guardian(context, view.guardian, guardians),
    )


def _venue_name(visit: Visit) -> str:
    return visit.venue.name if visit.venue else visit.venue_id


def _guardian(context: RequestContext, who: str, guardians: Mapping[str, Profile]) -> Named | None:
    """Return the guardian's masked name; an asterisk for one who has been erased."""
    if not who:
        return None
    profile = guardians.get(who)
    name = context.container.masked_people.name(profile) if profile and profile.name else "*"
    return Named(name=name)


def _acting(context: RequestContext, filed: Filed) -> Mapping[str, Profile]:
    """Return the guardian who makes this request, by id."""
    return {filed.guardian: context.actor.profile} if filed.guardian else {}
