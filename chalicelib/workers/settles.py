"""SQS ``Settles``: decide scans whose wait is over and which nobody has read since."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.admission.lookup_requests import Settle
from chalicelib.bootstrap import container
from chalicelib.workers.batches import Response, each_message

functions = Blueprint(__name__)


@functions.lambda_function(name="settles")
def settles(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Handle a batch of ends of waits; SQS delivers those that failed again."""
    from chalicelib.admission.schemas import decode_settle

    return each_message(event, _settle, read=decode_settle)


def _settle(message: Settle) -> str:
    return container().waiting_scans.settle(message, container().clock.now())
