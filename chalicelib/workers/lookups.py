"""SQS ``Lookups``: ask providers, keep the answers, judge waiting scans again."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.admission.lookup_requests import Message
from chalicelib.bootstrap import container
from chalicelib.workers.batches import Response, each_message

functions = Blueprint(__name__)


@functions.lambda_function(name="lookups")
def lookups(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Handle a batch of lookup messages side by side; SQS delivers those that failed again."""
    from chalicelib.admission.schemas import decode

    return each_message(event, _look_up, read=decode, side_by_side=True)


def _look_up(message: Message) -> str:
    return container().lookups.handle(message)
