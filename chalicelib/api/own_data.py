"""Routes: the erasure of a person's data, and its receipt."""

from chalice.app import Blueprint

from chalicelib.api.access import ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint, own_and_dependants
from chalicelib.insight import erasures
from chalicelib.insight.schemas import (
    Counted,
    Erasure,
    ErasureRequest,
    Kept,
    Receipt,
    Removed,
)

routes = Blueprint(__name__)


@own_and_dependants(
    routes,
    "POST",
    "erasure",
    request=ErasureRequest,
    response=Erasure,
    statuses=(202,),
    errors=("phone_required", "own_account", "hand_over_first"),
)
def request_erasure(context: RequestContext) -> Answer:
    """Have all data of the person erased in 24 hours; it can be cancelled until then."""
    context.body(ErasureRequest)
    erasure = context.container.erasure_requests.request(
        context.holder, context.actor.session.strength, context.now
    )
    return Answer(_shown(context, erasure), 202)


@own_and_dependants(routes, "GET", "erasure", response=Erasure, errors=("not_found",))
def get_erasure(context: RequestContext) -> Erasure:
    """Return the erasure that was asked for last."""
    return _shown(context, context.container.erasure_requests.show(context.holder))


@own_and_dependants(routes, "POST", "erasure/cancel", response=Erasure, errors=("not_found",))
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
