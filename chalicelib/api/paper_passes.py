"""Routes: paper passes, one's own and a dependant's."""

from chalice.app import Blueprint

from chalicelib.api.endpoint import Answer, RequestContext, own_and_dependants
from chalicelib.core.fields import Paged
from chalicelib.identity import paper_passes, schemas
from chalicelib.identity.paper_passes import FileState, HistoryEntry, ShownFile, ShownPass

routes = Blueprint(__name__)
_POLL_MS = 500


@own_and_dependants(routes, "GET", "pass/paper", response=schemas.PaperPass)
def paper_pass(context: RequestContext) -> schemas.PaperPass:
    """Return the paper pass, with download links of the files that are ready."""
    return _paper_pass(
        context, context.container.paper_passes.show(context.holder, now=context.now)
    )


@own_and_dependants(
    routes,
    "POST",
    "pass/paper",
    request=schemas.PaperPassRequest,
    response=schemas.PaperPass,
    statuses=(200, 202),
    own_errors=("registration_required", "registration_rejected"),
    errors=("registration_not_verified", "version_conflict", "too_many_requests"),
)
def issue_paper_pass(context: RequestContext) -> Answer:
    """Issue a paper pass, valid for a year; the former one ends."""
    body = context.body(schemas.PaperPassRequest)
    shown = context.container.paper_passes.issue(
        context.holder,
        full_name=body.name == "full",
        replaces=body.replaces or "",
        correlation=context.correlation,
        now=context.now,
    )
    return _answer(context, shown)


@own_and_dependants(
    routes,
    "POST",
    "pass/paper/files",
    request=schemas.PaperFilesRequest,
    response=schemas.PaperPass,
    statuses=(200, 202),
    own_errors=("registration_rejected",),
    errors=("not_found", "registration_not_verified", "too_many_requests"),
)
def draw_paper_pass(context: RequestContext) -> Answer:
    """Draw the files of the valid paper pass again; they are kept for a month."""
    shown = context.container.paper_passes.draw_again(
        context.holder,
        context.body(schemas.PaperFilesRequest).form,
        correlation=context.correlation,
        now=context.now,
    )
    return _answer(context, shown)


@own_and_dependants(
    routes,
    "POST",
    "pass/paper/revoke",
    request=schemas.PaperPassRevocation,
    response=schemas.PaperPass,
    errors=("version_conflict",),
)
def revoke_paper_pass(context: RequestContext) -> schemas.PaperPass:
    """Revoke the paper pass; it is refused at the next scan."""
    shown = context.container.paper_passes.revoke(
        context.holder,
        context.body(schemas.PaperPassRevocation).serial,
        correlation=context.correlation,
        now=context.now,
    )
    return _paper_pass(context, shown)


@own_and_dependants(routes, "GET", "passes", response=schemas.PaperPassList, query=Paged)
def list_paper_passes(context: RequestContext) -> schemas.PaperPassList:
    """Return the paper passes that were issued, newest first."""
    of, query = f"passes/{context.holder.person_id}", context.query(Paged)
    page = context.container.paper_passes.history(
        context.holder, limit=query.limit, after=context.after(of, query.cursor), now=context.now
    )
    return schemas.PaperPassList(
        items=[_entry(entry) for entry in page.items],
        next_cursor=context.cursor(of, page.last),
    )


def _answer(context: RequestContext, shown: ShownPass) -> Answer:
    return Answer(_paper_pass(context, shown), 202 if shown.pending else 200)


def _paper_pass(context: RequestContext, shown: ShownPass) -> schemas.PaperPass:
    issued, state = shown.issued, shown.state
    return schemas.PaperPass(
        state=state.value if state else "none",  # type: ignore[arg-type]  # not replaced: it is the last
        serial=paper_passes.printed(issued.serial) if issued else None,
        name=_name(full=issued.full_name) if issued else None,
        issued_by=_issuer(issued.issued_by) if issued else None,
        issued_at=issued.issued_at if issued else None,
        expires_at=issued.expires_at if issued else None,
        status="pending" if shown.pending else "settled",
        poll_after_ms=_POLL_MS if shown.pending else None,
        files=[_file(context, file) for file in shown.files],
    )


def _file(context: RequestContext, file: ShownFile) -> schemas.PaperFile:
    failed = file.state is FileState.FAILED
    return schemas.PaperFile(
        form=file.form,  # type: ignore[arg-type]  # a key of SUFFIXES
        status=file.state.value if file.state else "none",
        text=context.text("paper_pass.failed") if failed else None,
        url=file.url,
        expires_at=file.expires_at,
    )


def _entry(entry: HistoryEntry) -> schemas.PaperPassEntry:
    record = entry.record
    return schemas.PaperPassEntry(
        serial=paper_passes.printed(record.serial),
        state=entry.state.value,
        name=_name(full=record.full_name),
        issued_by=_issuer(record.issued_by),
        issued_at=record.issued_at,
        expires_at=record.expires_at,
        ended_at=record.ended_at,
    )


def _name(*, full: bool) -> schemas.NameOnPass:
    return "full" if full else "masked"


def _issuer(issued_by: str) -> schemas.PassIssuer:
    if not issued_by:
        return "self"
    if issued_by == paper_passes.ISSUED_BY_OFFICER:
        return "officer"
    return "guardian" if issued_by.startswith("per_") else "kiosk"
