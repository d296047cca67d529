"""SQS ``Lookups``: ask a provider, keep the answer, judge waiting scans again."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.workers.batches import Response, each_message

functions = Blueprint(__name__)


@functions.lambda_function(name="lookups")
def lookups(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Handle a batch of lookup messages; those that failed are delivered again."""
    from chalicelib.admission.schemas import decode

    return each_message(event, _handle, read=lambda body: decode(body).correlation)


def _handle(body: str) -> str:
    from chalicelib.admission import snapshots
    from chalicelib.admission.schemas import decode

    parts = container()
    message = decode(body)
    if isinstance(message, snapshots.Settle):
        return snapshots.settle(
            message,
            now=parts.clock.now(),
            people=parts.people,
            directory=parts.directory,
            policies=parts.policies,
            scans=parts.scans,
        )
    return snapshots.look_up(
        message,
        now=parts.clock.now,
        people=parts.people,
        providers=parts.provider,
        vault=parts.vault,
        queue=parts.lookup_queue,
        directory=parts.directory,
        policies=parts.policies,
        scans=parts.scans,
    )
