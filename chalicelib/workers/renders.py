"""SQS ``Renders``: draw a poster and store it."""

import json
from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.workers.batches import Response, each_message

functions = Blueprint(__name__)


@functions.lambda_function(name="renders")
def renders(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Handle a batch of render messages; SQS delivers those that failed again."""
    return each_message(event, _handle, read=lambda body: str(json.loads(body)["correlation"]))


def _handle(body: str) -> str:
    message = json.loads(body)
    if message["v"] != 1 or message["kind"] != "poster":
        raise ValueError("not a render message of a known version")
    state = container().poster_rendering.render(message["venue"], message["poster"])
    return state or "nothing to draw"
