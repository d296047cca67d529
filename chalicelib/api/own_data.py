"""Routes: the export and the erasure of a person's data, and the receipt of an erasure."""

from chalice.app import Blueprint

from chalicelib.api.access import ANY_PERSON, ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint, own_and_dependants
from chalicelib.insight import erasures
from chalicelib.insight.exports import ExportState, ShownExport
from chalicelib.insight.schemas import (
    Counted,
    Erasure,
    ErasureRequest,
    Export,
    ExportRequest,
    Kept,
    Receipt,
    Removed,
)

routes = Blueprint(__name__)
_POLL_MS = 2000


@endpoint(
    routes,
    "POST",
    "/v1/me/export",
    access=ANY_PERSON,
    request=ExportRequest,
    response=Export,
    statuses=(202,),
    errors=("stronger_login_needed", "too_many_requests"),
)
def request_export(context: RequestContext) -> Answer:
    """Have all data of the caller written into a zip, once a day."""
    shown = context.container.export_requests.request(
        context.actor,
        context.body(ExportRequest).nonce,
        correlation=context.correlation,
        now=context.now,
    )
    return Answer(_export(shown), 202)


@endpoint(
    routes,
    "GET",
    "/v1/me/export",
    access=ANY_PERSON,
    response=Export,
    errors=("stronger_login_needed", "not_found"),
)
def get_export(context: RequestContext) -> Export:
    """Return the export that was asked for last, with a link once it is ready."""
    return _export(context.container.export_requests.show(context.actor, context.now))


def _export(shown: ShownExport) -> Export:
    export = shown.export
    return Export(
        status=export.state.value,
        requested_at=export.requested_at,
        url=shown.url,
        url_expires_at=shown.url_expires_at,
        expires_at=export.expires_at,
        poll_after_ms=_POLL_MS if export.state is ExportState.PENDING else None,
    )


@own_and_dependants(
    routes,
    "POST",
    "erasure",
    request=ErasureRequest,
    response=Erasure,
    statuses=(202,),
    guardian_errors=("own_account",),
    errors=("stronger_login_needed", "hand_over_first"),
)
def request_erasure(context: RequestContext) -> Answer:
    """Have all data of the person erased in 24 hours; it can be cancelled until then."""
    erasure = context.container.erasure_requests.request(context.actor, context.holder, context.now)
    return Answer(_shown(context, erasure), 202)


@own_and_dependants(routes, "GET", "erasure", response=Erasure, errors=("not_found",))
def get_erasure(context: RequestContext) -> Erasure:
    """Return the erasure that was asked for last."""
    return _shown(context, context.container.erasure_requests.show(context.holder))


@own_and_dependants(
    routes,
    "POST",
    "erasure/cancel",
    response=Erasure,
    guardian_errors=("own_account",),
    errors=("not_found",),
)
def cancel_erasure(context: RequestContext) -> Erasure:
    """Cancel the erasure, before it is due."""
    return _shown(context, context.container.erasure_requests.cancel(context.holder))


@endpoint(
    routes,
    "GET",
    "/v1/erasures/{receipt_id}",
    access=ANYONE,
    response=Receipt,
    errors=("not_found",),
)
def get_receipt(context: RequestContext, receipt_id: str) -> Receipt:
    """Return the receipt of an erasure to anyone who has its id."""
    erasure = context.container.erasure_requests.receipt(receipt_id)
    return Receipt(
        receipt_id=erasure.receipt_id,
        status=erasure.state.value,
        requested_at=erasure.requested_at,
        due_at=erasure.due_at,
        erased_at=erasure.erased_at,
        removed=[
            Counted(code=category, text=context.text(f"erased.{category}"), count=count)
            for category, count in erasure.counts.items()
        ],
        keeps=_kept(context, erasure),
    )


def _shown(context: RequestContext, erasure: erasures.Erasure) -> Erasure:
    return Erasure(
        receipt_id=erasure.receipt_id,
        status=erasure.state.value,
        requested_at=erasure.requested_at,
        due_at=erasure.due_at,
        removes=[
            Removed(code=category, text=context.text(f"erased.{category}"))
            for category in erasures.Category
        ],
        keeps=_kept(context, erasure),
    )


def _kept(context: RequestContext, erasure: erasures.Erasure) -> list[Kept]:
    return [
        Kept(code=what, text=context.text(f"kept.{what}"), until=until)
        for what, until in erasure.kept().items()
    ]
